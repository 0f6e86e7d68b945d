"""Dagster's event log: kept open, and readable by Dagster as it comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import event
from sqlalchemy.engine import Engine


@dg.op
def step() -> int:
    return 1


@dg.job
def several_steps() -> None:
    for number in range(5):
        step.alias(f"step_{number}")()


def test_a_run_opens_each_file_of_the_event_log_once(home: Path) -> None:
    opened: list[str] = []

    def note(connection: Any, _: object) -> None:
        opened.append(Path(connection.execute("pragma database_list").fetchone()[2]).name)

    with dg.DagsterInstance.get() as instance:
        # The first run makes the files, which takes connections of Dagster's own.
        several_steps.execute_in_process(instance=instance)
        event.listen(Engine, "connect", note)
        try:
            run = several_steps.execute_in_process(instance=instance)
        finally:
            event.remove(Engine, "connect", note)
        as_it_comes = SqliteEventLogStorage(str(home / "dagster/history/runs"))
        written = [e.dagster_event_type for e in as_it_comes.get_logs_for_run(run.run_id) if e.is_dagster_event]
    # Once more while the file is made.
    assert opened.count(f"{run.run_id}.db") <= 2
    assert opened.count("index.db") <= 1
    assert written[-1] == dg.DagsterEventType.RUN_SUCCESS
    assert written.count(dg.DagsterEventType.STEP_SUCCESS) == 5
