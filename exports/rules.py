"""Rules of a campaign as its YAML has them: held to their form when they are loaded, and compiled to SQL.

Rules decide in the warehouse, not in templates: of a slot comes one `case` for its value and one for the name of the
rule that won. What a comparison may be is in `comparisons`.
"""

import re
from collections.abc import Collection
from typing import Any

from exports.columns import Columns
from exports.comparisons import OPERATORS, ComparisonError, compare
from exports.slots import OTHERWISE, Slot, slot_columns
from exports.yamlfile import Key, YamlFile

DEEPEST = 3
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_COMBINED = {"all": " and ", "any": " or "}


def read_slot_rules(
    file: YamlFile, key: Key, name: str, options: object, columns: Columns, parts: Collection[str] = ()
) -> Slot | None:
    """The slot that stands at `key`; `parts` are the tokens and lists that a value of it may need.

    Faults are recorded in its file; with any, there may be none to give.
    """
    return _Reader(file, key, columns, parts).slot(name, options)


class _Reader:
    """Reads one slot. Rules within rules are laid out flat: each is decided by the conditions above it and its own."""

    def __init__(self, file: YamlFile, key: Key, columns: Columns, parts: Collection[str]) -> None:
        self.file, self.key, self.columns, self.parts = file, key, columns, parts
        self.values: list[str] = []
        self.decides: dict[str, str] = {}
        self.branches: list[tuple[str, str]] = []

    def slot(self, name: str, options: object) -> Slot | None:
        needed = ("values", "rules", OTHERWISE)
        data = self.file.mapping(self.key, options, (*needed, "needs", "fallback"), needed)
        if not _NAME.fullmatch(name) or name.endswith("_rule"):
            self.file.fault(self.key, f"{name!r}: a slot is named in small letters, and not ..._rule")
        for column in slot_columns(name):
            if column in self.columns:
                self.file.fault(self.key, f"the export table has a column {column!r} already")
        if not data.keys() >= set(needed):
            return None
        self.values = self._values((*self.key, "values"), data["values"])
        if self._rules((*self.key, "rules"), data["rules"], (), 1):
            self.file.fault((*self.key, OTHERWISE), "is never reached: a rule before it has no condition")
        otherwise = self._value((*self.key, OTHERWISE), data[OTHERWISE])
        self.decides[OTHERWISE] = otherwise
        needs = self._needs((*self.key, "needs"), data.get("needs", {}))
        fallback = self._fallback((*self.key, "fallback"), data.get("fallback"), needs)
        for position, value in enumerate(self.values):
            if value not in (*self.decides.values(), fallback):
                self.file.fault((*self.key, "values", str(position)), f"no rule chooses {value!r}")
        value_sql = self._case({rule: self.decides[rule] for rule, _ in self.branches}, otherwise)
        rule_sql = self._case({rule: rule for rule, _ in self.branches}, OTHERWISE)
        return Slot(name, tuple(self.values), self.decides, value_sql, rule_sql, needs, fallback)

    def _values(self, key: Key, value: object) -> list[str]:
        values = value if isinstance(value, list) else []
        if not values or len(values) != len({str(item) for item in values}):
            self.file.fault(key, "values must be a list of names, each once")
        for position, item in enumerate(values):
            self._name((*key, str(position)), item)
        return [item for item in values if isinstance(item, str)]

    def _needs(self, key: Key, value: object) -> dict[str, tuple[str, ...]]:
        """What each value cannot be shown without."""
        needs = self.file.mapping(key, value, self.values)
        for name, parts in needs.items():
            if not isinstance(parts, list) or not all(part in self.parts for part in parts):
                self.file.fault((*key, name), f"needs must list tokens or lists of this campaign, not {parts!r}")
        return {name: tuple(map(str, parts)) for name, parts in needs.items() if isinstance(parts, list)}

    def _fallback(self, key: Key, value: object, needs: Collection[str]) -> str | None:
        if value is None and not needs:
            return None
        fallback = self._value(key, value)
        if not needs or fallback in needs:
            self.file.fault(key, "a fallback is for a slot with `needs`, and a value that needs nothing itself")
        return fallback

    def _name(self, key: Key, value: object) -> str:
        if isinstance(value, str) and _NAME.fullmatch(value):
            return value
        self.file.fault(key, f"{value!r} is not a name: small letters, digits and _, a letter first")
        return ""

    def _value(self, key: Key, value: object) -> str:
        if isinstance(value, str) and value in self.values:
            return value
        self.file.fault(key, f"{value!r} is none of the slot's values: {', '.join(self.values)}")
        return ""

    def _rules(self, key: Key, value: object, given: tuple[str, ...], depth: int) -> bool:
        """Reads a list of rules, asked when all of `given` holds. True when one of them decides whatever comes."""
        if depth > DEEPEST:
            self.file.fault(key, f"rules are nested deeper than {DEEPEST}; decide it in the export model instead")
            return False
        if not isinstance(value, list) or not value:
            self.file.fault(key, "rules must be a list of rules")
            return False
        ended = False
        decided: set[str] = set()
        for position, item in enumerate(value):
            at = (*key, str(position))
            rule = self.file.mapping(at, item, ("name", "if", "then", "rules"))
            condition = self._condition((*at, "if"), rule["if"], 0) if "if" in rule else ""
            if ended or condition in decided:
                self.file.fault(at, "is never reached: a rule before it holds whenever this one does")
            decides = self._rule(at, rule, (*given, condition) if condition else given, depth)
            ended = ended or (decides and "if" not in rule)
            if decides and condition:
                decided.add(condition)
        return ended

    def _rule(self, key: Key, rule: dict[str, Any], given: tuple[str, ...], depth: int) -> bool:
        """Reads one rule. True when it decides whenever its condition holds."""
        if ("then" in rule) == ("rules" in rule):
            self.file.fault(key, "a rule needs either `then`, a value, or `rules`, which are asked when it holds")
            return False
        if "rules" in rule:
            if "name" in rule:
                self.file.fault((*key, "name"), "only a rule with a `then` has a name: it is the one that wins")
            return self._rules((*key, "rules"), rule["rules"], given, depth + 1)
        name = self._name((*key, "name"), rule.get("name"))
        if name in self.decides or name == OTHERWISE:
            self.file.fault((*key, "name"), f"the name {name!r} is taken: explanations tell rules by it")
        self.decides[name] = self._value((*key, "then"), rule["then"])
        self.branches.append((name, " and ".join(given) or "true"))
        return True

    def _condition(self, key: Key, value: object, depth: int) -> str:
        """A condition as SQL that can stand beside `and`; empty when there is a fault in it."""
        combined = [name for name in (*_COMBINED, "not") if isinstance(value, dict) and name in value]
        if not combined:
            return self._comparison(key, value)
        if depth == DEEPEST:
            self.file.fault(key, f"conditions are nested deeper than {DEEPEST}; decide it in the export model instead")
            return ""
        name = combined[0]
        part = self.file.mapping(key, value, (name,))[name]
        if name == "not":
            return f"not ({self._condition((*key, name), part, depth + 1)})"
        if not isinstance(part, list) or not part:
            self.file.fault((*key, name), f"{name} must be a list of conditions")
            return ""
        parts = [self._condition((*key, name, str(index)), item, depth + 1) for index, item in enumerate(part)]
        return f"({_COMBINED[name].join(parts)})"

    def _comparison(self, key: Key, value: object) -> str:
        data = self.file.mapping(key, value, ("column", *OPERATORS), ("column",))
        operators = [name for name in data if name != "column"]
        column = data.get("column")
        if isinstance(value, dict) and len(operators) != 1:
            self.file.fault(key, f"a condition needs one of {', '.join(OPERATORS)}; several are combined by `all`")
        declared = self.columns.get(column) if isinstance(column, str) else None
        if "column" in data and declared is None:
            self.file.fault((*key, "column"), f"the export table has no column {column!r}")
        if len(operators) != 1 or declared is None:
            return ""
        (operator,) = operators
        try:
            return compare(str(column), declared.data_type, operator, data[operator])
        except ComparisonError as error:
            self.file.fault((*key, operator), str(error))
            return ""

    def _case(self, results: dict[str, str], otherwise: str) -> str:
        branches = " ".join(f"when {condition} then '{results[rule]}'" for rule, condition in self.branches)
        return f"case {branches} else '{otherwise}' end"
