"""What each room may import and touch, and what no committed file may hold."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPO

MUST_NOT_IMPORT = {
    "alerting": {
        "dagster",
        "dagster_dbt",
        "dbt",
        "duckdb",
        "copywriting",
        "delivery",
        "doctor",
        "engine",
        "exports",
        "ingest",
        "orchestration",
        "privacy",
        "samples",
        "workbench",
    },
    "copywriting": {"dagster", "dagster_dbt", "dbt", "duckdb", "orchestration", "ingest", "samples", "engine"},
    "delivery": {"dagster", "dagster_dbt", "dbt", "duckdb", "orchestration", "ingest", "privacy", "samples", "engine"},
    "exports": {
        "dagster",
        "dagster_dbt",
        "dbt",
        "duckdb",
        "orchestration",
        "ingest",
        "samples",
        "copywriting",
        "requests",
        "httpx",
        "socket",
    },
    "disk": {
        "dagster",
        "dbt",
        "duckdb",
        "copywriting",
        "delivery",
        "duplicates",
        "engine",
        "exports",
        "ingest",
        "orchestration",
        "privacy",
        "samples",
        "workbench",
    },
    "doctor": {"dagster_dbt", "dbt", "great_expectations", "httpx", "jinja2", "mrml", "copywriting", "samples"},
    "duplicates": {"dagster", "dagster_dbt", "dbt", "orchestration", "ingest", "exports", "samples", "igraph"},
    "ingest": {"dagster", "dagster_dbt", "dbt", "orchestration", "exports", "samples"},
    "privacy": {"dagster", "dagster_dbt", "dbt", "orchestration", "samples"},
    "samples": {"dagster", "dagster_dbt", "dbt", "duckdb", "orchestration", "ingest", "exports"},
    "orchestration": {"great_expectations", "jinja2", "mrml"},
    # It reads the Jinja of models, and renders nothing.
    "workbench": {"dagster", "dagster_dbt", "great_expectations", "mrml", "samples"},
}
WALL_CLOCK = re.compile(
    r"\b(now\(\)|today\(\)|utcnow|time\.time|current_date|current_timestamp|localtimestamp|getdate)\b", re.I
)


def _tracked(*patterns: str) -> list[Path]:
    """The repo's own files: tracked ones, and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.splitlines() if (path := REPO / name).is_file()]


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("room", sorted(MUST_NOT_IMPORT))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    wrong = [
        f"{path.relative_to(REPO)} imports {name}"
        for path in _tracked(f"{room}/*.py")
        for name in _imports(path)
        if name.split(".")[0] in MUST_NOT_IMPORT[room]
    ]
    assert wrong == []


def test_no_private_part_of_dagster_is_imported() -> None:
    wrong = {
        p.name for p in _tracked("*.py") for name in _imports(p) if name.startswith(("dagster._", "dagster_dbt._"))
    }
    # How Dagster opens its files is nowhere public; its version is pinned, and the second of them tests the first. The
    # third makes a daemon's heartbeat, which only daemons do.
    assert wrong == {"dagster_storage.py", "test_dagster_storage.py", "test_runs.py"}


def test_only_settings_reads_the_environment() -> None:
    rooms = [
        path
        for room in (
            "alerting",
            "copywriting",
            "delivery",
            "disk",
            "doctor",
            "duplicates",
            "engine",
            "exports",
            "ingest",
            "orchestration",
            "privacy",
            "samples",
            "workbench",
        )
        for path in _tracked(f"{room}/*.py")
    ]
    readers = [p for p in rooms if re.search(r"os\.(environ|getenv)", p.read_text())]
    assert [str(p.relative_to(REPO)) for p in readers] == ["orchestration/settings.py"]


