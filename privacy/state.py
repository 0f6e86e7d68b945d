"""What is kept: the raw zone by its contracts, history and ledger by whose row it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ingest import Contract
from ingest.files import quoted
from ingest.identifiers import canonical_email, identifiers_sql, read_providers
from ingest.quarantine import read_rejects
from ingest.superseded import EMPTY, files_of, load_id_of, partition_of
from ingest.tombstones import PROVIDERS
from privacy.person import Identifier, Person
from privacy.records import know, rows_of, theirs_sql
from privacy.zones import Zones


def survey(zones: Zones, person: Person) -> Person:
    """The person with what only their loaded rows say: spellings, orders no customer has yet, what others state too.

    An identifier that other people's rows state too is shared, and one of theirs that the warehouse ties to nobody (the
    phone of a household) selects no row by itself.
    """
    with zones.memory() as connection:
        stated = _make_stated(connection, zones)
        person = _with_spellings(connection, zones, person, stated)
        person = _with_orders(connection, zones, person, stated)
        theirs = _pairs(connection, stated, "row in (select row from {0}_theirs)")
        know(connection, person.knows(theirs))
        others = _pairs(
            connection,
            stated,
            "row not in (select row from {0}_theirs)",
            "semi join known using (identifier_type, value)",
        )
    return replace(person.knows(theirs - others), shared=frozenset(others))


def _make_stated(connection: duckdb.DuckDBPyConnection, zones: Zones) -> dict[str, Contract]:
    """A table of the identifiers that the loaded rows of each contract state; gives the contracts by their table."""
    made: dict[str, Contract] = {}
    for contract in zones.contracts:
        if not contract.identifiers:
            continue
        table = f"stated_{len(made)}"
        connection.execute(
            f"create temp table {table} (row bigint, identifier_type varchar, value varchar, is_single boolean)"
        )
        for number, path in enumerate(raw_files(zones, contract)):
            # A row of a file is told from those of the others by the file's number.
            row = f"({number}::bigint << 40) + file_row_number"
            sql = identifiers_sql(contract, _rows(zones, contract, path), row)
            connection.execute(f"insert into {table} {sql}")
        made[table] = contract
    return made


def _with_spellings(
    connection: duckdb.DuckDBPyConnection, zones: Zones, person: Person, stated: Mapping[str, Contract]
) -> Person:
    """The person with each spelling of their addresses that a row has: the warehouse knows those that are evidence."""
    providers = read_providers(zones.seeds / PROVIDERS)
    own = {canonical_email(email, providers) for email in person.of_type("email")}
    domains = ", ".join(f"'{quoted(domain)}'" for domain in sorted(providers))
    read_in_many = f"identifier_type = 'email' and split_part(value, '@', -1) in ({domains})"
    found = _pairs(connection, stated, read_in_many) if own and providers else set()
    return person.knows(i for i in found if canonical_email(i[1], providers) in own)


def _with_orders(
    connection: duckdb.DuckDBPyConnection, zones: Zones, person: Person, stated: Mapping[str, Contract]
) -> Person:
    """The person with the orders that their rows place; leaves a table `<stated>_theirs` of their rows."""
    while True:
        know(connection, person)
        for table in stated:
            connection.execute(f"create or replace temp table {table}_theirs as {theirs_sql(f'from {table}')}")
        placed = [t for t, contract in stated.items() if contract.places_orders]
        orders = {i for i in _pairs(connection, placed, "row in (select row from {0}_theirs)") if i[0] == "order_id"}
        if orders <= person.identifiers:
            return person
        person = person.knows(orders)


def _pairs(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[str], condition: str, join: str = ""
) -> set[Identifier]:
    found: set[Identifier] = set()
    for table in tables:
        sql = f"select distinct identifier_type, value from {table} {join} where {condition.format(table)}"
        found |= set(connection.execute(sql).fetchall())
    return found


def raw_files(zones: Zones, contract: Contract) -> list[Path]:
    """The files of a raw table by day, those that later loads have superseded too."""
    return files_of(zones.raw / contract.source / contract.table)


def _rows(zones: Zones, contract: Contract, path: Path) -> str:
    """The SQL of a raw file's rows with every declared column and `file_row_number`."""
    empty = ", ".join(f'cast(null as {c.data_type}) as "{c.name}"' for c in contract.columns)
    rows = zones.parquet(path, "file_row_number = true")
    return f"(select * from (select {empty} where false) union all by name select * from {rows})"


