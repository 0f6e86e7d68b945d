"""What a contract does not keep is removed, and a contract that must keep all says so."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingest import ExtractError, read_contracts, remove_expired
from ingest.contract import NEVER_FORGOTTEN
from tests.ingest.conftest import Loader

TODAY = date(2026, 1, 31)


def _declare(manifest: dict[str, Any], name: str, **meta: Any) -> dict[str, Any]:
    changed = deepcopy({"sources": manifest["sources"]})
    source, table = name.split(".")
    changed["sources"][f"source.postroom.{source}.{table}"]["config"]["meta"] |= meta
    return changed


def test_only_what_is_older_goes(loader: Loader, tmp_path: Path) -> None:
    contract = replace(loader.contracts["web.events"], retention_days=30)
    for day in (date(2025, 12, 31), date(2026, 1, 1), TODAY):
        loader.land(
            "web.events", "e.jsonl", b'{"id":"1","anonymousId":"a","timestamp":"2025-12-01"}\n{"id":"2"}\n', day
        )
        loader.load("web.events", day)
    (loader.root / "landing/web/events/2025-12-31.notes").mkdir()
    zones = {name: loader.root / name for name in ("landing", "raw", "quarantine")}
    assert remove_expired(contract, TODAY, **zones) == [date(2025, 12, 31)]
    left = {p.name for zone in zones.values() for p in (zone / "web/events").iterdir()}
    assert left == {
        "2026-01-01", "2026-01-31", "extract_date=2026-01-01", "extract_date=2026-01-31", "2025-12-31.notes",
    }  # fmt: skip
    assert remove_expired(contract, TODAY, **zones) == []


def test_without_a_retention_all_is_kept(loader: Loader) -> None:
    loader.land("crm.contacts", "c.csv", b"id,lastmodifieddate\n1,2001-01-01\n", date(2001, 1, 1))
    loader.load("crm.contacts", date(2001, 1, 1))
    contract = loader.contracts["crm.contacts"]
    zones = {name: loader.root / name for name in ("landing", "raw", "quarantine")}
    assert remove_expired(contract, TODAY, **zones) == []
    assert len(loader.rows("crm.contacts")) == 1


@pytest.mark.parametrize(
    ("name", "days", "says"),
    [
        ("shop.orders", 30, "rows that have not changed since"),
        ("esp.events", 30, "a no that is removed would be a yes again"),
        ("crm.consents", 30, "a no that is removed would be a yes again"),
        ("web.events", 0, "whole number of days"),
        ("web.events", True, "whole number of days"),
    ],
)
def test_a_retention_that_cannot_be_is_an_error(manifest: dict[str, Any], name: str, days: object, says: str) -> None:
    with pytest.raises(ExtractError, match=f"{name}.*{says}"):
        read_contracts(_declare(manifest, name, retention_days=days))


def test_the_feeds_that_suppression_reads_are_all_named(manifest: dict[str, Any]) -> None:
    """Those from which consent is derived, but for what only says who is who."""
    pending = [n for n in manifest["nodes"] if ".int_consent__" in n]
    seen: set[str] = set()
    while pending:
        node = pending.pop()
        if node not in seen and ".int_identity__" not in node:
            seen.add(node)
            pending += manifest["parent_map"].get(node, [])
    kinds = {c.name: c.kind for c in read_contracts(manifest)}
    feeds = {".".join(n.split(".")[2:]) for n in seen if n.startswith("source.")} & kinds.keys()
    assert {f for f in feeds if kinds[f] != "delta"} <= set(NEVER_FORGOTTEN)


def test_an_identifier_of_no_known_type_is_an_error(manifest: dict[str, Any]) -> None:
    changed = deepcopy({"sources": manifest["sources"]})
    changed["sources"]["source.postroom.crm.contacts"]["columns"]["phone"]["config"]["meta"]["identifier"] = "fax"
    with pytest.raises(ExtractError, match=r"crm.contacts.phone: identifier fax is none of"):
        read_contracts(changed)


def test_whatever_holds_personal_data_says_whose_it_is(manifest: dict[str, Any]) -> None:
    """A table with neither could not be erased from."""
    for contract in read_contracts(manifest):
        if any(column.pii for column in contract.columns):
            assert contract.identifiers, contract.name
