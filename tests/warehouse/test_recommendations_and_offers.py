"""Several days of what is recommended and which codes are given, each day's sends being in the ledger of the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from random import Random

import pytest

from .small_warehouse import SmallWarehouse

OFFERS = [
    *("stg_ledger__sends", "stg_ledger__sends_so_far", "stg_ledger__offer_codes", "stg_offers__codes"),
    *("int_offers__codes_listed", "int_offers__messages_sent", "int_offers__codes_spent", "fct_offer_codes"),
    "fct_offer_stocks",
]
RECOMMENDATIONS = [
    *("int_sends__recorded", "stg_history__recommendations", "int_recommendations__shown"),
    *("dim_recommendable_products", "fct_product_baskets", "fct_product_pairs", "fct_recommendation_bases"),
    *("fct_recommendation_exclusions", "fct_recommendation_candidates", "fct_recommendations"),
]
SEEDS = ["recommendation_policy", "recommendation_lists", "recommendation_slots", "offers"]
FIRST = date(2026, 3, 1)
# What the stories of these tests need of the marts they stand in for.
MARTS = {
    "marts.fct_campaign_messages": "message_id string, campaign string, customer_id string, send_at timestamp,"
    " has_profiling_consent boolean",
    "marts.fct_order_lines": "order_id string, customer_id string, product_id string, title string,"
    " ordered_at timestamp, line_kind string, is_cancelled boolean",
    "marts.fct_web_events": "visitor_id string, customer_id string, event_name string, product_id string,"
    " occurred_at timestamp",
    "marts.fct_sessions": "visitor_id string, started_at timestamp",
    "marts.fct_carts": "cart_id string, customer_id string, is_bought boolean, last_changed_at timestamp",
    "marts.fct_cart_items": "cart_id string, product_id string, last_changed_at timestamp",
    "marts.fct_affinities": "customer_id string, dimension string, value string, affinity_rank int",
    "marts.dim_products": "product_id string, product_group_id string, title string, category string, brand string,"
    " product_url string, image_url string, price_amount decimal(18, 2), sale_price_amount decimal(18, 2),"
    " currency string, is_in_stock boolean",
    "intermediate.int_customers__succeeded": "former_customer_id string, customer_id string",
}


class Shop:
    """A warehouse whose facts are given: thirty products, of which lower numbers sell more often."""

    def __init__(self, warehouse: SmallWarehouse) -> None:
        self.warehouse = warehouse
        warehouse.build(["stg_ledger__sends"], f"{FIRST} 00:00:00")
        for schema in ("intermediate", "marts"):
            warehouse.execute(f"create schema if not exists {schema}")
        for table, columns in MARTS.items():
            warehouse.execute(f"create or replace table {table} ({columns})")
        warehouse.seed(SEEDS)
        warehouse.fill(
            "marts.dim_products",
            [
                (f"p{n:02}", f"title:{n}", f"Product {n}", f"Category {n % 6}", None, "u", "i", 5, None, "EUR", True)
                for n in range(30)
            ],
        )
        at = datetime(2026, 2, 1)
        warehouse.fill(
            "marts.fct_order_lines",
            [
                (f"o{buyer}", f"buyer{buyer}", f"p{n:02}", f"Product {n}", at, "sale", False)
                for buyer in range(30)
                for n in range(30 - buyer)
            ],
        )

    def run(self, day: date, messages: Mapping[str, str], campaign: str = "weekly_picks") -> None:
        """Builds what the day's run does of these messages, customers by id; who is nameless is unprofiled."""
        send_at = datetime.combine(day + timedelta(days=1), datetime.min.time()) + timedelta(hours=9)
        rows = [(m, campaign, who, send_at, who != "nameless") for m, who in messages.items()]
        self.warehouse.fill("marts.fct_campaign_messages", rows)
        self.warehouse.build([*OFFERS, *RECOMMENDATIONS], f"{day + timedelta(days=1)} 00:00:00")

    def send(self, day: date, but: Iterable[str] = ()) -> None:
        """Hands the messages of the day's run over that were not before, but for some; and publishes the day."""
        held_back = ", ".join(f"'{message}'" for message in ("", *but))
        self.warehouse.execute(
            f"""
            insert into ledger.sends
            select
                date '{day}', message_id, messages.campaign, messages.customer_id, 'o', 'control', send_at, code, null
            from marts.fct_campaign_messages as messages
            left join marts.fct_offer_codes as codes using (message_id)
            anti join ledger.sends using (message_id)
            where message_id not in ({held_back})
            """
        )
        self.warehouse.execute(
            """
            insert into ledger.offer_codes
            select as_of_date, offer_code from ledger.sends anti join ledger.offer_codes using (offer_code)
            where offer_code is not null
            """
        )
        self.warehouse.publish("fct_recommendations", day)

    def picks(self, message: str) -> list[str]:
        """The products of a message, in order."""
        found = self.warehouse.query(
            f"select product_id from marts.fct_recommendations where message_id = '{message}' order by position"
        )
        return [product for (product,) in found]

    def codes(self) -> dict[str, str | None]:
        """The code of each message of the last run."""
        return dict(self.warehouse.query("select message_id, code from marts.fct_offer_codes"))


