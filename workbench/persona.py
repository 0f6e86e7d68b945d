"""A made-up person: a file of rows by the extract contracts' own names, checked against the contracts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from exports.errors import LoadError
from exports.yamlfile import YamlFile, read_yaml
from ingest import Contract
from ingest.contract import Column
from workbench.errors import WorkbenchError
from workbench.names import closest

_ABOUT = ("persona", "days")


@dataclass(frozen=True)
class Record:
    """One row of one table: its values under the contract's own names, and when it was new; of a snapshot None."""

    table: str
    values: Mapping[str, Any]
    at: datetime | None
    line: int


@dataclass(frozen=True)
class Persona:
    """Who it is, the days that are simulated, and what is known of them."""

    title: str
    first: date
    last: date
    records: Sequence[Record]

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def landing(self, contract: Contract, day: date) -> list[str]:
        """The lines of a table's extract of a day: a snapshot's every row, of others what was new that day.

        What is older than the first day comes with it.
        """
        return [
            json.dumps(record.values, ensure_ascii=False)
            for record in self.records
            if record.table == contract.name and (record.at is None or max(record.at.date(), self.first) == day)
        ]


def read_persona(path: Path, contracts: Sequence[Contract], clocks: Mapping[str, str]) -> Persona:
    """Read a persona's file, YAML or JSON. `clocks` names, by table, the column that says when a row was new.

    Raises:
        WorkbenchError: something in it is not as the contracts say, each fault with file and line.
    """
    try:
        file = read_yaml(path)
    except LoadError as error:
        raise WorkbenchError(str(error)) from None
    reader = _Reader(file, {contract.name: contract for contract in contracts}, clocks)
    persona = reader.persona()
    if file.problems:
        raise WorkbenchError("\n".join(str(problem) for problem in sorted(set(file.problems))))
    return persona


class _Reader:
    def __init__(self, file: YamlFile, contracts: Mapping[str, Contract], clocks: Mapping[str, str]) -> None:
        self._file = file
        self._contracts = contracts
        self._clocks = clocks

    def persona(self) -> Persona:
        data = self._file.data
        title = self._file.text(("persona",), data.get("persona"))
        days = self._file.mapping(("days",), data.get("days"), ("from", "to"), ("from", "to"))
        # A day that cannot be read is told as that; nothing is before the one or after the other.
        first = self._day(("days", "from"), days.get("from")) or date.min
        last = self._day(("days", "to"), days.get("to")) or date.max
        if first > last:
            self._file.fault(("days",), f"the days end on {last}, before they begin on {first}")
        records: list[Record] = []
        for table, rows in data.items():
            if table in _ABOUT:
                continue
            if table not in self._contracts:
                self._file.fault((table,), f"there is no table {table}: {closest(table, [*self._contracts, *_ABOUT])}")
            elif not isinstance(rows, list):
                self._file.fault((table,), f"{table} must be a list of rows")
            else:
                records += self._records(self._contracts[table], rows, last)
        return Persona(title, first, last, records)

    def _day(self, key: tuple[str, ...], value: object) -> date | None:
        try:
            return value if type(value) is date else date.fromisoformat(str(value))
        except ValueError:
            self._file.fault(key, f"{value!r} is no day: write it as in 2026-03-01")
            return None

    def _records(self, contract: Contract, rows: list[Any], last: date) -> Iterator[Record]:
        for position, row in enumerate(rows):
            key = (contract.name, str(position))
            if not isinstance(row, dict):
                self._file.fault(key, f"a row of {contract.name} must be a mapping of columns")
                continue
            values = self._values(contract, key, row)
            clock = self._clocks.get(contract.name)
            at = None
            for name in contract.required:
                if values.get(name) is None and name != clock:
                    self._file.fault(key, f"a row of {contract.name} needs {name}")
            if clock is not None:
                at = self._at(contract, key, values, clock)
                if at is not None and at.date() > last:
                    self._file.fault((*key, clock), f"{at} is after the last day, {last}")
            yield Record(contract.name, values, at, self._file.line(*key))

    def _values(self, contract: Contract, key: tuple[str, ...], row: Mapping[str, Any]) -> dict[str, Any]:
        columns = {name: column for column in contract.columns for name in column.names}
        values: dict[str, Any] = {}
        for name, value in row.items():
            if name not in columns:
                own = [column.name for column in contract.columns]
                self._file.fault((*key, name), f"{contract.name} has no column {name}: {closest(name, own)}")
            elif value is not None:
                values[columns[name].name] = self._value((*key, name), columns[name], value)
        return values

    def _value(self, key: tuple[str, ...], column: Column, value: Any) -> Any:
        """A value as an extract would write it."""
        kind = column.data_type.split("(")[0].lower()
        try:
            if kind == "timestamp" or column.is_epoch_seconds:
                at = _moment(value)
                return int(at.replace(tzinfo=UTC).timestamp()) if column.is_epoch_seconds else f"{at}"
            if kind == "date":
                return f"{value if isinstance(value, date) else date.fromisoformat(str(value))}"
            if kind in ("bigint", "int", "decimal", "double"):
                return str(Decimal(str(value)))
            if kind == "boolean" and str(value).lower() not in ("true", "false"):
                raise ValueError
        except (ValueError, InvalidOperation):
            example = {"timestamp": " as in 2026-03-01 08:00:00, UTC", "date": " as in 2026-03-01"}.get(kind, "")
            self._file.fault(key, f"{value!r} is no {kind}{example}")
            return None
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _at(self, contract: Contract, key: tuple[str, ...], values: Mapping[str, Any], clock: str) -> datetime | None:
        value = values.get(clock)
        if value is None:
            if not self._has_fault(key):
                self._file.fault(key, f"a row of {contract.name} needs {clock}: it says on which day it is extracted")
            return None
        if isinstance(value, int):
            return datetime.fromtimestamp(value, UTC).replace(tzinfo=None)
        return datetime.fromisoformat(value)

    def _has_fault(self, key: tuple[str, ...]) -> bool:
        return any(problem.line == self._file.line(*key) for problem in self._file.problems)


def _moment(value: Any) -> datetime:
    """A time in UTC without an offset.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, datetime):
        at = value
    elif isinstance(value, date):
        at = datetime.combine(value, time.min)
    elif isinstance(value, int) and not isinstance(value, bool):
        at = datetime.fromtimestamp(value, UTC)
    else:
        at = datetime.fromisoformat(str(value))
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def clocks_of(manifest: Mapping[str, Any], contracts: Sequence[Contract]) -> dict[str, str]:
    """By table that is no snapshot, the column that says when a row was new: its `updated_at`, or its first time."""
    declared = {
        f"{s['source_name']}.{s['name']}": s["config"]["meta"].get("updated_at") for s in manifest["sources"].values()
    }
    found: dict[str, str] = {}
    for contract in contracts:
        times = [c for c in contract.columns if c.data_type == "timestamp" or c.is_epoch_seconds]
        times.sort(key=lambda column: column.name not in contract.required)
        clock = declared.get(contract.name) or next((c.name for c in times), None)
        if contract.kind != "snapshot" and clock:
            found[contract.name] = clock
    return found
