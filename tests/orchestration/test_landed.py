"""What lands for a day that is loaded already is loaded by the next run, and nothing else is again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from ingest import Contract, ExtractError, read_contracts
from ingest.landing import landed_files
from orchestration import daily_run
from orchestration.dbt_project import manifest
from orchestration.landed import is_waiting, not_waiting, note_again
from orchestration.settings import settings

DAY, NEXT = date(2026, 1, 5), date(2026, 1, 6)


@pytest.fixture
def contacts(home: Path) -> Contract:
    return next(c for c in read_contracts(manifest()) if c.name == "crm.contacts")


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def _land(name: str, *ids: int) -> Path:
    path = settings().landing / "crm/contacts" / DAY.isoformat() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("id,lastmodifieddate\n" + "".join(f"{n},2026-01-05\n" for n in ids))
    return path


def _load(instance: dg.DagsterInstance) -> int:
    """Loads what is waiting before the next day, and gives how many contacts of the day there are."""
    from orchestration.definitions import defs

    assert daily_run._load_backlog(NEXT, defs, instance, settings(), Console(quiet=True))
    with settings().vault.connect() as connection:
        part = settings().raw / "crm/contacts" / f"extract_date={DAY}" / "part.parquet"
        (count,) = connection.execute(f"select count(*) from '{part}'").fetchone() or (0,)
        return int(count)


def test_what_comes_late_or_is_corrected_is_loaded_and_what_is_taken_away_stays_loaded(
    contacts: Contract, instance: dg.DagsterInstance
) -> None:
    first = _land("contacts.csv", 1, 2)
    assert _load(instance) == 2 and not is_waiting(settings(), contacts, DAY)
    _land("late.csv", 3)
    assert is_waiting(settings(), contacts, DAY) and _load(instance) == 3
    _land("late.csv", 3, 4)
    assert is_waiting(settings(), contacts, DAY) and _load(instance) == 4
    first.unlink()
    assert not is_waiting(settings(), contacts, DAY) and _load(instance) == 4


def test_of_what_was_loaded_before_there_were_notes_nothing_counts_as_late(
    contacts: Contract, instance: dg.DagsterInstance
) -> None:
    _land("contacts.csv", 1)
    _load(instance)
    (note,) = settings().home.glob("landed/*/*/*")
    note.unlink()
    _land("late.csv", 2)
    assert not is_waiting(settings(), contacts, DAY)


def test_what_is_rewritten_here_is_not_late_and_what_was_waiting_still_is(
    contacts: Contract, instance: dg.DagsterInstance
) -> None:
    first = _land("contacts.csv", 1, 2)
    _load(instance)
    loaded = not_waiting(settings(), [contacts])
    assert loaded == [(contacts, DAY)]
    first.write_text("id,lastmodifieddate\n1,2026-01-05\n")
    assert is_waiting(settings(), contacts, DAY)
    assert not_waiting(settings(), [contacts]) == []
    note_again(settings(), loaded)
    assert not is_waiting(settings(), contacts, DAY)


def test_a_name_that_is_no_text_is_told_and_not_stumbled_over(contacts: Contract, instance: dg.DagsterInstance) -> None:
    folder = _land("contacts.csv", 1).parent
    before = daily_run._inputs(DAY, settings())
    (folder / os.fsdecode(b"caf\xe9.csv")).write_text("id,lastmodifieddate\n2,2026-01-05\n")
    assert daily_run._inputs(DAY, settings()) != before
    assert is_waiting(settings(), contacts, DAY)
    with pytest.raises(ExtractError, match=r"caf\\xe9.csv: its name is not UTF-8.*Rename it"):
        landed_files(folder)
