"""Who is told what: what has failed in Dagster's runs, and what the doctor sees, each cause once.

Whoever looks (the sensor `alerts` in Dagster's daemon, `postroom run` in a terminal, `postroom doctor --alert`) finds
the same causes by the same ids, so it does not matter how many look, nor how often.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.markup import escape

from alerting import Cause, Told, alert
from doctor import feeds
from doctor.finding import Finding, Level
from doctor.state import DELIVERIES
from orchestration.failures import STALE, failures, is_mended
from orchestration.settings import Settings, alert_webhook, settings

MISSED = "missed_run"
DOCTOR = "doctor"
# What a sensor can see at each of its ticks, by the doctor's check that sees it.
STANDING = {feeds.FRESHNESS: STALE, feeds.SCHEDULE: MISSED}
_ALERTED_WARNINGS = {feeds.FRESHNESS, DELIVERIES}


def book(here: Settings) -> Path:
    """The file of all alerts."""
    return here.home / "alerts.jsonl"


def look(
    instance: dg.DagsterInstance | None, at: datetime, standing: Sequence[Cause] = (), looked_for: Collection[str] = ()
) -> Told:
    """Alert what has failed in the runs of `instance`, and what is `standing`.

    `looked_for` are the kinds that `standing` has all there is of: what it no longer has is over.

    Raises OSError: the file of alerts cannot be written.
    """
    here = settings()

    def has_gone(cause: Cause) -> bool:
        if cause.run:
            return instance is not None and is_mended(instance, cause)
        return cause.kind in looked_for

    return alert(
        book(here),
        [*standing, *(failures(instance, at) if instance else ())],
        has_gone,
        webhook=alert_webhook(),
        home=f"production, {here.home}" if here.is_production else str(here.home),
        at=at,
        wait=time.sleep,
    )


def after_run(instance: dg.DagsterInstance, console: Console) -> None:
    """Look after a run in a terminal. That nobody could be told is said, and is no failure of the run."""
    try:
        problem = look(instance, datetime.now(UTC)).problem
    except Exception as error:
        problem = type(error).__name__
    if problem:
        console.print(f"Alerts were not told: {escape(problem)}. They will be the next time.", highlight=False)


def causes_of(findings: Sequence[Finding]) -> list[Cause]:
    """What of the doctor's findings is worth an alert: each fault, a source from its `warn_after` on, and messages that
    were refused, or may have arrived.
    """
    return [
        Cause(
            STANDING.get(finding.check, DOCTOR),
            _subject(finding),
            " ".join(filter(None, (finding.found, finding.mend))),
            finding.day,
        )
        for finding in findings
        if finding.level is Level.FAULT or (finding.check in _ALERTED_WARNINGS and finding.level is Level.WARNING)
    ]


def _subject(finding: Finding) -> str:
    """What a cause of the doctor's is about: where its kind does not tell, the check's name too."""
    if finding.check in STANDING:
        return finding.subject or finding.check
    return ", ".join(filter(None, (finding.check, finding.subject)))
