"""Who is who over several days, through dbt and history: merged, parted, overruled, undone, rebuilt from nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest

from .small_warehouse import SmallWarehouse

DAYS = [date(2026, 3, day) for day in range(1, 4)]
MODELS = [
    *(f"staging.{source}" for source in ("crm", "shop", "web", "esp", "history", "ledger")),
    "intermediate.identity",
    "intermediate.activity",
    "intermediate.consent",
    "int_customers__succeeded",
    "int_sends__recorded",
    "dim_identities",
    "dim_identity_aliases",
    "fct_identity_events",
    "fct_identity_violations",
    "fct_orders",
    "fct_order_lines",
    "int_customers__profiles_observed",
    "int_customers__profiles_resolved",
    "int_duplicates__decided",
]
AT = datetime(2026, 2, 1, 12)


def contact(number: int, email: str, **more: Any) -> dict[str, Any]:
    """A contact as the CRM sends it."""
    return {"id": str(number), "email": email, "createdate": AT, "lastmodifieddate": AT, **more}


def order(number: int, **more: Any) -> dict[str, Any]:
    """An order as the shop sends it."""
    return {"id": f"o{number}", "created_at": AT, "updated_at": AT, "currency": "EUR", **more}


CONTACTS = [
    # The CRM merges these two on the second day.
    contact(11, "a1@x.example"),
    contact(12, "a2@x.example"),
    # An address that half the town types in makes one of these two, until it is blocked.
    contact(21, "town@x.example", hs_additional_emails="b1@x.example"),
    contact(22, "town@x.example", hs_additional_emails="b2@x.example;b3@x.example"),
    # An analyst says that these two are one, and takes it back.
    contact(31, "c1@x.example"),
    contact(32, "c2@x.example"),
    # An analyst says that these two are not one, and takes it back.
    contact(41, "d@x.example"),
    contact(42, "d@x.example"),
    # Two who share a phone, one who is two contacts, and one who is a guest.
    contact(51, "e1@x.example", phone="+49301", firstname="Ann", lastname="Lee", date_of_birth=date(1980, 1, 1)),
    contact(52, "e2@x.example", phone="+49301", firstname="Bob", lastname="Lee", date_of_birth=date(1981, 1, 1)),
    contact(53, "e3@x.example", phone="+49301", firstname="Bob", lastname="Lee", date_of_birth=date(1981, 1, 1)),
]
ORDERS = [
    order(1, customer_id="21", email="b1@x.example"),
    order(2, customer_id="22", email="b2@x.example"),
    order(3, email="eve@x.example", phone="+49301"),
    # A till that calls everybody the same.
    order(4, customer_id="guest", email="a1@x.example"),
]
CONSENTS = [
    {
        "consent_id": "k1",
        "email": "town@x.example",
        "purpose": "marketing_email",
        "status": "denied",
        "obtained_at": AT,
    },
]


@dataclass
class Day:
    """What was in the warehouse at the end of a day: whose each identifier is, and the tables that follow from it."""

    customers: dict[str, str]
    aliases: dict[str, str]
    events: dict[tuple[str, str, str | None], tuple[Any, ...]]
    violations: dict[tuple[str, str], tuple[Any, ...]]
    orders: dict[str, str]
    refusers: set[str]
    sends: dict[str, str]
    decided: list[tuple[str, str]]

    def of(self, *nodes: str) -> set[str]:
        """The customers whom the identifiers belong to."""
        return {self.customers[node] for node in nodes}


@dataclass
class Story:
    """Three days, one run each; what an analyst and the CRM did before each."""

    warehouse: SmallWarehouse
    days: list[Day] = field(default_factory=list)
    overrides: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def run(self, day: date) -> Day:
        """Builds the day and publishes it."""
        self.warehouse.fill("seeds.identity_overrides", self.overrides)
        self.warehouse.build(MODELS, f"{day + timedelta(days=1)} 00:00:00")
        self.days.append(self.look())
        for model in ("dim_identities", "dim_identity_aliases"):
            self.warehouse.publish(model, day)
        return self.days[-1]

    def look(self) -> Day:
        """The day as it stands."""
        query = self.warehouse.query
        return Day(
            customers=dict(query("select node_id, customer_id from marts.dim_identities")),
            aliases=dict(query("select former_customer_id, customer_id from marts.dim_identity_aliases")),
            events={
                (kind, customer, other): tuple(evidence)
                for kind, customer, other, *evidence in query(
                    "select event_type, customer_id, other_customer_id, evidence_type, evidence_source,"
                    " evidence_record_id, evidence_node_id from marts.fct_identity_events"
                )
            },
            violations={
                (node, violation): tuple(what)
                for node, violation, *what in query(
                    "select node_id, violation, guard_limit, would_merge_examples from marts.fct_identity_violations"
                )
            },
            orders=dict(query("select order_id, customer_id from marts.fct_orders")),
            refusers={
                customer
                for (customer,) in query(
                    "select customer_id from intermediate.int_consent__stated where status = 'denied'"
                )
            },
            sends=dict(query("select message_id, customer_id from intermediate.int_sends__recorded")),
            decided=query("select customer_id_a, customer_id_b from intermediate.int_duplicates__decided"),
        )


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, parsed_project: Manifest) -> Story:
    warehouse = SmallWarehouse(tmp_path_factory.mktemp("identity"), parsed_project)
    warehouse.seed(["path:seeds"])
    warehouse.deliver("crm.contacts", DAYS[0], CONTACTS)
    warehouse.deliver("shop.orders", DAYS[0], ORDERS)
    warehouse.deliver("crm.consents", DAYS[0], CONSENTS)
    story = Story(warehouse)
    first = story.run(DAYS[0])
    warehouse.fill(
        "ledger.sends",
        [
            (DAYS[0], "to the town", "winback", first.customers["crm_id:21"], "o", "a", AT, None, None),
            (DAYS[0], "to a2", "winback", first.customers["crm_id:12"], "o", "a", AT, None, None),
        ],
    )

    warehouse.deliver(
        "crm.merges", DAYS[1], [{"canonical_vid": "11", "vid_to_merge": "12", "timestamp": AT + timedelta(days=28)}]
    )
    warehouse.execute("insert into seeds.identity_blocked_values values ('email', 'is', 'town@x.example')")
    story.overrides = [
        ("join", "must_link", "email:C1@x.example", "crm_id:32", ""),
        ("part", "cannot_link", "crm_id:41", "user_id:42", ""),
    ]
    story.run(DAYS[1])

    story.overrides = []
    warehouse.execute("delete from seeds.identity_blocked_values where value = 'town@x.example'")
    story.run(DAYS[2])
    return story


def test_a_merge_of_the_crm_keeps_the_oldest_id_and_the_other_stays_resolvable(story: Story) -> None:
    before, after, later = story.days
    kept, gone = min(old := before.of("crm_id:11", "crm_id:12")), max(old)
    assert len(old) == 2
    assert after.of("crm_id:11", "crm_id:12", "email:a1@x.example", "email:a2@x.example") == {kept}
    assert after.aliases[gone] == later.aliases[gone] == kept
    assert after.events["merged", kept, gone] == ("identifier", "crm.merges", "11", "crm_id:11")
    assert after.sends["to a2"] == kept


def test_a_value_blocked_today_parts_yesterday_s_wrong_merge_everywhere(story: Story) -> None:
    before, after, later = story.days
    (one,) = before.of("crm_id:21", "crm_id:22")
    assert before.orders["o1"] == before.orders["o2"] == one
    # The larger part keeps the id.
    assert after.customers["crm_id:22"] == one
    assert (new := after.customers["crm_id:21"]) != one
    assert after.orders["o1"] == new and after.orders["o2"] == one
    assert after.refusers == {one, new}
    assert ("email:town@x.example", "blocked") in after.violations
    assert after.events["split", new, one] == ("guard", "blocked", None, "email:town@x.example")
    assert after.sends["to the town"] == one
    # Unblocked, they are one again, and the younger id is an alias.
    assert later.of("crm_id:21", "crm_id:22") == {one}
    assert later.aliases[new] == one


def test_a_must_link_joins_and_taken_back_gives_both_their_ids_again(story: Story) -> None:
    before, after, later = story.days
    pair = "crm_id:31", "crm_id:32"
    kept, gone = min(old := before.of(*pair)), max(old)
    assert after.of(*pair, "email:c1@x.example", "email:c2@x.example") == {kept}
    assert after.events["merged", kept, gone][:2] == ("override", "join")
    assert [later.customers[node] for node in pair] == [before.customers[node] for node in pair]
    assert gone not in later.aliases
    assert later.events["split", gone, kept][0] is None


def test_a_cannot_link_parts_what_an_address_joins_and_taken_back_joins_it_again(story: Story) -> None:
    before, after, later = story.days
    pair = "crm_id:41", "crm_id:42"
    (one,) = before.of(*pair)
    assert len(after.of(*pair, "email:d@x.example")) == 3
    assert after.violations["email:d@x.example", "cannot_link"] == (None, "crm_id:41, crm_id:42")
    assert later.of(*pair, "email:d@x.example") == {one}
    assert set(later.aliases) >= after.of(*pair, "email:d@x.example") - {one}


def test_who_is_held_apart_under_any_name_is_not_proposed_as_one(story: Story) -> None:
    before, after, later = story.days
    assert after.decided == [(after.customers["crm_id:41"], after.customers["crm_id:42"])]
    assert before.decided == later.decided == []


def test_a_household_s_phone_joins_nobody_and_a_composite_joins_who_is_one(story: Story) -> None:
    day = story.days[0]
    bob = day.customers["crm_id:52"]
    assert day.customers["crm_id:53"] == bob
    assert len(day.of("crm_id:51", "crm_id:52", "email:eve@x.example", "phone:+49301")) == 4
    assert day.violations["phone:+49301", "over_limit"][0] == 1
    assert day.orders["o3"] == day.customers["email:eve@x.example"]


def test_a_record_is_about_the_first_identifier_that_stands_for_somebody(story: Story) -> None:
    day = story.days[0]
    assert "crm_id:guest" not in day.customers
    assert day.orders["o4"] == day.customers["email:a1@x.example"]


def test_a_warehouse_rebuilt_from_nothing_has_the_same_ids(story: Story) -> None:
    warehouse = story.warehouse
    last = story.days[-1]
    warehouse.forget()
    warehouse.build(MODELS, f"{DAYS[2] + timedelta(days=1)} 00:00:00")
    assert story.look() == last


def test_overrides_that_cannot_be_followed_are_named_without_what_they_say(
    tmp_path: Path, parsed_project: Manifest
) -> None:
    warehouse = SmallWarehouse(tmp_path, parsed_project)
    warehouse.seed(["identity_overrides"])
    warehouse.test(["identity_overrides"])
    warehouse.fill(
        "seeds.identity_overrides",
        [
            ("followed", "must_link", "crm_id:1", "crm_id:2", ""),
            ("one way", "must_link", "crm_id:3", "email:ann@x.example", ""),
            ("the other", "cannot_link", " email:ann@x.example", "crm_id:3", ""),
            ("typo", "must_link", "mail:ann@x.example", "crm_id:3", ""),
            ("itself", "must_link", "crm_id:5", "crm_id:5", ""),
            ("neither", "link", "crm_id:5", "crm_id:6", ""),
        ],
    )
    with pytest.raises(RuntimeError, match="seeds/identity_overrides.csv") as caught:
        warehouse.test(["identity_overrides"])
    message = str(caught.value)
    assert "override_id one way: the pair is under must_link and under cannot_link" in message
    assert "override_id the other: the pair" in message
    assert "override_id typo: a node is not type:value of a known type" in message
    assert "override_id itself: it names one node twice" in message
    assert "override_id neither: its kind" in message
    assert "followed:" not in message and "ann@" not in message
