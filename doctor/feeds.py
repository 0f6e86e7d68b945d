"""Whether what is to come every day does: each source's extracts, and the daily run itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta

import dagster as dg
import duckdb

from doctor.finding import Finding, fault, ok, warning
from engine import VaultError
from ingest import Contract
from ingest.files import glob_of
from ingest.landing import landed_days, passed_over
from orchestration.database import WarehouseBusyError
from orchestration.landed import is_waiting, landing_of
from orchestration.printable import printable
from orchestration.runs import PARTITION_TAG
from orchestration.settings import Settings
from orchestration.site import last_live_day

FRESHNESS = "freshness"
SCHEDULE = "schedule"
# What a run may take to begin: the daemon may just be starting anew.
_GRACE = timedelta(hours=1)
_NAMED = 3


def last_due(here: Settings, at: datetime) -> date:
    """The day whose daily run was to begin last. `at` is in UTC."""
    return (at - timedelta(hours=here.daily_at.hour, minutes=here.daily_at.minute)).date() - timedelta(days=1)


def loaded_days(contract: Contract, here: Settings) -> list[date]:
    """The days of a table that are in the raw zone, in order."""
    parts = (here.raw / contract.source / contract.table).glob("extract_date=????-??-??/part.parquet")
    return sorted(date.fromisoformat(part.parent.name.removeprefix("extract_date=")) for part in parts)


def freshness(contracts: Sequence[Contract], here: Settings, at: datetime) -> Iterator[Finding]:
    """Each source's last extract against the `warn_after` and `error_after` of its YAML.

    By the clock of the last run that was due, as the export's own gate has it: between midnight and the next run no
    source gets late.
    """
    due = last_due(here, at)
    as_of = datetime.combine(due + timedelta(days=1), time.min)
    loaded = {contract: days[-1] for contract in contracts if (days := loaded_days(contract, here))}
    for contract, last in loaded.items():
        late = _late(contract, as_of - datetime.combine(last, time.min))
        if late:
            make, limit = late
            landing = landing_of(here, contract) / str(due)
            yield make(
                FRESHNESS,
                f"{contract.name} was last loaded for {last}, and may be {_said(limit)} old.",
                f"Put its extract of {due} into {landing}/ (a file without rows, if there was nothing), then postroom "
                f"run. How old it may be is said in {contract.declared_in}.",
                contract.name,
            )
    days = sorted(loaded.values())
    yield ok(FRESHNESS, f"{len(days)} sources are loaded, up to {days[-1]}" if days else "nothing is loaded yet")


def _late(contract: Contract, age: timedelta) -> tuple[Callable[..., Finding], timedelta] | None:
    for make, limit in ((fault, contract.freshness), (warning, contract.warn_after)):
        if limit and age > limit:
            return make, limit
    return None


def _said(period: timedelta) -> str:
    hours = period / timedelta(hours=1)
    return f"{hours:g} hours" if hours < 72 else f"{hours / 24:g} days"


def schedule(here: Settings, instance: dg.DagsterInstance | None, at: datetime) -> Iterator[Finding]:
    """Whether the run that was due last has begun. How it ended is told of the run itself."""
    due = last_due(here, at)
    try:
        last = last_live_day(here)
    except (duckdb.Error, VaultError, WarehouseBusyError) as error:
        yield fault(
            SCHEDULE,
            f"Which day ran last cannot be told: the published warehouse cannot be read ({type(error).__name__}).",
            "postroom doctor says why: the check is warehouse.",
        )
        return
    if last and last < last_due(here, at - _GRACE) and not _has_begun(instance, due):
        yield fault(
            SCHEDULE,
            f"The last day that ran live is {last}; the run of {due} was due at {here.daily_at:%H:%M} UTC and has not "
            "begun.",
            "Keep Dagster's daemon up (make ui), or start the day: postroom run",
            "daily",
            str(last),
        )
    yield ok(SCHEDULE, f"the last day that ran live is {last}" if last else "no day has run live yet")


def _has_begun(instance: dg.DagsterInstance | None, day: date) -> bool:
    runs = dg.RunsFilter(job_name="daily", tags={PARTITION_TAG: str(day)})
    return instance is not None and bool(instance.get_run_records(runs, limit=1))


def backlog(contracts: Sequence[Contract], here: Settings, at: datetime) -> Iterator[Finding]:
    """Extracts of days that were due, landed and not loaded, or not as they are by now."""
    due = last_due(here, at)
    found = []
    for contract in contracts:
        found += [
            f"{contract.name} {day}"
            for day in landed_days(landing_of(here, contract))
            if here.first_day <= day <= due and is_waiting(here, contract, day)
        ]
    if found:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        yield warning(
            "backlog",
            f"Landed and not loaded: {', '.join(found[:_NAMED])}{more}.",
            "postroom run loads it; what cannot be loaded it names, with what to do.",
        )
    yield ok("backlog", "all that has landed is loaded")


def landing(contracts: Sequence[Contract], here: Settings) -> Iterator[Finding]:
    """Whether all that has landed lies where it is looked for."""
    found = passed_over(here.landing, [landing_of(here, contract) for contract in contracts])
    for folder in found[:_NAMED]:
        name = printable(folder.relative_to(here.home))
        yield warning(
            "landing",
            f"Files in {name} are looked for by no table.",
            "An extract belongs into landing/<source>/<table>/<day>/, as in landing/crm/contacts/2026-03-01/.",
            name,
        )
    yield ok("landing", "all that has landed lies where it is looked for")


def quarantine(contracts: Sequence[Contract], here: Settings) -> Iterator[Finding]:
    """The share of each table's last load that is in quarantine, against its limit."""
    shares = {}
    with here.vault.connect() as connection:
        for contract in contracts:
            days = loaded_days(contract, here)
            if not days:
                continue
            part = here.raw / contract.source / contract.table / f"extract_date={days[-1]}" / "part.parquet"
            file = here.vault.read_parquet(glob_of(part), "hive_partitioning = false")
            row = connection.execute(
                f"select count(*), coalesce(any_value(quarantined_count), 0) from {file}"
            ).fetchone()
            rows, left_out = row or (0, 0)
            shares[contract] = (days[-1], left_out / max(1, rows + left_out))
    for contract, (day, share) in shares.items():
        if share > contract.quarantine_limit / 2:
            yield warning(
                "quarantine",
                f"{share:.0%} of {contract.name} of {day} is in quarantine; above {contract.quarantine_limit:.0%} "
                "(quarantine_limit) a day is not loaded.",
                f"postroom quarantine {contract.name} --day {day} says why; tell whoever sends it.",
                contract.name,
            )
    worst = max((share for _, share in shares.values()), default=0)
    yield ok("quarantine", f"at most {worst:.1%} of a table's last load is in quarantine")
