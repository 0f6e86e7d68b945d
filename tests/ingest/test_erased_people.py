"""Who was erased stays out, whatever lands; nobody else does."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import duckdb

from engine import Vault
from ingest import LoadReport, Tombstones, load_partition
from ingest.identifiers import read_providers
from ingest.tombstones import digest
from tests.ingest.conftest import DAY, Loader

SALT = "s"


def _tombstones(*identifiers: tuple[str, str]) -> Tombstones:
    return Tombstones(frozenset(digest(SALT, kind, value) for kind, value in identifiers), (SALT,))


def _load(loader: Loader, name: str, tombstones: Tombstones) -> LoadReport:
    return load_partition(
        loader.contracts[name],
        DAY,
        landing=loader.root / "landing",
        raw=loader.root / "raw",
        quarantine=loader.root / "quarantine",
        adapters=loader.adapters,
        tombstones=tombstones,
    )


def test_an_account_or_an_address_is_enough(loader: Loader) -> None:
    loader.land(
        "crm.contacts",
        "c.csv",
        b"id,email,hs_additional_emails,hs_merged_object_ids,lastmodifieddate\n"
        b"1,a@x.org,,,2026-01-05\n"
        b"2, A@X.org ,,,2026-01-05\n"
        b"3,c@x.org,b@x.org;a@x.org,,2026-01-05\n"
        b"4,d@x.org,,9;1,2026-01-05\n"
        b"11,e@x.org,,,2026-01-05\n",
    )
    report = _load(loader, "crm.contacts", _tombstones(("email", "a@x.org"), ("merged_crm_id", "1")))
    assert (report.rows, report.erased, report.quarantined) == (1, 4, 0)
    assert loader.rows("crm.contacts", "id") == [("11",)]


def test_what_people_share_is_enough_only_alone(loader: Loader) -> None:
    """A device or a phone may pass to somebody else, who must not vanish with it."""
    events = [
        {"id": "1", "anonymousId": "device", "timestamp": "2026-01-05"},
        {"id": "2", "anonymousId": "device", "userId": "7", "timestamp": "2026-01-05"},
        {"id": "3", "anonymousId": "other", "traits": {"phone": "00 44 7700-900 000"}, "timestamp": "2026-01-05"},
    ]
    loader.land("web.events", "e.jsonl", b"".join(json.dumps(e).encode() + b"\n" for e in events))
    report = _load(loader, "web.events", _tombstones(("anonymous_id", "device"), ("phone", "+447700900000")))
    assert report.erased == 2
    assert loader.rows("web.events", "id") == [("2",)]


def test_a_short_id_is_matched_as_a_whole_and_in_its_own_column(loader: Loader) -> None:
    loader.land(
        "shop.order_lines",
        "l.csv",
        b"id,order_id,quantity,price\n12,34,12,1\n34,5,12,34\n56,12,34,1\n",
    )
    report = _load(loader, "shop.order_lines", _tombstones(("order_id", "12"), ("crm_id", "34")))
    assert report.erased == 1
    assert loader.rows("shop.order_lines", "id") == [("12",), ("34",)]


def test_a_row_that_does_not_fit_leaves_no_text_behind(loader: Loader) -> None:
    loader.land(
        "crm.contacts",
        "c.csv",
        b"id,email,lastmodifieddate\n1,a@x.org,never\n2,b@x.org,never\n3,a@x.org,2026-01-05,too,many\n4,d@x.org,2026-01-05\n",
    )
    report = _load(loader, "crm.contacts", _tombstones(("email", "a@x.org")))
    assert (report.rows, report.erased, report.quarantined) == (1, 2, 1)
    assert "a@x.org" not in json.dumps(loader.rejects("crm.contacts"))
    assert report.reasons == {"lastmodifieddate is no timestamp": 1}


def test_a_broken_line_that_names_them_is_dropped(loader: Loader) -> None:
    device = "4570c6c1-5b84-4ab6-a42c-cc9d9e865049"
    loader.land(
        "web.events",
        "e.jsonl",
        f'{{"anonymousId":"{device}","id":"1\n{{"id":"2","anonymousId":"x","timestamp":"2026-01-05"}}\n'.encode(),
    )
    report = _load(loader, "web.events", _tombstones(("anonymous_id", device)))
    assert (report.rows, report.erased, report.quarantined) == (1, 1, 0)


def test_leaving_somebody_out_makes_another_load(loader: Loader) -> None:
    """What was built from the load that held them must be built anew."""
    loader.land("crm.contacts", "c.csv", b"id,email,lastmodifieddate\n1,a@x.org,2026-01-05\n2,b@x.org,2026-01-05\n")
    _load(loader, "crm.contacts", Tombstones())
    (before,) = set(loader.rows("crm.contacts", "load_id"))
    _load(loader, "crm.contacts", _tombstones(("email", "a@x.org")))
    assert loader.rows("crm.contacts", "id") == [("2",)]
    assert set(loader.rows("crm.contacts", "load_id")) != {before}


def test_an_address_is_known_in_every_spelling_its_provider_reads(loader: Loader) -> None:
    seed = loader.root / "email_providers.csv"
    seed.write_text(
        "domain,canonical_domain,ignores_dots,tag_separator\ngoogle.test,g.test,true,+\nplain.test,plain.test,false,\n"
    )
    erased = [("email", "annab@g.test"), ("email", "c@plain.test")]
    tombstones = replace(_tombstones(*erased), providers=read_providers(seed))
    loader.land(
        "crm.contacts",
        "c.csv",
        b"id,email,lastmodifieddate\n1,Anna.B+shop@google.test,2026-01-05\n2,c+tag@plain.test,2026-01-05\n"
        b"3,c.d@plain.test,2026-01-05\n4,C@plain.test,2026-01-05\n5,a.nna.b+x@google.test,never\n",
    )
    assert _load(loader, "crm.contacts", tombstones).erased == 3
    assert loader.rows("crm.contacts", "id") == [("2",), ("3",)]
    assert tombstones.is_mentioned_in("x;an.nab@google.test;y")


def test_tombstones_are_as_the_ledger_says(tmp_path: Path, loader: Loader) -> None:
    path = tmp_path / "ledger/tombstones/as_of_date=2026-01-05/x.parquet"
    path.parent.mkdir(parents=True)
    made = hashlib.sha256(b"salt:email:a@x.org").hexdigest()
    duckdb.execute(f"copy (select 'email' as identifier_type, '{made}' as digest, 'salt' as salt) to '{path}'")
    loader.land("crm.contacts", "c.csv", b"id,email,lastmodifieddate\n1,a@x.org,2026-01-05\n2,b@x.org,2026-01-05\n")
    assert _load(loader, "crm.contacts", Tombstones.read(tmp_path / "ledger", Vault(), tmp_path)).erased == 1
    assert Tombstones.read(tmp_path / "no-ledger", Vault(), tmp_path) == Tombstones()
