"""The contract of an extract, as the dbt source YAML declares it.

Read from dbt's manifest, so that dbt's own parser is the only reader of that YAML.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ingest.errors import ExtractError

KINDS = ("snapshot", "delta", "events")
# What tells one person from another: the accounts that systems give out, and the e-mail.
ACCOUNT_TYPES = ("crm_id", "merged_crm_id", "user_id", "order_customer_id")
PERSONAL_TYPES = (*ACCOUNT_TYPES, "email")
# What people may share, or what leads to a person only through another record.
SHARED_TYPES = ("phone", "anonymous_id", "cart_token", "order_id")
IDENTIFIER_TYPES = (*PERSONAL_TYPES, *SHARED_TYPES)
# Suppression reads every no that was ever said: to forget one would be to mail who said it.
NEVER_FORGOTTEN = ("esp.events", "crm.consents")
# What a column may be read as.
TYPES = ("string", "bigint", "int", "decimal", "double", "boolean", "date", "timestamp")
_COLUMN_KEYS = ("aliases", "may_be_future", "epoch_seconds", "pii", "misfit_value", "identifier", "separator")
_NAME = re.compile(r"[A-Za-z0-9_]+")
LINEAGE_COLUMNS = (("load_id", "string"), ("source_file", "string"), ("source_line", "bigint"))


@dataclass(frozen=True)
class Column:
    """One declared column of an extract.

    With `keeps_misfits`, a value that does not fit (a blank in a required column, too) costs no row: `misfit_value`, as
    text, or null where that is None, stands in for it and the misfit is counted.
    `identifier` is the type of identifier it holds, one of IDENTIFIER_TYPES; with a `separator` it holds a list.
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
    identifier: str | None = None
    separator: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name a file may use for this column, its own first."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, eq=False)
class Contract:
    """What one source table's extracts hold.

    `quarantine_limit` is the share of rows, 0 to 1, above which a partition counts as broken rather than dirty.
    `freshness` is how old its last extract may be (`error_after`), and `warn_after` from when on that is said.
    Partitions older than `retention_days` are removed; None keeps them.
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
    warn_after: timedelta | None = None
    retention_days: int | None = None
    description: str = ""
    declared_in: str = ""

    @property
    def name(self) -> str:
        return f"{self.source}.{self.table}"

    @property
    def identifiers(self) -> tuple[Column, ...]:
        """The columns that say whose a record is."""
        return tuple(c for c in self.columns if c.identifier)

    @property
    def places_orders(self) -> bool:
        """Whether its records are orders, to which records of other tables belong."""
        return any(c.name in self.key and c.identifier == "order_id" for c in self.columns)

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
        ExtractError: a contract lacks its kind, has a name that is no folder's, names a column it does not declare, an
            identifier or a type that is not known, a name of two columns, or a retention that its data cannot have.
    """
    tables = [s for s in manifest["sources"].values() if "zone" not in s["config"]["meta"]]
    return sorted((_contract(table) for table in tables), key=lambda c: c.name)


def state_identifiers(manifest: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """The (column, identifier type) of each table of the project's own state that declares any, by `<zone>/<table>`."""
    return {
        f"{source['config']['meta']['zone']}/{source['name']}": columns
        for source in manifest["sources"].values()
        if "zone" in source["config"]["meta"]
        and (columns := [(c.name, c.identifier) for c in map(_column, source["columns"].values()) if c.identifier])
    }


def _contract(table: Mapping[str, Any]) -> Contract:
    where = f"{table['original_file_path']}: {table['source_name']}.{table['name']}"
    try:
        return _read(where, table)
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        raise ExtractError(f"{where}: config.meta has a value of another form than is read there: {error}") from None


def _read(where: str, table: Mapping[str, Any]) -> Contract:
    meta = table["config"]["meta"]
    columns = tuple(_column(c) for c in table["columns"].values())
    if meta.get("kind") not in KINDS:
        raise ExtractError(f"{where}: config.meta.kind must be one of {', '.join(KINDS)}")
    unknown = {*_names(where, meta, "required"), *_names(where, meta, "key")} - {c.name for c in columns}
    if unknown:
        raise ExtractError(
            f"{where}: required or key names columns that are not declared: {', '.join(sorted(unknown))}"
        )
    # They become folders and files, in every zone.
    for name in (table["source_name"], table["name"], *_names(where, meta, "adapters")):
        if not _NAME.fullmatch(name):
            raise ExtractError(
                f"{where}: {name!r} is no name of a source, table or adapter: letters, digits and _ only"
            )
    _ensure_identifiers(where, columns)
    _ensure_columns(where, table["columns"].values())
    limit = float(meta.get("quarantine_limit", 0.1))
    if not 0 <= limit <= 1:
        raise ExtractError(f"{where}: quarantine_limit is a share of the rows, from 0 to 1; it is {limit:g}")
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
        quarantine_limit=limit,
        freshness=_period(table.get("freshness"), "error_after"),
        warn_after=_period(table.get("freshness"), "warn_after"),
        retention_days=_retention_days(where, table),
        description=table["description"],
        declared_in=table["original_file_path"],
    )


