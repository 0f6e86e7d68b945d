"""No payload for anyone whose state at as_of is not a yes: thousands of random histories through loader and models."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.contracts.graph.manifest import Manifest

from ingest import load_partition, read_contracts
from orchestration.publish import publish
from orchestration.settings import PROJECT, settings
from orchestration.site import Site
from orchestration.warehouse import prepare

from .consent_histories import FIRST_DAY, Histories, by_email
from .consent_oracle import Oracle, People
from .small_warehouse import invoke

DAYS = 3
BEHAVIOUR = ("days_since_order", "last_product_title", "currency")
# Every check that is about what a person said, did or is reached by.
CONSENT_CHECKS = (
    "erased", "no_consent", "consent_withdrawn", "consent_denied", "consent_expired", "no_email_address",
    "invalid_email_address", "role_address", "disposable_address", "unsubscribed", "hard_bounced", "complained",
)  # fmt: skip


class World:
    """A home that takes in a day of the histories after the other, by the loader, dbt and what publishes."""

    def __init__(self, histories: Histories, manifest: dict[str, Any], parsed: Manifest) -> None:
        self.histories = histories
        self._manifest, self._parsed = manifest, parsed

    def run(self, day: int) -> Site:
        """Everything of one day, to the export tables."""
        here, on = settings(), FIRST_DAY + timedelta(days=day)
        self.histories.land(here.landing, here.ledger, day)
        zones = {"landing": here.landing, "raw": here.raw, "quarantine": here.quarantine}
        # More is dirty here than a contract bears.
        contracts = [replace(c, quarantine_limit=1) for c in read_contracts(self._manifest)]
        reports = [load_partition(c, on, **zones, adapters=PROJECT / "adapters") for c in contracts]
        assert [(r.contract, r.problem, r.reasons) for r in reports if r.problem or r.quarantined] == []
        site = Site(on, True, here.home)
        prepare(site, self._manifest, here)
        build = ["build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"]
        invoke([*build, "--vars", f"{{as_of: '{site.as_of}'}}"], site.warehouse, self._parsed)
        publish(site, self._manifest, here)
        return site


def _rows(site: Site, sql: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(site.published), read_only=True) as connection:
        return connection.execute(sql).to_arrow_table().to_pylist()


def _people(site: Site) -> People:
    """Who is who is taken from the warehouse: it has tests of its own."""
    nodes = {r["node_id"]: r["customer_id"] for r in _rows(site, "from intermediate.int_identity__resolved")}
    address = {r["customer_id"]: r["email"] for r in _rows(site, "from marts.dim_customers")}
    held = [(r["email"], r["customer_id"]) for r in _rows(site, "from intermediate.int_identity__email_holders")]
    return People(nodes, by_email([*held, *((e, c) for c, e in address.items() if e)]), address)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(1, 25))])
def test_only_a_yes_makes_a_payload(
    seed: int, home: Path, manifest: dict[str, Any], parsed_project: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTROOM_HOME", str(home))
    world = World(Histories(seed, people=1_000, days=DAYS), manifest, parsed_project)
    whys: Counter[str | None] = Counter()
    wholes: list[set[frozenset[str]]] = []
    shown: set[tuple[str, ...]] = set()
    for day in range(DAYS):
        site = world.run(day)
        people = _people(site)
        oracle = Oracle(world.histories, people, day, site.as_of)
        shown |= _hold_payloads(site, oracle)
        whys += _hold_decisions(site, oracle)
        wholes.append(_wholes(people))
    assert whys[None] > 0.25 * whys.total(), "hardly anyone is ever sent anything: the rest proves little"
    assert whys.keys() == {
        None, "erased", "timeless no", "refused", "unknown", "expired", "unsubscribed", "address", "role", "disposable",
        "complained", "bounced",
    }  # fmt: skip
    # p1 they have bought; whoever left a cart behind has p2 in it, as on some days none of them has.
    assert shown == {("p2", "p3", "p4"), ("p3", "p4", "p5")}
    assert wholes[-1] - wholes[0], "nobody was merged"
    assert any(not any(whole <= later for later in wholes[-1]) for whole in wholes[0]), "nobody was split"


def _hold_payloads(site: Site, oracle: Oracle) -> set[tuple[str, ...]]:
    """Every row of the export tables is to somebody the oracle allows it, and shows no more than they allow. Gives the
    lists of products that are shown to those who may be profiled.
    """
    winback = _rows(site, "from exports.exp_winback")
    carts = _rows(site, "from exports.exp_cart_reminder")
    products = _rows(
        site,
        "select message_id, list(product_id order by position) as ids from exports.exp_winback__products group by 1",
    )
    suggested = {row["message_id"]: row["ids"] for row in products}
    assert {row["customer_id"] for row in [*winback, *carts] if oracle.why_no_mail(row["customer_id"])} == set()
    assert {row["customer_id"] for row in carts if not oracle.allows(row["customer_id"], "profiling")} == set()
    unprofiled = [row for row in winback if not oracle.allows(row["customer_id"], "profiling")]
    assert {row[name] for row in unprofiled for name in BEHAVIOUR} == {None}
    assert {row["evidence"] for row in unprofiled} == {'{"segment":"lapsed","trigger":null}'}
    assert {tuple(suggested[row["message_id"]]) for row in unprofiled} == {("p1", "p2", "p3")}
    profiled = [row for row in winback if row not in unprofiled]
    assert all(row["days_since_order"] and "recency_days" in json.loads(row["evidence"]) for row in profiled)
    assert min(len(winback), len(carts), len(unprofiled), len(profiled)) > 20
    return {tuple(suggested[row["message_id"]]) for row in profiled}


def _hold_decisions(site: Site, oracle: Oracle) -> Counter[str | None]:
    """A candidate is stopped for what they said exactly where the oracle says so: neither less nor more."""
    checks = _rows(site, "from marts.fct_campaign_checks")
    found: dict[str, set[Any]] = {"stopped": set(), "forbidden": set()}
    for row in checks:
        who = (row["campaign"], row["customer_id"])
        is_unprofiled = row["campaign"] == "cart_reminder" and not oracle.allows(row["customer_id"], "profiling")
        assert row["is_no_profiling_consent"] == is_unprofiled, who
        if any(row[f"is_{name}"] for name in CONSENT_CHECKS):
            found["stopped"].add(who)
        if oracle.why_no_mail(row["customer_id"]):
            found["forbidden"].add(who)
    assert found["stopped"] == found["forbidden"]
    return Counter(oracle.why_no_mail(row["customer_id"]) for row in checks)


def _wholes(people: People) -> set[frozenset[str]]:
    """The contacts that are one person, where they are several."""
    contacts: dict[str, set[str]] = {}
    for node, customer in people.customer_of.items():
        if node.startswith("crm_id:"):
            contacts.setdefault(customer, set()).add(node)
    return {frozenset(found) for found in contacts.values() if len(found) > 1}
