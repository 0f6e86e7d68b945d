"""A small real warehouse for tests: Parquet partitions in, dbt over DuckDB, tables out."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

PROJECT = Path(__file__).parents[2]
# The parsed project names the database after the file: every warehouse of a test must bear the same name.
DATABASE = "warehouse.duckdb"
LOAD_COLUMNS = {"extract_date": "date", "load_id": "string", "source_file": "string", "source_line": "bigint"}

Row = Mapping[str, Any]


def invoke(arguments: Sequence[str], warehouse: Path, manifest: Manifest | None = None) -> Any:
    """Runs dbt in this process and returns its result object.

    Raises:
        RuntimeError: dbt failed; the message names the nodes that did and what they said.
    """
    os.environ.update(
        POSTROOM_WAREHOUSE=str(warehouse),
        DBT_TARGET_PATH=str(warehouse.parent / "target"),
        DBT_LOG_PATH=str(warehouse.parent / "logs"),
    )
    flags = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--log-level", "none"]
    outcome = dbtRunner(manifest=manifest).invoke([*arguments, *flags])
    # dbt keeps the warehouse open in its process; the test opens it next.
    DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        results = getattr(outcome.result, "results", [])
        failed = [f"{r.node.name}: {r.message}" for r in results if r.status in ("error", "fail")]
        raise RuntimeError("\n".join(failed) or str(outcome.exception)) from outcome.exception
    return outcome.result


@cache
def parse_project(scratch: Path) -> Manifest:
    """The parsed project, parsed once in a test process; `scratch` takes what dbt writes meanwhile."""
    return cast(Manifest, invoke(["parse"], scratch / DATABASE))


class SmallWarehouse:
    """A raw zone and a warehouse of its own, under `home`."""

    def __init__(self, home: Path, manifest: Manifest) -> None:
        self._raw = home / "raw"
        self._database = home / DATABASE
        self._manifest = manifest
        home.mkdir(parents=True, exist_ok=True)

    def deliver(self, extract: str, extract_date: date, rows: Sequence[Row]) -> None:
        """Writes, or replaces, the partition of one day of an extract (`shop.orders`) in the raw zone."""
        columns = self._columns(extract)
        load_id = hashlib.md5(repr(rows).encode()).hexdigest()
        loaded = [
            {**row, "extract_date": extract_date, "load_id": load_id, "source_file": "part.csv", "source_line": line}
            for line, row in enumerate(rows, start=2)
        ]
        partition = self._partition(extract, extract_date)
        partition.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            connection.execute(f"create table part ({_declared(columns)})")
            _insert(connection, "part", [[row.get(name) for name in columns] for row in loaded])
            kept = ", ".join(f'"{name}"' for name in columns if name != "extract_date")
            # An empty partition has a load id as well, so it is kept in the file's own metadata.
            connection.execute(
                f"copy (select {kept} from part) to '{partition}'"
                f" (format parquet, kv_metadata {{load_id: '{load_id}'}})"
            )

    def remove(self, extract: str, extract_date: date) -> None:
        """Takes a partition out of the raw zone."""
        self._partition(extract, extract_date).unlink()

    def identify(self, customers: Mapping[str, str]) -> None:
        """Sets marts.dim_identities: which customer each identifier (`type:value`) belongs to."""
        with duckdb.connect(str(self._database)) as connection:
            connection.execute("create schema if not exists marts")
            connection.execute("create or replace table marts.dim_identities (node_id string, customer_id string)")
            _insert(connection, "marts.dim_identities", list(customers.items()))

    def fill(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Replaces all rows of a seed, or of a table of the ledger or history, by these."""
        self._make_state()
        with duckdb.connect(str(self._database)) as connection:
            connection.execute(f"delete from {table}")
            _insert(connection, table, rows)

    def publish(self, model: str, day: date) -> None:
        """Adds what a mart holds to history, as the job does at the end of a day."""
        columns = ", ".join(self._manifest.sources[f"source.postroom.history.{model}"].columns)
        self.execute(f"delete from history.{model} where as_of_date = '{day}'")
        self.execute(f"insert into history.{model} ({columns}) select {columns} from marts.{model}")

    def forget(self) -> None:
        """Removes all that can be made again: what is built, and the notes of what it was built from."""
        for schema in ("staging", "intermediate", "marts", "loads"):
            self.execute(f"drop schema if exists {schema} cascade")

    def build(self, models: Iterable[str], as_of: str) -> None:
        """Builds models and the views they see through, as of a UTC timestamp; data tests are not run."""
        self._make_views()
        self._make_state()
        arguments = ["run", "--vars", f"{{as_of: '{as_of}'}}", "--select", *models]
        invoke(arguments, self._database, self._manifest)

    def seed(self, seeds: Iterable[str]) -> None:
        """Loads seeds."""
        invoke(["seed", "--select", *seeds], self._database, self._manifest)

    def test(self, nodes: Iterable[str]) -> None:
        """Runs the data tests of nodes.

        Raises:
            RuntimeError: one failed; the message has what dbt says of it.
        """
        invoke(["test", "--select", *nodes], self._database, self._manifest)

    def rows(self, model: str) -> list[tuple[Any, ...]]:
        """All rows of a mart, sorted, each with its columns in the order of their names."""
        with duckdb.connect(str(self._database)) as connection:
            names = sorted(str(name) for (name, *_) in connection.execute(f"describe marts.{model}").fetchall())
            found = connection.execute(f"select {', '.join(names)} from marts.{model}").fetchall()
        return sorted(found, key=repr)

    def largest_join(self, model: str) -> int:
        """How many rows the largest join in the SQL of a model that was built gives."""
        (compiled,) = (self._database.parent / "target/compiled").rglob(f"{model}.sql")
        with duckdb.connect(str(self._database)) as connection:
            ((_, plan),) = connection.execute(f"explain (analyze, format json) {compiled.read_text()}").fetchall()
        steps = [json.loads(plan)]
        for step in steps:
            steps.extend(step["children"])
        return max(s["operator_cardinality"] for s in steps if "JOIN" in s.get("operator_type", ""))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of one query."""
        with duckdb.connect(str(self._database)) as connection:
            return connection.execute(statement).fetchall()

    def execute(self, statement: str) -> None:
        """Runs one statement in the warehouse."""
        with duckdb.connect(str(self._database)) as connection:
            connection.execute(statement)

    def _partition(self, extract: str, extract_date: date) -> Path:
        return self._raw / extract.replace(".", "/") / f"extract_date={extract_date}" / "part.parquet"

    def _columns(self, extract: str) -> dict[str, str]:
        source, table = extract.split(".")
        columns = self._manifest.sources[f"source.postroom.{source}.{table}"].columns.values()
        return {column.name: str(column.data_type) for column in columns} | LOAD_COLUMNS

    def _make_state(self) -> None:
        """A table for each source that is state; it keeps what it has."""
        with duckdb.connect(str(self._database)) as connection:
            for source in self._manifest.sources.values():
                if source.config.meta.get("zone") in ("history", "ledger"):
                    columns = _declared({column.name: str(column.data_type) for column in source.columns.values()})
                    connection.execute(f"create schema if not exists {source.schema}")
                    connection.execute(f"create table if not exists {source.schema}.{source.name} ({columns})")

    def _make_views(self) -> None:
        """One view per source table over its partitions, and loads.extracts over all of them."""
        extracts = [f"{s.source_name}.{s.name}" for s in self._manifest.sources.values() if s.schema.startswith("raw_")]
        with duckdb.connect(str(self._database)) as connection:
            connection.execute("create schema if not exists loads")
            connection.execute(
                "create or replace table loads.extracts"
                " (source_name string, table_name string, extract_date date, load_id string)"
            )
            for extract in extracts:
                source, table = extract.split(".")
                columns = self._columns(extract)
                files = sorted(self._raw.glob(f"{source}/{table}/*/part.parquet"))
                names = ", ".join(f'"{name}"' for name in columns)
                empty = ", ".join(f'cast(null as {data_type}) as "{name}"' for name, data_type in columns.items())
                origin = (
                    f"read_parquet({[str(file) for file in files]}, hive_partitioning = true)"
                    if files
                    else f"(select {empty} where false)"
                )
                connection.execute(f"create schema if not exists raw_{source}")
                connection.execute(f'create or replace view raw_{source}."{table}" as select {names} from {origin}')
                for file in files:
                    connection.execute(
                        "insert into loads.extracts select ?, ?, cast(? as date),"
                        f" (select max(value) from parquet_kv_metadata('{file}') where key = 'load_id')",
                        [source, table, file.parent.name.removeprefix("extract_date=")],
                    )


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """All rows in one statement: one statement a row takes longer than dbt does."""
    if rows:
        row_marks = f"({', '.join('?' for _ in rows[0])})"
        marks = ", ".join(row_marks for _ in rows)
        connection.execute(f"insert into {table} values {marks}", [value for row in rows for value in row])


def _declared(columns: Mapping[str, str]) -> str:
    return ", ".join(f'"{name}" {data_type}' for name, data_type in columns.items())
