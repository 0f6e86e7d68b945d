"""What a live run was given is on record, is still there, and is what a replay is given."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from engine import Vault
from ingest import load_partition, read_contracts
from ingest.files import standing_still
from ingest.superseded import forget
from orchestration import inputs
from orchestration.person_commands import _zones
from orchestration.publish import publish
from orchestration.settings import Settings, settings
from orchestration.site import Site
from orchestration.warehouse import open_warehouse, prepare
from privacy import Erasure

FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)
HEADER = "id,email,lastmodifieddate\n"


@pytest.fixture(params=[None, "a secret of thirty-two characters!"], ids=["plain", "encrypted"])
def here(home: Path, request: pytest.FixtureRequest) -> Settings:
    return replace(settings(), vault=Vault(request.param))


class Shop:
    """Contacts that are loaded, and days that run without any model."""

    def __init__(self, here: Settings, manifest: dict[str, Any]) -> None:
        self.here = here
        self.manifest = manifest | {"nodes": {}}
        (self._contract,) = [c for c in read_contracts(manifest) if c.name == "crm.contacts"]

    def load(self, day: date, *emails: str) -> None:
        file = self.here.landing / f"crm/contacts/{day}/contacts.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(HEADER + "".join(f"{email.partition('@')[0]},{email},2026-01-01\n" for email in emails))
        zones = {zone: getattr(self.here, zone) for zone in ("landing", "raw", "quarantine")}
        assert load_partition(self._contract, day, adapters=self.here.home, vault=self.here.vault, **zones).is_loaded

    def run(self, day: date, *, live: bool = True) -> None:
        root = self.here.home if live else self.here.home / "replay" / str(day)
        site = Site(day, live, root, self.here.vault)
        prepare(site, self.manifest, self.here, inputs.given_to(site, self.manifest, self.here))
        publish(site, self.manifest, self.here)

    def replayed(self, day: date) -> list[tuple[Any, ...]]:
        """The extracts that a replay of a day sees, and whose addresses."""
        site = Site(day, False, self.here.home / "replay" / str(day), self.here.vault)
        prepare(site, self.manifest, self.here, inputs.given_to(site, self.manifest, self.here))
        with open_warehouse(site) as connection:
            return connection.execute(
                "select extract_date, email from raw_crm.contacts semi join loads.extracts"
                " on contacts.load_id = extracts.load_id and contacts.extract_date = extracts.extract_date"
                " and source_name = 'crm' and table_name = 'contacts' order by all"
            ).fetchall()

    def superseded(self) -> int:
        return len(list(self.here.raw.glob("*/*/*/superseded/*.parquet")))


@pytest.fixture
def shop(here: Settings, manifest: dict[str, Any]) -> Shop:
    return Shop(here, manifest)


def test_a_replay_is_given_what_the_day_was(shop: Shop) -> None:
    shop.load(FIRST, "ann@x.example", "bob@x.example")
    shop.run(FIRST)
    before = shop.replayed(FIRST)
    assert before == [(FIRST, "ann@x.example"), (FIRST, "bob@x.example")]
    shop.load(FIRST, "cid@x.example")
    shop.load(SECOND, "dot@x.example")
    shop.run(SECOND)
    shop.load(FIRST, "eve@x.example")
    assert shop.replayed(FIRST) == before
    assert shop.replayed(SECOND) == [(FIRST, "cid@x.example"), (SECOND, "dot@x.example")]
    # A day that has never run live is given what there is now.
    assert shop.replayed(date(2026, 1, 3)) == [(FIRST, "eve@x.example"), (SECOND, "dot@x.example")]


def test_an_extract_that_came_first_after_the_day_is_not_known(shop: Shop) -> None:
    shop.load(SECOND, "ann@x.example")
    shop.run(SECOND)
    shop.load(FIRST, "late@x.example")
    assert shop.replayed(SECOND) == [(SECOND, "ann@x.example")]


def test_an_empty_load_is_a_load(shop: Shop) -> None:
    shop.load(FIRST)
    shop.run(FIRST)
    shop.load(FIRST, "ann@x.example")
    assert shop.replayed(FIRST) == []
    assert inputs.of_day(FIRST, shop.manifest, shop.here).missing == []  # type: ignore[union-attr]


def test_what_no_run_was_given_is_not_kept(shop: Shop) -> None:
    for email in ("ann@x.example", "bob@x.example", "bob@x.example", "cid@x.example"):
        shop.load(FIRST, email)
    assert shop.superseded() == 2
    shop.run(FIRST)
    assert shop.superseded() == 0
    shop.load(FIRST, "dot@x.example")
    shop.load(FIRST, "eve@x.example")
    shop.run(SECOND)
    assert shop.superseded() == 1
    assert forget(shop.here.raw, inputs.superseded_and_read(shop.here)) == 0


def test_who_is_erased_is_in_no_load_and_all_others_are(shop: Shop) -> None:
    shop.load(FIRST, "ann@x.example", "bob@x.example")
    shop.run(FIRST)
    shop.load(FIRST, "ann@x.example", "bob@x.example", "cid@x.example")
    shop.run(SECOND)
    shop.load(SECOND, "ann@x.example")
    shop.run(date(2026, 1, 3))
    zones = _zones(shop.here)
    (shop.here.home / "published/warehouse.duckdb").unlink()
    Erasure.of("ann", zones, None).remove(datetime(2026, 1, 4, tzinfo=UTC))
    assert shop.replayed(FIRST) == [(FIRST, "bob@x.example")]
    assert shop.replayed(SECOND) == [(FIRST, "bob@x.example"), (FIRST, "cid@x.example")]
    assert shop.replayed(date(2026, 1, 3)) == [(FIRST, "bob@x.example"), (FIRST, "cid@x.example")]
    for day in (FIRST, SECOND, date(2026, 1, 3)):
        assert inputs.of_day(day, shop.manifest, shop.here).missing == []  # type: ignore[union-attr]
    with zones.memory() as connection:
        kept = [connection.execute(f"from {zones.parquet(path)}").fetchall() for path in zones.raw.rglob("*.parquet")]
    assert "ann@x.example" not in repr(kept)
    assert repr(kept).count("bob@x.example") == 2


def test_what_has_gone_is_named(shop: Shop) -> None:
    shop.load(FIRST, "ann@x.example")
    shop.run(FIRST)
    (shop.here.raw / f"crm/contacts/extract_date={FIRST}/part.parquet").unlink()
    given = inputs.of_day(FIRST, shop.manifest, shop.here)
    assert given is not None
    assert given.missing == ["crm.contacts of 2026-01-01"]


def test_history_that_a_live_run_has_read_stands(shop: Shop, manifest: dict[str, Any]) -> None:
    def day_of(day: date) -> Path:
        return shop.here.history / f"dim_identities/as_of_date={day}/part.parquet"

    third = date(2026, 1, 3)
    for day in (FIRST, SECOND):
        day_of(day).parent.mkdir(parents=True)
        with shop.here.vault.connect() as connection:
            connection.execute(f"copy (select 'n' as node_id) to '{day_of(day)}' ({shop.here.vault.parquet})")
    shop.load(SECOND, "ann@x.example")
    shop.run(SECOND)
    assert inputs.is_on_record(FIRST, shop.here), "the second day has read it"
    assert inputs.is_on_record(SECOND, shop.here), "it ran live"
    assert not inputs.is_on_record(third, shop.here)
    # What a replay wrote since is none of what the day was given.
    before = date(2025, 12, 31)
    day_of(before).parent.mkdir(parents=True)
    day_of(before).write_bytes(day_of(FIRST).read_bytes())
    given = inputs.of_day(SECOND, shop.manifest, shop.here)
    assert given is not None
    assert given.known.files["history", "dim_identities"] == [day_of(FIRST)]


def test_no_load_is_put_in_place_while_the_zone_stands_still(shop: Shop) -> None:
    shop.load(FIRST, "ann@x.example")
    part = shop.here.raw / f"crm/contacts/extract_date={FIRST}/part.parquet"
    before = part.read_bytes()
    loading = threading.Thread(target=shop.load, args=(FIRST, "bob@x.example"))
    with standing_still(shop.here.raw):
        loading.start()
        loading.join(2)
        assert loading.is_alive()
        assert part.read_bytes() == before
    loading.join(60)
    assert part.read_bytes() != before
