"""`postroom`: the commands people type. Each is a few lines over what the rooms already do."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from typer.core import TyperGroup

from exports.errors import LoadError
from ingest.errors import ExtractError
from orchestration import definition_commands, delivery_commands, generate, person_commands, replay_commands
from orchestration.damage import what_to_do
from orchestration.dbt_project import ProjectError
from orchestration.settings import PROJECT, export_environment, settings


class _Commands(TyperGroup):
    """Says of a file that is at fault or does not open, or a disk that is full, what to do, without a stack."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.Exit:
            raise
        except ProjectError as error:
            raise SystemExit(f"{error}\n`postroom lint` says all that is wrong, by file and line.") from None
        except (LoadError, ExtractError) as error:
            raise SystemExit(str(error)) from None
        except Exception as error:
            if told := what_to_do(error, settings()):
                raise SystemExit(told) from None
            raise


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    help="Warehouse-native personalisation.",
    pretty_exceptions_enable=False,
)
console = Console()
LOOPBACK = "127.0.0.1"
app.command(name="erase")(person_commands.erase_person)
app.command(name="access")(person_commands.show_access)
app.command(name="deliver")(delivery_commands.deliver_outbox)
app.command(name="segment")(definition_commands.show_segment)
app.command(name="lint")(definition_commands.lint)
app.command(name="diff")(definition_commands.show_diff)
app.command(name="generate")(generate.generate_texts)
app.command(name="replay")(replay_commands.replay)
app.command(name="restate")(replay_commands.restate)
app.command(name="simulate")(definition_commands.simulate)
app.command(name="preview")(definition_commands.preview)


@app.callback()
def _environment(context: typer.Context) -> None:
    # The doctor says what is wrong with the settings as one more fault, and writes nothing.
    if context.invoked_subcommand != "doctor":
        export_environment()


@app.command()
def sample(
    people: Annotated[int, typer.Option(help="People in the shop's world.")] = 2000,
    days: Annotated[int, typer.Option(help="Days of extracts.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
) -> None:
    """Make sample extracts in the landing zone, if nothing has landed there yet."""
    from samples import World, generate

    landing = settings().landing
    if landing.exists() and any(landing.iterdir()):
        console.print(f"{landing} has extracts already: no sample is made.", markup=False)
        return
    console.print(f"Making sample extracts of {people:,} people over {days} days in {landing}", markup=False)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("people", total=people)
        world = World(people, days, settings().first_day, seed)
        generate(world, landing, settings().home / "truth", lambda done: progress.update(task, completed=done))


@app.command()
def run(
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The partition, as in 2026-03-01; the newest landed day by default."),
    ] = None,
    force: Annotated[bool, typer.Option(help="Run even if nothing has changed since this day last ran.")] = False,
) -> None:
    """Load what has landed and not been loaded, run the daily job, and print what it decided."""
    from orchestration import daily_run, report

    chosen = daily_run.newest_landed_day(settings()) if day is None else day.date()
    if chosen is None:
        console.print(
            f"Nothing has landed in {settings().landing}. Put extracts there, or make some: postroom sample",
            markup=False,
        )
        raise typer.Exit(1)
    outcome = daily_run.run(chosen, force=force, console=console)
    report.show(chosen, settings(), console)
    if not outcome:
        raise typer.Exit(1)


@app.command()
def pulse(
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"], help="Its clock, UTC, to try it; now by default."
        ),
    ] = None,
) -> None:
    """Export what is due now of the campaigns with `pulse: true`, from what has landed today."""
    from orchestration import pulse_run

    if not pulse_run.run(as_of, console):
        raise typer.Exit(1)


@app.command(name="explain")
def explain_(
    who: Annotated[str, typer.Argument(help="An e-mail, a phone or a customer id, a former one too.")],
    country: Annotated[
        str | None, typer.Option(help="Two-letter code: whose national phone number it is, as in GB.")
    ] = None,
    days: Annotated[int, typer.Option(help="How many days back decisions are shown.")] = 30,
) -> None:
    """Print who this is and by which evidence, what was cut, consent, segments, decisions and why."""
    from orchestration.explain import explain

    if not explain(who, country, days, settings(), console):
        raise typer.Exit(1)


@app.command()
def duplicates(
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day whose contacts are compared; the last that ran by default."),
    ] = None,
    top: Annotated[int, typer.Option(help="How many pairs to print, the likeliest first.")] = 20,
) -> None:
    """Find contacts that are likely one person under two spellings, and print the pairs to decide on."""
    from orchestration import duplicate_pairs

    if not duplicate_pairs.run(None if day is None else day.date(), top, console):
        raise typer.Exit(1)


