"""A part of a message that rules decide: its values, and what the warehouse decided for a row.

The rules themselves are compiled in `rules`; here a row is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exports.errors import DataError

OTHERWISE = "otherwise"


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of a campaign. `decides` has the value of every rule by its name, `otherwise` among them.

    `value_sql` and `rule_sql` are expressions over the export table's columns, never null; a row brings their results
    in the columns `slot_<name>` and `slot_<name>_rule`.
    """

    name: str
    values: tuple[str, ...]
    decides: Mapping[str, str]
    value_sql: str
    rule_sql: str

    @property
    def columns(self) -> dict[str, str]:
        """The SQL of each column the slot adds to the export table's, by the column's name."""
        value, rule = slot_columns(self.name)
        return {value: self.value_sql, rule: self.rule_sql}


def slot_columns(name: str) -> tuple[str, str]:
    """The columns a row brings a slot's value and its rule in."""
    return f"slot_{name}", f"slot_{name}_rule"


def read_slot(slot: Slot, row: Mapping[str, Any], message_id: str) -> tuple[str, str]:
    """The value that was decided, and the rule that did. Raises DataError for a row that other rules decided."""
    value_column, rule_column = slot_columns(slot.name)
    value, rule = row.get(value_column), row.get(rule_column)
    if not isinstance(rule, str) or slot.decides.get(rule) != value or value is None:
        raise DataError(message_id, "was not decided by the rules of campaign.yml", value_column)
    return value, rule
