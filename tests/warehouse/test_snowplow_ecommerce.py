"""Snowplow's e-commerce events through their adapter: carts left behind are those of the CSV files beside them."""

from __future__ import annotations

import csv
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest

from engine import Vault
from ingest import LoadReport, Tombstones, load_partition, read_contracts
from privacy import Zones
from privacy.landing import find
from privacy.person import Person
from tests.conftest import REPO

from .small_warehouse import SmallWarehouse

DAY = date(2022, 12, 22)
EVENTS = "snowplow_ecommerce_events.csv"
VIEWS = ("staging.web", "staging.shop", "staging.esp", "intermediate.activity")
FACTS = ("fct_orders", "fct_order_lines", "fct_web_events", "fct_sessions", "fct_carts", "fct_cart_items")
# What one row of the stock file is about one product of each.
PER_PRODUCT = ("product_view", "list_click", "add_to_cart", "remove_from_cart")


@dataclass(frozen=True)
class Action:
    """One action, put together from the files in plain Python."""

    visitor: str
    session: str
    at: datetime
    kind: str
    products: tuple[str, ...]
    order: str | None


@dataclass(frozen=True)
class Built:
    """The stock file loaded and built."""

    report: LoadReport
    warehouse: SmallWarehouse
    zones: Zones


@pytest.fixture(scope="module")
def stock_files(shared_data: Path) -> Path:
    folder = shared_data / "snowplow_ecommerce"
    if not folder.is_dir():
        pytest.skip("Snowplow's e-commerce events are not in ../shared/data")
    return folder


def _rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / table).open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


def _entities(folder: Path, name: str) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _rows(folder, f"com_snowplowanalytics_{name}_1.csv"):
        found[row["root_id"]].append(row)
    return found


@pytest.fixture(scope="module")
def actions(stock_files: Path) -> list[Action]:
    kinds, products, orders, steps, apps = (
        _entities(stock_files, name)
        for name in (
            "snowplow_ecommerce_action",
            "snowplow_ecommerce_product",
            "snowplow_ecommerce_transaction",
            "snowplow_ecommerce_checkout_step",
            "snowplow_client_session",
        )
    )
    found = []
    for row in _rows(stock_files, EVENTS):
        event = row["event_id"]
        app = apps.get(event, [{"user_id": row["network_userid"], "session_id": ""}])[0]
        kind = kinds[event][0]["type"] if event in kinds else "checkout_step"
        kind = kind or ("transaction" if event in orders else "checkout_step" if event in steps else "")
        at = datetime.fromisoformat(row["derived_tstamp"]).replace(tzinfo=UTC)
        found.append(
            Action(
                row["domain_userid"] or app["user_id"],
                row["domain_sessionid"] or app["session_id"],
                at,
                kind,
                tuple(product["id"] for product in products.get(event, [])),
                orders[event][0]["transaction_id"] if event in orders else None,
            )
        )
    return found


@pytest.fixture(scope="module")
def built(
    stock_files: Path, tmp_path_factory: pytest.TempPathFactory, manifest: dict[str, Any], parsed_project: Manifest
) -> Built:
    home = tmp_path_factory.mktemp("snowplow")
    zones = Zones(
        home=home,
        landing=home / "landing",
        raw=home / "raw",
        quarantine=home / "quarantine",
        history=home / "history",
        ledger=home / "ledger",
        adapters=REPO / "adapters",
        seeds=REPO / "seeds",
        contracts=read_contracts(manifest),
        state={},
        vault=Vault(),
    )
    landed = zones.landing / "web/events" / DAY.isoformat()
    landed.mkdir(parents=True)
    shutil.copy2(stock_files / EVENTS, landed)
    (contract,) = (c for c in zones.contracts if c.name == "web.events")
    report = load_partition(
        contract, DAY, landing=zones.landing, raw=zones.raw, quarantine=zones.quarantine, adapters=zones.adapters
    )
    warehouse = SmallWarehouse(home, parsed_project)
    warehouse.identify({})
    warehouse.build([*VIEWS, *FACTS], f"{DAY + timedelta(days=1)} 00:00:00")
    return Built(report, warehouse, zones)


