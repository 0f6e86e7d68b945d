"""`postroom doctor`: the room doctor/ at the terminal."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg
import typer
from rich.console import Console
from rich.text import Text

from doctor import runs
from doctor.examine import examine
from doctor.finding import Finding, Level, fault
from orchestration import alerts
from orchestration.settings import export_environment, settings

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "red"}


def examine_home(console: Console, *, as_json: bool, alert: bool) -> None:
    """What `postroom doctor` does.

    Raises:
        Exit: with 1, if there is a fault.
    """
    findings = _examined(alert)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            _show(finding, console)
    if any(finding.level is Level.FAULT for finding in findings):
        raise typer.Exit(1)


def _examined(alert: bool) -> list[Finding]:
    try:
        here = settings()
    except SystemExit as error:
        return [fault("settings", str(error), "Set the variable as the message says (README, In production).")]
    export_environment(make=False)
    at = datetime.now(UTC)
    with ExitStack() as stack:
        instance, broken = _storage(stack)
        findings = [*broken, *examine(here, instance, at)]
        if alert:
            findings += _alerted(instance, findings)
    return findings


def _storage(stack: ExitStack) -> tuple[dg.DagsterInstance | None, list[Finding]]:
    try:
        return stack.enter_context(runs.storage(settings())), []
    except Exception as error:
        mend = f"Move {settings().dagster_storage} away: no data are in it, and the next run makes it anew."
        return None, [fault("dagster", f"Dagster's storage does not open: {type(error).__name__}.", mend)]


def _alerted(instance: dg.DagsterInstance | None, findings: list[Finding]) -> list[Finding]:
    """Alert them; what keeps that from being told is one more."""
    standing = alerts.causes_of([finding for finding in findings if finding.check != runs.FAILED])
    try:
        told = alerts.look(instance, datetime.now(UTC), standing, (*alerts.STANDING.values(), alerts.DOCTOR))
    except OSError as error:
        return [
            fault("alerts", f"Alerts cannot be written: {error.strerror}.", "Mend the disk, or the folder's rights.")
        ]
    if told.problem:
        mend = "Look at POSTROOM_ALERT_WEBHOOK. It is told the next time."
        return [fault("alerts", f"The webhook was not told: {told.problem}.", mend)]
    return []


def _show(finding: Finding, console: Console) -> None:
    console.print(
        Text.assemble((f"{finding.level:<8}", _STYLES[finding.level]), f"{finding.check:<16}", finding.found),
        soft_wrap=True,
    )
    if finding.mend:
        console.print(Text(f"{'':24}-> {finding.mend}"), soft_wrap=True)
