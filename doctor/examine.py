"""All checks in turn. None keeps another from being made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import dagster as dg

from alerting import address_problem
from alerting.book import read
from doctor import feeds, home, installation, runs, state
from doctor.finding import Finding, Level, fault, ok
from ingest import ExtractError, read_contracts
from orchestration.settings import Settings, alert_webhook

_Check = Callable[[], Iterable[Finding]]


def examine(here: Settings, instance: dg.DagsterInstance | None, at: datetime) -> Iterator[Finding]:
    """What each check finds; of one that finds nothing wrong, that."""
    manifest, parsed = installation.project(here)
    yield from _all({"python": installation.python, "packages": lambda: installation.packages()})
    yield parsed
    yield from _all(_of_home(here, instance, at))
    if manifest is None:
        return
    yield from _made("definitions", lambda: installation.definitions(manifest))
    try:
        contracts = read_contracts(manifest)
    except ExtractError as error:
        yield fault("contracts", str(error), "Mend the source's YAML.")
        return
    yield from _all(
        {
            feeds.FRESHNESS: lambda: feeds.freshness(contracts, here, at),
            "backlog": lambda: feeds.backlog(contracts, here, at),
            "landing": lambda: feeds.landing(contracts, here),
            "quarantine": lambda: feeds.quarantine(contracts, here),
        }
    )


def _of_home(here: Settings, instance: dg.DagsterInstance | None, at: datetime) -> dict[str, _Check]:
    checks: dict[str, _Check] = {
        "services": lambda: installation.services(here),
        "unsubscribe_key": lambda: installation.key(here),
        "alerts": lambda: alerts(here),
        "zones": lambda: home.zones(here),
        "room": lambda: home.room(here),
        "locks": lambda: home.locks(here),
        "leftovers": lambda: home.leftovers(here, runs.is_at_work(instance, here)),
        feeds.SCHEDULE: lambda: feeds.schedule(here, instance, at),
        "encryption": lambda: state.encryption(here),
        "files": lambda: state.files(here),
        "warehouse": lambda: state.warehouse(here),
        "send_log": lambda: state.send_log(here),
        "outbox": lambda: state.outbox(here),
        state.DELIVERIES: lambda: state.deliveries(here),
        "erasures": lambda: state.erasures(here),
    }
    if instance is not None:
        checks |= {
            runs.FAILED: lambda: runs.failed(instance, at),
            "daemon": lambda: runs.daemon(instance, at),
            "stuck_runs": lambda: runs.stuck(instance, here, at),
        }
    return checks


def alerts(here: Settings) -> Iterator[Finding]:
    """Whether alerts have somewhere to go, and were told."""
    webhook, book = alert_webhook(), read(here.home / "alerts.jsonl")
    if webhook is None:
        yield ok("alerts", "alerts go to alerts.jsonl alone: POSTROOM_ALERT_WEBHOOK is not set")
        return
    if problem := address_problem(webhook):
        yield fault(
            "alerts", f"POSTROOM_ALERT_WEBHOOK is no address to post to: {problem}.", "Set it anew, or unset it."
        )
    elif book and book.untold:
        yield fault(
            "alerts",
            f"{len(book.untold)} alerts could not be told to the webhook, the first of {book.untold[0].at}.",
            "postroom doctor --alert tries again, and says why it fails; is POSTROOM_ALERT_WEBHOOK still right?",
        )
    yield ok("alerts", "the webhook is set, and was told of everything")


def _all(checks: dict[str, _Check]) -> Iterator[Finding]:
    for name, check in checks.items():
        yield from _made(name, check)


def _made(name: str, check: _Check) -> list[Finding]:
    """What a check finds. One that cannot be made is a fault of its own: what it looks at is not as it may be."""
    try:
        found = list(check())
    except Exception as error:
        return [fault(name, f"This could not be looked at: {type(error).__name__}.", "Mend the other faults first.")]
    return [finding for finding in found if finding.level is not Level.OK] or found
