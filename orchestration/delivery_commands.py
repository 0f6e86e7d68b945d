"""`postroom deliver`: the room delivery/ at the terminal, with the time, the secrets and the live outbox."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from threading import Event
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from delivery import DeliveryError, Entry, Office, Row, Rules, alone, deliver, load_rules, look, read_outbox
from exports.errors import LoadError
from orchestration import send_log
from orchestration.settings import Settings, service_secret, settings
from orchestration.site import Site
from orchestration.zones import ensure_readable

console = Console()
_COLUMNS = ("service", "parts", "messages", "accepted", "retried", "dead", "unknown", "waiting")


class _Clock:
    """The time, for a room that may not look at a clock."""

    def utc(self) -> datetime:
        return datetime.now(UTC)

    def seconds(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float, stop: Event) -> None:
        stop.wait(seconds)


def deliver_outbox(
    campaign: Annotated[str | None, typer.Option(help="One campaign, as in winback; all by default.")] = None,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="One day; by default each whose outbox is not too old."),
    ] = None,
    esp: Annotated[str | None, typer.Option(help="One service, as in sendgrid; all by default.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be handed over, and send nothing.")
    ] = False,
    resend_unknown: Annotated[
        bool,
        typer.Option("--resend-unknown", help="Hand over again what may have arrived: some people may get it twice."),
    ] = False,
    retry_dead: Annotated[
        bool, typer.Option("--retry-dead", help="Hand over again what was refused, once the cause is mended.")
    ] = False,
) -> None:
    """Hand over to the e-mail services what lies in the outbox for them, each message once."""
    here = settings()
    ensure_readable(here)
    with _said_plainly():
        rules = load_rules(here.services)
        if not rules.is_enabled and not dry_run:
            raise DeliveryError(
                f"Delivery is off: nothing is sent. To turn it on, set delivery.enabled to true in {rules.path}"
            )
        if dry_run:
            rows = look(_entries(here, rules, campaign, day.date() if day else None, esp), _office(here, rules))
        else:
            with alone(here.home):
                entries = _entries(here, rules, campaign, day.date() if day else None, esp)
                rows = _deliver(entries, _office(here, rules), resend_unknown, retry_dead)
    _show(rows, here)
    if not all(row.is_well for row in rows):
        raise typer.Exit(1)


@contextmanager
def _said_plainly() -> Iterator[None]:
    """What is for a person to mend is said without a stack."""
    try:
        yield
    except (DeliveryError, LoadError) as error:
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


def _deliver(entries: Sequence[Entry], office: Office, resend_unknown: bool, retry_dead: bool) -> list[Row]:
    # A service manager's stop is as clean as Ctrl-C: requests under way are waited for.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Progress(console=console, transient=True) as progress:
        totals = {name: sum(e.rows for e in entries if e.service == name) for name in {e.service for e in entries}}
        tasks = {name: progress.add_task(name, total=total) for name, total in sorted(totals.items())}
        return deliver(
            entries,
            office,
            resend_unknown=resend_unknown,
            retry_dead=retry_dead,
            told=lambda service, count: progress.advance(tasks[service], count),
        )


def _office(here: Settings, rules: Rules) -> Office:
    @cache
    def logged(campaign: str, day: date) -> set[str]:
        return send_log.message_ids(Site(day, True, here.home, here.vault), campaign, here.ledger)

    return Office(
        rules=rules,
        ledger=here.ledger,
        dead_letters=here.dead_letters,
        secret=service_secret,
        logged=lambda entry: logged(entry.campaign, entry.day),
        clock=_Clock(),
        random=Random(),
        # What a service says is anybody's text: beside encrypted files it is not kept.
        keeps_words=here.vault.key is None,
    )


def _entries(here: Settings, rules: Rules, campaign: str | None, day: date | None, esp: str | None) -> list[Entry]:
    """The files for services in the live outbox: a replay's is elsewhere, and never delivered.

    Raises DeliveryError: what was asked for is not there, or too old.
    """
    folders = sorted(p.parent for p in here.outbox.glob(f"[!.]*/{day or '[!.]*'}/manifest.json"))
    found = [entry for folder in folders for entry in read_outbox(folder)]
    chosen = [e for e in found if campaign in (None, e.campaign) and esp in (None, e.service)]
    if not chosen:
        raise DeliveryError(
            f"Nothing lies in {here.outbox} for that. Which services are written for is `esp:` in exports/brand.yml or "
            "a campaign.yml; files are made by the daily job."
        )
    oldest = _Clock().utc() - timedelta(hours=rules.max_age_hours)
    fresh = [entry for entry in chosen if entry.as_of >= oldest]
    if not fresh:
        raise DeliveryError(
            f"The outbox is as of {max(e.as_of for e in chosen):%Y-%m-%d %H:%M} UTC, and more than "
            f"{rules.max_age_hours:g} hours old (delivery.max_age_hours): who has unsubscribed since would be written "
            "to. Run the daily job."
        )
    return fresh


def _show(rows: Sequence[Row], here: Settings) -> None:
    table = Table()
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name == "service" else "right")
    for row in rows:
        counts = (row.parts, row.messages, row.accepted, row.retried, row.dead, row.unknown, row.waiting)
        table.add_row(row.service, *(f"{count:,}" for count in counts))
    console.print(table)
    for note in [note for row in rows for note in row.notes]:
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    if any(row.dead or row.unknown for row in rows):
        console.print(
            f"Dead and unknown messages are listed in {here.dead_letters}. Once mended: --retry-dead. The unknown may "
            "have arrived: look at the service, and --resend-unknown hands them over again.",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
