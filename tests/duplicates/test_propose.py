"""Pairs are proposed where contacts agree, and for reasons that hold; a household, or what is decided, is no pair."""

from __future__ import annotations

import random
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from duplicates import COLUMNS, propose
from engine import Vault

Contact = dict[str, Any]
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("contact_id", "customer_id", "first_name", "last_name", "email", "phone")]
    + [("birth_on", pa.date32())]
    + [(name, pa.string()) for name in ("address", "postal_code", "city")]
)
FIRST = "ada bruno clara dario edith felix greta hugo iris jonas karla linus mona nils olga paul rosa silas tilda vera"
LAST = "adler brandt curie dorn elster falke gruber hansen imhof jansen keller lorenz moser nagel oster peters quandt"


def _people(count: int) -> list[Contact]:
    """Strangers to each other, each known by one contact."""
    draw = random.Random(3)
    return [
        {
            "contact_id": f"p{i:04}",
            "first_name": draw.choice(FIRST.split()),
            "last_name": draw.choice(LAST.split()) + draw.choice(["", "mann", "berg", "feld", "stein"]),
            "birth_on": date(1940, 1, 1) + timedelta(days=draw.randrange(22_000)),
            "email": f"{draw.getrandbits(40):x}@example.com",
            "phone": f"+49{draw.randrange(10**9, 10**10)}",
            "address": f"{draw.randrange(1, 99)} {draw.choice(LAST.split())} street",
            "postal_code": f"{draw.randrange(10_000, 10_060)}",
            "city": f"town{draw.randrange(12)}",
        }
        for i in range(count)
    ]


def _again(contact: Contact, n: int, **changes: Any) -> Contact:
    """The same person in a second contact, with an address of its own."""
    return contact | {"contact_id": f"again{n:02}", "email": f"again{n}@example.org"} | changes


def _pairs(contacts: list[Contact], decided: list[tuple[str, str]] | None = None) -> dict[tuple[str, str], Any]:
    made = [{"customer_id": c["contact_id"]} | c for c in contacts]
    a, b = zip(*decided, strict=True) if decided else ((), ())
    none = pa.table({"customer_id_a": pa.array(a, pa.string()), "customer_id_b": pa.array(b, pa.string())})
    with Vault().connect() as scratch:
        found = propose(scratch, pa.Table.from_pylist(made, SCHEMA), none)
    assert found.schema == COLUMNS
    return {(p["contact_id_a"], p["contact_id_b"]): p for p in found.to_pylist()}


@pytest.fixture(scope="module")
def world() -> list[Contact]:
    people = _people(400)
    doubles = [_again(p, n, phone=None) for n, p in enumerate(people[:30])]
    doubles[0]["last_name"] += "e"
    doubles[1] |= {"first_name": people[1]["last_name"], "last_name": people[1]["first_name"]}
    doubles[2]["birth_on"] = people[2]["birth_on"].replace(day=(people[2]["birth_on"].day % 28) + 1)
    household = [
        people[n] | {"contact_id": f"spouse{n}", "first_name": "zacharias", "birth_on": None, "email": None}
        for n in range(40, 60)
    ]
    return people + doubles + household


@pytest.fixture(scope="module")
def found(world: list[Contact]) -> dict[tuple[str, str], Any]:
    return _pairs(world)


def test_one_person_under_two_spellings_is_a_pair(found: dict[tuple[str, str], Any]) -> None:
    likely = {pair for pair, p in found.items() if p["match_probability"] > 0.5}
    assert {(f"again{n:02}", f"p{n:04}") for n in range(30)} <= likely
    assert len(likely) <= 32


def test_a_household_is_not_one_person(found: dict[tuple[str, str], Any]) -> None:
    assert [pair for pair in found if "spouse" in "".join(pair)] == []


def test_the_reasons_name_what_agreed_and_what_did_not_by_weight(found: dict[tuple[str, str], Any]) -> None:
    assert "last name: a typing error apart (+" in found["again00", "p0000"]["reasons"]
    assert "first name: swapped with the last name (+" in found["again01", "p0001"]["reasons"]
    assert "birth date: " in found["again02", "p0002"]["reasons"]
    assert "phone" not in found["again03", "p0003"]["reasons"]
    weights = [abs(float(w.rpartition("(")[2].strip(")"))) for w in found["again03", "p0003"]["reasons"].split("; ")]
    assert weights == sorted(weights, reverse=True)


def test_what_is_decided_or_one_customer_already_is_not_proposed(world: list[Contact]) -> None:
    one = {"again03": "p0003"}
    contacts = [c | {"customer_id": one.get(c["contact_id"], c["contact_id"])} for c in world]
    pairs = _pairs(contacts, decided=[("again04", "p0004"), ("p0005", "again05")])
    assert not pairs.keys() & {("again03", "p0003"), ("again04", "p0004"), ("again05", "p0005")}
    assert ("again06", "p0006") in pairs


def test_of_two_customers_the_two_contacts_that_agree_most_are_proposed(world: list[Contact]) -> None:
    third = _again(world[7], 90, first_name=world[7]["first_name"][:1], birth_on=None) | {"customer_id": "p0007"}
    pairs = _pairs([*world, third])
    assert ("again07", "p0007") in pairs
    assert ("again07", "again90") not in pairs


def test_the_same_contacts_give_the_same_pairs(world: list[Contact], found: dict[tuple[str, str], Any]) -> None:
    assert _pairs(world[::-1]) == found


def test_a_value_that_everyone_shares_makes_nobody_one_person() -> None:
    crowd = [c | {"birth_on": date(1970, 1, 1), "phone": "+490000000000"} for c in _people(300)]
    assert sum(p["match_probability"] > 0.5 for p in _pairs(crowd).values()) <= 2


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_contacts_are_no_error(count: int) -> None:
    assert _pairs(_people(count)) == {}


@pytest.mark.parametrize("unknown", ["birth_on", "first_name", "city"])
def test_an_attribute_nobody_has_is_no_error(world: list[Contact], unknown: str) -> None:
    assert _pairs([c | {unknown: None} for c in world])


def test_a_crm_that_knows_only_names_gets_no_error() -> None:
    nothing = dict.fromkeys(("birth_on", "email", "phone", "address", "postal_code", "city"))
    _pairs([c | nothing for c in _people(50)])


def test_nothing_of_a_person_is_logged(world: list[Contact], caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    with caplog.at_level("DEBUG"):
        _pairs(world)
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")


def test_without_splink_the_message_says_how_to_install_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration.duplicate_pairs import NotComparableError, find
    from orchestration.settings import settings
    from orchestration.site import Site

    for name in [name for name in sys.modules if name.split(".")[0] == "duplicates"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(NotComparableError, match="make duplicates"):
        find(Site(date(2026, 1, 5), True, home), settings())


def test_a_day_that_has_not_run_cannot_be_compared(home: Path) -> None:
    from orchestration.duplicate_pairs import NotComparableError, find
    from orchestration.settings import settings
    from orchestration.site import Site

    with pytest.raises(NotComparableError, match="postroom run --day 2026-01-05"):
        find(Site(date(2026, 1, 5), True, home), settings())
