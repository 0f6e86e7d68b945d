"""The export's own gate. It stands whatever else ran: starting an export alone does not get past it.

What may pass is decided in SQL (`fct_campaign_gates`, thresholds in YAML); here it is only held to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.site import Site, published_as_of


@dataclass(frozen=True, slots=True)
class ClosedGate:
    """A gate of `fct_campaign_gates` that is not passed; `feed` is the source table that is late, if that is it."""

    gate: str
    feed: str | None
    detail: str


class GateClosedError(Exception):
    """A campaign must not be exported now; the message says why and what to do, `closed` which gates it is, if any."""

    def __init__(self, message: str, closed: Sequence[ClosedGate] = ()) -> None:
        super().__init__(message)
        self.closed = closed


def open_published(site: Site) -> duckdb.DuckDBPyConnection:
    """The readers' copy of the warehouse, read-only, if it is that of this day.

    Raises:
        GateClosedError: nothing is published, or for another day: the build or its tests failed, or did not run.
    """
    as_of = published_as_of(site)
    if as_of is None:
        raise GateClosedError("No warehouse has been published yet, or it is damaged. Run the daily job for this day.")
    if as_of != site.as_of:
        raise GateClosedError(
            f"The published warehouse is as of {as_of}, this export is as of {site.as_of}. "
            "The day's models or their tests have failed or have not run: mend that and run the daily job for this day."
        )
    return site.vault.connect(site.published, read_only=True)


def ensure_open(connection: duckdb.DuckDBPyConnection, campaign: str, export_models: list[Mapping[str, Any]]) -> None:
    """Hold one campaign to its gates.

    Raises:
        GateClosedError: a gate of `fct_campaign_gates` is not passed, an export table is not as its contract says,
            or a message in it has been sent before.
    """
    closed = [
        ClosedGate(*row)
        for row in connection.execute(
            "select gate, feed, detail from marts.fct_campaign_gates "
            "where campaign = $campaign and not is_passed order by gate",
            {"campaign": campaign},
        ).fetchall()
    ]
    problems = [f"{each.gate}: {each.detail}" for each in closed]
    for model in export_models:
        problems += _contract_problems(connection, model)
    if not problems:
        problems += _reconciliation_problems(connection, campaign, export_models[0])
    if problems:
        raise GateClosedError(f"{campaign} is not exported.\n" + "\n".join(problems), closed)


def _contract_problems(connection: duckdb.DuckDBPyConnection, model: Mapping[str, Any]) -> list[str]:
    found = connection.execute(
        "select column_name from information_schema.columns where table_schema = $schema and table_name = $name",
        {"schema": model["schema"], "name": model["name"]},
    ).fetchall()
    declared = set(model["columns"])
    actual = {name for (name,) in found}
    if declared == actual:
        return []
    return [f"{model['name']}: its columns are not those of its contract: {', '.join(sorted(declared ^ actual))}"]


def _reconciliation_problems(
    connection: duckdb.DuckDBPyConnection, campaign: str, model: Mapping[str, Any]
) -> list[str]:
    """The export table must hold the decisions to send, each once and for whom it was decided, and none that an earlier
    day has sent.
    """
    row = connection.execute(
        f"""
        with sends as (
            select message_id from marts.fct_campaign_decisions where campaign = $campaign and decision = 'send'
        ),
        rows as (select message_id, customer_id, to_email from {model["schema"]}.{model["name"]})
        select
            (select count(*) from sends),
            (select count(*) from rows),
            (select count(*) from rows semi join sends using (message_id)),
            (select count(*) from rows semi join staging.stg_ledger__sends using (message_id)),
            (select count(*) from rows anti join marts.fct_campaign_messages using (message_id, customer_id, to_email))
        """,
        {"campaign": campaign},
    ).fetchone()
    sends, rows, matched, sent_before, strangers = row or (0, 0, 0, 0, 0)
    problems = []
    if not sends == rows == matched:
        problems.append(f"{model['name']} holds {rows} rows for {sends} decisions to send, {matched} of them the same")
    if sent_before:
        problems.append(f"{sent_before} messages are in the send log of an earlier day")
    if strangers:
        problems.append(f"{model['name']} has {strangers} rows for somebody other than the message is for")
    return problems