def remove_from_raw(zones: Zones, person: Person) -> dict[str, int]:
    """Take the person's rows out of the raw zone; give the rows removed by table.

    Each load changed gets an id of its own, so that what was built from it is built anew. What days were given by its
    former id is put on record by the new one first: broken off in between, the same is done again.
    """
    changes = []
    with zones.memory() as connection:
        know(connection, person)
        for contract in zones.contracts:
            found = rows_by_file(connection, zones, contract)
            changes += [_change(zones, contract, path, rows) for path, rows in found]
        _rename_in_records(connection, zones, changes)
        for change in changes:
            _without(connection, zones, change)
    removed = {contract.name: 0 for contract in zones.contracts}
    for change in changes:
        removed[change.contract.name] += len(change.rows)
    return removed


def rows_by_file(
    connection: duckdb.DuckDBPyConnection, zones: Zones, contract: Contract
) -> Iterator[tuple[Path, list[int]]]:
    """The row numbers of the known person in each file of a raw table that has any."""
    for path in raw_files(zones, contract) if contract.identifiers else ():
        if rows := rows_of(connection, contract, _rows(zones, contract, path), "file_row_number"):
            yield path, rows


@dataclass(frozen=True)
class _Change:
    """A load without some of its rows: what it is called before and after."""

    contract: Contract
    path: Path
    rows: Sequence[int]
    before: str
    after: str


def _change(zones: Zones, contract: Contract, path: Path, rows: Sequence[int]) -> _Change:
    before = load_id_of(path, zones.vault)
    with zones.memory() as connection:
        (total,) = connection.execute(f"select count(*) from {zones.parquet(path)}").fetchone() or (0,)
    digest = hashlib.sha256(f"{before} without {sorted(rows)}".encode()).hexdigest()[:16]
    return _Change(contract, path, rows, before, digest if total > len(rows) else EMPTY)


def _rename_in_records(connection: duckdb.DuckDBPyConnection, zones: Zones, changes: Sequence[_Change]) -> None:
    """Call the loads by their new ids in what the days were given (`history/inputs`)."""
    connection.execute(
        "create or replace temp table renamed"
        " (source_name varchar, table_name varchar, day date, load_id varchar, new_id varchar)"
    )
    for change in changes:
        day = partition_of(change.path).name.removeprefix("extract_date=")
        connection.execute(
            "insert into renamed values ($source, $table, $day::date, $before, $after)",
            {
                "source": change.contract.source,
                "table": change.contract.table,
                "day": day,
                "before": change.before,
                "after": change.after,
            },
        )
    for record in sorted(zones.history.glob("inputs/*/*.parquet")):
        records = zones.parquet(record)
        on = "using (source_name, table_name, day, load_id)"
        if connection.execute(f"select 1 from {records} semi join renamed {on} limit 1").fetchone():
            kept = f"select * exclude (new_id) replace (coalesce(new_id, load_id) as load_id) from {records}"
            renamed = f"left join (select distinct * from renamed) {on}"
            zones.rewrite(connection, f"{kept} {renamed} order by all", record)


