"""The world: what the truth says is what the extracts show, and there is enough of everything to work with."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from samples import phones
from samples.catalogue import Catalogue
from samples.tables import (
    CHATS,
    CONSENTS,
    CONTACTS,
    ESP_EVENTS,
    ORDER_LINES,
    ORDERS,
    TABLES,
    TICKETS,
    WEB_EVENTS,
    Table,
)
from samples.words import ARTICLES, NEWSLETTER_LINKS
from tests.samples.made_worlds import Made


def clean_rows(made: Made, table: Table) -> Iterator[dict[str, str]]:
    """The rows of all extracts of a CSV table, oldest extract first, without those of which something does not fit."""
    odd = ("duplicate", "quoted_newline", "blank_line", "late")
    bad = {(d["file"], d["line"]) for d in made.known("dirty") if d["kind"] not in odd}
    for file in made.files():
        if file.startswith(f"{table.source}/{table.name}/"):
            text = made.bytes_of(file).decode(errors="replace")
            reader = csv.reader(io.StringIO(text))
            line = reader.line_num + 1
            for fields in reader:
                if line > 1 and fields and (file, line) not in bad:
                    yield dict(zip(table.columns, fields, strict=True))
                line = reader.line_num + 1


def clean_records(made: Made, table: Table) -> Iterator[dict[str, Any]]:
    """The records of all extracts of a JSONL table, oldest extract first, without those that do not fit."""
    bad = {(d["file"], d["line"]) for d in made.known("dirty") if d["outcome"] != "loaded"}
    for file in made.files():
        if file.startswith(f"{table.source}/{table.name}/"):
            for number, line in enumerate(made.bytes_of(file).splitlines(), start=1):
                if (file, number) not in bad:
                    yield json.loads(line)


def test_orders_in_the_truth_are_the_latest_in_the_extracts(usual: Made) -> None:
    orders = {row["id"]: row for row in clean_rows(usual, ORDERS)}
    lines = {row["id"]: row for row in clean_rows(usual, ORDER_LINES)}
    known = {order["order_id"]: order for order in usual.known("orders")}
    assert orders.keys() == known.keys()
    for order_id, order in known.items():
        row = orders[order_id]
        assert row["financial_status"] == order["financial_status"]
        assert bool(row["cancelled_at"]) == order["is_cancelled"]
        assert (row["test"] == "true") == order["is_test"]
        assert row["customer_id"] == (order["customer_id"] or "")
    known_lines = {line["order_line_id"]: line for order in known.values() for line in order["lines"]}
    assert lines.keys() == known_lines.keys()
    for line_id, line in known_lines.items():
        kept = line["kept_quantity"] if line["quantity"] > 0 else ""
        assert (int(lines[line_id]["quantity"]), lines[line_id]["current_quantity"]) == (line["quantity"], str(kept))


def test_consents_in_the_truth_follow_from_the_extracts(usual: Made) -> None:
    owner = {i: p["person"] for p in usual.known("people") for i in (*p["contact_ids"], *p["emails"])}
    opted_out = {owner[row["id"]]: row["hs_email_optout"] == "true" for row in clean_rows(usual, CONTACTS)}
    state: dict[str, dict[str, str]] = {}
    statements = [row for row in clean_rows(usual, CONSENTS) if row["purpose"] == "marketing_email"]
    for row in sorted(statements, key=lambda row: row["obtained_at"]):
        person = owner[row["customer_key"] or row["email"]]
        is_no = person in state and state[person]["status"] != "granted"
        if not (is_no and row["source"] == "import"):
            state[person] = row
    end = (usual.world.start + timedelta(days=usual.world.days)).isoformat()
    allowed = {
        person
        for person, row in state.items()
        if row["status"] == "granted"
        and (not row["expires_at"] or row["expires_at"] > end)
        and not opted_out.get(person, False)
    }
    known = usual.known("consents")
    assert allowed == {c["person"] for c in known if c["marketing_email"]}
    assert 0.65 <= len(allowed) / usual.world.people <= 0.75
    reasons = {"unknown", "denied", "withdrawn", "expired", "import_after_no", "opted_out_in_crm"}
    assert reasons | {"unsubscribed", "hard_bounced", "complained"} <= {c["why"] for c in known}


def test_tens_of_people_may_be_reminded_of_a_cart_on_the_last_day(usual: Made) -> None:
    evident = {i for p in usual.known("people") for i in p["evident_anonymous_ids"]}
    mailable = {c["person"] for c in usual.known("consents") if c["may_be_mailed"]}
    last_day = usual.world.date_of(usual.world.days - 1).isoformat()
    reminded = [
        cart
        for cart in usual.known("carts")
        if cart["last_changed_at"].startswith(last_day)
        and cart["items"]
        and cart["order_id"] is None
        and cart["anonymous_id"] in evident
        and cart["person"] in mailable
    ]
    assert 15 <= len(reminded) <= 90


def test_bought_carts_lead_to_their_orders(usual: Made) -> None:
    orders = {order["order_id"]: order for order in usual.known("orders")}
    bought = [cart for cart in usual.known("carts") if cart["order_id"]]
    tokens = [orders[cart["order_id"]]["cart_id"] for cart in bought]
    assert all(token in (None, cart["cart_id"]) for token, cart in zip(tokens, bought, strict=True))
    as_guest = [cart for cart in bought if not orders[cart["order_id"]]["customer_id"]]
    assert None in tokens
    assert as_guest


def test_enough_people_are_loyal_at_risk_and_lapsed(usual: Made) -> None:
    last_day = usual.world.date_of(usual.world.days - 1)
    times: dict[str, list[date]] = {}
    for order in usual.known("orders"):
        if order["kind"] == "sale" and not order["is_test"]:
            times.setdefault(order["person"], []).append(datetime.fromisoformat(order["ordered_at"]).date())
    recency = {person: (last_day - max(days)).days for person, days in times.items()}
    assert sum(recency[p] <= 60 and len(days) >= 6 for p, days in times.items()) > 100
    assert sum(90 < recency[p] <= 200 and len(days) >= 4 for p, days in times.items()) > 100
    assert sum(days > 300 for days in recency.values()) > 100
    assert len(times) < usual.world.people


def test_identifiers_belong_to_one_person_or_one_household(usual: Made) -> None:
    people = usual.known("people")
    for name, is_shareable in (("contact_ids", False), ("emails", False), ("phones", True), ("anonymous_ids", True)):
        homes: dict[str, set[str]] = {}
        for person in people:
            for value in person[name]:
                home = person["household"] if is_shareable and person["household"] else person["person"]
                homes.setdefault(value, set()).add(home)
        assert all(len(found) == 1 for found in homes.values()), name
    shared = Counter(i for p in people for i in p["shared_anonymous_ids"])
    assert max(shared.values()) > 1
    sizes = Counter(p["household"] for p in people if p["household"])
    assert set(sizes.values()) <= {1, 2, 3}, "1 where the world ends inside a household"
    assert sum(size > 1 for size in sizes.values()) > 50


def test_contacts_that_merge_are_known_as_merged_from_that_day(usual: Made) -> None:
    first_day = usual.world.start.isoformat()
    merged = {
        person["contact_ids"][1]: person["merged_at"]
        for person in usual.known("people")
        if person["merged_at"] and person["merged_at"] >= first_day
    }
    losers_seen = {row["id"] for row in clean_rows(usual, CONTACTS)} & merged.keys()
    winners = [row for row in clean_rows(usual, CONTACTS) if row["hs_merged_object_ids"] in merged]
    assert losers_seen == merged.keys() == {row["hs_merged_object_ids"] for row in winners}
    assert all(row["lastmodifieddate"] >= merged[row["hs_merged_object_ids"]] for row in winners)


def test_contacts_change_forward_in_time(usual: Made) -> None:
    times: dict[str, list[str]] = {}
    for row in clean_rows(usual, CONTACTS):
        times.setdefault(row["id"], []).append(row["lastmodifieddate"])
    assert any(len(changes) > 1 for changes in times.values())
    assert all(earlier <= later for changes in times.values() for earlier, later in pairwise(changes))


def test_phone_numbers_are_never_given_twice() -> None:
    """Also past the end of a country's fictional range."""
    serials = [*range(12_000), 99_999, 100_000, 4_000_003, 8_000_000, 8_000_001]
    numbers = [phones.number(country, serial) for country in ("DE", "IE") for serial in serials]
    spare = [number for number in numbers if number.startswith("+1")]
    assert len(set(numbers) - set(spare)) + len(spare) == len(numbers)
    assert len(set(spare)) == len({serial for serial in serials if serial >= 5_000})
    assert all(number[3] == "9" and len(number) == 12 for number in spare)


