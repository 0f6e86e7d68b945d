"""`postroom explain` says who somebody is and why what was decided, in whatever spelling, and obeys no name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from engine import Vault
from tests.end_to_end.conftest import Home


@pytest.fixture(scope="module")
def home(two_days: tuple[Home, dict[str, str]]) -> Home:
    return two_days[0]


def _people(home: Home) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home.path / "truth/people.jsonl").read_text().splitlines()]


def _one(home: Home, sql: str) -> tuple[Any, ...]:
    return home.query(f"{sql} limit 1")[0]


def test_somebody_who_is_written_to(home: Home) -> None:
    customer_id, email, campaign = _one(
        home,
        "select customer_id, c.email, d.campaign from marts.fct_campaign_decisions as d"
        " join marts.dim_customers as c using (customer_id) where decision = 'send' order by all",
    )
    printed = home.postroom("explain", f"  {email.upper()} ").stdout
    assert f"Customer {customer_id}, as of 2026-01-06 00:00 UTC" in printed
    for said in (email, campaign, "send", "marketing_email", "granted", "crm.contacts", f"email:{email}"):
        assert said in printed
    assert home.postroom("explain", customer_id).stdout == printed


def test_why_somebody_is_not_written_to(home: Home) -> None:
    customer_id, reason, evidence = _one(
        home,
        "select d.customer_id, s.reason, s.evidence_id from marts.fct_campaign_decisions as d"
        " join intermediate.int_consent__suppressed as s on d.customer_id = s.customer_id and d.reason = s.reason"
        " where s.evidence_id is not null order by all",
    )
    (description,) = _one(home, f"select description from seeds.decision_reasons where reason = '{reason}'")
    printed = home.postroom("explain", customer_id).stdout
    assert evidence in printed
    assert reason in printed
    # A long description is wrapped over lines.
    assert " ".join(description.split()[:3]) in printed


def test_what_earlier_days_decided_is_shown_as_far_back_as_asked(home: Home) -> None:
    (customer_id,) = _one(
        home,
        "select customer_id from"
        f" '{home.path}/history/fct_campaign_decisions/as_of_date=2026-01-04/part.parquet' order by all",
    )
    assert "2026-01-04  " in home.postroom("explain", customer_id).stdout.partition("Decisions since 2025-12-06")[2]
    assert "Decisions since 2026-01-05: none" in home.postroom("explain", customer_id, "--days", "0").stdout


def test_a_household_s_phone_lists_everyone_and_each_says_what_was_cut(home: Home) -> None:
    phone, customers = _one(
        home,
        "select phones.node_id, array_agg(distinct holders.customer_id order by holders.customer_id)"
        " from intermediate.int_identity__evidence as phones"
        " join intermediate.int_identity__evidence as accounts using (source_name, record_id)"
        " join intermediate.int_identity__resolved as holders on accounts.node_id = holders.node_id"
        " left join intermediate.int_identity__resolved as own on phones.node_id = own.node_id"
        " where source_name = 'crm.contacts' and phones.node_id like 'phone:+%'"
        " and holders.customer_id is distinct from own.customer_id"
        " group by phones.node_id having count(distinct holders.customer_id) > 1 order by phones.node_id",
    )
    spaced = " ".join(phone.removeprefix("phone:"))
    printed = home.postroom("explain", spaced).stdout
    assert f"is in the records of {len(customers)} customers" in printed
    assert [customer for customer in customers if customer not in printed] == []
    cut = home.postroom("explain", customers[0]).stdout.partition("Cut: ")[2]
    assert phone in cut
    assert "over_limit" in cut


def test_what_ties_each_identifier_is_counted_by_record(home: Home, tmp_path: Path) -> None:
    (customer_id,) = _one(home, "select customer_id from marts.dim_customers where is_identified order by all")
    records = {
        ("crm.contacts", "1"): ["crm_id:1", "phone:49"],
        ("crm.contacts", "2"): ["crm_id:2", "phone:49"],
        ("shop.orders", "o1"): ["crm_id:1", "email:a", "phone:5"],
        ("shop.orders", "o2"): ["crm_id:1", "email:guest"],
    }
    rows = [(source, record, node) for (source, record), nodes in records.items() for node in nodes]
    owners = [("crm_id:1", customer_id), ("email:a", customer_id), ("phone:5", customer_id), ("crm_id:2", "another")]
    other = _changed(
        home,
        tmp_path,
        "create or replace table intermediate.int_identity__resolved as"
        f" select * from (values {', '.join(map(str, owners))}) as owners (node_id, customer_id);"
        "create or replace table intermediate.int_identity__evidence as"
        " select *, null::timestamp as first_observed_at, null::timestamp as last_observed_at"
        f" from (values {', '.join(map(str, rows))}) as rows (source_name, record_id, node_id)",
    )
    table = other.postroom("explain", customer_id, COLUMNS="160").stdout.partition("what ties each")[2]
    lines = [" ".join(line.split()) for line in table.partition("Former ids")[0].splitlines()]
    assert [line for line in lines if ":" in line] == [
        "crm_id:1 crm.contacts 1 -",
        "crm_id:1 shop.orders 2 email:a and 1 more",
        "email:a shop.orders 1 crm_id:1 and 1 more",
        "phone:5 shop.orders 1 crm_id:1 and 1 more",
        "email:guest (shared) shop.orders 1 crm_id:1",
        "phone:49 (shared) crm.contacts 1 crm_id:1",
    ]


def test_a_former_id_leads_to_the_present_one(home: Home, tmp_path: Path) -> None:
    (customer_id,) = _one(home, "select customer_id from marts.dim_customers where is_identified order by all")
    other = _changed(
        home,
        tmp_path,
        "create or replace table intermediate.int_customers__succeeded as"
        f" select 'former' as former_customer_id, '{customer_id}' as customer_id",
    )
    printed = other.postroom("explain", "former").stdout
    assert f"Customer {customer_id}" in printed
    assert "former_customer_id" in printed


def test_a_stranger_is_an_error_that_says_what_to_try(home: Home, tmp_path: Path) -> None:
    done = home.postroom("explain", "nobody@nowhere.example", check=False)
    assert done.returncode == 1
    assert "Nobody is known by nobody@nowhere.example as of 2026-01-06" in done.stdout
    assert "--country" in done.stdout
    done = Home(tmp_path).postroom("explain", "nobody@nowhere.example", check=False)
    assert done.returncode == 1
    assert "postroom run" in done.stdout


def test_a_name_is_shown_and_not_obeyed(home: Home, tmp_path: Path) -> None:
    (customer_id,) = _one(home, "select customer_id from marts.dim_customers where email is not null order by all")
    other = _changed(
        home,
        tmp_path,
        "update marts.dim_customers set first_name = '[red]Ann[/red] [link=x]', last_name = 'A' || chr(27) || '[2J'"
        f" || chr(8238) || 'z' where customer_id = '{customer_id}'",
    )
    printed = other.postroom("explain", customer_id, FORCE_COLOR="1").stdout
    assert "[red]Ann[/red] [link=x]" in printed
    assert "A\\x1b[2J\\u202ez" in printed
    assert "\x1b[2J" not in printed
    hostile = other.postroom("explain", "[red]\x1b[2J@x", check=False).stdout
    assert "[red]\\x1b[2J@x" in hostile


def _changed(home: Home, tmp_path: Path, statement: str) -> Home:
    """A home with the published warehouse only, in which something stands otherwise."""
    other = Home(tmp_path / "data")
    published = other.path / "published/warehouse.duckdb"
    published.parent.mkdir(parents=True)
    shutil.copyfile(home.path / "published/warehouse.duckdb", published)
    with Vault().connect(published) as connection:
        connection.execute(statement)
    return other


def test_the_contacts_are_compared_by_one_command(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "data")
    for part in ("published", "dbt", "ledger"):
        shutil.copytree(home.path / part, other.path / part)
    done = other.postroom("duplicates")
    assert "None has been merged" in done.stdout
    (file,) = (other.path / "history").rglob("*.parquet")
    assert str(file).endswith("duplicate_pairs/as_of_date=2026-01-05/part.parquet")
    people = {c: p["person"] for p in _people(home) for c in p["contact_ids"]}
    pairs = home.query(f"select contact_id_a, contact_id_b from '{file}' where match_probability > 0.5")
    right = [people[a] == people[b] for a, b in pairs]
    assert right
    assert sum(right) >= 0.9 * len(right)
    assert "@" not in done.stdout
