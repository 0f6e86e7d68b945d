"""The source tables as Dagster assets: real runs of the loading job on an instance of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.settings import settings

HEADER = "id,email,lastmodifieddate,hs_email_optout\n"
CONTACTS = dg.AssetKey(["crm", "contacts"])


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def _land(day: str, rows: str, name: str = "contacts.csv") -> Path:
    path = settings().landing / "crm/contacts" / day / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # A row that says nothing of an opt-out may leave it out.
    path.write_text(HEADER + "".join(f"{row},\n" if row.count(",") == 2 else f"{row}\n" for row in rows.splitlines()))
    return path


def _look(instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    """What the sensor asks for."""
    from orchestration.defs.jobs import landed_extracts

    return landed_extracts(dg.build_sensor_context(instance=instance, cursor=cursor))


def _run(instance: dg.DagsterInstance, **how: object) -> dg.ExecuteInProcessResult:
    from orchestration.definitions import defs

    job = defs.resolve_job_def("load")
    return job.execute_in_process(instance=instance, asset_selection=[CONTACTS], raise_on_error=False, **how)  # type: ignore[arg-type]


def _failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [e for e in result.all_events if e.is_step_failure]
    return str(event.step_failure_data.error)


def test_a_partition_s_numbers_are_its_metadata(instance: dg.DagsterInstance) -> None:
    _land("2026-01-05", "1,a@example.com,2026-01-05\n,b@example.com,2026-01-05\n3,c@example.com,2026-01-05,gone\n")
    result = _run(instance, partition_key="2026-01-05")
    assert result.success
    (made,) = result.asset_materializations_for_node("crm__contacts")
    assert made.metadata["dagster/row_count"].value == 2
    assert made.metadata["quarantine_reasons"].value == {"id is missing": 1}
    assert made.metadata["misfits_loaded"].value == {"hs_email_optout is no boolean": 1}


def test_a_range_is_one_run(instance: dg.DagsterInstance) -> None:
    for day in range(1, 4):
        _land(f"2026-01-0{day}", f"{day},a@example.com,2026-01-0{day}\n")
    tags = {"dagster/asset_partition_range_start": "2026-01-01", "dagster/asset_partition_range_end": "2026-01-03"}
    assert _run(instance, tags=tags).success
    assert len(list(settings().raw.glob("crm/contacts/*/part.parquet"))) == 3
    assert instance.get_materialized_partitions(CONTACTS) == {"2026-01-01", "2026-01-02", "2026-01-03"}


def test_the_suite_s_result_is_on_the_check_as_a_table(instance: dg.DagsterInstance) -> None:
    _land("2026-01-05", "1,a@example.com,2026-01-05\n")
    (evaluation,) = _run(instance, partition_key="2026-01-05").get_asset_check_evaluations()
    assert evaluation.passed
    records = [r.data for r in evaluation.metadata["expectations"].value.records]  # type: ignore[union-attr]
    assert "expect_column_values_to_match_regex" in {r["expectation"] for r in records}
    assert all(r["met"] for r in records)


def test_a_failed_expectation_blocks_and_names_asset_partition_and_count(instance: dg.DagsterInstance) -> None:
    _land("2026-01-05", "1,no address,2026-01-05\n" * 4)
    result = _run(instance, partition_key="2026-01-05")
    assert not result.success
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "crm.contacts 2026-01-05: expect_column_values_to_match_regex email not met" in _failure(result)
    assert "unexpected count 4" in _failure(result)
    assert not list(settings().raw.glob("crm/contacts/*/part.parquet"))


def test_a_file_that_cannot_be_read_fails_its_day_and_the_others_are_loaded(instance: dg.DagsterInstance) -> None:
    _land("2026-01-01", "1,a@example.com,2026-01-01\n")
    broken = _land("2026-01-02", "")
    broken.write_text("id,email\n2,b@example.com\n")
    _land("2026-01-03", "3,c@example.com,2026-01-03\n")
    tags = {"dagster/asset_partition_range_start": "2026-01-01", "dagster/asset_partition_range_end": "2026-01-03"}
    result = _run(instance, tags=tags)
    assert not result.success
    assert f"crm.contacts 2026-01-02: {broken}: line 1: required columns are missing" in _failure(result)
    assert sorted(p.parent.name for p in settings().raw.glob("crm/contacts/*/part.parquet")) == [
        "extract_date=2026-01-01",
        "extract_date=2026-01-03",
    ]


def test_a_warning_shows_as_a_failed_check_and_blocks_nothing(instance: dg.DagsterInstance) -> None:
    _land("2026-01-05", "1,a@example.com,2026-01-05\n1,a@example.com,2026-01-05\n")
    result = _run(instance, partition_key="2026-01-05")
    assert result.success
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_the_sensor_takes_note_first_and_then_asks_for_what_changed(instance: dg.DagsterInstance) -> None:
    _land("2026-01-05", "1,a@example.com,2026-01-05\n")
    first = _look(instance)
    assert first.run_requests == []
    again = _look(instance, first.cursor)
    assert again.run_requests == []
    _land("2026-01-04", "2,late@example.com,2026-01-04\n", name="late.csv")
    late = _look(instance, again.cursor)
    assert [(r.partition_key, r.asset_selection) for r in late.run_requests] == [("2026-01-04", [CONTACTS])]


def test_the_sensor_asks_for_a_day_with_a_file_of_no_known_format_so_that_its_load_says_so(
    instance: dg.DagsterInstance,
) -> None:
    _land("2026-01-05", "1,a@example.com,2026-01-05\n")
    first = _look(instance)
    _land("2026-01-04", "", name="contacts.xlsx")
    late = _look(instance, first.cursor)
    assert [r.partition_key for r in late.run_requests] == ["2026-01-04"]


def test_there_is_an_asset_for_each_table_and_each_campaign_and_the_schedule_is_on() -> None:
    from orchestration.definitions import defs
    from tests.conftest import REPO

    keys = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    campaigns = {f"outbox/{p.parent.name}" for p in (REPO / "exports/campaigns").glob("*/campaign.yml")}
    assert keys >= campaigns | {
        "crm/contacts",
        "crm/consents",
        "web/events",
        "shop/orders",
        "esp/events",
        "support/tickets",
        "published",
    }
    schedule = defs.resolve_schedule_def("daily")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.cron_schedule == "0 2 * * *"


def test_what_is_too_old_is_forgotten_by_a_live_run_and_not_by_a_replay(instance: dg.DagsterInstance) -> None:
    for day in ("2023-01-01", "2026-01-04", "2026-01-05"):
        path = settings().landing / "web/events" / day / "events.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text('{"id": "1", "anonymousId": "a", "timestamp": "2022-12-31"}\n')
    events, old = dg.AssetKey(["web", "events"]), settings().landing / "web/events/2023-01-01"
    log = settings().ledger / "sends/as_of_date=2026-01-05/winback.parquet"
    log.parent.mkdir(parents=True)
    log.touch()

    def load(day: str) -> object:
        from orchestration.definitions import defs

        job = defs.resolve_job_def("load")
        result = job.execute_in_process(instance=instance, asset_selection=[events], partition_key=day)
        (made,) = result.asset_materializations_for_node("web__events")
        return made.metadata["expired_days"].value

    assert load("2026-01-04") == []
    assert old.exists()
    assert load("2026-01-05") == ["2023-01-01"]
    assert not old.exists()


def test_who_was_erased_is_counted_and_not_named(instance: dg.DagsterInstance) -> None:
    import duckdb

    from ingest.tombstones import digest

    stones = settings().ledger / "tombstones/as_of_date=2026-01-05/x.parquet"
    stones.parent.mkdir(parents=True)
    duckdb.execute(
        f"copy (select '{digest('s', 'email', 'a@example.com')}' as digest, 's' as salt) to '{stones}' (format parquet)"
    )
    _land("2026-01-05", "1,a@example.com,2026-01-05\n2,b@example.com,2026-01-05\n")
    result = _run(instance, partition_key="2026-01-05")
    (made,) = result.asset_materializations_for_node("crm__contacts")
    assert (made.metadata["erased"].value, made.metadata["dagster/row_count"].value) == (1, 1)
    assert "a@example.com" not in repr(result.all_events)
