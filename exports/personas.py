"""Made-up readers, as rows of a campaign's export table: with them a campaign is tried before anybody gets it.

Who they are is in personas.yml; what a campaign needs of a row is in its contract.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from exports.campaign import LIBRARY, Campaign
from exports.columns import Column, Columns
from exports.errors import LoadError
from exports.message import Run
from exports.yamlfile import read_yaml

DEFAULT_PERSONAS = LIBRARY / "personas.yml"
_WHOLE = frozenset(("tinyint", "smallint", "int", "integer", "bigint"))


@dataclass(frozen=True, slots=True)
class Persona:
    """A made-up reader. `values` are by column; `is_bare` of whom only that is known which a row must have."""

    name: str
    description: str
    values: Mapping[str, Any]
    is_bare: bool

    def row(
        self, campaign: Campaign, columns: Columns, list_columns: Mapping[str, Columns], run: Run, variant: str
    ) -> dict[str, Any]:
        """The persona's row of the campaign's export table, lists attached; what rules decide is not in it yet."""
        set_by_run = {
            "message_id": f"persona-{self.name}",
            "customer_id": f"persona-{self.name}",
            "occasion_id": f"persona-{self.name}",
            "campaign": campaign.name,
            "variant": variant,
            "as_of_date": run.as_of_date,
            "send_at": run.as_of.replace(tzinfo=None),
            "evidence": '{"persona": "' + self.name + '"}',
        }
        row = {name: self._value(name, column, 0, run) for name, column in columns.items()} | set_by_run
        lists = [spec for each in campaign.sets.values() for spec in each.lists]
        stand_ins = [spec.fallback for spec in lists if spec.fallback is not None]
        for spec in {spec.name: spec for spec in (*lists, *stand_ins)}.values():
            count = spec.minimum if self.is_bare else spec.maximum
            children = list_columns[spec.name]
            row[spec.name] = [
                {name: self._value(name, column, index, run) for name, column in children.items()}
                | {"message_id": set_by_run["message_id"], "position": index + 1}
                for index in range(count)
            ]
        return row

    def _value(self, name: str, column: Column, index: int, run: Run) -> Any:
        if self.is_bare and not column.is_required:
            return None
        value = self.values.get(name, _of_type(name, column.data_type, run))
        if isinstance(value, list):
            value = value[index % len(value)]
        return _exact(value, column.data_type)


def load_personas(path: Path = DEFAULT_PERSONAS) -> tuple[Persona, ...]:
    """Reads the made-up readers. Raises LoadError with every fault, by file and line."""
    file = read_yaml(path)
    data = file.mapping((), file.data, ("examples", "personas"), ("examples", "personas"))
    examples = file.mapping(("examples",), data.get("examples", {}), data.get("examples") or ())
    personas = []
    for name, options in file.mapping(("personas",), data.get("personas", {}), data.get("personas") or ()).items():
        key = ("personas", name)
        read = file.mapping(key, options, ("description", "knows", "values"), ("description",))
        if read.get("knows", "all") not in ("all", "required"):
            file.fault((*key, "knows"), "knows must be `all` or `required`")
        description = file.text((*key, "description"), read.get("description"))
        values = file.mapping((*key, "values"), read.get("values", {}), read.get("values") or ())
        personas.append(Persona(name, description, examples | values, read.get("knows") == "required"))
    if file.problems:
        raise LoadError(file.problems)
    return tuple(personas)


def _of_type(name: str, data_type: str, run: Run) -> Any:
    """Something of a column's type, for a column nobody gave an example of."""
    kind = data_type.lower()
    if kind in _WHOLE:
        return 3
    if kind.startswith("decimal"):
        return "49.80"
    if kind in ("double", "float"):
        return 0.9
    if kind == "boolean":
        return True
    if kind == "date":
        return run.as_of_date
    if kind.startswith("timestamp"):
        return run.as_of.replace(tzinfo=None) - dt.timedelta(days=2)
    return name.replace("_", " ")


def _exact(value: Any, data_type: str) -> Any:
    return Decimal(str(value)) if data_type.lower().startswith("decimal") else value
