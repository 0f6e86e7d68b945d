"""Pulses between two daily runs: what has landed is decided on within the day, once, and by the same rules."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.end_to_end.conftest import Home

DAY = "2026-01-05"
PULSED = ("cart_follow_up", "cart_reminder", "order_thanks")
Person = tuple[str, str]

# Customers who may be written to and have not been lately, but for those whom a holdout keeps back.
WELL_DISPOSED = """
    select substring(identities.node_id, 8), customers.email
    from marts.dim_customers as customers
    inner join marts.dim_identities as identities
        on customers.customer_id = identities.customer_id and identities.node_id like 'crm_id:%'
    where
        customers.email is not null
        and 2 = (
            select count(*) from marts.fct_consents as consents
            where consents.customer_id = customers.customer_id and consents.status = 'granted'
                and consents.purpose in ('marketing_email', 'profiling')
        )
        and customers.customer_id not in (select customer_id from intermediate.int_consent__suppressed)
        and customers.email not in (select address from marts.fct_campaign_send_counts)
        and customers.customer_id not in (select customer_id from marts.fct_carts where customer_id is not null)
    order by 1
"""

# Carts that the daily run wrote nobody about for want of consents, still open at the day's pulses, and their owners.
WITHOUT_CONSENT = f"""
    select min(substring(identities.node_id, 8)), decisions.occasion_id
    from marts.fct_campaign_decisions as decisions
    inner join marts.fct_occasions as occasions
        on decisions.campaign = occasions.campaign and decisions.occasion_id = occasions.occasion_id
    inner join marts.dim_identities as identities
        on decisions.customer_id = identities.customer_id and identities.node_id like 'crm_id:%'
    where decisions.campaign = 'cart_reminder' and decisions.reason in ('no_consent', 'no_profiling_consent')
        and occasions.expires_at > '{DAY} 13:00:00'
    group by decisions.occasion_id
    order by decisions.occasion_id
"""


class Shop:
    """A home whose extracts of the day land file by file, and the pulses over them."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.people: list[Person] = home.query(WELL_DISPOSED)  # type: ignore[assignment]
        refused: list[Person] = home.query(WITHOUT_CONSENT)  # type: ignore[assignment]
        self.asked, self.unasked = refused[::2], refused[1::2]
        (self.product,) = home.query(
            "select product_id, cast(price_amount as double), currency from marts.dim_products "
            "where currency is not null order by 1 limit 1"
        )

    def land(self, table: str, name: str, text: str) -> None:
        path = self.home.path / "landing" / table / DAY / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def land_events(self, table: str, name: str, events: Sequence[dict[str, Any]]) -> None:
        self.land(table, f"{name}.jsonl", "".join(f"{json.dumps(event)}\n" for event in events))

    def cart(self, user: str, at: str, event: str = "Product Added") -> dict[str, Any]:
        product, price, currency = self.product
        at = f"{DAY}T{at}.000Z"
        return {
            "messageId": f"{event}-{user}", "anonymousId": f"device-{user}", "userId": user, "type": "track",
            "event": event, "timestamp": at, "receivedAt": at,
            "properties": {"cart_id": f"cart-{user}", "product_id": product, "price": price, "currency": currency},
        }  # fmt: skip

    def pulse(self, at: str) -> Any:
        """One in this process, as its job runs it."""
        from orchestration.dbt_project import manifest
        from orchestration.pulse import pulse

        return pulse(datetime.fromisoformat(f"{DAY} {at}"), manifest(), say=lambda _: None)

    def outcomes(self, people: Sequence[Person]) -> Counter[str]:
        """What the last pulse decided on the carts of these people."""
        carts = [f"cart:cart-{user}" for user, _ in people]
        rows = self.home.query(
            "select coalesce(reason, decision) from marts.fct_campaign_decisions "
            f"where campaign = 'cart_reminder' and occasion_id in {tuple(carts)}",
            self.home.path / "pulse/published/warehouse.duckdb",
        )
        return Counter(str(reason) for (reason,) in rows)

    def sent(self) -> list[tuple[str, str]]:
        """Every message in the send log of the day, with the log it is in."""
        files = f"{self.home.path}/ledger/sends/as_of_date={DAY}/*.parquet"
        rows = duckdb.sql(f"select message_id, parse_filename(filename) from read_parquet('{files}', filename = true)")
        return rows.fetchall()


@pytest.fixture(scope="module")
def shop(one_day: Home) -> Iterator[Shop]:
    """Before the first pulse: nothing of the day has landed yet."""
    from orchestration.settings import export_environment, settings

    for folder in (one_day.path / "landing").glob(f"*/*/{DAY}"):
        aside = one_day.path.parent / "aside" / folder.relative_to(one_day.path / "landing")
        shutil.copytree(folder, aside)
        shutil.rmtree(folder)
    before = os.environ["POSTROOM_HOME"]
    os.environ["POSTROOM_HOME"] = str(one_day.path)
    settings.cache_clear()
    export_environment()
    yield Shop(one_day)
    os.environ["POSTROOM_HOME"] = before
    settings.cache_clear()
    export_environment()


