"""Whatever order extracts arrive in, incrementally built facts equal facts built at once from the same raw zone."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from .small_warehouse import SmallWarehouse

NewWarehouse = Callable[[str], SmallWarehouse]
Partition = tuple[str, date]

FACTS = [
    "fct_orders",
    "fct_order_lines",
    "fct_web_events",
    "fct_sessions",
    "fct_carts",
    "fct_cart_items",
    "fct_email_events",
]
VIEWS = ["staging.web", "staging.shop", "staging.esp", "intermediate.activity"]
DAYS = [date(2026, 2, day) for day in range(1, 5)]
AS_OF = "2026-02-10 00:00:00"
MIDDAY = datetime(2026, 2, 1, 12)
IDENTIFIERS = [("crm_id", "k"), ("email", "p@x.example"), ("anonymous_id", "v"), ("cart_token", "c")]


def some(random: Random, prefix: str, count: int, *, null: bool = False) -> str | None:
    """One of `count` ids, so that ids meet again; null at times if `null`."""
    return None if null and random.random() < 0.3 else f"{prefix}{random.randrange(count)}"


def some_time(random: Random) -> datetime:
    """A time on a grid whose gaps are under, at and over half an hour, and equal at times."""
    return MIDDAY + timedelta(minutes=15 * random.randrange(12), seconds=random.randrange(2))


def order(random: Random) -> dict[str, Any]:
    """A version of an order; another may differ in anything but its id."""
    return {
        "id": some(random, "o", 40),
        "order_number": some(random, "#", 99),
        "customer_id": some(random, "k", 20, null=True),
        "email": some(random, "p@x.example", 20, null=True),
        "cart_token": some(random, "c", 30, null=True),
        "currency": "EUR",
        "test": random.random() < 0.2,
        "created_at": some_time(random),
        "cancelled_at": random.choice([None, None, MIDDAY]),
        "updated_at": random.choice([None, MIDDAY, MIDDAY + timedelta(hours=1)]),
    }


def order_line(random: Random) -> dict[str, Any]:
    """A version of an order line; another may put it into another order."""
    quantity = random.randrange(-2, 4)
    return {
        "id": some(random, "l", 60),
        "order_id": some(random, "o", 44),
        "product_id": some(random, "p", 3, null=True),
        "title": "A thing",
        "quantity": quantity,
        "current_quantity": random.choice([None, quantity, quantity - 1]),
        "price": Decimal(random.randrange(1, 9999)) / 1000,
        "total_discount": random.choice([None, Decimal("0.50")]),
        "updated_at": random.choice([None, MIDDAY, MIDDAY + timedelta(hours=1)]),
    }


def web_event(random: Random) -> dict[str, Any]:
    """A copy of a tracked call; another may differ in anything but its id."""
    return {
        "id": some(random, "e", 60),
        "type": random.choice(["track", "track", "track", "page", "identify"]),
        "event": random.choice(
            ["Product Added", "Product Added", "Product Removed", "Product Viewed", "Order Completed"]
        ),
        "anonymous_id": some(random, "v", 30),
        "user_id": some(random, "k", 20, null=True),
        "timestamp": some_time(random),
        "received_at": some_time(random),
        "cart_id": some(random, "c", 30, null=True),
        "product_id": some(random, "p", 3, null=True),
        "quantity": random.choice([None, 1, 2]),
        "price": random.choice([None, Decimal("1.25"), Decimal("3.00")]),
        "currency": random.choice([None, "EUR", "USD"]),
        "order_id": some(random, "o", 40, null=True),
    }


def email_event(random: Random) -> dict[str, Any]:
    """A copy of an event of the e-mail service."""
    return {
        "sg_event_id": some(random, "s", 40),
        "email": some(random, "p@x.example", 20),
        "event": random.choice(["delivered", "open", "bounce"]),
        "timestamp": 1_770_000_000 + random.randrange(3),
        "type": random.choice([None, "bounce", "blocked"]),
    }


MAKERS: dict[str, Callable[[Random], dict[str, Any]]] = {
    "shop.orders": order,
    "shop.order_lines": order_line,
    "web.events": web_event,
    "esp.events": email_event,
}


class World:
    """A raw zone that is delivered bit by bit, and the warehouse that grows on it run by run."""

    def __init__(self, seed: int, new_warehouse: NewWarehouse) -> None:
        self.random = Random(seed)
        self.waiting = [(extract, day) for extract in MAKERS for day in DAYS]
        self.random.shuffle(self.waiting)
        self._new_warehouse = new_warehouse
        self.grown = new_warehouse("grown")
        self._raw: dict[Partition, list[dict[str, Any]]] = {}
        for extract in MAKERS:
            day = self.random.choice(DAYS[:2])
            self.waiting.remove((extract, day))
            self.deliver((extract, day))

    def deliver(self, partition: Partition, row_count: int = 40) -> None:
        """A partition arrives, or is replaced by other content."""
        self._raw[partition] = [MAKERS[partition[0]](self.random) for _ in range(row_count)]
        self.grown.deliver(*partition, self._raw[partition])

    def deliver_waiting(self, count: int) -> None:
        """Some of the partitions that have not arrived yet do; a few are empty."""
        for _ in range(count):
            self.deliver(self.waiting.pop(), self.random.choice([0, 20, 30, 40]))

    def remove(self, partition: Partition) -> None:
        """A partition is taken out of the raw zone."""
        del self._raw[partition]
        self.grown.remove(*partition)

    def redraw_identities(self) -> None:
        """Some customers are merged, others split."""
        nodes = [f"{kind}:{value}{n}" for kind, value in IDENTIFIERS for n in range(30)]
        self._identities = {
            node: f"customer {self.random.randrange(3)}" for node in nodes if self.random.random() < 0.9
        }
        self.grown.identify(self._identities)

    def delivered(self) -> Partition:
        """One of the partitions that are there and are not empty."""
        return self.random.choice(sorted(partition for partition, rows in self._raw.items() if rows))

    def run(self, facts: list[str] = FACTS, as_of: str = AS_OF) -> None:
        """Builds facts on what was delivered so far."""
        self.grown.build([*VIEWS, *facts], as_of)

    def assert_equals_fresh(self, as_of: str = AS_OF) -> None:
        """Every fact, in every row and column, is what one build of the same raw zone makes it."""
        fresh = self._new_warehouse("fresh")
        for partition, rows in self._raw.items():
            fresh.deliver(*partition, rows)
        fresh.identify(self._identities)
        fresh.build([*VIEWS, *FACTS], as_of)
        for fact in FACTS:
            assert self.grown.rows(fact) == fresh.rows(fact), f"{fact} differs"


@pytest.fixture(params=[0, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(1, 12))])
def world(request: pytest.FixtureRequest, new_warehouse: NewWarehouse) -> World:
    """A world after its first run, on half of its partitions."""
    world = World(request.param, new_warehouse)
    world.deliver_waiting(4)
    world.redraw_identities()
    world.run()
    assert all(world.grown.rows(fact) for fact in FACTS), "an empty fact would be equal to anything empty"
    return world


def test_extracts_that_arrive_in_any_order(world: World) -> None:
    for count in (5, 3, 0):
        world.deliver_waiting(count)
        world.run()
    world.assert_equals_fresh()


def test_one_late_extract(world: World) -> None:
    world.deliver_waiting(1)
    world.run()
    world.assert_equals_fresh()


def test_customers_merged_and_split(world: World) -> None:
    world.redraw_identities()
    world.run()
    world.assert_equals_fresh()


def test_customers_merged_while_extracts_arrive(world: World) -> None:
    for _ in range(2):
        world.redraw_identities()
        world.deliver_waiting(4)
        world.run()
    world.assert_equals_fresh()


def test_facts_built_before_those_they_read(world: World) -> None:
    world.deliver_waiting(8)
    world.run(["fct_orders", "fct_sessions", "fct_carts"])
    world.run()
    world.assert_equals_fresh()


def test_replaced_extract(world: World) -> None:
    world.deliver(world.delivered())
    world.deliver_waiting(2)
    world.run()
    world.assert_equals_fresh()


def test_removed_extract(world: World) -> None:
    world.remove(world.delivered())
    world.run()
    world.assert_equals_fresh()


def test_clock_set_back(world: World) -> None:
    world.run(as_of="2026-02-04 00:00:00")
    world.assert_equals_fresh(as_of="2026-02-04 00:00:00")


def test_changed_code(world: World) -> None:
    """The mark of another code on a table stands for an edit, wrong amounts for what the old code made of the rows."""
    world.grown.execute("update loads.built_fct_orders set code_hash = 'of an older model'")
    world.grown.execute("update marts.fct_orders set net_amount = -1")
    world.run()
    world.assert_equals_fresh()
