"""Which rows of a source table are a person's, by the identifiers that its contract declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from ingest import Contract
from ingest.contract import ACCOUNT_TYPES
from ingest.identifiers import identifiers_sql, mentioned
from privacy.person import Identifier, Person


def know(connection: duckdb.DuckDBPyConnection, person: Person) -> None:
    """Make the table `known` of the person's identifiers, which the SQL of this module reads."""
    connection.execute("create or replace temp table known (identifier_type varchar, value varchar)")
    rows = sorted(person.identifiers)
    connection.execute(
        "insert into known select unnest($types), unnest($values)",
        {"types": [kind for kind, _ in rows], "values": [value for _, value in rows]},
    )


def theirs_sql(stated: str) -> str:
    """A select of the rows that are the known person's, of a query of what rows state (ingest's identifiers_sql).

    A row is its account's; where it states none, its e-mail's; where it states neither, that of whoever's phone,
    device, cart or order it states. So a record of someone else that names this person's phone stays someone else's.
    """
    account, email = f"is_single and identifier_type in {ACCOUNT_TYPES}", "is_single and identifier_type = 'email'"
    return f"""
        with stated as ({stated}),
        naming_them as (select distinct row from stated semi join known using (identifier_type, value))
        select row
        from (
            select stated.*, known.value is not null as is_known
            from stated semi join naming_them using (row) left join known using (identifier_type, value)
        )
        group by row
        having case
            when bool_or({account} and is_known) then true
            when bool_or({account}) then false
            when bool_or({email} and is_known) then true
            when bool_or({email}) then false
            else true
        end"""


def rows_of(connection: duckdb.DuckDBPyConnection, contract: Contract, relation: str, row: str) -> list[Any]:
    """The rows of the relation that are the known person's, in order."""
    if not contract.identifiers:
        return []
    theirs = theirs_sql(identifiers_sql(contract, relation, row))
    return [row for (row,) in connection.execute(f"{theirs} order by row").fetchall()]


def orders_of(
    connection: duckdb.DuckDBPyConnection, contract: Contract, relation: str, rows: Sequence[Any]
) -> set[Identifier]:
    """The orders that rows, known by their source_line, place."""
    if not contract.places_orders:
        return set()
    stated = identifiers_sql(contract, relation, "source_line")
    return set(
        connection.execute(
            f"select distinct identifier_type, value from ({stated}) "
            "where identifier_type = 'order_id' and row in (select unnest($rows))",
            {"rows": list(rows)},
        ).fetchall()
    )


def names(person: Person, text: str) -> bool:
    """Whether a text that cannot be taken apart names the person."""
    values = {value for _, value in person.own}
    return any(value in values if kind == "word" else (kind, value) in person.own for kind, value in mentioned(text))
