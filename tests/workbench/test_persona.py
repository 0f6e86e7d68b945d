"""A persona's file is held to the extract contracts; each fault is told with its line."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest import Contract, read_contracts
from tests.conftest import REPO
from workbench import WorkbenchError
from workbench.persona import Persona, clocks_of, read_persona

HEAD = "persona: Ann\ndays: {from: 2026-03-01, to: 2026-03-02}\n"


@pytest.fixture(scope="session")
def contracts(manifest: dict[str, Any]) -> list[Contract]:
    return read_contracts(manifest)


def _read(text: str, folder: Path, manifest: dict[str, Any], contracts: list[Contract]) -> Persona:
    path = folder / "ann.yml"
    path.write_text(text)
    return read_persona(path, contracts, clocks_of(manifest, contracts))


def _faults(text: str, folder: Path, manifest: dict[str, Any], contracts: list[Contract]) -> list[str]:
    with pytest.raises(WorkbenchError) as raised:
        _read(text, folder, manifest, contracts)
    return str(raised.value).replace(f"{folder}/", "").splitlines()


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("web.event: []", "ann.yml:3: there is no table web.event: did you mean web.events"),
        ("web.events: {}", "ann.yml:3: web.events must be a list of rows"),
        ("web.events:\n  - 3", "ann.yml:4: a row of web.events must be a mapping of columns"),
        (
            "web.events:\n  - id: e\n    anonymous_id: a\n    timestamp: 2026-03-01 08:00:00\n    cart: k",
            "ann.yml:7: web.events has no column cart: did you mean cart_id",
        ),
        (
            "web.events:\n  - {id: e, anonymous_id: a, timestamp: 1st of March}",
            "ann.yml:4: '1st of March' is no timestamp as in 2026-03-01 08:00:00, UTC",
        ),
        ("web.events:\n  - {id: e, anonymous_id: a}", "ann.yml:4: a row of web.events needs timestamp: it says"),
        ("web.events:\n  - {id: e, timestamp: 2026-03-01}", "ann.yml:4: a row of web.events needs anonymous_id"),
        (
            "web.events:\n  - {id: e, anonymous_id: a, timestamp: 2026-03-03 00:00:00}",
            "ann.yml:4: 2026-03-03 00:00:00 is after the last day, 2026-03-02",
        ),
        (
            "shop.orders:\n  - {id: o, total_price: 1O, created_at: 2026-03-01, updated_at: 2026-03-01}",
            "ann.yml:4: '1O' is no decimal",
        ),
        (
            "crm.contacts:\n  - {id: p, hs_email_optout: maybe, lastmodifieddate: 2026-03-01}",
            "ann.yml:4: 'maybe' is no boolean",
        ),
        ("crm.contacts:\n  - {id: p, id: q}", "ann.yml:4: key 'id' is given twice"),
    ],
)
def test_a_fault_is_told_with_its_line(
    rows: str, fault: str, tmp_path: Path, manifest: dict[str, Any], contracts: list[Contract]
) -> None:
    (found,) = _faults(f"{HEAD}{rows}\n", tmp_path, manifest, contracts)
    assert found.startswith(fault)


def test_all_faults_are_told(tmp_path: Path, manifest: dict[str, Any], contracts: list[Contract]) -> None:
    text = "persona: ''\ndays: {from: 2026-03-02, to: 2026-03-01}\nweb.events:\n  - {id: e, foo: 1}\n"
    assert [fault.split(": ")[0] for fault in _faults(text, tmp_path, manifest, contracts)] == [
        "ann.yml:1", "ann.yml:2", "ann.yml:4", "ann.yml:4",
    ]  # fmt: skip
    assert _faults("persona: Ann\n", tmp_path, manifest, contracts)


def test_a_day_that_cannot_be_read_is_told_as_that(
    tmp_path: Path, manifest: dict[str, Any], contracts: list[Contract]
) -> None:
    text = "persona: Ann\ndays: {from: 2026-03-01, to: 2.3.}\ncrm.contacts: [{id: p, lastmodifieddate: 2026-03-01}]\n"
    assert _faults(text, tmp_path, manifest, contracts) == ["ann.yml:2: '2.3.' is no day: write it as in 2026-03-01"]


def test_rows_land_on_the_day_they_were_new(
    tmp_path: Path, manifest: dict[str, Any], contracts: list[Contract]
) -> None:
    text = f"""{HEAD}
shop.products: [{{id: mug, title: Mug}}]
crm.contacts: [{{Record ID: p, Email: ann@example.org, lastmodifieddate: 2026-01-05T10:00:00+02:00}}]
web.events:
  - {{id: last_of_first, anonymous_id: a, timestamp: 2026-03-01 23:59:59}}
  - {{id: first_of_second, anonymous_id: a, timestamp: 2026-03-02 00:00:00}}
esp.events: [{{sg_event_id: s, email: ann@example.org, event: open, timestamp: 2026-03-02 08:00:00}}]
"""
    persona = _read(text, tmp_path, manifest, contracts)
    by_name = {contract.name: contract for contract in contracts}

    def landed(table: str, day: int) -> list[dict[str, Any]]:
        return [json.loads(line) for line in persona.landing(by_name[table], date(2026, 3, day))]

    assert persona.days == [date(2026, 3, 1), date(2026, 3, 2)]
    assert [row["id"] for row in landed("web.events", 1)] == ["last_of_first"]
    assert [row["id"] for row in landed("web.events", 2)] == ["first_of_second"]
    # The whole feed comes daily, what is older with the first day, by the contract's own names and in UTC.
    assert landed("shop.products", 1) == landed("shop.products", 2) == [{"id": "mug", "title": "Mug"}]
    assert landed("crm.contacts", 1) == [
        {"id": "p", "email": "ann@example.org", "lastmodifieddate": "2026-01-05 08:00:00"}
    ]
    assert landed("crm.contacts", 2) == []
    assert landed("esp.events", 2)[0]["timestamp"] == int(datetime.fromisoformat("2026-03-02T08:00:00Z").timestamp())


@pytest.mark.parametrize("path", sorted((REPO / "docs/personas").iterdir()), ids=lambda path: path.name)
def test_the_shipped_personas_are_sound(path: Path, manifest: dict[str, Any], contracts: list[Contract]) -> None:
    assert read_persona(path, contracts, clocks_of(manifest, contracts)).records