@pytest.fixture
def shop(new_warehouse: Callable[[str], SmallWarehouse]) -> Shop:
    return Shop(new_warehouse("shop"))


def test_what_was_shown_lately_is_not_shown_again(shop: Shop) -> None:
    weeks = [FIRST + timedelta(days=7 * week) for week in range(5)]
    gave = {}
    for number, day in enumerate(weeks[:4]):
        messages = {f"ann{number}": "ann", f"bob{number}": "bob", f"nameless{number}": "nameless"}
        shop.run(day, messages)
        gave |= {message: shop.picks(message) for message in messages}
        shop.send(day, but=["bob0"])
        # Run again, with its own sends on record, the day gives what it gave.
        shop.run(day, messages)
        assert {message: shop.picks(message) for message in messages} == {m: gave[m] for m in messages}

    assert all(len(products) == 6 for products in gave.values())
    first, second, third, fourth = (set(gave[f"ann{number}"]) for number in range(4))
    assert not first & second and not (first | second) & third
    assert fourth == first, "what has not been shown in the last two messages is the best there is again"
    assert gave["bob0"] == gave["bob1"], "what was not handed over was not shown"
    assert {tuple(gave[f"nameless{number}"]) for number in range(4)} == {tuple(gave["ann0"])}

    shop.warehouse.execute("insert into intermediate.int_customers__succeeded values ('ann', 'eve')")
    shop.run(weeks[4], {"eve4": "eve", "new4": "new"})
    assert not set(shop.picks("eve4")) & (third | fourth), "Eve was shown what Ann was, who is Eve by now"
    assert set(shop.picks("new4")) == first


def _deliver_codes(shop: Shop, day: date, codes: Iterable[str]) -> None:
    shop.warehouse.deliver("offers.codes", day, [{"code": code, "offer": "winback_15"} for code in codes])


def test_a_pool_gives_each_code_once_whatever_comes_late(shop: Shop) -> None:
    monday, tuesday, wednesday = (FIRST + timedelta(days=days) for days in range(3))
    _deliver_codes(shop, monday, "ABCDE")
    shop.run(monday, {"w1": "ann", "w2": "bob", "w3": "cid"}, "winback")
    assert shop.codes() == {"w1": "A", "w2": "B", "w3": "C"}
    shop.send(monday)
    # Somebody comes late whose message would have been the first; another's is none after all.
    shop.run(monday, {"w0": "dot", "w1": "ann", "w3": "cid"}, "winback")
    assert shop.codes() == {"w0": "D", "w1": "A", "w3": "C"}
    shop.send(monday)
    # Ann is erased. Her code is not for somebody else.
    shop.warehouse.execute("delete from ledger.sends where message_id = 'w1'")
    shop.run(tuesday, {"w4": "eve", "w5": "fay"}, "winback")
    assert shop.codes() == {"w4": "E", "w5": None}
    assert shop.warehouse.query("select free_count, unserved_count from marts.fct_offer_stocks") == [(0, 1)]
    shop.send(tuesday)
    _deliver_codes(shop, wednesday, "FG")
    shop.run(wednesday, {"w6": "gus"}, "winback")
    assert shop.codes() == {"w6": "F"}
    shop.send(wednesday)
    # A replay of the first day knows nothing of the later ones.
    shop.run(monday, {"w0": "dot", "w2": "bob", "w3": "cid"}, "winback")
    assert shop.codes() == {"w0": "D", "w2": "B", "w3": "C"}


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(1, 9))])
def test_no_code_is_ever_two_people_s(shop: Shop, seed: int) -> None:
    random = Random(seed)
    pool, people = (iter(f"{kind}{number:03}" for number in range(999)) for kind in "CP")
    sent: dict[str, str | None] = {}
    spent: set[str] = set()
    for day in (FIRST + timedelta(days=days) for days in range(4)):
        _deliver_codes(shop, day, [next(pool) for _ in range(random.randint(0, 5))])
        campaign = random.choice(["winback", "winback", "welcome"])
        messages: dict[str, str] = {}
        # The day is run, and run again as some come late and others go.
        for _ in range(random.randint(1, 3)):
            messages = {message: who for message, who in messages.items() if random.random() < 0.8}
            messages |= {f"{random.getrandbits(32):08x}": next(people) for _ in range(random.randint(1, 4))}
            shop.run(day, messages, campaign)
            found = shop.codes()
            assert {m: code for m, code in found.items() if m in sent} == {m: sent[m] for m in messages if m in sent}
            new = {m: code for m, code in found.items() if m not in sent and random.random() < 0.8}
            codes = [code for m, code in found.items() if m not in sent and code]
            assert len(codes) == len(set(codes)) and not spent & set(codes)
            if any(code is None for m, code in found.items() if m not in sent):
                assert shop.warehouse.query("select free_count from marts.fct_offer_stocks") == [(0,)]
            shop.send(day, but=found.keys() - new.keys())
            sent |= new
            spent |= {code for code in new.values() if code}
        # Somebody is erased: what they were sent is forgotten, not that their code is spent.
        forgotten = random.choice(sorted(sent))
        shop.warehouse.execute(f"delete from ledger.sends where message_id = '{forgotten}'")
        del sent[forgotten]
    assert len(spent) > 5
