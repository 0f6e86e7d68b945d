"""From contacts to proposed pairs."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa

from duplicates.comparisons import COMPARISONS, HOUSEHOLD
from duplicates.model import trained

# What is less likely than this is kept nowhere; how likely a candidate must be is the candidates' own setting.
LEAST_PROBABILITY = 0.05
COLUMNS = pa.schema(
    [
        ("contact_id_a", pa.string()),
        ("contact_id_b", pa.string()),
        ("match_probability", pa.float64()),
        ("match_weight", pa.float64()),
        ("reasons", pa.string()),
    ]
)


def propose(connection: duckdb.DuckDBPyConnection, contacts: pa.Table, decided: pa.Table) -> pa.Table:
    """The pairs of customers likely to be one person, by the two of their contacts that agree most; see COLUMNS.

    `connection`: to a database in memory, which is used up.
    `contacts`: one row each; contact_id, customer_id, first_name, last_name, birth_on, email, phone, address,
    postal_code and city, as they are to be compared; null where unknown.
    `decided`: customer_id_a, customer_id_b of the pairs that are not to be proposed, either way round.

    match_weight is the base-2 logarithm of the odds; reasons names what agreed and what did not, with what each adds to
    it. The same contacts give the same pairs.
    """
    logging.getLogger("splink").setLevel(logging.ERROR)
    if contacts.num_rows < 2:
        return COLUMNS.empty_table()
    connection.execute("create table contacts as select * from contacts order by contact_id")
    connection.execute("create table decided as select * from decided")
    # In parallel, sums of fractions come out in another order each time, and differ in their last digits.
    connection.execute("set threads = 1")
    # A slow machine would draw one over whatever is printed.
    connection.execute("set enable_progress_bar = false")
    scored = trained(connection, "contacts").inference.predict(threshold_match_probability=LEAST_PROBABILITY)
    found = connection.execute(f"""
        select scored.*
        from {scored.physical_name} as scored
        inner join contacts as l on scored.contact_id_l = l.contact_id
        inner join contacts as r on scored.contact_id_r = r.contact_id
        anti join decided
            on least(l.customer_id, r.customer_id) = least(decided.customer_id_a, decided.customer_id_b)
            and greatest(l.customer_id, r.customer_id) = greatest(decided.customer_id_a, decided.customer_id_b)
        where l.customer_id <> r.customer_id and not ({HOUSEHOLD})
        qualify row_number() over (
            partition by least(l.customer_id, r.customer_id), greatest(l.customer_id, r.customer_id)
            order by scored.match_weight desc, scored.contact_id_l, scored.contact_id_r
        ) = 1
        order by scored.match_weight desc, scored.contact_id_l, scored.contact_id_r
    """)
    names = [name for name, *_ in found.description]
    return pa.Table.from_pylist([_pair(dict(zip(names, row, strict=True))) for row in _rows(found)], schema=COLUMNS)


def _rows(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := found.fetchmany(10_000):
        yield from rows


def _pair(scored: dict[str, Any]) -> dict[str, Any]:
    first, second = sorted((scored["contact_id_l"], scored["contact_id_r"]))
    return {
        "contact_id_a": first,
        "contact_id_b": second,
        "match_probability": round(scored["match_probability"], 4),
        "match_weight": round(scored["match_weight"], 2),
        "reasons": _reasons(scored),
    }


def _reasons(scored: dict[str, Any]) -> str:
    """What agreed and what did not, the weightiest first; what says nothing is left out."""
    said = []
    for comparison in COMPARISONS:
        level = scored[f"gamma_{comparison.name}"]
        if level < 0:
            continue
        words = comparison.levels[len(comparison.levels) - level].words if level else "differs"
        factor = scored[f"bf_{comparison.name}"] * scored.get(f"bf_tf_adj_{comparison.name}", 1)
        said.append((math.log2(factor), f"{comparison.name.replace('_', ' ')}: {words}"))
    return "; ".join(f"{words} ({weight:+.1f})" for weight, words in sorted(said, key=lambda s: (-abs(s[0]), s[1])))
