"""Each check of Dagster finds the real thing broken, on a real instance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster import DagsterInstance
from dagster._daemon.types import DaemonHeartbeat

from doctor import runs
from doctor.finding import Level
from tests.doctor.conftest import Sound, wrong

FAULT, WARNING = Level.FAULT, Level.WARNING
NOW = datetime(2026, 1, 6, 4, tzinfo=UTC)


@dg.op(pool="warehouse")
def build() -> None:
    raise ValueError("no")


@dg.job
def small() -> None:
    build()


@pytest.fixture
def instance(sound: Sound) -> Iterator[DagsterInstance]:
    with runs.storage(sound.settings) as nothing:
        assert nothing is None, "to look makes no storage"
    assert not (sound.path / "dagster/history").exists()
    with dg.DagsterInstance.get() as instance:
        yield instance


def test_a_run_of_a_dead_terminal_is_found(sound: Sound, instance: DagsterInstance) -> None:
    assert wrong(runs.stuck(instance, sound.settings, NOW)) == [] and not runs.is_at_work(instance, sound.settings)
    tags = {"postroom/terminal": "true"}
    run = instance.create_run_for_job(small, tags=tags, status=dg.DagsterRunStatus.STARTED)
    assert runs.is_at_work(instance, sound.settings)
    assert wrong(runs.stuck(instance, sound.settings, NOW)) == [(WARNING, run.run_id)]


def test_a_run_of_a_living_terminal_is_none(sound: Sound, instance: DagsterInstance, at_work: int) -> None:
    instance.create_run_for_job(small, tags={"postroom/terminal": "true"}, status=dg.DagsterRunStatus.STARTED)
    assert wrong(runs.stuck(instance, sound.settings, NOW)) == []


def test_a_pool_that_a_run_still_holds_after_its_end_is_found(sound: Sound, instance: DagsterInstance) -> None:
    run = instance.create_run_for_job(small, status=dg.DagsterRunStatus.STARTED)
    instance.event_log_storage.initialize_concurrency_limit_to_default("warehouse")
    instance.event_log_storage.claim_concurrency_slot("warehouse", run.run_id, "build")
    assert (FAULT, "warehouse") not in wrong(runs.stuck(instance, sound.settings, NOW))
    instance.report_run_failed(run)
    assert wrong(runs.stuck(instance, sound.settings, NOW)) == [(FAULT, "warehouse")]


def test_a_failed_run_is_found_until_it_succeeds(sound: Sound, instance: DagsterInstance) -> None:
    at = datetime.now(UTC)
    assert wrong(runs.failed(instance, at)) == []
    small.execute_in_process(instance=instance, raise_on_error=False)
    assert wrong(runs.failed(instance, at)) == [(FAULT, "failed_run/small, build")]
    assert [f.mend for f in runs.failed(instance, at) if f.mend] == ["Mend that, then: postroom run"]
    assert wrong(runs.failed(instance, at + timedelta(days=8))) == [], "that is no news"


def test_a_silent_daemon_is_found(sound: Sound, instance: DagsterInstance) -> None:
    assert wrong(runs.daemon(instance, NOW)) == [], "there never was one"
    instance.add_daemon_heartbeat(DaemonHeartbeat(NOW.timestamp() - 30, "SCHEDULER", None, []))
    assert wrong(runs.daemon(instance, NOW)) == []
    run = instance.create_run_for_job(small, status=dg.DagsterRunStatus.STARTED)
    assert wrong(runs.stuck(instance, sound.settings, NOW)) == []
    later = NOW + timedelta(minutes=6)
    assert wrong(runs.daemon(instance, later)) == [(WARNING, "")]
    assert wrong(runs.stuck(instance, sound.settings, later)) == [(WARNING, run.run_id)], "nobody sees to it"
