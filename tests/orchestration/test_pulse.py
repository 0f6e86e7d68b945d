"""When a pulse may run, what it is made of, and that no other run sends what it has sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration import pulse
from orchestration.pulse import NotNowError, last_run
from orchestration.pulse_plan import Plan
from orchestration.send_log import SentMeanwhileError, ensure_not_sent_meanwhile, record
from orchestration.settings import Settings, settings
from orchestration.site import PulseSite, Site, last_live_day

NOON = datetime(2026, 1, 5, 12)


@pytest.fixture
def here(home: Path) -> Iterator[Settings]:
    yield settings()


def _publish(here: Settings, as_of: str) -> None:
    path = here.home / "published/warehouse.duckdb"
    path.parent.mkdir(parents=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"create schema published; create table published.run as select timestamp '{as_of}' as as_of"
        )


def test_a_pulse_begins_from_the_run_of_the_day_before(here: Settings) -> None:
    with pytest.raises(NotNowError, match="No day has run yet"):
        last_run(NOON, here)
    _publish(here, "2026-01-05 00:00:00")
    assert last_run(NOON, here).day == date(2026, 1, 5)
    with pytest.raises(NotNowError, match="begins from the one as of 2026-01-06"):
        last_run(datetime(2026, 1, 6, 0, 30), here)


def test_it_takes_what_the_campaigns_are_made_of_and_keeps_the_rest(manifest: dict[str, Any]) -> None:
    plan = Plan.of(manifest)
    assert plan.campaigns == ["cart_follow_up", "cart_reminder", "order_thanks"]
    assert plan.triggers == ["cart_abandoned", "order_thanks"]
    built = {*plan.people, *plan.built}
    assert built >= {
        "fct_campaign_decisions",
        "fct_campaign_gates",
        "exp_cart_reminder__items",
        "int_consent__resolved",
    }
    # What is made in full from all that ever was: a pulse must not.
    apart = ("seg_", "int_identity__", "int_duplicates__", "fct_rfm", "fct_recommendation", "dim_profiles", "stg_web")
    assert {name for name in built if name.startswith(apart)} == {"int_identity__traced", "stg_web__events"}
    assert plan.tables >= {("web", "events"), ("esp", "events"), ("crm", "consents"), ("crm", "contacts")}
    tested = {n for t in plan.tests for n in manifest["nodes"][_unique_id(manifest, t)]["depends_on"]["nodes"]}
    assert tested >= {f"model.postroom.{name}" for name in ("exp_cart_reminder", "fct_campaign_decisions")}


def _unique_id(manifest: dict[str, Any], name: str) -> str:
    return next(i for i, n in manifest["nodes"].items() if n["name"] == name)


def _exported(*message_ids: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "create table e (message_id varchar, campaign varchar, customer_id varchar, occasion_id varchar, "
        "variant varchar, send_at timestamp)"
    )
    connection.executemany("insert into e values (?, 'c', 'x', 'o', 'control', timestamp '2026-01-06')",
                           [[message_id] for message_id in message_ids])  # fmt: skip
    return connection


def test_a_run_sends_nothing_that_another_has_sent_meanwhile(here: Settings) -> None:
    noon = PulseSite.of(NOON, here)
    record(_exported("a"), noon, "c", "e", here.ledger)
    (logged,) = duckdb.sql(f"select message_id, run_as_of from '{here.ledger}/sends/*/c@120000.parquet'").fetchall()
    assert logged == ("a", NOON)
    daily = Site(date(2026, 1, 5), True, here.home)
    for site in (daily, replace(noon, at=datetime(2026, 1, 5, 13))):
        ensure_not_sent_meanwhile(_exported("b"), site, "c", "e", here.ledger)
        with pytest.raises(SentMeanwhileError, match="1 messages have been sent by another run"):
            ensure_not_sent_meanwhile(_exported("a", "b"), site, "c", "e", here.ledger)
    ensure_not_sent_meanwhile(_exported("a"), noon, "c", "e", here.ledger)
    with pytest.raises(SentMeanwhileError, match="Messages of 2026-01-05 have gone out"):
        ensure_not_sent_meanwhile(_exported("b"), Site(date(2026, 1, 4), True, here.home), "c", "e", here.ledger)


def test_a_pulse_makes_no_live_day(here: Settings) -> None:
    record(_exported("a"), PulseSite.of(NOON, here), "c", "e", here.ledger)
    assert last_live_day(here) is None


def _sensed(instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    from orchestration.defs.pulse import pulse_sensor

    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    return pulse_sensor(context)


@pytest.fixture
def today(here: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Noon, the day before having run."""
    from orchestration.defs import pulse as defs

    _publish(here, "2026-01-05 00:00:00")
    monkeypatch.setattr(defs, "_now", lambda: NOON)
    return here


def _pulsed(here: Settings, due_at: str | None) -> None:
    """What a pulse of the day has left, an occasion pending."""
    from orchestration.dbt_project import manifest

    site = PulseSite.of(datetime(2026, 1, 5, 11), here)
    site.published.parent.mkdir(parents=True)
    with duckdb.connect(str(site.published)) as connection:
        landed = pulse.inputs(Plan.of(manifest()), manifest(), site.day, here)
        connection.execute(
            f"create schema published; create table published.run as select timestamp '{site.as_of}' as as_of, "
            f"'{landed}' as inputs; create schema marts; create table marts.fct_occasions as "
            "select 'pending' as status, cast($due_at as timestamp) as due_at", {"due_at": due_at}
        )  # fmt: skip


def test_the_sensor_starts_a_pulse_for_new_files_and_says_when_there_are_none(today: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert len(_sensed(instance).run_requests) == 1
        _pulsed(today, None)
        assert _sensed(instance).skip_message == "nothing new"
        landing = today.landing / "web/events/2026-01-05"
        landing.mkdir(parents=True)
        (landing / "a.jsonl").write_text("{}\n")
        found = _sensed(instance)
        assert len(found.run_requests) == 1
        assert "a moment ago" in _sensed(instance, found.cursor).skip_message


@pytest.mark.parametrize(("due_at", "starts"), [("2026-01-05 12:00:00", True), ("2026-01-05 12:00:01", False)])
def test_the_sensor_starts_a_pulse_when_an_occasion_becomes_due(today: Settings, due_at: str, starts: bool) -> None:
    _pulsed(today, due_at)
    with dg.DagsterInstance.ephemeral() as instance:
        found = _sensed(instance)
    assert isinstance(found, dg.SensorResult) is starts


@pytest.mark.parametrize(
    ("job_name", "tags", "waits"),
    [("daily", {}, True), ("__ASSET_JOB", {}, True), ("load", {}, False), ("daily", {"dagster/backfill": "b"}, False)],
)
def test_a_pulse_waits_for_what_may_export(today: Settings, job_name: str, tags: dict[str, str], waits: bool) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(dg.DagsterRun(job_name=job_name, status=dg.DagsterRunStatus.STARTED, tags=tags))
        found = _sensed(instance)
    assert isinstance(found, dg.SkipReason) is waits
    if waits:
        assert f"of {job_name} is under way" in str(found.skip_message)
