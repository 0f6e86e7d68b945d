"""The sample world's truth against the triggers: every occasion found, none invented."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from tests.end_to_end.conftest import Home
from tests.end_to_end.occasion_oracle import Truth

AS_OF = datetime(2026, 1, 6)
# Fewer of the carts than this are of people who are taken for two, or for no one.
TORN = 0.005


@pytest.fixture(scope="module")
def home(two_days: tuple[Home, dict[str, str]]) -> Home:
    return two_days[0]


@pytest.fixture(scope="module")
def truth(home: Home) -> Truth:
    return Truth(home.path, AS_OF)


def _window(home: Home, trigger: str) -> timedelta:
    ((minutes,),) = home.query(
        f"select max(window_minutes) from marts.dim_trigger_arms where trigger_name = '{trigger}'"
    )
    return timedelta(minutes=int(str(minutes)))


def _found(home: Home, trigger: str) -> dict[str, bool]:
    """Whether each occasion was answered, by what it is about."""
    rows = home.query(
        "select subject_id, fulfilled_at is not null from marts.fct_trigger_occasions"
        f" where trigger_name = '{trigger}' and occurred_at <= timestamp '{AS_OF}'"
    )
    return {str(subject): bool(is_answered) for subject, is_answered in rows}


def _found_by_person(home: Home, truth: Truth, trigger: str) -> dict[str, bool]:
    """Whether each occasion was answered, by the person of the truth that its customer's contacts and addresses are."""
    people = defaultdict(set)
    for node_id, customer_id in home.query("select node_id, customer_id from marts.dim_identities"):
        if person := truth.person_of.get(str(node_id)):
            people[customer_id].add(person)
    rows = home.query(
        "select customer_id, fulfilled_at is not null from marts.fct_trigger_occasions"
        f" where trigger_name = '{trigger}'"
    )
    return {person: bool(is_answered) for customer_id, is_answered in rows for person in people[customer_id]}


def _differing(expected: Mapping[str, bool], found: Mapping[str, bool]) -> list[str]:
    assert expected.keys() == found.keys()
    return [key for key in expected if expected[key] != found[key]]


def test_every_cart_left_behind(home: Home, truth: Truth) -> None:
    expected = truth.carts(_window(home, "cart_abandoned"))
    assert len(expected) > 100
    assert 0 < sum(expected.values()) < len(expected)
    # A cart's own purchase is by its id; any other one is as sure as who is who.
    assert len(_differing(expected, _found(home, "cart_abandoned"))) <= TORN * len(expected)


def test_every_order_is_thanked_for(home: Home, truth: Truth) -> None:
    expected = truth.orders(_window(home, "order_thanks"))
    assert len(expected) > 100
    assert _differing(expected, _found(home, "order_thanks")) == []


def test_every_birthday(home: Home, truth: Truth) -> None:
    expected = truth.birthdays(_window(home, "birthday"))
    assert len(expected) > 30
    assert _differing(expected, _found_by_person(home, truth, "birthday")) == []


def test_everybody_who_said_yes_is_welcomed_once(home: Home, truth: Truth) -> None:
    expected = truth.first_consents(_window(home, "welcome"))
    assert len(expected) > 30
    assert _differing(expected, _found_by_person(home, truth, "welcome")) == []
