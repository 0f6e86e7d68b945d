"""Read one landed file into a DuckDB table of text columns, one per declared column, with `source_line`."""

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
from ingest.landing import LandedFile
from ingest.records import Reject, guess_delimiter, json_lines, number_csv, skim_json, texts_of

RELATION = "landed"
# What rows are numbered by while they are read.
RESERVED = ("source_line", "file_row_number")


@dataclass
class Unread:
    """A file's rows, not yet typed: the table they are in, what could not be read, and the names not declared."""

    texts: Callable[[set[int]], dict[int, str]]
    relation: str = RELATION
    rejects: list[Reject] = field(default_factory=list)
    undeclared: set[str] = field(default_factory=set)


def read_file(
    connection: duckdb.DuckDBPyConnection, contract: Contract, file: LandedFile, adapter_sql: str | None, scratch: Path
) -> Unread:
    """Make the table `landed` from the file.

    With an adapter the file's own columns are a table named `stock` (all text, with `source_line`), and the adapter's
    select over it gives the contract's columns.

    Raises:
        ExtractError: the file cannot be read, or has no column for a required one.
    """
    if file.format == "csv":
        return _read_csv(connection, contract, file, adapter_sql, scratch)
    if adapter_sql is not None:
        raise ExtractError(f"{file.path}: an adapter reads CSV files only.")
    return (_read_jsonl if file.format == "jsonl" else _read_parquet)(connection, contract, file)


def _read_csv(
    connection: duckdb.DuckDBPyConnection, contract: Contract, file: LandedFile, adapter_sql: str | None, scratch: Path
) -> Unread:
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
    unread = Unread(lambda wanted: texts_of(path, "csv", delimiter, wanted), rejects=numbered.rejects)
    unparsed = _csv_rejects(connection, file, delimiter)
    unread.rejects += unparsed
    numbered_path.unlink()
    _ensure_complete(connection, path, numbered.count - len(unparsed))
    if adapter_sql is None:
        unread.undeclared = _map_names(connection, contract, file, numbered.header)
    else:
        _adapt(connection, contract, file, adapter_sql)
    connection.execute("drop table stock")
    return unread


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
    """Make `landed` from `stock` by the adapter; a declared column that it does not give is null."""
    try:
        connection.execute(f"create temp view adapted as {adapter_sql}")
        given = {name for (name,) in connection.execute("select column_name from (describe adapted)").fetchall()}
        select = ", ".join(
            f"{_quoted(c.name) if c.name in given else 'null'}::varchar as {_quoted(c.name)}" for c in contract.columns
        )
        connection.execute(
            f"create temp table {RELATION} as select {select}, source_line from adapted order by source_line"
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
    """Make `landed` from `stock` by the declared names and aliases; give back the names that are neither."""
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
    connection.execute(f"create temp table {RELATION} as select {select}, source_line from stock")
    return set(header) - {found for found in chosen.values() if found}


def _aliases(contract: Contract, name: str) -> tuple[str, ...]:
    return next(c.aliases for c in contract.columns if c.name == name)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _read_jsonl(connection: duckdb.DuckDBPyConnection, contract: Contract, file: LandedFile) -> Unread:
    """A whole file is parsed at once, as most can be; only one with a line at fault is taken apart line by line."""
    unread = Unread(lambda wanted: texts_of(file.path, "jsonl", b"", wanted))
    paths = {c.name: [tuple(name.split(".")) for name in c.names] for c in contract.columns}
    structure = _structure(path for column in paths.values() for path in column)
    columns = ", ".join(
        f"coalesce({', '.join('j.' + '.'.join(map(_quoted, path)) for path in found)}) as {_quoted(name)}"
        for name, found in paths.items()
    )
    skimmed = skim_json(file.path)
    if skimmed is not None and _parse_at_once(connection, file, structure, columns, skimmed.count):
        connection.register("stock", pa.table({"text": pa.array(skimmed.sample, pa.string())}))
        unread.undeclared = _undeclared_keys(connection, "stock", structure)
        connection.unregister("stock")
    else:
        _parse_by_line(connection, file, structure, columns, unread)
        unread.undeclared = _undeclared_keys(connection, "stock where is_object", structure)
        connection.execute("drop table stock")
    return unread


def _parse_at_once(
    connection: duckdb.DuckDBPyConnection, file: LandedFile, structure: dict[str, Any], columns: str, lines: int
) -> bool:
    """Make `landed` in one scan, in which the row's number is its line's; False if the file has a line that is no row
    or a row that is not just so.
    """
    types = {name: _json_type(node) for name, node in structure.items()}
    try:
        connection.execute(
            f"""create temp table {RELATION} as select {columns}, row_number() over () as source_line
                from read_json($path, columns = $types, format = 'newline_delimited') as j""",
            {"path": glob.escape(str(file.path)), "types": types},
        )
    except duckdb.Error:
        return False
    if connection.execute(f"select count(*) from {RELATION}").fetchone() == (lines,):
        return True
    connection.execute(f"drop table {RELATION}")
    return False


def _json_type(node: str | dict[str, Any]) -> str:
    if isinstance(node, str):
        return node
    return f"struct({', '.join(f'{_quoted(name)} {_json_type(inner)}' for name, inner in node.items())})"


def _parse_by_line(
    connection: duckdb.DuckDBPyConnection, file: LandedFile, structure: dict[str, Any], columns: str, unread: Unread
) -> None:
    """Make `landed` of the lines that are objects, and `stock` of all that are text."""
    schema = pa.schema([("source_line", pa.int64()), ("text", pa.string())])
    batches = pa.RecordBatchReader.from_batches(schema, json_lines(file.path, unread.rejects))
    connection.register("batches", batches)
    connection.execute(
        "create temp table stock as "
        "select *, case when json_valid(text) then json_type(text) = 'OBJECT' else false end as is_object from batches"
    )
    connection.unregister("batches")
    unread.rejects += [
        Reject(file.path.name, line, "not a JSON object", text)
        for line, text in connection.execute("select source_line, text from stock where not is_object").fetchall()
    ]
    connection.execute(
        f"""create temp table {RELATION} as select {columns}, source_line
            from (select source_line, json_transform(text, $structure) as j from stock where is_object)""",
        {"structure": json.dumps(structure)},
    )


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


def _read_parquet(connection: duckdb.DuckDBPyConnection, contract: Contract, file: LandedFile) -> Unread:
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
    unread = Unread(_parquet_texts(file.path), undeclared=_map_names(connection, contract, file, header))
    connection.execute("drop table stock")
    return unread


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
