"""The contract of an extract, as the dbt source YAML declares it.

Read from dbt's manifest, so that dbt's own parser is the only reader of that YAML.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ingest.errors import ExtractError

KINDS = ("snapshot", "delta", "events")
LINEAGE_COLUMNS = (("load_id", "string"), ("source_file", "string"), ("source_line", "bigint"))


@dataclass(frozen=True)
class Column:
    """One declared column of an extract.

    With `keeps_misfits`, a value that does not fit (a blank in a required column, too) costs no row: `misfit_value`, as
    text, or null where that is None, stands in for it and the misfit is counted.
    """

    name: str
    data_type: str
    description: str = ""
    aliases: tuple[str, ...] = ()
    may_be_future: bool = False
    is_epoch_seconds: bool = False
    pii: str | None = None
    keeps_misfits: bool = False
    misfit_value: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name a file may use for this column, its own first."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, eq=False)
class Contract:
    """What one source table's extracts hold.

    `quarantine_limit` is the share of rows, 0 to 1, above which a partition counts as broken rather than dirty.
    """

    source: str
    table: str
    kind: str
    columns: tuple[Column, ...]
    required: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    delimiter: str | None = None
    adapters: tuple[str, ...] = ()
    expectations: tuple[Mapping[str, Any], ...] = ()
    quarantine_limit: float = 0.1
    freshness: timedelta | None = None
    description: str = ""
    declared_in: str = ""

    @property
    def name(self) -> str:
        return f"{self.source}.{self.table}"

    def fingerprint(self) -> str:
        """Changes when a reload of the same files would give other rows."""
        shape = [
            [c.name, c.data_type, c.aliases, c.may_be_future, c.is_epoch_seconds, c.keeps_misfits, c.misfit_value]
            for c in self.columns
        ]
        text = json.dumps([shape, self.required, self.delimiter], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def read_contracts(manifest: Mapping[str, Any]) -> list[Contract]:
    """The contracts of all landed sources in a dbt manifest, in name order.

    Sources of another zone (`config.meta.zone`: history, ledger, loads) are the project's own state and have none.

    Raises:
        ExtractError: a contract lacks its kind, or names a column it does not declare.
    """
    tables = [s for s in manifest["sources"].values() if "zone" not in s["config"]["meta"]]
    return sorted((_contract(table) for table in tables), key=lambda c: c.name)


def _contract(table: Mapping[str, Any]) -> Contract:
    meta = table["config"]["meta"]
    columns = tuple(_column(c) for c in table["columns"].values())
    where = f"{table['original_file_path']}: {table['source_name']}.{table['name']}"
    if meta.get("kind") not in KINDS:
        raise ExtractError(f"{where}: config.meta.kind must be one of {', '.join(KINDS)}")
    unknown = {*meta.get("required", []), *meta.get("key", [])} - {c.name for c in columns}
    if unknown:
        raise ExtractError(
            f"{where}: required or key names columns that are not declared: {', '.join(sorted(unknown))}"
        )
    return Contract(
        source=table["source_name"],
        table=table["name"],
        kind=meta["kind"],
        columns=columns,
        required=tuple(meta.get("required", ())),
        key=tuple(meta.get("key", ())),
        delimiter=meta.get("delimiter"),
        adapters=tuple(meta.get("adapters", ())),
        expectations=tuple(meta.get("expectations", ())),
        quarantine_limit=float(meta.get("quarantine_limit", 0.1)),
        freshness=_period(table.get("freshness")),
        description=table["description"],
        declared_in=table["original_file_path"],
    )


def _column(column: Mapping[str, Any]) -> Column:
    meta = column["config"]["meta"] if column.get("config") else column.get("meta", {})
    return Column(
        name=column["name"],
        data_type=column["data_type"],
        description=column["description"],
        aliases=tuple(meta.get("aliases", ())),
        may_be_future=bool(meta.get("may_be_future", False)),
        is_epoch_seconds=bool(meta.get("epoch_seconds", False)),
        pii=meta.get("pii"),
        keeps_misfits="misfit_value" in meta,
        misfit_value=None if meta.get("misfit_value") is None else str(meta["misfit_value"]),
    )


def _period(freshness: Mapping[str, Any] | None) -> timedelta | None:
    after = (freshness or {}).get("error_after") or {}
    if not after.get("count"):
        return None
    return timedelta(**{f"{after['period']}s": after["count"]})
