"""What another system is told of profiles: what has changed, all of it, and nothing over a value it has."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from engine import Vault
from exports import remove_profiles
from orchestration import profile_sync
from orchestration.gate import GateClosedError
from orchestration.profile_sync import is_daily, sync
from orchestration.site import Site

DAY = date(2026, 3, 1)
COLUMNS = {
    "customer_id": "varchar", "email": "varchar", "is_profiled": "boolean", "name": "varchar", "phone": "varchar",
    "amount": "decimal(18, 2)", "born_on": "date", "segments": "varchar",
}  # fmt: skip
Profile = dict[str, Any]


def manifest(*, daily: object = False) -> dict[str, Any]:
    columns = {name: {"config": {"meta": {"list": True} if name == "segments" else {}}} for name in COLUMNS}
    meta = {"sync": {"daily": daily, "empty_list": "(none)"}}
    model = {"name": "exp_profile_sync", "database": "warehouse", "schema": "exports", "columns": columns}
    return {"nodes": {"model": {**model, "config": {"meta": meta}}}}


def profile(customer_id: str = "c1", **values: Any) -> Profile:
    return dict.fromkeys(COLUMNS) | {"customer_id": customer_id, "email": f"{customer_id}@example.org"} | values


class Home:
    """A home whose published warehouse is of the day that is synced."""

    def __init__(self, path: Path, vault: Vault) -> None:
        self.path, self.vault = path, vault

    def publish(self, profiles: Iterable[Profile], day: date = DAY, root: Path | None = None) -> Site:
        site = Site(day, root is None, root or self.path, self.vault)
        site.published.parent.mkdir(parents=True, exist_ok=True)
        site.published.unlink(missing_ok=True)
        declared = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        with self.vault.connect(site.published) as connection:
            connection.execute("create schema exports; create schema published")
            connection.execute(f"create table published.run as select timestamp '{site.as_of}' as as_of")
            connection.execute(f"create table exports.exp_profile_sync ({declared})")
            for each in profiles:
                marks = ", ".join("?" * len(COLUMNS))
                connection.execute(f"insert into exports.exp_profile_sync values ({marks})", list(each.values()))
        return site

    def sync(self, *profiles: Profile, day: date = DAY, root: Path | None = None) -> list[dict[str, str]]:
        """Publishes, syncs, and gives the cells that say something, by row."""
        site = self.publish(profiles, day, root)
        sync(site, manifest(), self.path / "ledger")
        return self.rows(site)

    def rows(self, site: Site) -> list[dict[str, str]]:
        with (site.outbox("sync") / "profiles.csv").open(encoding="utf-8", newline="") as lines:
            return [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(lines)]

    def bytes(self) -> dict[str, bytes]:
        files = [f for zone in ("outbox", "ledger") for f in (self.path / zone).rglob("*") if f.is_file()]
        return {str(f.relative_to(self.path)): f.read_bytes() for f in files}


@pytest.fixture(params=[None, "k" * 40], ids=["plain", "encrypted"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    return Home(tmp_path / "it's a [b]", Vault(request.param))


def later(days: int) -> date:
    return DAY + timedelta(days=days)


def test_at_first_all_that_is_known_is_told(home: Home) -> None:
    whole = profile(
        "c2", is_profiled=True, name="Ann", phone="+49301", amount=-3.5, born_on=date(1990, 1, 2), segments="a;b"
    )
    assert home.sync(whole, profile("c1", is_profiled=False)) == [
        {"customer_id": "c1", "email": "c1@example.org", "is_profiled": "false"},
        {
            "customer_id": "c2", "email": "c2@example.org", "is_profiled": "true", "name": "Ann", "phone": "+49301",
            "amount": "-3.50", "born_on": "1990-01-02", "segments": "a;b",
        },
    ]  # fmt: skip
    folder = home.path / "outbox/sync/2026-03-01"
    written = json.loads((folder / "manifest.json").read_text())
    content = (folder / "profiles.csv").read_bytes()
    (entry,) = written["files"]
    assert (entry["sha256"], entry["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (written["profiles"], written["as_of"]) == (2, "2026-03-02T00:00:00Z")


def test_then_only_what_has_changed(home: Home) -> None:
    home.sync(profile("c1", name="Ann", phone="1"), profile("c2", name="Bob"), profile("c3", name="Cid"))
    assert home.sync(
        profile("c1", name="Anne", phone="1"),
        profile("c2", name="Bob"),
        profile("c3", email="new@example.org", name="Cid"),
        day=later(1),
    ) == [
        {"customer_id": "c1", "email": "c1@example.org", "name": "Anne"},
        {"customer_id": "c3", "email": "new@example.org"},
    ]  # fmt: skip
    assert home.sync(profile("c1", name="Anne", phone="1"), day=later(2)) == []


def test_nothing_is_told_over_a_value(home: Home) -> None:
    home.sync(profile("c1", name="Ann", phone="1"), profile("c2", name="Bob"))
    told = home.sync(profile("c1", name=None, phone="2"), profile("c2", name=None), day=later(1))
    assert told == [{"customer_id": "c1", "email": "c1@example.org", "phone": "2"}]
    # It has the name still, and needs not be told it again.
    assert home.sync(profile("c1", name="Ann", phone="2"), profile("c2", name=""), day=later(2)) == []
    assert home.sync(profile("c2", name="Rob"), day=later(3))[0]["name"] == "Rob"


@pytest.mark.parametrize("nothing", ["", None])
def test_a_list_that_shrinks_is_told_anew_and_an_empty_one_by_its_name(home: Home, nothing: str | None) -> None:
    home.sync(profile(segments="a;b"), profile("c2", segments=nothing))
    assert "segments" not in home.rows(Site(DAY, True, home.path))[1]

    def told(day: int, segments: str | None) -> list[str]:
        return [row["segments"] for row in home.sync(profile(segments=segments), day=later(day))]

    assert told(1, "b") == ["b"]
    assert told(2, nothing) == ["(none)"]
    assert told(3, nothing) == []
    assert told(4, "b") == ["b"]
    assert told(5, nothing) == ["(none)"]


def test_a_day_run_again_gives_the_same_bytes_whatever_came_later(home: Home) -> None:
    first = profile("c1", name="Ann", segments="a"), profile("c2", name="Bob")
    second = profile("c1", name="Anne", segments=""), profile("c2", name="Bob")
    home.sync(*first)
    home.sync(*second, day=later(1))
    before = home.bytes()
    assert len(before) == 6
    inode = (home.path / "outbox/sync/2026-03-02/profiles.csv").stat().st_ino
    home.sync(*second, day=later(1))
    assert {n: b for n, b in home.bytes().items() if n.startswith("outbox")} == {
        n: b for n, b in before.items() if n.startswith("outbox")
    }
    assert (home.path / "outbox/sync/2026-03-02/profiles.csv").stat().st_ino == inode
    replay = home.path / "replay/2026-03-01"
    home.sync(*first, root=replay)
    for name in ("profiles.csv", "manifest.json"):
        assert (replay / "outbox/sync/2026-03-01" / name).read_bytes() == before[f"outbox/sync/2026-03-01/{name}"]
    assert not (replay / "ledger").exists()


def test_a_day_run_again_takes_back_what_it_has_told(home: Home) -> None:
    """Its first file may be in the other system already."""
    home.sync(profile(name="Ann", segments=""))
    home.sync(profile(name="Anne", segments="a"), day=later(1))
    told = [{"customer_id": "c1", "email": "c1@example.org", "name": "Ann", "segments": "(none)"}]
    assert home.sync(profile(name="Ann", segments=""), day=later(1)) == told
    assert home.sync(profile(name="Ann", segments=""), day=later(1)) == told
    assert home.sync(profile(name="Ann", segments=""), day=later(2)) == []


def test_what_was_told_and_is_not_known_any_more_is_not_taken_for_what_was_before(home: Home) -> None:
    home.sync(profile(name="Ann"))
    home.sync(profile(name="Bob"), day=later(1))
    assert home.sync(profile(name=None), day=later(1)) == []
    assert home.sync(profile(name=None), day=later(2)) == []
    assert home.sync(profile(name="Ann"), day=later(3))[0]["name"] == "Ann"


def test_after_a_crash_with_the_file_there_it_is_told_once_more_as_it_is_then(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.sync(profile(name="Ann", segments="a"), profile("c2", name="Bob"))
    with monkeypatch.context() as broken:
        broken.setattr(profile_sync, "_settle", lambda site, ledger: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            home.sync(profile(name="Anne", segments="b"), profile("c2", name="Bob"), day=later(1))
    assert home.rows(Site(later(1), True, home.path))[0]["name"] == "Anne"
    # As it was before the crash, and so no news, had the file not been there to be imported.
    told = home.sync(profile(name="Ann", segments="a"), profile("c2", name="Bob"), day=later(2))
    assert told == [{"customer_id": "c1", "email": "c1@example.org", "name": "Ann", "segments": "a"}]
    assert home.sync(profile(name="Ann", segments="a"), profile("c2", name="Bob"), day=later(3)) == []


def test_after_a_crash_before_the_file_nothing_is_lost(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.sync(profile(name="Ann"))
    before = home.bytes()
    with monkeypatch.context() as broken:
        broken.setattr("exports.folder._replace", lambda directory, partial: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            home.sync(profile(name="Anne"), day=later(1))
    assert {n: b for n, b in home.bytes().items() if "intent" not in n} == before
    assert home.sync(profile(name="Anne"), day=later(2))[0]["name"] == "Anne"
    assert not list(home.path.rglob("intent.parquet"))


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM", "'@SUM"),
        ("-x", "'-x"),
        ("+4930123", "+4930123"),
        ("-12.50", "-12.50"),
        ("+1+1", "'+1+1"),
    ],
)
def test_a_spreadsheet_computes_nothing_and_numbers_stay(home: Home, name: str, cell: str) -> None:
    assert home.sync(profile(name=name))[0]["name"] == cell
    assert home.sync(profile(name=name), day=later(1)) == []


def test_another_day_s_warehouse_is_not_told_of(home: Home) -> None:
    site = home.publish([profile()], later(1))
    with pytest.raises(GateClosedError, match="this export is as of 2026-03-02"):
        sync(Site(DAY, True, site.root, home.vault), manifest(), home.path / "ledger")
    assert not (home.path / "outbox").exists()


def test_who_is_erased_is_in_no_file(home: Home) -> None:
    home.sync(profile("c1", name='An "n'), profile("c2", name="Bob"), profile("c3", name="Cid"))
    folder = home.path / "outbox/sync/2026-03-01"
    kept = Home(home.path.parent / "kept", home.vault)
    kept.sync(profile("c1", name='An "n'), profile("c3", name="Cid"))
    assert remove_profiles(folder, {"c2", "nobody"}) == 1 and remove_profiles(folder, {"c2"}) == 0
    for name in ("profiles.csv", "manifest.json"):
        assert (folder / name).read_bytes() == (kept.path / "outbox/sync/2026-03-01" / name).read_bytes()


@pytest.mark.parametrize(("daily", "on"), [(True, True), (False, False), ("yes", False)])
def test_it_is_daily_when_it_says_so(daily: object, on: bool) -> None:
    assert is_daily(manifest(daily=daily)) is on


def test_as_shipped_the_daily_job_leaves_it_out() -> None:
    from orchestration.definitions import defs

    nodes = {node.name for node in defs.resolve_job_def("daily").nodes}
    assert "outbox__winback" in nodes and "outbox__sync" not in nodes
    assert defs.resolve_assets_def(["outbox", "sync"])


@pytest.mark.parametrize("seed", range(6))
def test_whoever_imports_every_file_has_what_is_known(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another system that takes a blank cell for no change, over days of changes, reruns and crashes."""
    random, home = Random(seed), Home(tmp_path, Vault())
    known: dict[str, Profile] = {}
    there: dict[str, dict[str, str]] = {}
    day = DAY
    for _ in range(14):
        for customer_id in random.sample([f"c{number}" for number in range(6)], 3):
            known[customer_id] = profile(
                customer_id,
                name=random.choice([None, "Ann", "Bob"]),
                amount=random.choice([None, 1.5, -2]),
                segments=random.choice([None, "", "a", "a;b"]),
            )
        day += timedelta(days=random.choice([0, 1, 1, 2]))
        if random.random() < 0.3:
            with monkeypatch.context() as broken:
                where = random.choice(["orchestration.profile_sync._settle", "exports.folder._replace"])
                broken.setattr(where, lambda *given: 1 / 0)
                with pytest.raises(ZeroDivisionError):
                    home.sync(*known.values(), day=day)
            site = Site(day, True, home.path)
            # A file that is there may have been imported by the time that somebody sees of the crash.
            if (site.outbox("sync") / "profiles.csv").exists() and random.random() < 0.5:
                for row in home.rows(site):
                    there.setdefault(row["customer_id"], {}).update(row)
            continue
        for row in home.sync(*known.values(), day=day):
            there.setdefault(row["customer_id"], {}).update(row)
        for customer_id, each in known.items():
            told = there.get(customer_id, {})
            if each["name"]:
                assert told["name"] == each["name"]
            if each["amount"] is not None:
                assert told["amount"] == f"{each['amount']:.2f}"
            assert told.get("segments", "(none)") == (each["segments"] or "(none)")


def test_with_a_key_nothing_of_it_is_plain_in_the_ledger(tmp_path: Path) -> None:
    home = Home(tmp_path, Vault("k" * 40))
    home.sync(profile(name="Anneliese"))
    (part,) = home.path.glob("ledger/profile_syncs/*/part.parquet")
    assert part.read_bytes()[:4] == b"PARE" and b"Anneliese" not in part.read_bytes()
    with pytest.raises(duckdb.Error):
        duckdb.sql(f"from read_parquet('{part}')").fetchall()
    assert datetime.fromisoformat(json.loads((home.path / "outbox/sync/2026-03-01/manifest.json").read_text())["as_of"])
