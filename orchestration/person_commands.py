"""`postroom erase` and `postroom access`: the room privacy/ at the terminal, with the runs that go with it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from delivery import DeliveryError, alone
from ingest import read_contracts
from ingest.contract import state_identifiers
from orchestration.database import WarehouseBusyError
from orchestration.dbt_project import manifest
from orchestration.settings import PROJECT, Settings, settings
from orchestration.site import Site, last_live_day
from orchestration.warehouse import open_warehouse
from orchestration.zones import ensure_readable
from privacy import Erasure, Left, PrivacyError, Zones, access, erase
from privacy.access import to_json

console = Console()
Who = Annotated[str, typer.Argument(help="An e-mail, a phone, a CRM id or a customer id.")]


def _zones(here: Settings) -> Zones:
    return Zones(
        home=here.home,
        landing=here.landing,
        raw=here.raw,
        quarantine=here.quarantine,
        history=here.history,
        ledger=here.ledger,
        adapters=PROJECT / "adapters",
        seeds=PROJECT / "seeds",
        contracts=read_contracts(manifest()),
        state=state_identifiers(manifest()),
        vault=here.vault,
    )


def erase_person(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    tombstone: Annotated[
        bool, typer.Option("--tombstone", help="Where nobody is found, keep them from being imported all the same.")
    ] = False,
) -> None:
    """Erase a person from every zone, keep them from being imported again, and rebuild what is derived."""
    here = settings()
    try:
        # What is handed over at this moment could be theirs.
        with alone(here.home):
            _erase(who, yes, tombstone, here)
    except DeliveryError as error:
        console.print(str(error), markup=False, highlight=False)
        raise typer.Exit(1) from None


def _erase(who: str, yes: bool, tombstone: bool, here: Settings) -> None:
    zones = _zones(here)
    try:
        _ensure_idle(here)
        if unfinished := Erasure.unfinished(zones):
            console.print("An erasure was begun and not finished: it is finished first.")
            _carry_out(unfinished, here)
        erasure = Erasure.of(who, zones, last_live_day(here))
    except (PrivacyError, WarehouseBusyError) as error:
        console.print(str(error), markup=False, highlight=False)
        raise typer.Exit(1) from None
    if erasure.finds_nothing:
        _say_nobody(who, zones, tombstone)
        return
    _say_whom(erasure)
    if not yes and not typer.confirm("Erase all of this? It cannot be undone"):
        raise typer.Exit(1)
    _carry_out(erasure, here)


def show_access(who: Who) -> None:
    """Print everything that is held on a person as JSON."""
    try:
        document = access(who, _zones(settings()))
    except PrivacyError as error:
        console.print(str(error), markup=False, highlight=False)
        raise typer.Exit(1) from None
    sys.stdout.write(to_json(document) + "\n")


def _ensure_idle(here: Settings) -> None:
    """Raise PrivacyError where a run is at work, WarehouseBusyError where another process has the warehouse open."""
    import dagster as dg

    from orchestration.partitions import ERASURE_TAG

    at_work = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    ensure_readable(here)
    with dg.DagsterInstance.get() as instance:
        for run in instance.get_runs(dg.RunsFilter(statuses=at_work)):
            if ERASURE_TAG in run.tags:
                # The rebuild of an erasure that was broken off: this one takes its place.
                instance.report_run_canceled(run)
                continue
            raise PrivacyError(
                f"Run {run.run_id} is at work. Wait until it is done; if its process is gone, terminate it in the UI."
            )
    if (here.home / "warehouse.duckdb").exists():
        open_warehouse(Site(datetime.now(UTC).date(), True, here.home, here.vault)).close()


def _say_nobody(who: str, zones: Zones, tombstone: bool) -> None:
    if tombstone:
        added = erase.leave_tombstone(who, zones, datetime.now(UTC))
        console.print(f"Nothing is held on them. {added} tombstones were left: they will not be imported.")
        return
    console.print(
        "Nothing is held on them: they are not known, or were erased already. --tombstone keeps them out in future."
    )


def _say_whom(erasure: Erasure) -> None:
    person = erasure.person
    console.print(f"Found {', '.join(sorted(person.names)) or 'somebody without a name'}, with:", markup=False)
    for kind, value in sorted(person.own):
        console.print(f"  {kind} {value}", markup=False, highlight=False)
    for kind, value in sorted(person.shared):
        console.print(
            f"  {kind} {value}: other people's records state it too, and keep it", markup=False, highlight=False
        )


def _carry_out(erasure: Erasure, here: Settings) -> None:
    """Erase, rebuild what was derived, look at every file, and report."""
    from orchestration import daily_run, landed

    loaded = landed.not_waiting(here, erasure.zones.contracts)
    tombstones, removed = erasure.remove(datetime.now(UTC))
    landed.note_again(here, loaded)
    table = Table(title="Erased", title_justify="left")
    for column in ("zone", "table", "rows"):
        table.add_column(column, justify="right" if column == "rows" else "left")
    for item in removed:
        if item.rows:
            table.add_row(item.zone, item.table, f"{item.rows:,}")
    console.print(table)
    console.print(
        f"{tombstones} tombstones left; {len(erasure.person.shared)} identifiers stay in other people's records."
    )
    is_rebuilt = erasure.day is None or daily_run.rebuild(erasure.day, console=console)
    left = erasure.look()
    for seed in erasure.seeds_naming_them():
        console.print(f"{seed.path} names them ({seed.kind}): take that out by hand.", markup=False, soft_wrap=True)
    _say_left(left)
    if left or not is_rebuilt:
        console.print("Mend what is said above and run this command again.")
        raise typer.Exit(1)
    erasure.finish()
    console.print("Every file was looked at: nothing of them is left.")


def _say_left(left: list[Left]) -> None:
    for item in left:
        console.print(f"{item.path} still holds their {item.kind}.", markup=False, highlight=False, soft_wrap=True)