def _without(connection: duckdb.DuckDBPyConnection, zones: Zones, change: _Change) -> None:
    source = zones.parquet(change.path, "file_row_number = true")
    folder, quarantined = partition_of(change.path), "quarantined_count"
    is_in_place = change.path.parent == folder
    if is_in_place:
        rejected = zones.quarantine / change.contract.source / change.contract.table / folder.name
        count = sum(len(read_rejects(file, zones.vault)) for file in rejected.glob("rejects.*"))
        quarantined = f"cast({count} as bigint)"
    numbers = ", ".join(map(str, change.rows))
    kept = (
        "select * exclude (file_row_number) "
        f"replace ('{change.after}' as load_id, {quarantined} as quarantined_count) "
        f"from {source} where file_row_number not in ({numbers}) order by file_row_number"
    )
    # What is superseded goes by its load's id.
    target = change.path if is_in_place else change.path.with_name(f"{change.after}.parquet")
    zones.rewrite(connection, kept, target)
    if target != change.path:
        change.path.unlink()


def remove_from_state(zones: Zones, person: Person) -> dict[str, int]:
    """Take the person's rows out of history and ledger; give the rows removed by table."""
    removed: dict[str, int] = {}
    with zones.memory() as connection:
        know_customers(connection, person)
        for path in state_files(zones):
            table = "/".join(path.relative_to(zones.home).parts[:2])
            theirs, source = held_sql(connection, zones, path), zones.parquet(path)
            blanked = _blanked_records(connection, source)
            named = " or ".join(blanked.values()) or "false"
            row = connection.execute(
                f"select count(*) filter ({theirs}), count(*) filter (not {theirs} and ({named})) from {source}"
            ).fetchone()
            count, pointers = row or (0, 0)
            removed[table] = removed.get(table, 0) + count
            if count or pointers:
                cases = ", ".join(f'case when {c} then null else "{n}" end as "{n}"' for n, c in blanked.items())
                replaced = f"replace ({cases})" if cases else ""
                zones.rewrite(connection, f"select * {replaced} from {source} where not {theirs}", path)
    return removed


def _blanked_records(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    """The columns that point to a record, each with when that is the person's.

    The phone of a household may have come with it: what is told of those who keep the phone stays, but for the record.
    """
    found = connection.execute(
        f"select column_name from (describe select * from {source})"
        " where column_type = 'VARCHAR' and column_name like '%record_id'"
    ).fetchall()
    return {name: f'coalesce("{name}" in (select value from theirs), false)' for (name,) in found}


def state_files(zones: Zones) -> list[Path]:
    """The files of history, restated too, and ledger, but for the tombstones: they tell nothing of anybody."""
    roots = (zones.history, zones.home / "restated", zones.ledger)
    found = [p for zone in roots for p in zone.glob("*/*/*.parquet")]
    return sorted(p for p in found if p.parts[-3] != "tombstones")


def know_customers(connection: duckdb.DuckDBPyConnection, person: Person) -> None:
    """Make the table `theirs` of the person's customer ids and nodes, which held_sql reads."""
    connection.execute("create or replace temp table theirs (kind varchar, value varchar)")
    rows = [("customer", c) for c in sorted(person.customer_ids)] + [("node", n) for n in sorted(person.nodes)]
    rows += sorted(person.identifiers)
    connection.execute(
        "insert into theirs select unnest($kinds), unnest($values)",
        {"kinds": [kind for kind, _ in rows], "values": [value for _, value in rows]},
    )


def held_sql(connection: duckdb.DuckDBPyConnection, zones: Zones, path: Path) -> str:
    """When a row of a history or ledger file is the person's.

    It is that of the customers and identifiers whom it names, whatever its columns are called, and of those whom its
    declared identifiers name: a device that is somebody else's by now was theirs on the days that say so.
    """
    described = connection.execute(
        f"select column_name from (describe select * from {zones.parquet(path)}) where column_type = 'VARCHAR'"
    ).fetchall()
    texts = [name for (name,) in described]
    declared = zones.state.get("/".join(path.relative_to(zones.home).parts[:2]), ())
    kinds = [(name, kind) for name in texts for kind in ("customer", "node")]
    kinds += [(name, kind) for name, kind in declared if name in texts]
    named = [f"coalesce(\"{n}\" in (select value from theirs where kind = '{kind}'), false)" for n, kind in kinds]
    return f"({' or '.join(named) or 'false'})"