def _meta(column: Mapping[str, Any]) -> Mapping[str, Any]:
    meta: Mapping[str, Any] = column["config"]["meta"] if column.get("config") else column.get("meta", {})
    return meta


def _column(column: Mapping[str, Any]) -> Column:
    meta = _meta(column)
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
        identifier=meta.get("identifier"),
        separator=meta.get("separator"),
    )


def _names(where: str, meta: Mapping[str, Any], key: str) -> list[str]:
    """A list of names in `config.meta`: of a single text the letters would be taken."""
    names = meta.get(key, [])
    if not isinstance(names, list):
        raise ExtractError(f"{where}: {key} must be a list, as in [{names}]")
    return names


def _ensure_columns(where: str, columns: Iterable[Mapping[str, Any]]) -> None:
    owners: dict[str, str] = {}
    for column in columns:
        at, meta = f"{where}.{column['name']}", _meta(column)
        kind = str(column["data_type"] or "").split("(")[0].lower()
        if kind not in TYPES:
            given = f"{column['data_type']} is none" if kind else "it has none"
            raise ExtractError(f"{at}: data_type must be one of {', '.join(TYPES)}; {given}")
        for key in meta.keys() - _COLUMN_KEYS:
            if near := difflib.get_close_matches(key, _COLUMN_KEYS, n=1, cutoff=0.8):
                raise ExtractError(f"{at}: nothing reads {key}: did you mean {near[0]}?")
        for name in (column["name"], *_names(at, meta, "aliases")):
            if owners.setdefault(name, column["name"]) != column["name"]:
                raise ExtractError(f"{at}: {name} is a name of {owners[name]} too: a file could not say which it means")


def _ensure_identifiers(where: str, columns: Sequence[Column]) -> None:
    for column in columns:
        if column.identifier not in (None, *IDENTIFIER_TYPES):
            raise ExtractError(
                f"{where}.{column.name}: identifier {column.identifier} is none of {', '.join(IDENTIFIER_TYPES)}"
            )
        if column.separator and not column.identifier:
            raise ExtractError(f"{where}.{column.name}: a separator is for a list of identifiers; name their type")


def _retention_days(where: str, table: Mapping[str, Any]) -> int | None:
    meta = table["config"]["meta"]
    days = meta.get("retention_days")
    if days is None:
        return None
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        raise ExtractError(f"{where}: retention_days takes a whole number of days, 1 or more")
    if meta["kind"] == "delta":
        raise ExtractError(
            f"{where}: retention_days is for events and snapshots. A delta's old partitions hold the rows that have "
            "not changed since: they are current. Erase people instead."
        )
    if f"{table['source_name']}.{table['name']}" in NEVER_FORGOTTEN:
        raise ExtractError(
            f"{where}: retention_days must not be set here. Suppression reads this feed: a no that is removed would "
            "be a yes again."
        )
    return days


def _period(freshness: Mapping[str, Any] | None, name: str) -> timedelta | None:
    after = (freshness or {}).get(name) or {}
    if not after.get("count"):
        return None
    return timedelta(**{f"{after['period']}s": after["count"]})
