"""A part of a message that rules decide: its values, and what the warehouse decided for a row.

The rules themselves are compiled in `rules`; here a row is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exports.errors import DataError
from exports.tokens import Notes

OTHERWISE = "otherwise"


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of a campaign. `decides` has the value of every rule by its name, `otherwise` among them.

    A value of which something in `needs` (tokens, lists) cannot be shown gives way to `fallback`.
    `value_sql` and `rule_sql` are expressions over the export table's columns, never null; a row brings their results
    in the columns `slot_<name>` and `slot_<name>_rule`.
    """

    name: str
    values: tuple[str, ...]
    decides: Mapping[str, str]
    value_sql: str
    rule_sql: str
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fallback: str | None = None

    @property
    def columns(self) -> dict[str, str]:
        """The SQL of each column the slot adds to the export table's, by the column's name."""
        value, rule = slot_columns(self.name)
        return {value: self.value_sql, rule: self.rule_sql}


def slot_columns(name: str) -> tuple[str, str]:
    """The columns a row brings a slot's value and its rule in."""
    return f"slot_{name}", f"slot_{name}_rule"


def read_slot(slot: Slot, row: Mapping[str, Any], values: Mapping[str, Any], notes: Notes, message_id: str) -> str:
    """The value to show: the one that was decided, or the slot's fallback when that one lacks what it needs.

    `values` are those of the tokens and lists. Raises DataError for a row that other rules have decided.
    """
    value_column, rule_column = slot_columns(slot.name)
    decided, rule = row.get(value_column), row.get(rule_column)
    if not isinstance(rule, str) or not isinstance(decided, str) or slot.decides.get(rule) != decided:
        raise DataError(message_id, "was not decided by the rules of campaign.yml", value_column)
    lacking = [name for name in slot.needs.get(decided, ()) if _is_lacking(name, values, notes)]
    if not lacking or slot.fallback is None:
        notes.slots[slot.name] = {"value": decided, "rule": rule}
        return decided
    notes.slots[slot.name] = {"value": slot.fallback, "rule": rule, "instead_of": decided}
    notes.fallbacks[slot.name] = f"lacks {lacking[0]}"
    return slot.fallback


def _is_lacking(name: str, values: Mapping[str, Any], notes: Notes) -> bool:
    """Whether a token shows its fallback, or a list shows nothing."""
    value = values[name]
    return not value if isinstance(value, list) else name in notes.fallbacks
