"""Triggers over a real warehouse: carts of guests, data that arrive late, and switches on past days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from .small_warehouse import SmallWarehouse

NewWarehouse = Callable[[str], SmallWarehouse]
MODELS = [
    "staging.web",
    "staging.shop",
    "staging.esp",
    "intermediate.activity",
    "fct_web_events",
    "fct_order_lines",
    "fct_orders",
    "fct_cart_items",
    "fct_carts",
    "dim_trigger_arms",
    "trg_cart_abandoned",
]
FIRST, SECOND = date(2026, 2, 1), date(2026, 2, 2)


def _change(number: int, at: str, cart: str) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "type": "track",
        "event": "Product Added",
        "anonymous_id": "guest",
        "timestamp": datetime.fromisoformat(at),
        "cart_id": cart,
        "product_id": f"p{number}",
        "quantity": 1,
    }


def _order(number: int, at: str, cart: str | None) -> dict[str, Any]:
    return {
        "id": f"o{number}",
        "customer_id": "registered",
        "cart_token": cart,
        "currency": "EUR",
        "test": False,
        "created_at": datetime.fromisoformat(at),
    }


def _occasions(warehouse: SmallWarehouse, as_of: str) -> dict[str, tuple[datetime, datetime | None, datetime]]:
    """When each occasion happened, was answered and expires."""
    warehouse.build(MODELS, as_of)
    rows = warehouse.query("select occasion_id, occurred_at, fulfilled_at, expires_at from marts.trg_cart_abandoned")
    return {occasion: (occurred, fulfilled, expires) for occasion, occurred, fulfilled, expires in rows}


def test_carts_of_guests_and_what_arrives_late(new_warehouse: NewWarehouse) -> None:
    warehouse = new_warehouse("carts")
    # A guest's device and carts, and an account: nothing has tied the two yet.
    guests = dict.fromkeys(("anonymous_id:guest", "cart_token:edited", "cart_token:bought", "cart_token:late"), "guest")
    warehouse.identify(guests | {"crm_id:registered": "registered"})
    edits = [_change(n, f"2026-02-01 10:0{n}:00", "edited") for n in range(5)]
    warehouse.deliver("web.events", FIRST, [*edits, _change(5, "2026-02-01 10:00:00", "bought")])
    warehouse.deliver("shop.orders", FIRST, [_order(1, "2026-02-01 10:30:00", "bought")])
    before = _occasions(warehouse, "2026-02-02 00:00:00")
    # Five edits are one occasion, from the last on; a guest's cart bought under an account is bought.
    assert {occasion: found[:2] for occasion, found in before.items()} == {
        "cart:edited": (datetime(2026, 2, 1, 10, 4), None),
        "cart:bought": (datetime(2026, 2, 1, 10), datetime(2026, 2, 1, 10, 30)),
    }
    # A day late: another edit, and a cart that nobody knew of, left three days to the second before as_of.
    late = [_change(6, "2026-02-01 10:05:00", "edited"), _change(7, "2026-01-31 00:00:00", "late")]
    warehouse.deliver("web.events", SECOND, late)
    after = _occasions(warehouse, "2026-02-03 00:00:00")
    assert after["cart:edited"][0] == datetime(2026, 2, 1, 10, 5)
    assert after["cart:bought"] == before["cart:bought"]
    # Too late from this very instant on: fct_trigger_occasions calls it expired.
    assert after["cart:late"][2] == datetime(2026, 2, 3)
    assert len(after) == 3


def test_a_past_day_is_run_with_the_switches_of_its_time(new_warehouse: NewWarehouse) -> None:
    warehouse = new_warehouse("switches")
    models = ["staging.ledger", "int_switches__standing", "dim_triggers", "dim_campaigns"]
    warehouse.fill(
        "ledger.switches",
        [
            (date(2026, 2, 3), "campaign", "cart_reminder", False, datetime(2026, 2, 3, 9), "prices are wrong"),
            (date(2026, 2, 5), "campaign", "cart_reminder", True, datetime(2026, 2, 5, 9), None),
            (date(2026, 2, 5), "trigger", "cart_abandoned", False, datetime(2026, 2, 5, 9), None),
        ],
    )
    stood = {}
    for day in (2, 3, 5):
        warehouse.build(models, f"2026-02-0{day + 1} 00:00:00")
        stood[day] = [
            warehouse.query(f"select is_on from marts.{query}")[0][0]
            for query in (
                "dim_campaigns where campaign = 'cart_reminder'",
                "dim_triggers where trigger_name = 'cart_abandoned'",
            )
        ]
    assert stood == {2: [True, True], 3: [False, True], 5: [True, False]}
