"""`postroom restate`: scores and segments of all past days as today's definitions, identities and data have them.

For trends: a change of definition, a merge or a late order moves the whole line and makes no step in it. It is kept
apart from what was known then, in `restated/<model>/as_of_date=<day>/`, and nothing that is sent depends on it.

One pass: on a copy of the published warehouse the models are compiled once, and each day runs their SQL on the facts
that had happened by its end (`config.meta.happened_at` names the column that says when). A status that has no history
of its own, as whether an order is cancelled, is the one known today.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb

from disk import written
from engine.functions import register
from exports.folder import replaced
from ingest.files import quoted, scratch_folder
from orchestration.dbt_project import manifest
from orchestration.settings import Settings
from workbench.compiled import CompiledModel, compile_models
from workbench.errors import WorkbenchError
from workbench.published import Published

RESTATED = "restated"
_FOLDERS = ("marts/scores/", "marts/segments/")
# What the compiled SQL has where a day's clock goes: no data has it.
_CLOCK = datetime(2999, 12, 31)
_WHOLE = "whole_"
Node = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is restated and how: the names of models.

    `results` are written; `facts` are cut to what had happened by the column given; `computed` are run day by day, in
    order; `carried` are results or parts of them that the next day reads as history.
    """

    results: Sequence[str]
    facts: Mapping[str, str]
    computed: Sequence[str]
    carried: Sequence[str]


def plan(known: Mapping[str, Any]) -> Plan:
    """What the manifest says is to be restated: the published models of scores and segments, and what they need."""
    nodes: dict[str, Node] = {i: n for i, n in known["nodes"].items() if n["resource_type"] == "model"}
    facts = {i: n["config"]["meta"]["happened_at"] for i, n in nodes.items() if "happened_at" in n["config"]["meta"]}
    ends = [
        i
        for i, n in nodes.items()
        if n["config"]["meta"].get("publish") and any(folder in n["original_file_path"] for folder in _FOLDERS)
    ]
    order: list[str] = []

    def visit(node: str) -> None:
        if node in nodes and node not in facts and node not in order:
            for parent in nodes[node]["depends_on"]["nodes"]:
                visit(parent)
            order.append(node)

    for end in ends:
        visit(end)
    moved: set[str] = set(facts)
    carried: set[str] = set()
    published = {s: t["name"] for s, t in known["sources"].items() if t["source_name"] == "history"}
    # What the facts move moves what is made of it, also by way of what the day before has published.
    while True:
        more = {n for n in order if n not in moved and {*nodes[n]["depends_on"]["nodes"]} & (moved | carried)}
        names = {nodes[n]["name"] for n in moved | more if n in order}
        read = {source for source, table in published.items() if table in names}
        if not more and read == carried:
            break
        moved |= more
        carried = read
    return Plan(
        results=sorted(nodes[end]["name"] for end in ends),
        facts={nodes[i]["name"]: column for i, column in sorted(facts.items())},
        computed=[nodes[n]["name"] for n in order if n in moved],
        carried=sorted(published[source] for source in carried),
    )


def restate(days: Sequence[date], here: Settings, told: Callable[[date], None] = lambda _: None) -> dict[str, int]:
    """Write the restated history of the days, in order, in place of what was restated before; the rows by model.

    Raises:
        WorkbenchError: nothing is published, or not as the models are now.
    """
    with Published(here) as published:
        path, until = published.path, published.as_of.date()
    if days[-1] >= until:
        raise WorkbenchError(f"What is published ends with {until - timedelta(days=1)}; restate days up to that one.")
    known = manifest()
    planned = plan(known)
    models = compile_models(planned.computed, here, _CLOCK)
    kinds = {n["name"]: "view" if n["config"]["materialized"] == "view" else "table" for n in known["nodes"].values()}
    schemas = {n["name"]: n["schema"] for n in known["nodes"].values()}
    rows = dict.fromkeys(planned.results, 0)
    with scratch_folder(here.home) as scratch, replaced(here.home / RESTATED) as restated:
        warehouse = scratch / "warehouse.duckdb"
        shutil.copyfile(path, warehouse)
        with here.vault.connect(warehouse) as connection:
            register(connection)
            try:
                _set_apart(connection, planned, schemas)
                for day in days:
                    told(day)
                    _run(connection, planned, models, kinds, schemas, day)
                    for name in planned.results:
                        target = restated / name / f"as_of_date={day}" / "part.parquet"
                        rows[name] += _write(connection, f"{schemas[name]}.{name}", target, here)
            except duckdb.Error as error:
                raise WorkbenchError(
                    f"{str(error).splitlines()[0]} Is what is published as the models are now? postroom run"
                ) from None
    return rows


def _set_apart(connection: duckdb.DuckDBPyConnection, planned: Plan, schemas: Mapping[str, str]) -> None:
    """Give the facts another name, and a history without rows to what is carried from day to day."""
    for name in planned.facts:
        connection.execute(f"alter table {schemas[name]}.{name} rename to {_WHOLE}{name}")
    for name in planned.carried:
        connection.execute(f"create table history.{_WHOLE}{name} as from history.{name} limit 0")
        connection.execute(f"drop view history.{name}")
        connection.execute(f"alter table history.{_WHOLE}{name} rename to {name}")


def _run(
    connection: duckdb.DuckDBPyConnection,
    planned: Plan,
    models: Mapping[str, CompiledModel],
    kinds: Mapping[str, str],
    schemas: Mapping[str, str],
    day: date,
) -> None:
    as_of = datetime.combine(day + timedelta(days=1), time.min)
    for name, column in planned.facts.items():
        connection.execute(
            f"create or replace view {schemas[name]}.{name} as"
            f" from {schemas[name]}.{_WHOLE}{name} where {column} < timestamp '{as_of}'"
        )
    for name in planned.computed:
        sql = models[name].sql.replace(str(_CLOCK), str(as_of))
        connection.execute(f"create or replace {kinds[name]} {schemas[name]}.{name} as {sql}")
    for name in planned.carried:
        columns = ", ".join(
            column
            for (column,) in connection.execute(
                f"select column_name from (describe history.{name}) semi join (describe {schemas[name]}.{name})"
                " using (column_name)"
            ).fetchall()
        )
        connection.execute(f"insert into history.{name} ({columns}) select {columns} from {schemas[name]}.{name}")


def _write(connection: duckdb.DuckDBPyConnection, table: str, target: Path, here: Settings) -> int:
    rows = f"select * exclude (as_of_date) from {table} order by all"
    with written(target) as temporary:
        row = connection.execute(f"copy ({rows}) to '{quoted(temporary)}' ({here.vault.parquet})").fetchone()
    return int(row[0]) if row else 0
