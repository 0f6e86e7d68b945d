"""The files: the same each time, in the contract's names, and dirty in exactly the lines that are said to be."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from samples import World, generate, generator
from samples.tables import TABLES, Table
from tests.samples.made_worlds import Made, make

REPO = Path(__file__).parents[2]
# Columns of the contract that the shop's systems do not export.
UNUSED = {"contacts": ("address", "merged_into_id")}
TABLE_OF = {(table.source, table.name): table for table in TABLES}


def table_of(file: str) -> Table:
    source, name, *_ = file.split("/")
    return TABLE_OF[source, name]


def content(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), int(path.stat().st_mtime))
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_same_arguments_give_the_same_bytes_in_another_process(small: Made, tmp_path: Path) -> None:
    arguments = ["--people", str(small.world.people), "--days", str(small.world.days)]
    places = ["--out", str(tmp_path / "landing"), "--truth", str(tmp_path / "truth")]
    environment = os.environ | {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "PYTHONPATH": str(REPO)}
    subprocess.run([sys.executable, "-m", "samples", *arguments, *places], check=True, env=environment, cwd=tmp_path)
    assert content(tmp_path / "landing") == content(small.landing)
    assert {name: data for name, (data, _) in content(tmp_path / "truth").items()} == {
        name: data for name, (data, _) in content(small.truth).items()
    }


def test_another_seed_gives_other_people(small: Made, tmp_path: Path) -> None:
    other = make(tmp_path, people=20, days=2, seed=8)
    assert {p["emails"][0] for p in other.known("people") if p["emails"]}.isdisjoint(
        email for p in small.known("people") for email in p["emails"]
    )


def test_a_larger_world_starts_with_the_smaller_one(small: Made, tmp_path: Path) -> None:
    """Also in the middle of a block of households, and line by line, dirt included."""
    smaller = make(tmp_path, people=100, days=small.world.days)
    for file in smaller.files():
        assert small.bytes_of(file).startswith(smaller.bytes_of(file)), file
    for name in ("people", "carts", "orders", "shown", "consents", "support"):
        assert small.known(name)[: len(smaller.known(name))] == smaller.known(name), name


def test_every_table_has_a_settled_file_for_every_day(small: Made) -> None:
    days = [small.world.date_of(day) for day in range(small.world.days)]
    daily = {f"{t.source}/{t.name}/{day}/{t.file}" for t in TABLES for day in days if t.every == 1}
    possible = {f"{t.source}/{t.name}/{day}/{t.file}" for t in TABLES for day in days[:: -t.every]}
    assert daily < set(small.files()) <= possible
    for file in small.files():
        end_of_day = datetime.fromisoformat(file.split("/")[2]).replace(tzinfo=UTC) + timedelta(days=1)
        assert (small.landing / file).stat().st_mtime == end_of_day.timestamp()


def contract_names(table: Table) -> dict[str, list[str]]:
    """Declared column -> the names under which the contract takes it."""
    path = REPO / "models" / "staging" / table.source / f"_{table.source}__sources.yml"
    tables = yaml.safe_load(path.read_text())["sources"][0]["tables"]
    columns = next(t["columns"] for t in tables if t["name"] == table.name)
    return {c["name"]: [c["name"], *c.get("config", {}).get("meta", {}).get("aliases", [])] for c in columns}


def header_of(made: Made, file: str) -> list[str]:
    return next(csv.reader(io.StringIO(made.bytes_of(file).split(b"\n")[0].decode())))


@pytest.mark.parametrize("table", [table for table in TABLES if table.is_csv], ids=lambda table: table.name)
def test_csv_headers_are_the_contracts(small: Made, table: Table) -> None:
    headers = {tuple(header_of(small, file)) for file in small.files() if table_of(file) is table}
    assert len(headers) == 2, "one day a week has the header of the vendor's other export"
    for header in headers:
        for column, names in contract_names(table).items():
            expected = 0 if column in UNUSED.get(table.name, ()) else 1
            assert sum(name in header for name in names) == expected, (column, header)
    declared = {name for names in contract_names(table).values() for name in names}
    assert any(set(header) - declared for header in headers), "a stock export has columns that nobody declared"


def paths_of(record: dict[str, Any], before: str = "") -> set[str]:
    found = set()
    for name, value in record.items():
        found |= paths_of(value, f"{before}{name}.") if isinstance(value, dict) else {before + name}
    return found


@pytest.mark.parametrize("table", [table for table in TABLES if not table.is_csv], ids=lambda t: f"{t.source}.{t.name}")
def test_json_fields_are_the_contracts(usual: Made, table: Table) -> None:
    found: set[str] = set()
    for file in usual.files():
        if table_of(file) is table:
            for line in usual.bytes_of(file).splitlines():
                if line and not what_is_wrong(table, line):
                    found |= paths_of(json.loads(line))
    missing = {column for column, names in contract_names(table).items() if not found.intersection(names)}
    # Earlier newsletters were not ours, so that no event has one of our message ids.
    assert missing == ({"send_id"} if table.source == "esp" else set())


def records_of(table: Table, content: bytes) -> list[tuple[int, bytes]]:
    """(first line, bytes) of each record; a CSV field in quotes may go over several lines."""
    records: list[tuple[int, bytes]] = []
    is_open = False
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n"), start=1):
        if is_open:
            records[-1] = (records[-1][0], records[-1][1] + b"\n" + line)
        else:
            records.append((number, line))
        is_open = table.is_csv and records[-1][1].count(b'"') % 2 == 1
    return records[1:] if table.is_csv else records


def what_is_wrong(table: Table, record: bytes) -> str | None:
    """The kind of dirt that keeps the record out, found by reading it; None where it can be loaded."""
    try:
        text = record.decode()
    except UnicodeDecodeError:
        return "invalid_utf8"
    if not text:
        return None
    if table.is_csv:
        fields = next(csv.reader(io.StringIO(text)))
        if len(fields) > len(table.columns):
            return "too_many_fields"
        row: dict[str, Any] = dict(zip(table.columns, fields, strict=True))
        number = row.get(table.number, "")
    else:
        try:
            row = json.loads(text)
        except json.JSONDecodeError:
            return "broken_json"
        number = row
        for name in table.number.split("."):
            number = number.get(name) if isinstance(number, dict) else None
    if not row.get(table.key):
        return "missing_id"
    if number in ("unknown", "several"):
        return "word_in_number"
    return "future_timestamp" if "2199-12-31T23:59:59.000Z" in text else None


def test_bad_lines_are_exactly_those_in_the_truth(usual: Made) -> None:
    bad = {
        (file, line, kind)
        for file in usual.files()
        for line, record in records_of(table_of(file), usual.bytes_of(file))
        if (kind := what_is_wrong(table_of(file), record))
    }
    dirty = usual.known("dirty")
    misfits = {"missing_id", "word_in_number", "future_timestamp"}
    wrong = {"invalid_utf8", "too_many_fields", "broken_json", *misfits}
    assert bad == {(d["file"], d["line"], d["kind"]) for d in dirty if d["kind"] in wrong}
    assert {kind for _, _, kind in bad} == wrong
    kept = {(d["file"].rsplit("/", 2)[0], d["kind"]) for d in dirty if d["kind"] in wrong and d["outcome"] == "loaded"}
    assert kept == {("crm/consents", kind) for kind in misfits} | {
        ("esp/events", kind) for kind in misfits - {"future_timestamp"}
    }


def test_lines_that_are_odd_but_load_are_in_the_truth(usual: Made) -> None:
    dirty = usual.known("dirty")
    kinds = ("duplicate", "blank_line", "quoted_newline", "late")
    where = {kind: [(d["file"], d["line"]) for d in dirty if d["kind"] == kind] for kind in kinds}
    for file in {file for places in where.values() for file, _ in places}:
        records = dict(records_of(table_of(file), usual.bytes_of(file)))
        before = dict(zip(list(records)[1:], records.values(), strict=False))
        assert {(file, n) for n, record in records.items() if not record} == {
            p for p in where["blank_line"] if p[0] == file
        }
        assert all(before[n] == records[n] for f, n in where["duplicate"] if f == file)
        assert all(b"first line\nsecond line" in records[n] for f, n in where["quoted_newline"] if f == file)
        late = [json.loads(records[n]) for f, n in where["late"] if f == file]
        assert all(event["receivedAt"][:10] > event["timestamp"][:10] for event in late)
    assert all(where.values())


def test_counts_per_file_add_up_and_little_is_bad(usual: Made) -> None:
    for file in usual.known("files"):
        table = table_of(file["file"])
        records = records_of(table, usual.bytes_of(file["file"]))
        counted = file["loaded"] + file["quarantined"] + file["skipped"]
        assert counted == (len(records) if file["lines"] > table.is_csv else 0), file
        assert file["lines"] == usual.bytes_of(file["file"]).count(b"\n")
        assert file["quarantined"] <= 0.05 * max(1, file["loaded"] + file["quarantined"])


def test_memory_does_not_grow_with_the_people(tmp_path: Path) -> None:
    def peak(people: int) -> int:
        tracemalloc.start()
        make(tmp_path / str(people), people=people, days=1)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    make(tmp_path / "warm", people=10, days=1)
    few = peak(100)
    assert peak(500) < few + 150_000


def test_days_of_another_world_are_refused(tmp_path: Path) -> None:
    make(tmp_path, people=5, days=3)
    make(tmp_path, people=6, days=3)
    with pytest.raises(FileExistsError, match="2026-01-03"):
        make(tmp_path, people=5, days=2)


def test_an_error_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(tmp_path, people=5, days=2)
    before = content(tmp_path)

    def fail(*_: object) -> None:
        raise RuntimeError("no more people")

    monkeypatch.setattr(generator, "live", fail)
    with pytest.raises(RuntimeError, match="no more people"):
        generate(World(people=6, days=2), made.landing, made.truth)
    assert content(tmp_path) == before


def test_a_world_without_people_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        World(people=0)