def test_the_vault_alone_opens_duckdb_and_parquet() -> None:
    """So one key encrypts all that is kept. What lands is a vendor's, and plain: ingest/read.py reads it.

    Two ways to read Parquet that end in an error on encrypted files are shut out as well.
    """
    written = r"format parquet|kv_metadata|union_by_name = "
    opens = re.compile(rf"duckdb\.(connect|sql)\b|(?<!\.)read_parquet\(|pq\.read_table|{written}")
    landed = re.compile(r"from read_parquet\(\$path")
    wrong = [
        f"{path.relative_to(REPO)}: {line.strip()}"
        for path in _tracked("*.py")
        if path.relative_to(REPO).parts[0] not in ("engine", "tests", "benchmarks")
        for line in path.read_text().splitlines()
        if opens.search(line) and not (path.name == "read.py" and landed.search(line)) and "def " not in line
    ]
    assert wrong == []


def test_one_room_alone_renames_and_syncs() -> None:
    """So that no file is named before it is on the disk.

    An outbox, a folder, is renamed as a whole; the ledger of deliveries grows by lines; samples are nobody's state.
    """
    renames = re.compile(r"\.rename\(|\bos\.(rename|replace|fsync)\(|shutil\.move|\w\.replace\(\w+\)$")
    found = {
        str(p.relative_to(REPO))
        for p in _tracked("*.py")
        if p.relative_to(REPO).parts[0] not in ("tests", "benchmarks", "samples")
        and any(renames.search(line) for line in p.read_text().splitlines())
    }
    assert found == {"disk/durable.py", "exports/folder.py", "delivery/ledger.py"}


def test_there_is_one_clock() -> None:
    files = _tracked(
        "models/*.sql",
        "macros/*.sql",
        "tests/dbt/*.sql",
        "adapters/*.sql",
        "exports/*.py",
        "privacy/*.py",
        "delivery/*.py",
        "alerting/*.py",
    )
    assert [str(p.relative_to(REPO)) for p in files if WALL_CLOCK.search(p.read_text())] == []


def test_a_macro_has_a_file_of_its_name() -> None:
    files = {path: path.read_text() for path in _tracked("macros/*.sql")}
    for path, text in files.items():
        names = re.findall(r"{%-?\s*(?:macro|materialization|test)\s+(\w+)", text)
        # An engine's own version of a macro stands beside it, and so do the steps that nothing else calls.
        own = {re.sub(r"^(default|duckdb|spark)__", "", name) for name in names}
        assert path.stem in own, path
        called_elsewhere = [n for n in own - {path.stem} for p, t in files.items() if p != path and f"{n}(" in t]
        assert called_elsewhere == [], path


def test_no_committed_file_names_a_registry_or_this_machine() -> None:
    hosts = ["pypi" + ".org", "python" + "hosted", "registry" + ".npmjs", "deb" + ".debian"]
    forbidden = re.compile("|".join([*map(re.escape, hosts), "/root" + "/", re.escape(str(REPO)) + r"\b"]))
    wrong = []
    for path in _tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if forbidden.search(text):
            wrong.append(str(path.relative_to(REPO)))
    assert wrong == []


def test_the_lock_pins_every_package_by_hash() -> None:
    for name in ("run", "test"):
        text = (REPO / f"requirements/{name}.txt").read_text()
        packages = re.findall(r"^[a-z0-9][\w.\[\]-]*==", text, re.M)
        unhashed = re.findall(r"^[a-z0-9][^\n]*[^\\\n]$", text, re.M)
        assert len(packages) > 50
        assert unhashed == []


def test_three_rooms_alone_reach_others_and_delivery_looks_at_no_clock() -> None:
    """Its time comes in as an argument: `time` may be slept on, and `datetime` has a clock of its own."""
    reaching = {"httpx", "requests", "aiohttp", "urllib3", "http.client", "urllib.request", "smtplib", "ftplib"}
    imports = {p: _imports(p) for p in _tracked("*.py")}
    rooms = {p.relative_to(REPO).parts[0] for p, names in imports.items() if names & reaching}
    assert rooms - {"tests"} == {"alerting", "copywriting", "delivery"}
    assert not [p for p in _tracked("delivery/*.py") if "time" in imports[p] or ".sleep(" in p.read_text()]
