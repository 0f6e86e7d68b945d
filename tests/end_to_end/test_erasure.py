"""`postroom erase` and `postroom access` on a home in which Postroom has run: one goes, everybody else stays."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from delivery import dead_letters
from delivery.ledger import Ledger, Verdict
from engine import Vault
from ingest import Tombstones, load_partition, read_contracts
from ingest.contract import state_identifiers
from ingest.landing import landed_days, listing
from privacy import Erasure, Zones
from tests.conftest import REPO
from tests.end_to_end.conftest import Home

AT = datetime(2026, 1, 6, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Whom:
    """A person of the sample world, as its ground truth knows them, and one of their household."""

    email: str
    needles: tuple[str, ...]
    shared_phone: str
    kin_email: str


def _jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _whom(home: Home) -> Whom:
    """Somebody with a mail sent, a name, a phone of their own, and a phone that the household shares.

    At least two others state that phone: with one left, it would tie to that one what nobody's record was.
    """
    people = _jsonl(home.path / "truth/people.jsonl")
    orders = _jsonl(home.path / "truth/orders.jsonl")
    mailed = {m["to"]["email"]: m for f in home.path.glob("outbox/*/*/payloads.jsonl") for m in _jsonl(f)}
    kin = {p["household"]: p for p in people if p["household"] and p["emails"] and p["contact_ids"]}
    for person in people:
        relative = next(
            (k for k in people if k["household"] == person["household"] and k["person"] != person["person"]), None
        )
        message = next((mailed[e] for e in person["emails"] if e in mailed), None)
        if not (message and person["shared_phones"] and relative and relative["emails"] and person["contact_ids"]):
            continue
        others = [
            k for k in people if k is not person and k["contact_ids"] and person["shared_phones"][0] in k["phones"]
        ]
        if len(others) < 2:
            continue
        nodes = home.query(f"select node_id from marts.dim_identities where customer_id = '{message['customer_id']}'")
        if any(f"email:{email}" == node for (node,) in nodes for email in relative["emails"]):
            continue
        own_phones = [p for p in person["phones"] if p not in person["shared_phones"]]
        seen = {node.split(":", 1)[1] for (node,) in nodes if str(node).startswith("anonymous_id")}  # type: ignore[attr-defined]
        return Whom(
            email=person["emails"][0],
            needles=(
                *person["emails"],
                *own_phones,
                *person["contact_ids"],
                *(a for a in person["anonymous_ids"] if a in seen),
                *(o["order_id"] for o in orders if o["person"] == person["person"] and "order_id" in o),
                message["message_id"],
                message["customer_id"],
                message["to"]["name"],
            ),
            shared_phone=person["shared_phones"][0],
            kin_email=relative["emails"][0],
        )
    raise AssertionError(f"nobody in the sample world is such a person, nor among {len(kin)} households")


def _texts(path: Path) -> Iterator[bytes]:
    """A file as it is and as what it holds, opened without Postroom's help."""
    yield path.read_bytes()
    if path.suffix == ".gz":
        yield gzip.decompress(path.read_bytes())
    elif path.suffix == ".zst":
        yield pa.CompressedInputStream(pa.OSFile(str(path)), "zstd").read()
    elif path.suffix == ".parquet":
        rows = duckdb.sql(f"select * from read_parquet('{path}', hive_partitioning = false)").fetchall()
        yield repr(rows).encode()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                yield repr(connection.execute(f'from "{schema}"."{table}"').fetchall()).encode()


def _holding(home: Path, needles: tuple[str, ...], *, but: tuple[str, ...] = ("truth",)) -> set[str]:
    """The files that hold any of the needles, but for those of some folders."""
    wanted = [needle.lower().encode() for needle in needles]
    return {
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and path.relative_to(home).parts[0] not in but
        for text in _texts(path)
        if any(needle in text.lower() for needle in wanted)
    }


def _rows(home: Path, zone: str, others_than: tuple[str, ...]) -> dict[str, int]:
    """The rows per table of a zone in which none of the values stands."""
    counts = {}
    for table in sorted(p.parent for p in (home / zone).rglob("*_date=*") if p.is_dir()):
        files = f"read_parquet('{table}/*/*.parquet', union_by_name = true, hive_partitioning = false)"
        own = " or ".join(f"contains(lower(t::varchar), '{value.lower()}')" for value in others_than)
        counts[str(table.relative_to(home))] = duckdb.sql(
            f"select count(*) from {files} t where not ({own})"
        ).fetchall()[0][0]
    return counts


def _zones(home: Path, manifest: dict[str, Any]) -> Zones:
    return Zones(
        home=home,
        landing=home / "landing",
        raw=home / "raw",
        quarantine=home / "quarantine",
        history=home / "history",
        ledger=home / "ledger",
        adapters=REPO / "adapters",
        seeds=REPO / "seeds",
        contracts=read_contracts(manifest),
        state=state_identifiers(manifest),
        vault=Vault(),
    )


