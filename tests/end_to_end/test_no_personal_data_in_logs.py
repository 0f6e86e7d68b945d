"""Logs, Dagster's storage, dbt's artefacts and what is printed name nobody, however dirty the data."""

from __future__ import annotations

import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import BIN, Home

POISON = "Poison O'Person <poison.person@example.org> +4915100000000"
PROJECT_TEXT = ("manifest.json", "partial_parse.msgpack", "graph.gpickle")
TRACES = (b"poison", b"4915100000000")


def _told(home: Home) -> dict[Path, bytes]:
    """Everything that is not data: what was logged, recorded and compiled, less dbt's copies of the project's text."""
    files = (f for folder in ("dagster", "dbt") for f in (home.path / folder).rglob("*") if f.is_file())
    return {f: f.read_bytes().lower() for f in files if f.name not in PROJECT_TEXT}


def test_a_run_over_dirty_extracts_names_nobody(two_days: tuple[Home, dict[str, str]]) -> None:
    home, _ = two_days
    people = [json.loads(line) for line in (home.path / "truth/people.jsonl").read_text().splitlines()]
    emails = {email.lower().encode() for person in people for email in person["emails"]}
    phones = {phone.lstrip("+").encode() for person in people for phone in person["phones"]}
    ids = {i.encode() for person in people for i in (*person["contact_ids"], *person["anonymous_ids"])}
    names = {
        str(name).lower()
        for (name,) in home.query("select distinct first_name || ' ' || last_name from marts.dim_customers")
        if name
    }
    assert min(map(len, (emails, phones, ids, names))) > 500
    told = _told(home)
    assert any(b"quarantine" in text for text in told.values())
    for path, text in told.items():
        assert not emails & set(re.findall(rb"[\w.+-]+@[\w.-]+", text)), path
        assert not (phones | ids) & set(re.findall(rb"[0-9a-f-]{8,}", text)), path
        words = re.findall(r"\w+", text.decode(errors="replace"))
        assert not names & {f"{first} {last}" for first, last in pairwise(words)}, path


@pytest.mark.heavy
def test_a_value_that_does_not_fit_a_changed_type_is_not_quoted(
    two_days: tuple[Home, dict[str, str]], tmp_path: Path
) -> None:
    home = Home(tmp_path / "data")
    shutil.copytree(two_days[0].path, home.path, ignore=shutil.ignore_patterns("replay", "outbox"))
    path = home.path / "raw/crm/contacts/extract_date=2026-01-04/part.parquet"
    text = POISON.replace("'", "''")
    duckdb.execute(
        f"copy (select * replace ('{text}' as date_of_birth) from read_parquet('{path}', hive_partitioning = false)) "
        f"to '{path}.new' (format parquet)"
    )
    Path(f"{path}.new").replace(path)
    done = home.postroom("run", "--force", check=False)
    printed = re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert done.returncode
    assert re.search(r"crm\.contacts: \d+ values of date_of_birth are no date", printed)
    assert [p for p, told in _told(home).items() if any(trace in told for trace in TRACES)] == []
    assert not [trace for trace in TRACES if trace in printed.lower().encode()]


def test_a_cast_that_fails_in_dbt_is_not_quoted(two_days: tuple[Home, dict[str, str]], tmp_path: Path) -> None:
    text = POISON.replace("'", "''")
    done = two_days[0].run(
        str(BIN / "dbt"),
        *("show", "--inline", f"select cast(replace(note, 'x', '{text}') as int) as n from (select 'x' as note)"),
        *(
            "--vars",
            "{as_of: '2026-01-06 00:00:00'}",
            "--log-path",
            str(tmp_path),
            "--target-path",
            str(tmp_path / "target"),
        ),
        check=False,
        POSTROOM_WAREHOUSE=str(tmp_path / "warehouse.duckdb"),
    )
    said = done.stdout + done.stderr + (tmp_path / "dbt.log").read_text()
    assert done.returncode
    assert "Could not convert string '...' to INT32" in said