@pytest.fixture(scope="module")
def first(shop: Shop) -> str:
    """What `postroom pulse` printed once twelve carts had been left behind for two hours."""
    shop.land_events("web/events", "0800", [shop.cart(user, "08:00:00") for user, _ in shop.people[:12]])
    return shop.home.postroom("pulse", "--as-of", f"{DAY} 10:00").stdout


@pytest.fixture(scope="module")
def second(shop: Shop, first: str) -> Any:
    """A pulse over sixty more carts, most of whose owners have bought or said no meanwhile."""
    later = shop.people[12:72]
    shop.land_events("web/events", "1000", [shop.cart(user, "10:00:00") for user, _ in later])
    bought = [f"{n},#{n},{user},{email},,,EUR,9.00,paid,false,{DAY} 10:30:00 +0000,{DAY} 10:30:00 +0000"
              for n, (user, email) in enumerate(later[:12], 7)]  # fmt: skip
    header = "id,Name,customer_id,Email,Phone,cart_token,Currency,Total,Financial Status,test,Created at,updated_at"
    shop.land("shop/orders", "1030.csv", "\n".join([header, *bought, ""]))
    paid = [shop.cart(user, "10:40:00", "Order Completed") for user, _ in later[12:24]]
    shop.land_events("web/events", "1040", paid)
    shop.land_events("esp/events", "1050", [
        {"email": email, "event": "unsubscribe", "timestamp": 1767610200, "sg_event_id": f"u-{user}"}
        for user, email in later[24:36]
    ])  # fmt: skip
    withdrawn = [f"w-{user},{user},{email},marketing_email,withdrawn,preference_centre,{DAY}T10:50:00.000Z"
                 for user, email in later[36:48]]  # fmt: skip
    granted = [f"{purpose}-{user},{user},,{purpose},granted,preference_centre,{DAY}T10:55:00.000Z"
               for user, _ in shop.asked for purpose in ("marketing_email", "profiling")]  # fmt: skip
    header = "consent_id,contact_id,Email,purpose,status,source,obtained_at"
    shop.land("crm/consents", "1050.csv", "\n".join([header, *withdrawn, *granted, ""]))
    return shop.pulse("12:00:00")


@pytest.fixture(scope="module")
def third(shop: Shop, second: Any) -> Any:
    """One to which nothing new has landed; of the one before it, the payloads are lost."""
    shutil.rmtree(second.site.outbox("cart_reminder"))
    return shop.pulse("12:30:00")


def test_a_file_that_lands_leads_to_payloads_of_what_is_due(shop: Shop, first: str) -> None:
    outbox = shop.home.path / f"outbox/cart_reminder/{DAY}T100000"
    payloads = [json.loads(line) for line in (outbox / "payloads.jsonl").read_text().splitlines()]
    reached = {payload["to"]["email"] for payload in payloads} & {email for _, email in shop.people[:12]}
    assert len(reached) > 6
    assert f"{outbox}/payloads.jsonl" in first.replace("\n", "")
    assert {p["message_id"] for p in payloads} == {m for m, log in shop.sent() if log == "cart_reminder@100000.parquet"}
    assert json.loads((outbox / "manifest.json").read_text())["as_of"] == f"{DAY}T10:00:00Z"


def test_the_live_warehouse_is_left_alone(shop: Shop, first: str) -> None:
    assert shop.home.query("select as_of from published.run") == [(datetime(2026, 1, 5),)]
    assert not list((shop.home.path / "raw").glob(f"*/*/extract_date={DAY}"))


def test_what_was_heard_meanwhile_is_heeded(shop: Shop, second: Any) -> None:
    later = shop.people[12:72]
    # One of two who read one address is capped by what the other was sent.
    kept_back = {"global_holdout", "campaign_holdout", "frequency_capped"}
    assert shop.outcomes(shop.people[:12]).keys() <= kept_back | {"already_sent"}
    # Before it was due or, with a shorter delay of the trigger's experiment, after.
    bought = shop.outcomes(later[:24])
    assert bought["occasion_cancelled"] + bought["occasion_fulfilled"] == 24
    assert shop.outcomes(later[24:36]) == {"unsubscribed": 12}
    assert shop.outcomes(later[36:48]) == {"consent_withdrawn": 12}
    assert shop.outcomes(later[48:])["send"] > 6


def test_a_yes_of_today_is_heeded_and_a_no_that_nothing_can_have_changed_stands(shop: Shop, second: Any) -> None:
    """Whom a pulse leaves out, the daily run has decided on."""
    reasons = dict(
        shop.home.query(
            "select occasion_id, coalesce(reason, decision) from marts.fct_campaign_decisions "
            "where campaign = 'cart_reminder'",
            second.site.published,
        )
    )
    assert len(shop.asked) > 2
    assert not {"no_consent", "no_profiling_consent"} & {reasons[occasion] for _, occasion in shop.asked}
    assert any(occasion not in reasons for _, occasion in shop.unasked)