def _dirty(home: Home, whom: Whom) -> None:
    """Records of the person where the sample has none: other formats, the quarantine, a delivery, a replay."""
    folder = home.path / "landing/crm/contacts/2026-01-05"
    lines = f'id,email,lastmodifieddate\n77,"{whom.email}",2026-01-05\n78,somebody@example.org,2026-01-05\n'
    with pa.OSFile(str(folder / "late.csv.zst"), "wb") as raw, pa.CompressedOutputStream(raw, "zstd") as out:
        out.write(lines.encode())
    rows = [{"id": "77", "email": whom.email.upper()}, {"id": "78", "email": "somebody@example.org"}]
    pq.write_table(
        pa.Table.from_pylist([r | {"lastmodifieddate": "2026-01-05"} for r in rows]), folder / "late.parquet"
    )
    rejects = home.path / "quarantine/crm/contacts/extract_date=2026-01-05/rejects.jsonl"
    rejects.parent.mkdir(parents=True, exist_ok=True)
    with rejects.open("a") as out:
        for text in (f"77;{whom.email};", "78;somebody@example.org;"):
            reject = {"file": "gone.csv", "line": 2, "reason": "too many columns", "text": text}
            out.write(json.dumps(reject) + "\n")
    for payloads in home.path.glob("outbox/*/*/payloads.jsonl"):
        _deliver_in_vain(home.path, payloads.parent)
    replay = home.path / "replay/2026-01-04"
    shutil.rmtree(replay, ignore_errors=True)
    shutil.copytree(home.path / "outbox", replay / "outbox")
    shutil.copy(home.path / "warehouse.duckdb", replay / "warehouse.duckdb")


def _deliver_in_vain(home: Path, outbox: Path) -> None:
    """What a delivery leaves whose first request is refused, and of whose second nobody knows."""
    ledger = Ledger(home / "ledger", date.fromisoformat(outbox.name), outbox.parent.name, "sendgrid")
    ids = [message["message_id"] for message in _jsonl(outbox / "payloads.jsonl")]
    number = ledger.intend("sendgrid/part-0001.json", "0" * 64, ids[::2], AT)
    ledger.settle(number, Verdict("dead", 400), {}, AT)
    ledger.intend("sendgrid/part-0002.json", "1" * 64, ids[1::2], AT)
    dead_letters.write(home / "dead_letters", ledger)


@pytest.fixture(scope="module")
def before(two_days: tuple[Home, dict[str, str]]) -> tuple[Home, Whom]:
    """A home that holds somebody."""
    home, _ = two_days
    whom = _whom(home)
    home.postroom("sync")
    _dirty(home, whom)
    return home, whom


