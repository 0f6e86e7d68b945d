"""Read one landed file into DuckDB: the declared columns as text with `source_line`, or what a query makes of them."""

from __future__ import annotations

import glob
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from engine import Vault
from ingest.contract import Contract
from ingest.errors import ExtractError
from ingest.files import quoted
from ingest.landing import LandedFile
from ingest.records import Reject, guess_delimiter, json_lines, number_csv, skim_json, texts_of

# A query of a relation that has the declared columns as text and `source_line`, which it keeps.
Select = Callable[[str], str]
RELATION = "landed"
_TEXTS = "texts"
# What rows are numbered by while they are read.
RESERVED = ("source_line", "file_row_number")


def as_text(relation: str) -> str:
    """The rows as they were read."""
    return f"select * from {relation}"


@dataclass
class FileRows:
    """A file's rows: the relation they are in, what could not be read, and the names not declared.

    The relation is a view of the table `<relation>_rows`, in which `line` is the SQL of a row's line.
    """

    texts: Callable[[set[int]], dict[int, str]]
    relation: str
    line: str = "source_line"
    rejects: list[Reject] = field(default_factory=list)
    undeclared: set[str] = field(default_factory=set)

    def make(self, connection: duckdb.DuckDBPyConnection, query: str) -> None:
        """Make the table of a query, and the relation."""
        connection.execute(f"create temp table {self.relation}_rows as {query}")
        self._show(connection)

    def leave_out(self, connection: duckdb.DuckDBPyConnection, lines: Iterable[int]) -> None:
        """Take the rows of some lines out of the relation. In the table they keep what later ones are numbered by."""
        connection.execute(
            f"create temp table {self.relation}_out as select unnest($lines) as source_line", {"lines": list(lines)}
        )
        self._show(connection, f"where source_line not in (from {self.relation}_out)")

    def drop(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make nothing of it after all."""
        connection.execute(f"drop view {self.relation}; drop table {self.relation}_rows")

    def _show(self, connection: duckdb.DuckDBPyConnection, condition: str = "") -> None:
        rows = f"select * replace ({self.line} as source_line) from {self.relation}_rows"
        connection.execute(f"create or replace temp view {self.relation} as select * from ({rows}) {condition}")


def read_file(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    file: LandedFile,
    adapter_sql: str | None,
    scratch: Path,
    *,
    into: str = RELATION,
    select: Select = as_text,
) -> FileRows:
    """Make the relation `into` of what `select` makes of the file's rows.

    With an adapter the file's own columns are a table named `stock` (all text, with `source_line`), and the adapter's
    select over it gives the contract's columns.

    Raises:
        ExtractError: the file cannot be read, or has no column for a required one.
    """
    if adapter_sql is not None and file.format != "csv":
        raise ExtractError(f"{file.path}: an adapter reads CSV files only.")
    if file.format == "jsonl" and (rows := _read_json_at_once(connection, contract, file, into, select)):
        return rows
    rows = FileRows(lambda wanted: texts_of(file.path, file.format, b"", wanted), into)
    if file.format == "csv":
        _texts_of_csv(connection, contract, file, adapter_sql, scratch, rows)
    elif file.format == "jsonl":
        _texts_of_json(connection, contract, file, rows)
    else:
        _texts_of_parquet(connection, contract, file, rows)
    rows.make(connection, select(_TEXTS))
    connection.execute(f"drop table {_TEXTS}")
    return rows


def _texts_of_csv(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    file: LandedFile,
    adapter_sql: str | None,
    scratch: Path,
    rows: FileRows,
) -> None:
    path = file.path
    names = [name for column in contract.columns for name in column.names]
    delimiter = contract.delimiter.encode() if contract.delimiter else guess_delimiter(path, names)
    numbered_path = scratch / "numbered.csv"
    numbered = number_csv(path, numbered_path, delimiter)
    _ensure_distinct(path, numbered.header)
    columns = {"source_line": "bigint"} | dict.fromkeys(numbered.header, "varchar")
    connection.execute("drop table if exists reject_errors; drop table if exists reject_scans")
    try:
        connection.execute(
            f"""create temp table stock as select * from read_csv(
                $path, header = false, auto_detect = false, delim = $delimiter, quote = '"', escape = '"',
                new_line = '\\n', columns = $columns, store_rejects = true,
                max_line_size = {max(2_000_000, numbered.longest + 1)},
                parallel = {str(not numbered.has_multiline).lower()})""",
            {"path": glob.escape(str(numbered_path)), "delimiter": delimiter.decode(), "columns": columns},
        )
    except duckdb.InvalidInputException:
        # The parser's own message quotes the row.
        raise ExtractError(f"{path}: cannot be read as CSV. Is it quoted as RFC 4180 says?") from None
    rows.texts = lambda wanted: texts_of(path, "csv", delimiter, wanted)
    unparsed = _csv_rejects(connection, file, delimiter)
    rows.rejects += numbered.rejects + unparsed
    numbered_path.unlink()
    _ensure_complete(connection, path, numbered.count - len(unparsed))
    if adapter_sql is None:
        rows.undeclared = _map_names(connection, contract, file, numbered.header)
    else:
        _adapt(connection, contract, file, adapter_sql)
    connection.execute("drop table stock")


def _ensure_complete(connection: duckdb.DuckDBPyConnection, path: Path, expected: int) -> None:
    """Raise ExtractError if the parser gave other rows than it was given: none may be lost without a word."""
    row = connection.execute("select count(*), count(distinct source_line) from stock").fetchone()
    if row != (expected, expected):
        raise ExtractError(f"{path}: its rows cannot be told apart. Is it quoted as RFC 4180 says?")


def _ensure_distinct(path: Path, header: list[str]) -> None:
    """Raise ExtractError where a name stands twice, in whatever case, or is one that rows are numbered by."""
    names = [name.lower() for name in header]
    if len(set(names)) < len(names):
        raise ExtractError(f"{path}: the header names a column twice.")
    if taken := [name for name in RESERVED if name in names]:
        raise ExtractError(f"{path}: the column {', '.join(taken)} has a name that the loader needs. Rename it.")


def _adapt(connection: duckdb.DuckDBPyConnection, contract: Contract, file: LandedFile, adapter_sql: str) -> None:
    """Make `texts` from `stock` by the adapter; a declared column that it does not give is null."""
    try:
        connection.execute(f"create temp view adapted as {adapter_sql}")
        given = {name for (name,) in connection.execute("select column_name from (describe adapted)").fetchall()}
        select = ", ".join(
            f"{_quoted(c.name) if c.name in given else 'null'}::varchar as {_quoted(c.name)}" for c in contract.columns
        )
        connection.execute(
            f"create temp table {_TEXTS} as select {select}, source_line from adapted order by source_line"
        )
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
        raise ExtractError(f"{file.path}: the adapter {file.adapter} cannot read it: {error}") from error
    except duckdb.Error as error:
        # What fails on a row quotes the row.
        kind = type(error).__name__
        raise ExtractError(f"{file.path}: the adapter {file.adapter} fails on a row of it: {kind}") from None
    connection.execute("drop view adapted")


def _csv_rejects(connection: duckdb.DuckDBPyConnection, file: LandedFile, delimiter: bytes) -> list[Reject]:
    found = connection.execute(
        "select csv_line, min(error_type::varchar) from reject_errors group by csv_line order by csv_line"
    ).fetchall()
    rejects = []
    for csv_line, error in found:
        number, _, text = csv_line.partition(delimiter.decode())
        if number.isdecimal():
            rejects.append(Reject(file.path.name, int(number), error.lower(), text))
    return rejects


def _map_names(
    connection: duckdb.DuckDBPyConnection, contract: Contract, file: LandedFile, header: list[str]
) -> set[str]:
    """Make `texts` from `stock` by the declared names and aliases; give back the names that are neither."""
    present = {name.lower(): name for name in header}
    chosen: dict[str, str | None] = {}
    for column in contract.columns:
        chosen[column.name] = next((present[n.lower()] for n in column.names if n.lower() in present), None)
    missing = [name for name in contract.required if chosen[name] is None]
    if missing:
        wanted = "; ".join(
            f"{name} (also known as: {', '.join(_aliases(contract, name)) or 'nothing else'})" for name in missing
        )
        # Where no name is known, what stands in its place may be a row.
        found_names = f"The header has: {', '.join(header)}" if any(chosen.values()) else "Is line 1 a header at all?"
        raise ExtractError(
            f"{file.path}: line 1: required columns are missing: {wanted}. {found_names}. "
            f"Rename the column, or add its name to the aliases in {contract.declared_in}."
        )
    select = ", ".join(
        f"{_quoted(found) if found else 'null::varchar'} as {_quoted(name)}" for name, found in chosen.items()
    )
    connection.execute(f"create temp table {_TEXTS} as select {select}, source_line from stock")
    return set(header) - {found for found in chosen.values() if found}


def _aliases(contract: Contract, name: str) -> tuple[str, ...]:
    return next(c.aliases for c in contract.columns if c.name == name)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _read_json_at_once(
    connection: duckdb.DuckDBPyConnection, contract: Contract, file: LandedFile, into: str, select: Select
) -> FileRows | None:
    """The whole file in one scan, as most can be read: the rows come in order, so that a row's number is its line's.

    None if the file has a line that is no row, or a row that is not just so: then it must be taken apart.
    """
    skimmed = skim_json(file.path)
    if skimmed is None:
        return None
    rows = FileRows(lambda wanted: texts_of(file.path, "jsonl", b"", wanted), into, line="rowid + 1")
    structure, columns = _columns(contract)
    types = ", ".join(f"'{quoted(name)}': '{quoted(_json_type(node))}'" for name, node in structure.items())
    scan = (
        f"read_json('{quoted(glob.escape(str(file.path)))}', columns = {{{types}}}, format = 'newline_delimited') as j"
    )
    try:
        rows.make(connection, select(f"(select {columns}, null::bigint as source_line from {scan})"))
    except duckdb.Error:
        return None
    if connection.execute(f"select count(*) from {rows.relation}").fetchone() != (skimmed.count,):
        rows.drop(connection)
        return None
    connection.register("stock", pa.table({"text": pa.array(skimmed.sample, pa.string())}))
    rows.undeclared = _undeclared_keys(connection, "stock", structure)
    connection.unregister("stock")
    return rows


def _columns(contract: Contract) -> tuple[dict[str, Any], str]:
    """The tree of the names that a contract's columns may have in JSON, and the SQL of the columns of such a `j`."""
    paths = {c.name: [tuple(name.split(".")) for name in c.names] for c in contract.columns}
    columns = ", ".join(
        f"coalesce({', '.join('j.' + '.'.join(map(_quoted, path)) for path in found)}) as {_quoted(name)}"
        for name, found in paths.items()
    )
    return _structure(path for column in paths.values() for path in column), columns


def _json_type(node: str | dict[str, Any]) -> str:
    if isinstance(node, str):
        return node
    return f"struct({', '.join(f'{_quoted(name)} {_json_type(inner)}' for name, inner in node.items())})"


def _texts_of_json(connection: duckdb.DuckDBPyConnection, contract: Contract, file: LandedFile, rows: FileRows) -> None:
    """Make `texts` of the lines that are objects, and reject those that are not."""
    structure, columns = _columns(contract)
    schema = pa.schema([("source_line", pa.int64()), ("text", pa.string())])
    batches = pa.RecordBatchReader.from_batches(schema, json_lines(file.path, rows.rejects))
    connection.register("batches", batches)
    connection.execute(
        "create temp table stock as "
        "select *, case when json_valid(text) then json_type(text) = 'OBJECT' else false end as is_object from batches"
    )
    connection.unregister("batches")
    rows.rejects += [
        Reject(file.path.name, line, "not a JSON object", text)
        for line, text in connection.execute("select source_line, text from stock where not is_object").fetchall()
    ]
    connection.execute(
        f"""create temp table {_TEXTS} as select {columns}, source_line
            from (select source_line, json_transform(text, $structure) as j from stock where is_object)""",
        {"structure": json.dumps(structure)},
    )
    rows.undeclared = _undeclared_keys(connection, "stock where is_object", structure)
    connection.execute("drop table stock")


def _structure(paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """The paths as nested objects of VARCHAR, as json_transform takes them: one parse of a line serves every column."""
    tree: dict[str, Any] = {}
    for path in paths:
        node = tree
        for part in path[:-1]:
            inner = node.setdefault(part, {})
            if not isinstance(inner, dict):
                inner = node[part] = {}
            node = inner
        node.setdefault(path[-1], "VARCHAR")
    return tree


def _undeclared_keys(connection: duckdb.DuckDBPyConnection, texts: str, structure: dict[str, Any]) -> set[str]:
    """The keys that the declared tree does not name, as dotted paths, in the `text` of some rows."""
    nodes = dict(_nodes(structure))
    steps = ["$" + "".join(f".{_quoted(part)}" for part in path) for path in nodes]
    shapes = connection.execute(f"select distinct json_keys(text, $steps) from {texts}", {"steps": steps}).fetchall()
    return {
        ".".join((*path, key))
        for (shape,) in shapes
        for (path, declared), keys in zip(nodes.items(), shape, strict=True)
        for key in keys or ()
        if key not in declared
    }


def _nodes(tree: dict[str, Any], path: tuple[str, ...] = ()) -> Iterable[tuple[tuple[str, ...], dict[str, Any]]]:
    """Each object of the tree, itself included, by its path."""
    yield path, tree
    for key, inner in tree.items():
        if isinstance(inner, dict):
            yield from _nodes(inner, (*path, key))


def _texts_of_parquet(
    connection: duckdb.DuckDBPyConnection, contract: Contract, file: LandedFile, rows: FileRows
) -> None:
    try:
        _ensure_distinct(file.path, pq.read_schema(file.path).names)
        connection.execute(
            "create temp table stock as "
            "select columns(* exclude file_row_number)::varchar, file_row_number + 1 as source_line "
            "from read_parquet($path, file_row_number = true, hive_partitioning = false)",
            {"path": glob.escape(str(file.path))},
        )
    except FileNotFoundError:
        raise
    # Of a damaged footer pyarrow says OSError.
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise ExtractError(f"{file.path}: not a whole Parquet file. Fetch it again and rerun the partition.") from error
    described = connection.execute("select column_name from (describe stock)").fetchall()
    header = [name for (name,) in described if name != "source_line"]
    rows.texts = _parquet_texts(file.path)
    rows.undeclared = _map_names(connection, contract, file, header)
    connection.execute("drop table stock")


def _parquet_texts(path: Path) -> Callable[[set[int]], dict[int, str]]:
    def texts(wanted: set[int]) -> dict[int, str]:
        with Vault().connect() as connection:
            found = connection.execute(
                "select file_row_number + 1, to_json(p) from read_parquet($path, file_row_number = true) p "
                "where file_row_number + 1 in (select unnest($wanted))",
                {"path": glob.escape(str(path)), "wanted": sorted(wanted)},
            ).fetchall()
        return dict(found)

    return texts