def test_every_action_is_loaded_and_an_order_reported_twice_is_one(built: Built, actions: list[Action]) -> None:
    calls = [max(1, len(a.products)) if a.kind in PER_PRODUCT else 1 for a in actions]
    assert (built.report.rows, built.report.quarantined) == (sum(calls), 0)
    orders = [action.order for action in actions if action.kind == "transaction"]
    assert len(orders) > len(set(orders)), "the file has an order twice"
    repeats = len(orders) - len(set(orders))
    assert built.warehouse.query("select count(*) from marts.fct_web_events") == [(sum(calls) - repeats,)]
    found = built.warehouse.query("select order_id from marts.fct_web_events where event_name = 'Order Completed'")
    assert sorted(order for (order,) in found) == sorted(set(orders))


def test_carts_are_abandoned_as_often_as_the_files_say(built: Built, actions: list[Action]) -> None:
    """A cart is a session's: Snowplow's events name no cart that its orders would name, too."""
    filled = {a.session for a in actions if a.kind == "add_to_cart"}
    bought = {a.session for a in actions if a.kind == "transaction"}
    carts = built.warehouse.query(
        "select replace(cart_id, 'session-', ''), is_bought from marts.fct_carts "
        "where cart_id in (select cart_id from marts.fct_web_events where event_name = 'Product Added')"
    )
    assert {cart for cart, _ in carts} == filled
    assert {cart for cart, is_bought in carts if not is_bought} == filled - bought
    assert 0 < len(filled - bought) < len(filled)


def test_what_is_left_in_carts_is_what_the_files_say(built: Built, actions: list[Action]) -> None:
    left: Counter[tuple[str, str]] = Counter()
    for action in actions:
        for product in action.products if action.kind in ("add_to_cart", "remove_from_cart") else ():
            left[action.session, product] += 1 if action.kind == "add_to_cart" else -1
    items = built.warehouse.query(
        "select replace(cart_id, 'session-', ''), product_id, quantity from marts.fct_cart_items"
    )
    assert {(cart, product): pieces for cart, product, pieces in items} == {k: n for k, n in left.items() if n > 0}


def test_visits_with_a_cart_and_no_order_are_as_many_as_the_files_say(built: Built, actions: list[Action]) -> None:
    """By pauses of over 30 minutes, which is how fct_sessions tells visits apart, whatever a tracker says."""
    visits: list[tuple[bool, bool]] = []
    by_visitor: dict[str, list[Action]] = defaultdict(list)
    for action in actions:
        by_visitor[action.visitor].append(action)
    for visitor in by_visitor.values():
        last: datetime | None = None
        for action in sorted(visitor, key=lambda a: a.at):
            if last is None or action.at - last > timedelta(minutes=30):
                visits.append((False, False))
            has_cart, has_order = visits[-1]
            visits[-1] = (has_cart or action.kind == "add_to_cart", has_order or action.kind == "transaction")
            last = action.at
    sessions = built.warehouse.query("select has_cart, has_order from marts.fct_sessions")
    assert Counter(sessions) == Counter(visits)
    assert Counter(sessions)[True, False] > 0


def test_a_person_s_lines_are_found_in_the_stock_file(built: Built, stock_files: Path) -> None:
    """What the adapter makes of a line alone says whose it is: so is a person erased from a vendor's file."""
    users = _entities(stock_files, "snowplow_ecommerce_user")
    (email,) = {u["email"] for entities in users.values() for u in entities if u["email"]}
    ids = {u["id"] for entities in users.values() for u in entities if u["email"]}
    person = Person(frozenset({("email", email), *(("user_id", i) for i in ids)}))
    (found,) = find(built.zones, person, Tombstones())[1]
    lines = {row["event_id"]: line for line, row in enumerate(_rows(stock_files, EVENTS), start=2)}
    expected = {lines[event] for event, entities in users.items() if any(u["email"] == email for u in entities)}
    assert found.lines == expected