@pytest.fixture(scope="module")
def erased(before: tuple[Home, Whom], tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """The same home after the command, and what it printed."""
    home = Home(tmp_path_factory.mktemp("erased") / "data")
    shutil.copytree(before[0].path, home.path)
    return home, home.postroom("erase", before[1].email, "--yes").stdout


def test_nothing_of_them_is_left_in_any_file(before: tuple[Home, Whom], erased: tuple[Home, str]) -> None:
    (home, whom), (after, printed) = before, erased
    held = _holding(home.path, whom.needles)
    zones = {name.split("/")[0] for name in held}
    assert zones >= {
        "landing", "raw", "quarantine", "history", "ledger", "outbox", "replay", "published", "dead_letters",
    }  # fmt: skip
    for part in ("ledger/deliveries/", "ledger/profile_syncs/", "outbox/sync/", "replay/2026-01-04/outbox/sync/"):
        assert any(name.startswith(part) for name in held), part
    assert "landing/crm/contacts/2026-01-05/late.csv.zst" in held
    assert _holding(after.path, whom.needles) == set()
    assert "nothing of them is left" in printed
    assert not (after.path / "erasing.parquet").exists()


def _pointed_to_from_others(home: Home, whom: Whom) -> int:
    """How many rows of history are about somebody else, and name the person's record."""
    *_, customer_id, _ = whom.needles
    found = duckdb.sql(
        f"select count(*) from read_parquet('{home.path}/history/fct_identity_events/*/*.parquet')"
        f" where evidence_record_id in {whom.needles}"
        f" and '{customer_id}' not in (customer_id, coalesce(other_customer_id, ''))"
    )
    return int(found.fetchall()[0][0])


def test_everybody_else_is_as_they_were(before: tuple[Home, Whom], erased: tuple[Home, str]) -> None:
    (home, whom), (after, _) = before, erased
    for zone in ("raw", "history", "ledger/sends"):
        others = _rows(home.path, zone, whom.needles)
        if zone == "history":
            # What is told of a household's phone stays, without the record that it came with.
            others["history/fct_identity_events"] += _pointed_to_from_others(home, whom)
        assert _rows(after.path, zone, whom.needles) == others, zone
    question = (
        "select campaign, decision, reason, count(*) from marts.fct_campaign_decisions "
        f"where customer_id <> '{whom.needles[-2]}' group by all order by all"
    )
    assert after.query(question) == home.query(question)


def test_others_keep_their_lines(before: tuple[Home, Whom], erased: tuple[Home, str]) -> None:
    was, now = (
        set(
            duckdb.sql(
                "select extract_date, source_file, source_line, id "
                f"from read_parquet('{home.path}/raw/crm/contacts/*/*.parquet', hive_partitioning = true)"
            ).fetchall()
        )
        for home in (before[0], erased[0])
    )
    assert now < was
    late = erased[0].path / "landing/crm/contacts/2026-01-05/late.csv.zst"
    text = pa.CompressedInputStream(pa.OSFile(str(late)), "zstd").read()
    assert text == b"id,email,lastmodifieddate\n\n78,somebody@example.org,2026-01-05\n"
    assert pq.read_table(late.with_name("late.parquet"), partitioning=None).column("id").to_pylist() == ["78"]
    assert (
        "78;somebody" in (erased[0].path / "quarantine/crm/contacts/extract_date=2026-01-05/rejects.jsonl").read_text()
    )


def test_a_household_stays_whole(before: tuple[Home, Whom], erased: tuple[Home, str]) -> None:
    (home, whom), (after, printed) = before, erased
    kin = f"select count(*) from marts.dim_identities where node_id = 'email:{whom.kin_email}'"
    assert after.query(kin) == home.query(kin) != [(0,)]
    assert f"{whom.shared_phone}: other people's records state it too" in printed
    assert _holding(after.path, (whom.shared_phone,)) & _holding(after.path, (whom.kin_email,))


def test_the_outbox_s_manifest_is_right(before: tuple[Home, Whom], erased: tuple[Home, str]) -> None:
    changed = Counter[bool]()
    for path in sorted(erased[0].path.glob("outbox/*/*/manifest.json")):
        manifest = json.loads(path.read_text())
        if path.parts[-3] != "sync":
            messages = len(_jsonl(path.with_name("payloads.jsonl")))
            assert manifest["messages"] == messages == sum(manifest["variants"].values())
        for file in manifest["files"]:
            content = path.with_name(file["name"]).read_bytes()
            assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        was = json.loads((before[0].path / path.relative_to(erased[0].path)).read_text())
        changed[path.parts[-3] == "sync"] += sum(was[k] - manifest[k] for k in ("messages", "profiles") if k in was)
    assert changed[False] >= 1 and changed[True] == 1


def test_the_files_that_were_rewritten_are_not_taken_for_late_ones(erased: tuple[Home, str]) -> None:
    notes = {path.relative_to(erased[0].path / "landed").with_suffix(""): path for path in _notes(erased[0])}
    late = [
        str(partition)
        for partition, note in notes.items()
        if not set(listing(erased[0].path / "landing" / partition).split(";")) <= set(note.read_text().splitlines())
    ]
    assert len(notes) > 1 and late == ["crm/contacts/2026-01-05"], "what was not loaded before"


def _notes(home: Home) -> list[Path]:
    return sorted(home.path.glob("landed/*/*/*.txt"))


def test_tombstones_tell_nothing_and_stay(before: tuple[Home, Whom], erased: tuple[Home, str]) -> None:
    stones = duckdb.sql(f"from read_parquet('{erased[0].path}/ledger/tombstones/*/*.parquet')")
    assert {"identifier_type", "digest", "salt", "erased_at"} <= set(stones.columns)
    found = {(kind, digest, salt) for kind, digest, salt in stones.project("identifier_type, digest, salt").fetchall()}
    (salt,) = {salt for _, _, salt in found}
    email = before[1].email
    assert ("email", hashlib.sha256(f"{salt}:email:{email}".encode()).hexdigest(), salt) in found
    shared = hashlib.sha256(f"{salt}:phone:{before[1].shared_phone}".encode()).hexdigest()
    assert shared not in {digest for _, digest, _ in found}


@pytest.mark.heavy
def test_dropping_the_same_files_again_brings_nobody_back(
    before: tuple[Home, Whom], erased: tuple[Home, str], tmp_path: Path, manifest: dict[str, Any]
) -> None:
    home, whom = Home(tmp_path / "data"), before[1]
    shutil.copytree(erased[0].path, home.path)
    shutil.rmtree(home.path / "landing")
    shutil.copytree(before[0].path / "landing", home.path / "landing")
    zones = _zones(home.path, manifest)
    tombstones = Tombstones.read(zones.ledger, zones.vault, zones.seeds)
    left_out = 0
    for contract in zones.contracts:
        for day in landed_days(zones.landing / contract.source / contract.table):
            if contract.name == "crm.contacts" and day == date(2026, 1, 5):
                continue
            report = load_partition(
                contract,
                day,
                landing=zones.landing,
                raw=zones.raw,
                quarantine=zones.quarantine,
                adapters=zones.adapters,
                tombstones=tombstones,
            )
            left_out += report.erased
    assert left_out > 5
    assert _holding(home.path, whom.needles, but=("truth", "landing")) == set()
    assert _rows(home.path, "raw", whom.needles) == _rows(erased[0].path, "raw", whom.needles)
    # Erased again, what landed goes too, though nothing knows them any more but their tombstones.
    assert "nothing of them is left" in home.postroom("erase", whom.email, "--yes").stdout
    assert _holding(home.path, whom.needles) == set()


def test_erased_twice_is_fine(before: tuple[Home, Whom], erased: tuple[Home, str]) -> None:
    done = erased[0].postroom("erase", before[1].email, "--yes")
    assert "Nothing is held on them" in done.stdout


@pytest.mark.parametrize(
    "rename", [pytest.param(0, marks=pytest.mark.heavy), pytest.param(3, marks=pytest.mark.heavy), 12]
)
def test_broken_off_anywhere_it_can_be_finished(
    before: tuple[Home, Whom], tmp_path: Path, manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch, rename: int
) -> None:
    home, whom = tmp_path / "data", before[1]
    shutil.copytree(before[0].path, home)
    zones = _zones(home, manifest)
    erasure = Erasure.of(whom.email, zones, date(2026, 1, 5))
    real, count = Path.replace, iter(range(10_000))

    def broken(self: Path, target: Path) -> Path:
        if next(count) == rename:
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", broken)
        with pytest.raises(KeyboardInterrupt):
            erasure.remove(AT)
    again = Erasure.unfinished(zones) or Erasure.of(whom.email, zones, date(2026, 1, 5))
    assert again.day == date(2026, 1, 5)
    again.remove(AT)
    assert again.look() == []
    again.finish()
    assert _holding(home, whom.needles) == set()


@pytest.mark.heavy
def test_killed_after_raw_the_command_finishes_when_run_again(before: tuple[Home, Whom], tmp_path: Path) -> None:
    home, whom = Home(tmp_path / "data"), before[1]
    shutil.copytree(before[0].path, home.path)
    kill = (
        "import os, signal, sys; from privacy import Erasure; from orchestration.cli import app;"
        "Erasure._delete_derived = lambda self: os.kill(os.getpid(), signal.SIGKILL);"
        f"sys.argv = ['postroom', 'erase', '{whom.email}', '--yes']; app()"
    )
    killed = home.run(sys.executable, "-c", kill, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (home.path / "erasing.parquet").exists()
    printed = home.postroom("erase", whom.email, "--yes").stdout
    assert "finished first" in printed
    assert _holding(home.path, whom.needles) == set()


def test_access_shows_what_is_held(before: tuple[Home, Whom]) -> None:
    home, whom = before
    first, again = (home.postroom("access", whom.email).stdout for _ in range(2))
    assert first == again
    held = json.loads(first)
    assert held["person"]["customer_ids"] == [whom.needles[-2]]
    stated = {(i["type"], i["value"]): i for i in held["identifiers"]}
    assert stated["email", whom.email]["sources"]
    assert stated["phone", whom.shared_phone]["is_shared"]
    contacts = held["records"]["crm.contacts"]
    assert {"extract_date", "source_file", "source_line", "email"} <= set(contacts[0])
    assert held["records"]["shop.orders"] or held["records"]["web.events"]
    assert [r["file"] for r in held["quarantine"]] == ["gone.csv"]
    assert all("reason" in d for d in held["decisions"])
    assert held["sends"] and held["consents"] and held["segments"] is not None
    assert held["payloads"][0]["message"]["to"]["email"] == whom.email
    assert {d["verdict"]["state"] for d in held["deliveries"]} <= {"dead", "unknown"}
    assert [d["message_id"] for d in held["deliveries"]] == [s["message_id"] for s in held["sends"]]
    assert {row["attribute"] for row in held["profile_syncs"]} >= {"email", "has_profiling_consent"}
    assert whom.kin_email not in first


def test_erase_asks_first(before: tuple[Home, Whom]) -> None:
    home, whom = before
    state = home.bytes_of("landing", "raw", "history", "ledger", "outbox")
    done = home.postroom("erase", whom.email, check=False)
    assert done.returncode
    assert "Erase all of this?" in done.stdout
    assert home.bytes_of("landing", "raw", "history", "ledger", "outbox") == state
