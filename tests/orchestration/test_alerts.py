"""What becomes an alert of real runs: on a real instance of Dagster, posted to a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from rich.console import Console

from doctor import feeds
from doctor.finding import Level
from ingest import Contract, read_contracts
from ingest.contract import Column
from orchestration import alerts
from orchestration.daily_run import execute
from orchestration.settings import settings
from tests.delivery.faulty import Answer, Faulty, refused, running

DAY = "2026-01-05"
HEADER = "id,email,lastmodifieddate,hs_email_optout\n"


@pytest.fixture
def service(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    with running() as service:
        service.script = lambda received: Answer(200)
        monkeypatch.setenv("POSTROOM_ALERT_WEBHOOK", f"{service.url}/hook")
        yield service


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def _run(instance: dg.DagsterInstance, job: str, *keys: str, day: str = DAY, console: Console | None = None) -> bool:
    from orchestration.definitions import defs

    return execute(
        defs.resolve_job_def(job),
        "A run",
        console or Console(quiet=True),
        instance=instance,
        partition_key=day,
        asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
    )


def _land(rows: str) -> None:
    path = settings().landing / "crm/contacts" / DAY / "contacts.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + rows)


def _lines(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "alerts.jsonl").read_text().splitlines()]


def _states(home: Path) -> list[tuple[str, str]]:
    return [(line["id"], line["state"]) for line in _lines(home) if "state" in line]


def _look(instance: dg.DagsterInstance) -> alerts.Told:
    return alerts.look(instance, datetime.now(UTC))


def test_a_table_over_its_quarantine_limit_is_told_once_and_resolved_when_it_loads(
    home: Path, service: Faulty, instance: dg.DagsterInstance
) -> None:
    _land("".join(f"{n},poison.person{n}@example.org,no date,\n" for n in range(20)))
    assert not _run(instance, "load", "crm/contacts")
    assert not _run(instance, "load", "crm/contacts")
    _look(instance)
    (received,) = service.received
    (told,) = json.loads(received.body)["alerts"]
    assert told["id"] == f"quarantine_over_share/crm.contacts/{DAY}"
    assert "20 of 20 rows do not fit the contract" in told["text"] and "20 x lastmodifieddate is no" in told["text"]
    assert b"poison" not in received.body and b"no date," not in received.body
    _land("1,a@example.com,2026-01-05,\n")
    assert _run(instance, "load", "crm/contacts")
    assert _states(home) == [(told["id"], "raised"), (told["id"], "resolved")]
    assert json.loads(service.received[1].body)["text"].splitlines()[1].startswith("Resolved: quarantine over share")


def test_a_failed_expectation_is_a_failed_run(home: Path, service: Faulty, instance: dg.DagsterInstance) -> None:
    _land("1,no address,2026-01-05,\n" * 4)
    assert not _run(instance, "load", "crm/contacts")
    (line,) = [line for line in _lines(home) if "state" in line]
    assert line["id"] == f"failed_run/load, crm__contacts/{DAY}" and line["run"]
    assert "expect_column_values_to_match_regex email not met" in line["text"]


def _publish(home: Path, *gates: tuple[str, str, str | None, str]) -> None:
    """A published warehouse of the day in which these gates are closed."""
    (home / "published").mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(home / "published/warehouse.duckdb")) as connection:
        connection.execute(
            "create schema published; create schema marts;"
            "create table published.run as select timestamp '2026-01-06' as as_of;"
            "create table marts.fct_campaign_gates "
            "(campaign varchar, gate varchar, feed varchar, detail varchar, is_passed boolean)"
        )
        for gate in gates:
            connection.execute("insert into marts.fct_campaign_gates values (?, ?, ?, ?, false)", gate)


def test_a_closed_gate_says_which_audience_and_which_feed_it_is_each_once(
    home: Path, service: Faulty, instance: dg.DagsterInstance
) -> None:
    late = "esp.events was last loaded for 2026-01-02"
    _publish(
        home,
        ("winback", "audience_in_range", None, "900 messages; at most 500"),
        ("winback", "suppression_feed_fresh", "esp.events", late),
        ("welcome", "suppression_feed_fresh", "esp.events", late),
    )
    assert not _run(instance, "daily", "outbox/winback", "outbox/welcome")
    text = json.loads(service.received[0].body)["text"].splitlines()[1:]
    assert sorted(text) == [
        "ALERT: audience out of range, winback, 2026-01-05: 900 messages; at most 500. Not exported.",
        f"ALERT: stale source, esp.events: {late}. What was to be exported of 2026-01-05 was not.",
    ]


@dg.op
def breaks() -> None:
    raise ValueError("poison.person@example.org is O'Person")


@dg.job
def broken() -> None:
    breaks()


@dg.op(name="breaks")
def works() -> None: ...


@dg.job(name="broken")
def mended() -> None:
    works()


def test_of_an_error_that_is_not_ours_the_name_alone_is_told(
    home: Path, service: Faulty, instance: dg.DagsterInstance
) -> None:
    assert not execute(broken, "A run", Console(quiet=True), instance=instance)
    (line,) = [line for line in _lines(home) if "state" in line]
    assert line["text"] == "ValueError. The run's log in Dagster's UI says where."
    assert execute(mended, "A run", Console(quiet=True), instance=instance)
    assert _states(home) == [("failed_run/broken, breaks", "raised"), ("failed_run/broken, breaks", "resolved")]


def test_a_run_whose_process_died_is_a_failed_run(home: Path, service: Faulty, instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(broken, tags={"dagster/partition": DAY}, status=dg.DagsterRunStatus.STARTED)
    instance.report_run_failed(run, "The process ended before the run did.")
    assert [cause.id for cause in _look(instance).raised] == [f"failed_run/broken/{DAY}"]
    assert _look(instance) == alerts.Told([], [])


def test_a_webhook_that_fails_is_said_and_fails_no_run(
    home: Path, service: Faulty, instance: dg.DagsterInstance
) -> None:
    service.script = lambda received: refused(404)
    console = Console(record=True, width=200)
    _land("1,a@example.com,2026-01-05,\n")
    broken_before = execute(broken, "A run", console, instance=instance)
    assert not broken_before and "Alerts were not told: it answers 404." in console.export_text()
    assert _run(instance, "load", "crm/contacts", console=console), "the run itself is well"
    assert "Alerts were not told: it answers 404." in console.export_text()
    service.script = lambda received: Answer(200)
    assert _look(instance).problem is None and _look(instance) == alerts.Told([], [])


def test_a_file_that_cannot_be_written_fails_no_run(home: Path, instance: dg.DagsterInstance) -> None:
    (home / "alerts.jsonl").mkdir(parents=True)
    console = Console(record=True, width=200)
    _land("1,a@example.com,2026-01-05,\n")
    assert _run(instance, "load", "crm/contacts", console=console)
    assert "Alerts were not told: IsADirectoryError" in console.export_text()


def _tick(instance: dg.DagsterInstance) -> str:
    from orchestration.defs.alerts import alerts as sensor

    skipped = sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(skipped, dg.SkipReason)
    return str(skipped.skip_message)


def test_the_daemon_s_sensor_sees_what_failed_in_a_terminal_and_tells_nothing_twice(
    home: Path, service: Faulty, instance: dg.DagsterInstance
) -> None:
    execute(broken, "A run", Console(quiet=True), instance=instance)
    assert _tick(instance) == "0 alerts raised, 0 resolved"
    broken.execute_in_process(instance=instance, raise_on_error=False, tags={"dagster/partition": DAY})
    assert _tick(instance) == "1 alerts raised, 0 resolved"
    assert _look(instance) == alerts.Told([], []) and len(service.received) == 2


def _contract(manifest: dict[str, Any]) -> Contract:
    return next(contract for contract in read_contracts(manifest) if contract.name == "esp.events")


def _loaded(home: Path, day: str) -> None:
    part = home / "raw/esp/events" / f"extract_date={day}" / "part.parquet"
    part.parent.mkdir(parents=True)
    part.touch()


def test_a_source_is_late_by_the_clock_of_the_last_run_that_was_due(home: Path, manifest: dict[str, Any]) -> None:
    _loaded(home, "2026-01-05")

    def levels(at: str) -> list[Level]:
        found = feeds.freshness([_contract(manifest)], settings(), datetime.fromisoformat(at))
        return [finding.level for finding in found if finding.level is not Level.OK]

    assert levels("2026-01-06 02:00") == levels("2026-01-08 01:59") == []
    assert levels("2026-01-08 02:00") == [Level.FAULT], "as of the end of the 7th it is 72 hours old"


def test_a_source_is_told_from_its_warn_after_on(home: Path) -> None:
    columns = (Column("id", "string"),)
    contract = Contract("esp", "events", "events", columns, warn_after=timedelta(days=1), freshness=timedelta(days=9))
    _loaded(home, "2026-01-05")
    at = datetime(2026, 1, 8, 3)
    (cause,) = alerts.causes_of(list(feeds.freshness([contract], settings(), at)))
    assert cause.id == "stale_source/esp.events" and "may be 24 hours old" in cause.text


def _ran_live(home: Path, day: str) -> None:
    """The send log of a day, without a send: whether there is one is all that is asked."""
    log = home / f"ledger/sends/as_of_date={day}/winback.parquet"
    log.parent.mkdir(parents=True)
    log.touch()


def test_a_run_that_was_due_and_has_not_begun_is_missed(home: Path, instance: dg.DagsterInstance) -> None:
    _ran_live(home, "2026-01-05")

    def ids(at: str) -> list[str]:
        found = list(feeds.schedule(settings(), instance, datetime.fromisoformat(at)))
        return [cause.id for cause in alerts.causes_of(found)]

    assert ids("2026-01-06 12:00") == ids("2026-01-07 02:59") == [], "it ran, or has an hour to begin in"
    assert ids("2026-01-07 03:00") == ids("2026-01-20 03:00") == ["missed_run/daily/2026-01-05"], (
        "one cause, however long"
    )
    run = instance.create_run_for_job(broken, tags={"dagster/partition": "2026-01-06"})
    assert ids("2026-01-07 03:00") != [], "a run of another job"
    assert run.job_name == "broken"


def test_a_run_that_has_begun_is_not_missed_whatever_becomes_of_it(home: Path, instance: dg.DagsterInstance) -> None:
    from orchestration.definitions import defs

    _ran_live(home, "2026-01-05")
    instance.create_run_for_job(defs.resolve_job_def("daily"), tags={"dagster/partition": "2026-01-06"})
    found = list(feeds.schedule(settings(), instance, datetime(2026, 1, 7, 5)))
    assert [finding.level for finding in found] == [Level.OK]
