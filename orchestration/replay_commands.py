"""`postroom replay` and `postroom restate`: past days again, as they were then and as they look today."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from orchestration import export_tables
from orchestration.settings import most_processes, settings
from orchestration.zones import ensure_readable

console = Console()


def replay(
    campaign: Annotated[list[str] | None, typer.Option(help="One campaign, more than once for several.")] = None,
    on: Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="The day to replay.")] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first of several.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last of several.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Days at a time; by default one a core, four at most.")
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Only print the report of what has been replayed.")] = False,
) -> None:
    """Build past days again from what was known then, say what would have been sent, and send nothing."""
    from workbench.replay import report as reports
    from workbench.replay.days import Done
    from workbench.replay.days import replay as replayed
    from workbench.reports import print_sections

    here = settings()
    ensure_readable(here)
    days = _days(on, first, last)
    known = [folder.name for folder in export_tables.campaign_folders()]
    if unknown := sorted(set(campaign or ()) - set(known)):
        raise SystemExit(f"No campaign is called {', '.join(unknown)}; there are {', '.join(known)}.")
    chosen = campaign or known
    failed: list[Done] = []
    if not report:
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task(f"Replaying {len(days)} days", total=len(days))

            def told(done: Done) -> None:
                progress.advance(task)
                said = "has been replayed on these inputs" if done.seconds is None else f"{done.seconds:.0f} s"
                progress.console.print(f"{done.day}  {done.problem or said}", markup=False, highlight=False)

            failed = replayed(days, chosen, here, jobs=jobs or most_processes(), told=told)
    for name in chosen:
        print_sections(reports.sections(name, days, here), console)
    console.print(f"Payloads are in {here.home / 'replay'}/<day>/outbox/; nothing was sent.", markup=False)
    if failed:
        raise typer.Exit(1)


def restate(
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day; by default the first there is."),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last; by default the last that ran live.")
    ] = None,
) -> None:
    """Work out scores and segments of past days anew, by today's definitions and identities, apart from history."""
    from orchestration.site import last_live_day
    from workbench import WorkbenchError
    from workbench.reports import Section, print_sections
    from workbench.restate import RESTATED
    from workbench.restate import restate as restated

    here = settings()
    ensure_readable(here)
    end = last.date() if last else last_live_day(here)
    if end is None:
        raise SystemExit("No day has run yet: postroom run")
    begin = first.date() if first else here.first_day
    days = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
    if not days:
        raise SystemExit(f"{begin} lies after {end}.")
    with console.status("") as status:
        try:
            rows = restated(days, here, told=lambda day: status.update(f"Restating {day}"))
        except WorkbenchError as error:
            raise SystemExit(str(error)) from None
    title = f"{days[0]} to {days[-1]}, {len(days)} days, in {here.home / RESTATED}/<model>/as_of_date=<day>/"
    print_sections([Section(title, "", ["model", "rows"], list(rows.items()))], console)


def _days(on: datetime | None, first: datetime | None, last: datetime | None) -> list[date]:
    """The days asked for, in order.

    Raises:
        SystemExit: none or both ways of asking are used, or a day has not ended or lies before the first partition.
    """
    if (on is None) == (first is None) or (first is None) != (last is None):
        raise SystemExit("Say which day, --date 2026-03-01, or which days: --from 2026-03-01 --to 2026-03-31")
    begin, end = (on, on) if on else (first, last)
    assert begin is not None
    assert end is not None
    days = [begin.date() + timedelta(days=n) for n in range((end - begin).days + 1)]
    if not days:
        raise SystemExit(f"--from {begin.date()} lies after --to {end.date()}.")
    _ensure_past(days)
    return days


def _ensure_past(days: list[date]) -> None:
    from orchestration.partitions import daily

    past = [date.fromisoformat(key) for key in daily.get_partition_keys()]
    if outside := [day for day in days if day not in past]:
        raise SystemExit(
            f"{outside[0]} has not ended, or lies before POSTROOM_FIRST_DAY, {settings().first_day}: "
            "days that have passed since then can be replayed."
        )