def test_tickets_in_the_truth_are_the_latest_in_the_extracts(usual: Made) -> None:
    tickets = {f"ticket:{ticket['id']}": ticket for ticket in clean_records(usual, TICKETS)}
    chats = {f"chat:{chat['id']}": chat for chat in clean_records(usual, CHATS)}
    known = {one["ticket_id"]: one for one in usual.known("support")}
    assert known.keys() == tickets.keys() | chats.keys()
    for ticket_id, ticket in tickets.items():
        one = known[ticket_id]
        assert (ticket["status"], ticket["requester"]["email"]) == (one["status"], one["email"])
        assert (ticket["created_at"], bool(ticket["metric_set"]["solved_at"])) == (one["opened_at"], not one["is_open"])
    a_day_ago = usual.world.date_of(usual.world.days - 1).isoformat()
    for chat_id, chat in chats.items():
        assert known[chat_id]["is_open"] == (chat["end_timestamp"] is None and chat["timestamp"] > a_day_ago)
        assert (known[chat_id]["email"], known[chat_id]["opened_at"]) == (chat["visitor"]["email"], chat["timestamp"])


def test_a_few_people_ask_support_and_some_wait_for_an_answer(usual: Made) -> None:
    known = usual.known("support")
    emails = {email for person in usual.known("people") for email in person["emails"]}
    assert 0.01 <= len({one["person"] for one in known}) / usual.world.people <= 0.02
    assert {one["ticket_id"].split(":")[0] for one in known if one["is_open"]} == {"ticket", "chat"}
    assert {one["email"] in emails for one in known if one["email"]} == {True, False}
    assert all((one["email"] in emails) == one["is_known_address"] for one in known)
    days = Counter(file.split("/")[1] for file in usual.files() if file.startswith("support/"))
    assert 1 <= days["chats"] <= 8
    assert 1 <= days["tickets"] <= 10