@app.command()
def quarantine(
    table: Annotated[str | None, typer.Argument(help="One table, as in crm.contacts; all by default.")] = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="One day; all by default.")] = None,
) -> None:
    """Print the rows in quarantine as JSON lines, decrypted where there is a key."""
    from ingest import read_contracts
    from ingest.quarantine import read_rejects
    from orchestration.dbt_project import manifest
    from orchestration.zones import ensure_readable

    ensure_readable(settings())
    known = sorted(contract.name for contract in read_contracts(manifest()))
    if table not in (None, *known):
        raise SystemExit(f"No table is called {table}; there are {', '.join(known)}.")
    folder = f"{(table or '*.*').replace('.', '/')}/extract_date={day.date() if day else '*'}"
    for path in sorted(settings().quarantine.glob(f"{folder}/rejects.*")):
        for reject in read_rejects(path, settings().vault):
            print(json.dumps({"partition": str(path.parent.relative_to(settings().quarantine)), **vars(reject)}))


@app.command()
def switch(
    kind: Annotated[str | None, typer.Argument(help="trigger, campaign or journey.")] = None,
    name: Annotated[str | None, typer.Argument(help="Which one, as in cart_reminder.")] = None,
    state: Annotated[str | None, typer.Argument(help="off or on.")] = None,
    because: Annotated[str | None, typer.Option(help="Why; needed to switch off.")] = None,
) -> None:
    """Switch a trigger, campaign or journey off or on, from the next run on; without arguments, list what is off."""
    from orchestration import switches

    switches.run(kind, name, state, because, console)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON, for a monitor.")] = False,
    alert: Annotated[bool, typer.Option("--alert", help="Alert each fault, once: for cron.")] = False,
) -> None:
    """Check the installation, the home and its data, and say how to mend each fault; with any, the exit code is 1."""
    from orchestration.doctor_commands import examine_home

    examine_home(console, as_json=as_json, alert=alert)


@app.command()
def encrypt() -> None:
    """Encrypt what was written without a key, after POSTROOM_ENCRYPTION_KEY was set. Stop Dagster first."""
    from orchestration.encryption import encrypt_home

    count = encrypt_home(settings())
    console.print(f"{count} files encrypted in {settings().home}. Now: postroom run", markup=False)


@app.command()
def sync(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; the last that ran by default.")
    ] = None,
) -> None:
    """Write what has changed of each profile since it was last written, for the CRM or e-mail service to import."""
    from orchestration import profile_sync
    from orchestration.dbt_project import manifest
    from orchestration.gate import GateClosedError
    from orchestration.site import last_live_day, site_for
    from orchestration.zones import ensure_readable

    here = settings()
    ensure_readable(here)
    chosen = day.date() if day else last_live_day(here)
    if chosen is None:
        raise SystemExit("No day has run yet: postroom run")
    site = site_for(chosen, here)
    try:
        written = profile_sync.sync(site, manifest(), here.ledger)
    except GateClosedError as error:
        raise SystemExit(str(error)) from None
    console.print(
        f"{written.rows:,} changed profiles in {site.outbox('sync') / written.name}", markup=False, soft_wrap=True
    )


@app.command()
def ui(
    port: int = 3000,
    host: Annotated[str, typer.Option(help="The address to listen on; whoever reaches it can do anything.")] = LOOPBACK,
) -> None:
    """Start Dagster's UI and daemon on localhost."""
    dagster = Path(sys.executable).parent / "dagster"
    if host != LOOPBACK:
        console.print(f"The UI asks for no password: whoever reaches {host} can start runs and see data.", markup=False)
    console.print(f"http://{'localhost' if host == LOOPBACK else host}:{port}  (stop with Ctrl-C)", markup=False)
    arguments = [
        str(dagster),
        "dev",
        "--module-name",
        "orchestration.definitions",
        "--host",
        host,
        "--port",
        str(port),
    ]
    os.chdir(PROJECT)
    os.execv(arguments[0], arguments)


@app.command(name="online-retail")
def online_retail(folder: Path) -> None:
    """Load every day of UCI Online Retail from a folder of daily CSV files, then run the daily job on its last day."""
    from orchestration import daily_run, report

    days = daily_run.land_stock_files(folder, "online_retail", ("orders", "order_lines"), settings())
    outcome = daily_run.run(days[-1], console=console)
    report.show(days[-1], settings(), console)
    if not outcome:
        raise typer.Exit(1)


@app.command()
def journey(
    name: Annotated[str, typer.Argument(help="The journey, as in cart.")],
) -> None:
    """Print a journey as a Mermaid flowchart."""
    from orchestration.journeys import draw, load_journeys

    drawn = {found.name: draw(found) for found in load_journeys(PROJECT)}
    if name not in drawn:
        raise SystemExit(f"No journey is called {name}; there are {', '.join(drawn)}.")
    typer.echo(drawn[name], nl=False)
