"""The settings of definitions, under `config.meta` in their YAML: which are read, and what each may be.

Models read them by macros that say of what type each is, `policy_value(model, 'priority', 'int')`: that is where it is
taken from. A setting with a default there may be left out.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from exports.errors import LoadError
from exports.textfile import read_text
from workbench.project import LISTS, Definition

# Besides what the models read without a default (`policy_value(model, 'owner', 'string')`).
_ALWAYS_NEEDED = {
    "segment": {"owner"},
    "trigger": {"delay_minutes", "window_minutes"},
    "campaign": {"owner", "priority", "message_class", "purpose", "needs_profiling", "holdout_share"},
    "journey": set[str](),
}
_TYPED = re.compile(r"policy_value\(\s*model\s*,\s*'(\w+)'\s*,\s*'(\w+)'\s*(?:,\s*(\w+)\s*)?\)")
_READ = re.compile(r"policy(?:_value)?\([^()]*?,\s*'(\w+)'")
# Those that macros read as they are, and `pulse`, which no model reads.
_UNTYPED = {
    "delay_minutes": "int",
    "window_minutes": "int",
    "threshold": "double",
    "pulse": "boolean",
    "segments": "names",
    "variants": "weights",
}
_NULLABLE = {"cap_days", "threshold", "segments"}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLASSES = ("marketing", "transactional")
_FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "int": (lambda v: type(v) is int, "a whole number"),
    "double": (lambda v: type(v) in (int, float), "a number"),
    "boolean": (lambda v: isinstance(v, bool), "true or false"),
    "string": (lambda v: isinstance(v, str) and bool(v.strip()), "text (in quotes, where YAML takes it for a number)"),
    "names": (lambda v: isinstance(v, list) and all(isinstance(n, str) for n in v), "a list, as in [at_risk, lapsed]"),
    "weights": (
        lambda v: isinstance(v, dict) and all(type(w) is int and w >= 0 for w in v.values()) and sum(v.values()) > 0,
        "each variant's weight in whole numbers, as in {control: 50, new: 50}",
    ),
}
_BOUNDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "minimum_size": (lambda v: v >= 0, "0 or more"),
    "cap_days": (lambda v: v > 0, "1 or more, or null for no cap"),
    "holdout_share": (lambda v: 0 <= v < 1, "a share from 0 to below 1"),
    "maximum_audience": (lambda v: v > 0, "1 or more"),
    "audience_factor": (lambda v: v >= 1, "1 or more"),
    "send_delay_minutes": (lambda v: v >= 0, "0 or more"),
    "delay_minutes": (lambda v: v >= 0, "0 or more"),
    "message_class": (lambda v: v in _CLASSES, " or ".join(_CLASSES)),
    "send_on_weekday": (lambda v: v in _WEEKDAYS, f"one of {', '.join(_WEEKDAYS)}"),
    "send_at_local": (
        lambda v: bool(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", v)),
        'a time of day in quotes, as in "09:00"',
    ),
}


@dataclass(frozen=True)
class Policies:
    """What the models of a project read of the settings of its definitions."""

    root: Path

    @cached_property
    def needed(self) -> dict[str, set[str]]:
        """The settings a definition must have, by kind."""
        found = {kind: set(names) for kind, names in _ALWAYS_NEEDED.items()}
        for kind, settings in self._typed.items():
            found[kind] |= {name for name, (_, default) in settings.items() if not default}
        return found

    def faults(self, definition: Definition) -> list[tuple[str, str]]:
        """What a definition's settings cannot be, by the setting's name."""
        given = definition.meta
        found = []
        for name, value in given.items():
            if name not in self._read:
                found += _misspelt(name, self._read - given.keys())
            elif must := self._lacking(definition.kind, name, value):
                shown = json.dumps(value, default=str, ensure_ascii=False)
                found.append((name, f"{name} must be {must}; it is {shown}"))
        if definition.kind == "trigger" and not found and given.keys() >= {"delay_minutes", "window_minutes"}:
            found += _too_late(given)
        return found

    def _lacking(self, kind: str, name: str, value: Any) -> str | None:
        """What a setting must be and is not; None where it is."""
        form, default = self._typed[kind].get(name, (_UNTYPED.get(name), ""))
        if form is None or (value is None and (default == "none" or name in _NULLABLE)):
            return None
        if name == "purpose":
            known = value in self._purposes
            return None if known else f"one of seeds/consent_purposes.csv: {', '.join(self._purposes)}"
        is_fit, must = _FORMS[form]
        if is_fit(value):
            is_fit, must = _BOUNDS.get(name, (is_fit, must))
        return None if is_fit(value) else must

    @cached_property
    def _typed(self) -> dict[str, dict[str, tuple[str | None, str]]]:
        """By kind the type and the default (none: '') of each setting that a model over all of the kind reads."""
        found: dict[str, dict[str, tuple[str | None, str]]] = {kind: {} for kind in LISTS}
        for text in self._sql:
            for kind, variable in LISTS.items():
                if f"var('{variable}')" in text:
                    found[kind] |= {name: (type_, default) for name, type_, default in _TYPED.findall(text)}
        return found

    @cached_property
    def _read(self) -> set[str]:
        """Every setting that anything reads."""
        return {"pulse"}.union(*(_READ.findall(text) for text in self._sql))

    @cached_property
    def _sql(self) -> list[str]:
        found = []
        for path in sorted(p for folder in ("models/marts", "macros") for p in (self.root / folder).rglob("*.sql")):
            try:
                found.append(read_text(path))
            except LoadError:
                continue
        return found

    @cached_property
    def _purposes(self) -> list[str]:
        text = read_text(self.root / "seeds/consent_purposes.csv")
        return [row["purpose"] for row in csv.DictReader(io.StringIO(text))]


def _misspelt(name: str, read: Collection[str]) -> list[tuple[str, str]]:
    """Settings of one's own are anybody's; one that is nearly one that is read is meant to be that."""
    near = difflib.get_close_matches(name, sorted(read), n=1, cutoff=0.8)
    return [(name, f"nothing reads a setting {name}: did you mean {near[0]}?")] if near else []


def _too_late(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    delay, window = meta["delay_minutes"], meta["window_minutes"]
    text = f"window_minutes counts from what happened, as delay_minutes does: it must be more than {delay}"
    return [("window_minutes", text)] if window <= delay else []
