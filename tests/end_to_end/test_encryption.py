"""The daily job with a key: the same results, and no plain text of a person or of the key on disk."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Vault
from tests.end_to_end.conftest import BIN, Home

DAY = "2026-01-05"
KEY = "a secret of thirty-two characters"
# What a vendor writes, what the ESP reads, and what the tests know of the invented shop.
EXCHANGED = ("landing", "outbox", "truth")
DECISIONS = "select campaign, customer_id, decision, reason, variant, message_id from marts.fct_campaign_decisions"


@pytest.fixture(scope="module")
def encrypted(two_days: tuple[Home, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of two days, in which a key is set after the first: encrypted, then run for the second."""
    home = Home(tmp_path_factory.mktemp("encrypted") / "data")
    shutil.copytree(two_days[0].path, home.path, ignore=shutil.ignore_patterns("replay", "outbox"))
    for table in home.path.glob(f"raw/*/*/extract_date={DAY}"):
        shutil.rmtree(table)
    refused = home.postroom("run", check=False, POSTROOM_ENCRYPTION_KEY=KEY)
    assert refused.returncode
    assert "Run `postroom encrypt` once" in refused.stdout + refused.stderr
    home.postroom("encrypt", POSTROOM_ENCRYPTION_KEY=KEY)
    home.postroom("run", POSTROOM_ENCRYPTION_KEY=KEY)
    return home


def _people(home: Home) -> list[bytes]:
    """The e-mails, phones and surnames of some of the sample's people, and every e-mail that is in quarantine."""
    lines = (home.path / "truth/people.jsonl").read_text().splitlines()
    people = [json.loads(line) for line in lines[:: len(lines) // 30]]
    found = {text for person in people for text in (*person["emails"], *person["phones"])}
    emails = {email for person in people for email in person["emails"]}
    with next((home.path / "landing/crm/contacts/2026-01-01").glob("*.csv")).open(errors="replace") as stream:
        found |= {row["lastname"] for row in csv.DictReader(stream) if row["email"] in emails}
    for path in (home.path / "quarantine").rglob("rejects.jsonl"):
        found |= set(re.findall(r"[a-z.]+[.-][a-z0-9]+@example[.][a-z]+", path.read_text()))
    return [text.encode() for text in sorted(found) if len(text) > 5]


def _kept(home: Home) -> Iterator[tuple[Path, bytes]]:
    """Every file of the home but those that are exchanged, compressed ones opened."""
    for path in sorted(home.path.rglob("*")):
        relative = path.relative_to(home.path)
        if path.is_file() and relative.parts[0] not in EXCHANGED:
            content = path.read_bytes()
            yield relative, gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def _telling(home: Home, people: list[bytes]) -> set[str]:
    """The zones with a file in which one of the people can be read."""
    return {path.parts[0] for path, content in _kept(home) if any(text in content for text in people)}


def test_no_person_is_on_disk_in_plain_text(encrypted: Home, two_days: tuple[Home, dict[str, str]]) -> None:
    # Compressed Parquet shows little even when plain: there, how a file begins tells.
    people = _people(two_days[0])
    assert len(people) > 60
    assert _telling(two_days[0], people) >= {"quarantine", "published", "warehouse.duckdb"}
    assert _telling(encrypted, people) == set()
    files = dict(_kept(encrypted))
    assert len([path for path in files if path.suffix == ".parquet"]) > 40
    assert [path for path, content in files.items() if content.startswith(b"PAR1")] == []


def test_the_key_is_on_disk_nowhere(encrypted: Home) -> None:
    keys = [KEY, *(Vault(KEY)._derived(purpose) for purpose in ("parquet", "database"))]
    assert [path for path, content in _kept(encrypted) if any(key.encode() in content for key in keys)] == []


def test_decisions_and_payloads_are_those_of_the_plain_run(
    encrypted: Home, two_days: tuple[Home, dict[str, str]]
) -> None:
    plain, _ = two_days
    with Vault(KEY).connect(encrypted.path / "published/warehouse.duckdb", read_only=True) as connection:
        decisions = connection.execute(f"{DECISIONS} order by all").fetchall()
    assert decisions == plain.query(f"{DECISIONS} order by all")
    payloads = {name: digest for name, digest in plain.bytes_of("outbox").items() if DAY in name}
    assert any(name.endswith("payloads.jsonl") for name in payloads)
    assert encrypted.bytes_of("outbox") == payloads


def test_a_customer_is_explained(encrypted: Home) -> None:
    email = json.loads((encrypted.path / "truth/people.jsonl").read_text().splitlines()[0])["emails"][0]
    printed = encrypted.postroom("explain", email, POSTROOM_ENCRYPTION_KEY=KEY).stdout
    assert email in printed
    assert "Decisions since" in printed


def test_what_is_in_quarantine_can_be_read(encrypted: Home, two_days: tuple[Home, dict[str, str]]) -> None:
    printed = encrypted.postroom("quarantine", POSTROOM_ENCRYPTION_KEY=KEY).stdout
    assert printed.splitlines()
    assert printed == two_days[0].postroom("quarantine").stdout


@pytest.mark.parametrize(
    ("key", "said"),
    [("", "is encrypted: set POSTROOM_ENCRYPTION_KEY"), (KEY[::-1], "POSTROOM_ENCRYPTION_KEY is not the key")],
)
def test_no_key_and_a_wrong_one_are_told_and_change_nothing(
    encrypted: Home, tmp_path: Path, key: str, said: str
) -> None:
    zones = ("raw", "history", "ledger", "quarantine", "published", "outbox", "warehouse.duckdb")
    before = encrypted.bytes_of(*zones)
    by_hand = (str(BIN / "dbt"), "run", "--select", "fct_rfm_scores", "--vars", f"{{as_of: '{DAY}'}}")
    scratch = {
        "POSTROOM_WAREHOUSE": str(encrypted.path / "warehouse.duckdb"),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path),
    }
    for done in (
        encrypted.postroom("run", "--force", check=False, POSTROOM_ENCRYPTION_KEY=key),
        encrypted.run(*by_hand, check=False, POSTROOM_ENCRYPTION_KEY=key, **scratch),
    ):
        printed = " ".join((done.stdout + done.stderr).split())
        assert done.returncode
        assert said in printed
        assert "Traceback" not in printed
        assert KEY not in printed
    assert encrypted.bytes_of(*zones) == before
