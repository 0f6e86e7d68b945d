"""Two journeys over several days: what a run sends is in the ledger of the next; a replay gives what the day gave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from .small_warehouse import SmallWarehouse

MODELS = [
    *("stg_ledger__sends", "int_sends__recorded", "stg_ledger__switches", "int_switches__standing"),
    *("stg_history__journey_enrolments", "int_journeys__recorded", "jrn_cart", "jrn_post_purchase"),
    *("fct_journey_steps", "fct_journey_enrolments", "dim_journeys", "dim_triggers", "dim_campaigns", "fct_occasions"),
]
STATE = ("fct_journey_steps", "fct_journey_enrolments", "fct_occasions")
DAYS = [date(2026, 3, day) for day in (1, 2, 4, 5)]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}")


# Each with the day whose run first knows of it.
CARTS = [
    (date(2026, 3, 1), "k1", "ann", _at("03-01 10:00:00")),
    (date(2026, 3, 1), "k2", "bob", _at("03-01 10:00:00")),
    (date(2026, 3, 1), "k3", "guest", _at("03-01 10:00:00")),
    (date(2026, 3, 5), "k4", "ann", _at("03-01 10:00:00")),
]
ORDERS = [
    (date(2026, 3, 1), "o1", "cid", _at("03-01 10:00:00")),
    (date(2026, 3, 1), "o2", "dot", _at("03-01 10:00:00")),
    (date(2026, 3, 1), "o3", "fay", _at("03-01 10:00:00")),
    (date(2026, 3, 2), "o4", "fay", _at("03-02 09:00:00")),
    (date(2026, 3, 2), "o5", "bob", _at("03-02 12:00:00")),
]
OPENS = [
    (date(2026, 3, 4), "order:o1", _at("03-03 08:00:00")),
    (date(2026, 3, 5), "order:o2", _at("03-03 08:00:00")),
]
MERGED_ON = date(2026, 3, 2)


class Week:
    """A warehouse whose facts are those of the story, as far as a day's run knows it."""

    def __init__(self, warehouse: SmallWarehouse) -> None:
        self.warehouse = warehouse
        # Views and state first: the facts of the story stand in for models.
        warehouse.build(["stg_ledger__sends"], "2026-03-02 00:00:00")
        for schema in ("intermediate", "marts"):
            warehouse.execute(f"create schema if not exists {schema}")

    def run(self, day: date) -> None:
        """Builds the journeys as the day's run does."""
        self._tell(day)
        self.warehouse.build(MODELS, f"{day + timedelta(days=1)} 00:00:00")

    def send(self, day: date) -> None:
        """Records as sent all that is due, as if nothing stood against it, and publishes the day."""
        self.warehouse.execute(
            f"""
            insert into ledger.sends (as_of_date, message_id, campaign, customer_id, occasion_id, variant, send_at)
            select
                date '{day}', md5(campaign || occasion_id), campaign, customer_id, occasion_id, 'control',
                timestamp '{day + timedelta(days=1)}'
            from marts.fct_occasions
            anti join intermediate.int_sends__recorded as sends using (campaign, occasion_id)
            where status = 'due' and fulfilled_at is null and is_on
            """
        )
        self.warehouse.publish("fct_journey_enrolments", day)

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        return {model: self.warehouse.rows(model) for model in STATE}

    def _tell(self, day: date) -> None:
        heir = "eve" if day >= MERGED_ON else "guest"
        fill = self._fill
        fill(
            "marts.fct_trigger_occasions",
            "trigger_name string, occasion_id string, customer_id string, subject_id string, occurred_at timestamp,"
            " due_at timestamp, expires_at timestamp, fulfilled_at timestamp, evidence string, status string",
            [
                (name, f"{kind}:{key}", heir if who == "guest" else who, key, at, at + timedelta(hours=1),
                 at + timedelta(days=3), None, "{}", None)
                for kind, name, things in (("cart", "cart_abandoned", CARTS), ("order", "order_thanks", ORDERS))
                for known, key, who, at in things if known <= day
            ],
        )  # fmt: skip
        fill(
            "marts.fct_orders",
            "order_id string, customer_id string, order_kind string, ordered_at timestamp",
            [(key, who, "sale", at) for known, key, who, at in ORDERS if known <= day],
        )
        fill(
            "marts.fct_email_events",
            "message_id string, event_type string, occurred_at timestamp",
            [("order_thanks" + occasion, "open", at) for known, occasion, at in OPENS if known <= day],
        )
        self.warehouse.execute("update marts.fct_email_events set message_id = md5(message_id)")
        successions = [("guest", "eve")] if heir == "eve" else []
        fill("intermediate.int_customers__succeeded", "former_customer_id string, customer_id string", successions)
        fill("intermediate.int_consent__refused", "customer_id string, reason string, refused_at timestamp", [])
        fill(
            "marts.fct_segment_memberships",
            "segment string, customer_id string, is_member boolean, entered_at timestamp",
            [],
        )

    def _fill(self, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
        self.warehouse.execute(f"create or replace table {table} ({columns})")
        self.warehouse.fill(table, rows)


@pytest.fixture
def week(new_warehouse: Callable[[str], SmallWarehouse]) -> Week:
    return Week(new_warehouse("lived"))


def test_people_go_through_their_journeys_once_and_a_replay_gives_the_same(
    week: Week, new_warehouse: Callable[[str], SmallWarehouse]
) -> None:
    gave = {}
    for day in DAYS:
        week.run(day)
        gave[day] = week.state()
        week.send(day)

    sends = week.warehouse.query("select as_of_date, campaign, customer_id, occasion_id from ledger.sends")
    first, second, fourth, fifth = DAYS
    assert sorted(sends) == sorted(
        [
            (first, "cart_reminder", "ann", "cart:k1"),
            (first, "cart_reminder", "bob", "cart:k2"),
            (first, "cart_reminder", "guest", "cart:k3"),
            (first, "order_thanks", "cid", "order:o1"),
            (first, "order_thanks", "dot", "order:o2"),
            (first, "order_thanks", "fay", "order:o3"),
            # Bob bought. The guest is Eve by now, and is not reminded anew.
            (second, "cart_follow_up", "ann", "cart:k1/cart_follow_up"),
            (second, "cart_follow_up", "eve", "cart:k3/cart_follow_up"),
            (second, "order_thanks", "bob", "order:o5"),
            (second, "order_thanks", "fay", "order:o4"),
            # Dot opened as well, which nobody knew in time.
            (fourth, "cross_sell", "cid", "order:o1/cross_sell"),
            (fourth, "second_offer", "dot", "order:o2/second_offer"),
            (fifth, "second_offer", "bob", "order:o5/second_offer"),
            (fifth, "second_offer", "fay", "order:o4/second_offer"),
        ]
    )
    stands = "select enrolment_id, status, cause, choices from marts.fct_journey_enrolments"
    assert sorted(week.warehouse.query(stands)) == [
        ("cart:k1", "completed", None, None),
        ("cart:k2", "exited", "bought", None),
        ("cart:k3", "completed", None, None),
        # Heard of when its time was over.
        ("cart:k4", "refused", "expired", None),
        ("order:o1", "completed", None, "thanks_opened=opened"),
        ("order:o2", "completed", None, "thanks_opened=otherwise"),
        ("order:o3", "exited", "bought", None),
        ("order:o4", "running", None, "thanks_opened=otherwise"),
        ("order:o5", "running", None, "thanks_opened=otherwise"),
    ]

    week.run(second)
    assert week.state() == gave[second], "a replay reads what later days sent or published"

    rebuilt = Week(new_warehouse("rebuilt"))
    for table in ("ledger.sends", "history.fct_journey_enrolments"):
        rebuilt.warehouse.fill(table, week.warehouse.query(f"select * from {table}"))
    rebuilt.run(fifth)
    assert rebuilt.state() == gave[fifth], "a rebuilt warehouse differs from the one that lived through the days"