def test_every_candidate_has_one_decision(shop: Shop, second: Any) -> None:
    (counts,) = shop.home.query(
        """
        select
            (select count(*) from marts.fct_campaign_candidates),
            (select count(*) from marts.fct_campaign_decisions),
            (select count(*) from marts.fct_campaign_decisions semi join marts.fct_campaign_candidates
                using (campaign, customer_id, occasion_id)),
            (select count(*) from marts.fct_campaign_decisions where (decision = 'send') <> (reason is null)),
            (select count(distinct campaign) from marts.fct_campaign_decisions where campaign not in
                ('cart_follow_up', 'cart_reminder', 'order_thanks'))
        """,
        second.site.published,
    )
    candidates, decisions, matched, unexplained, others = counts
    assert candidates == decisions == matched
    assert (unexplained, others) == (0, 0)
    recorded = duckdb.sql(f"from '{shop.home.path}/history/pulse_decisions/as_of_date={DAY}/decisions@120000.parquet'")
    assert recorded.filter("decision = 'send'").fetchall()
    assert not recorded.filter("as_of <> timestamp '2026-01-05 12:00:00'").fetchall()


def test_nothing_is_sent_twice_and_nothing_is_lost(shop: Shop, third: Any) -> None:
    assert third.manifests == {}
    assert shop.outcomes(shop.people[60:72])["already_sent"] > 6
    lines = (shop.home.path / f"outbox/cart_reminder/{DAY}T120000/payloads.jsonl").read_text().splitlines()
    logged = {message for message, log in shop.sent() if log == "cart_reminder@120000.parquet"}
    assert {json.loads(line)["message_id"] for line in lines} == logged


def test_delivery_holds_a_pulse_to_its_log(shop: Shop, first: str) -> None:
    from orchestration.send_log import message_ids
    from orchestration.site import Site

    site = Site(date.fromisoformat(DAY), True, shop.home.path)
    logged = message_ids(site, "cart_reminder", shop.home.path / "ledger")
    assert logged >= {message for message, log in shop.sent() if log == "cart_reminder@100000.parquet"}


def test_a_closed_gate_lets_nothing_out(shop: Shop, third: Any, tmp_path: Path) -> None:
    """The pulse's own warehouse, with the ESP's word too old."""
    from dataclasses import replace

    from orchestration import pulse
    from orchestration.dbt_project import manifest

    site = replace(third.site, root=tmp_path / "pulse", at=datetime(2026, 1, 5, 12, 45))
    copied = tmp_path / "warehouse.duckdb"
    shutil.copyfile(shop.home.path / "pulse/published/warehouse.duckdb", copied)
    sends = "select 'cart_reminder' as campaign, 'x' as customer_id, 'o' as occasion_id, 'm' as message_id"
    columns = ", ".join(
        f"coalesce({name}, '{value}') as {name}"
        for name, value in {
            "message_id": "m",
            "campaign": "cart_reminder",
            "customer_id": "x",
            "to_email": "a@b.c",
        }.items()
    )
    with duckdb.connect(str(copied)) as connection:
        connection.execute(f"insert into marts.fct_campaign_decisions by name {sends}, 'send' as decision")
        connection.execute(f"create or replace table exports.exp_cart_reminder as select e.* replace ({columns}) "
                           "from (values (1)) left join exports.exp_cart_reminder as e on true")  # fmt: skip
        connection.execute(
            "update marts.fct_campaign_gates set is_passed = false where gate = 'suppression_feed_fresh'"
        )
        result = pulse.Pulse(site)
        pulse._export(connection, "cart_reminder", manifest(), result)
    assert "suppression_feed_fresh" in result.closed["cart_reminder"]
    assert not site.outbox("cart_reminder").exists()
    assert "cart_reminder@124500.parquet" not in {log for _, log in shop.sent()}


def test_the_daily_run_that_follows_sends_none_of_it_again(shop: Shop, third: Any) -> None:
    aside = shop.home.path.parent / "aside"
    for folder in aside.glob(f"*/*/{DAY}"):
        shutil.copytree(folder, shop.home.path / "landing" / folder.relative_to(aside), dirs_exist_ok=True)
    shop.home.postroom("run", "--day", DAY)
    messages = shop.sent()
    assert {log for _, log in messages} > {"cart_reminder@100000.parquet", "cart_reminder.parquet"}
    assert len({message for message, _ in messages}) == len(messages)
    pulsed = [message for message, log in messages if "@" in log]
    reasons = shop.home.query(
        f"select distinct is_already_sent from marts.fct_campaign_checks where message_id in {tuple(pulsed)}"
    )
    assert reasons == [(True,)]
    over = shop.home.query(
        "select count(*) from marts.fct_campaign_decisions as decisions "
        "inner join marts.dim_campaigns using (campaign) "
        "inner join staging.stg_ledger__sends as sends on decisions.customer_id = sends.customer_id "
        f"where sends.as_of_date = '{DAY}' and decision = 'send' and is_capped and sends.campaign <> 'order_thanks'"
    )
    assert over == [(0,)]
