"""Everything that is held on one person, as one JSON document."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import orjson

from delivery import standings_of
from ingest import Contract, Tombstones
from ingest.identifiers import spelled
from ingest.quarantine import read_rejects
from ingest.superseded import partition_of
from privacy import landing, state
from privacy.person import Identifier, Person, find_person
from privacy.records import know, names
from privacy.zones import Zones

# What the warehouse says of the person now, by the name it has in the document.
_CURRENT = {"profile": "marts.dim_customers", "consents": "marts.fct_consents", "orders": "marts.fct_orders"}
# The record kept of them, day by day.
_KEPT = {
    "identities": "history/dim_identities",
    "segments": "history/fct_segment_memberships",
    "stages": "history/fct_category_stages",
    "scores": "history/fct_rfm_scores",
    "engagement": "history/fct_engagement_scores",
    "journeys": "history/fct_journey_enrolments",
    "decisions": "history/fct_campaign_decisions",
    "pulse_decisions": "history/pulse_decisions",
    "recommendations": "history/fct_recommendations",
    "sends": "ledger/sends",
}


def access(who: str, zones: Zones) -> dict[str, Any]:
    """All that is held on whom an e-mail, phone, CRM id or customer id belongs to. Writes nothing.

    Keys: `person` (customer_ids, names), `identifiers` (type, value, is_shared, and the source tables that state it),
    `records` (by source table: the declared columns with extract_date, source_file, source_line), `landing` (file and
    lines), `quarantine` (file, line, reason, text), what the warehouse and the dated results say of them, `payloads`
    (outbox, message, explanation), and `deliveries` (how each message stands at which service).

    Raises:
        SeveralPeopleError: it belongs to more than one customer.
    """
    person = state.survey(zones, find_person(who, zones))
    person, landed = landing.find(zones, person, Tombstones())
    with zones.memory() as connection:
        know(connection, person)
        records = {c.name: _records(connection, zones, c) for c in zones.contracts if c.identifiers}
        state.know_customers(connection, person)
        kept = _kept(connection, zones)
    return {
        "person": {"customer_ids": sorted(person.customer_ids), "names": sorted(person.names)},
        "identifiers": _identifiers(person, records, zones),
        "records": records,
        "landing": [{"file": str(f.file.path.relative_to(zones.home)), "lines": sorted(f.lines)} for f in landed],
        "quarantine": _quarantine(zones, person, landed),
        **_current(zones, person),
        **kept,
        "payloads": _payloads(zones, person),
        "deliveries": standings_of(zones.ledger, person.message_ids),
    }


def to_json(document: dict[str, Any]) -> str:
    """The document as text, the same for the same document."""
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)


def _records(connection: duckdb.DuckDBPyConnection, zones: Zones, contract: Contract) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path, rows in state.rows_by_file(connection, zones, contract):
        source = zones.parquet(path, "file_row_number = true")
        day = partition_of(path).name.removeprefix("extract_date=")
        numbers = ", ".join(map(str, rows))
        cursor = connection.execute(
            f"select '{day}' as extract_date, * exclude (file_row_number, load_id) from {source} "
            f"where file_row_number in ({numbers}) order by file_row_number"
        )
        found += _dicts(cursor)
    return found


def _dicts(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    columns = [name for name, *_ in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _identifiers(person: Person, records: dict[str, list[dict[str, Any]]], zones: Zones) -> list[dict[str, Any]]:
    stated: dict[Identifier, set[str]] = {}
    for contract in zones.contracts:
        for column in contract.identifiers:
            for text in (record.get(column.name) for record in records.get(contract.name, ())):
                for part in (text or "").split(column.separator):
                    identifier = (str(column.identifier), spelled(str(column.identifier), part))
                    stated.setdefault(identifier, set()).add(contract.name)
    values = {value for _, value in stated}
    return [
        {"type": kind, "value": value, "is_shared": (kind, value) in person.shared, "sources": sorted(sources)}
        for kind, value in sorted(person.identifiers | person.shared)
        # An account is looked for under every type it may be stated as; what only history knows has no source.
        if (sources := stated.get((kind, value), set())) or value not in values
    ]


def _quarantine(zones: Zones, person: Person, landed: list[landing.Found]) -> list[dict[str, Any]]:
    theirs = {
        (f"{f.contract.source}/{f.contract.table}/extract_date={f.day}", f.file.path.name, line)
        for f in landed
        for line in f.lines
    }
    found = []
    for path in sorted(zones.quarantine.glob("*/*/*/rejects.*")):
        partition = str(path.parent.relative_to(zones.quarantine))
        found += [
            {"partition": partition, **vars(r)}
            for r in read_rejects(path, zones.vault)
            if (partition, r.file, r.line) in theirs or names(person, r.text)
        ]
    return found


def _current(zones: Zones, person: Person) -> dict[str, Any]:
    if not zones.published.exists():
        return {name: [] for name in _CURRENT}
    with zones.vault.connect(zones.published, read_only=True) as connection:
        return {
            name: _dicts(
                connection.execute(
                    f"select * from {table} where customer_id in (select unnest($customers)) order by all",
                    {"customers": sorted(person.customer_ids)},
                )
            )
            for name, table in _CURRENT.items()
        }


def _kept(connection: duckdb.DuckDBPyConnection, zones: Zones) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    names_of = {table: name for name, table in _KEPT.items()}
    for path in state.state_files(zones):
        table = "/".join(path.relative_to(zones.home).parts[:2])
        theirs = state.held_sql(connection, zones, path)
        day = path.parent.name.removeprefix("as_of_date=")
        rows = connection.execute(
            f"select '{day}' as as_of_date, * from {zones.parquet(path)} where {theirs} order by all"
        )
        found.setdefault(names_of.get(table, table.split("/")[1]), []).extend(_dicts(rows))
    return found


def _payloads(zones: Zones, person: Person) -> list[dict[str, Any]]:
    found = []
    for outbox in zones.outboxes():
        explained = {
            e["message_id"]: e
            for e in map(orjson.loads, (outbox / "explain.jsonl").read_bytes().splitlines())
            if e["customer_id"] in person.customer_ids
        }
        if explained:
            found += [
                {
                    "outbox": str(outbox.relative_to(zones.home)),
                    "message": message,
                    "explanation": explained[message["message_id"]],
                }
                for message in map(orjson.loads, (outbox / "payloads.jsonl").read_bytes().splitlines())
                if message["message_id"] in explained
            ]
    return found