def test_articles_in_the_truth_are_those_that_were_read(usual: Made) -> None:
    owner = {i: p["person"] for p in usual.known("people") for i in p["anonymous_ids"] if not p["household"]}
    read: set[tuple[str, str]] = set()
    visitors: set[str] = set()
    for event in clean_records(usual, WEB_EVENTS):
        visitors.add(event["anonymousId"])
        path = event["context"]["page"]["path"]
        if path.startswith("/journal/") and event["anonymousId"] in owner:
            assert event["type"] == "page"
            read.add((owner[event["anonymousId"]], path))
    known = {(one["person"], path) for one in usual.known("shown") for path in one["read_article_paths"]}
    # Who reads past the end of the last day is in no extract.
    assert read <= known
    assert len(known - read) < 0.25 * len(known), "only those of households, whose devices are shared, are left out"
    assert {path for _, path in read} == {article.path for article in ARTICLES}
    assert 6 <= len(ARTICLES) <= 8
    assert 0.1 < len({person for person, _ in read}) / len(visitors) < 0.4


def test_newsletters_link_to_pages_that_have_names(usual: Made) -> None:
    clicked = {event["url"] for event in clean_records(usual, ESP_EVENTS) if event["event"] == "click"}
    assert clicked == set(NEWSLETTER_LINKS)


def test_prices_drop_and_what_was_gone_comes_back(usual: Made) -> None:
    """Also in the last week, so that there is somebody to tell of it."""
    last = usual.world.days - 1
    for first in (1, last - 6):
        steps = [
            (product.offer_at(day - 1), product.offer_at(day))
            for product in Catalogue(usual.world).products
            for day in range(first, last + 1)
        ]
        assert sum(now.asked < before.asked for before, now in steps) > 3
        stock = [(before.availability, now.availability) for before, now in steps]
        assert stock.count(("out_of_stock", "in_stock")) > 3


def test_a_table_exported_now_and_then_misses_nothing(usual: Made) -> None:
    """What happens between two exports comes with the next."""
    for table in (table for table in TABLES if table.every > 1):
        files = [file for file in usual.files() if file.startswith(f"{table.source}/{table.name}/")]
        days = [date.fromisoformat(file.split("/")[2]) for file in files]
        last = usual.world.date_of(usual.world.days - 1)
        assert max(days) == last
        assert all((last - day).days % table.every == 0 for day in days)
