"""What replayed days would have sent, why not more, and what these people then did."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any

from orchestration.settings import Settings
from workbench.replay.day import report_of, site_of
from workbench.replay.outcomes import WINDOWS
from workbench.reports import Section

_ORDER = {"send": 0, "hold_out": 1, "suppress": 2}
_SAMPLES = 3
_NOT_CAUSAL = (
    "Who was written to, was held out or was left out for a reason differs in more than the message: only send against "
    "hold_out, which was drawn by lot, says what a message changes, and only where both are many. People are counted "
    "once a day."
)


def sections(campaign: str, days: Sequence[date], here: Settings) -> Iterator[Section]:
    """The report of one campaign over the days that have been replayed; the others are named."""
    reports = {day: report for day in days if (report := report_of(day, here)) and campaign in report["campaigns"]}
    absent = [str(day) for day in days if day not in reports]
    text = f"Not replayed: {', '.join(absent)}." if absent else ""
    yield Section(
        f"{campaign}, {days[0]} to {days[-1]}: what would have been sent",
        text,
        ["day", "candidates", "send", "hold_out", "suppress", "payloads", "known from"],
        [_day(day, report, campaign) for day, report in reports.items()],
    )
    stopped = {day: r["campaigns"][campaign]["stopped"] for day, r in reports.items()}
    yield from (
        Section(f"{campaign}, {day}: nothing would have left", reason) for day, reason in stopped.items() if reason
    )
    incomplete = {day: r["missing"] for day, r in reports.items() if r["missing"]}
    for day, missing in incomplete.items():
        yield Section(f"{day}: not all that its run read is still there", f"Gone: {', '.join(missing)}.")
    if rows := _reasons(reports, campaign):
        yield Section(
            f"{campaign}: why, and what they did then",
            f"{_NOT_CAUSAL} {_known_until(reports, campaign)}",
            ["decision", "reason", "decisions", "people", *(f"ordered within {days} days" for days in WINDOWS)],
            rows,
        )
    if samples := list(islice(_samples(reports, campaign, here), _SAMPLES)):
        yield Section(f"{campaign}: samples", "", ["day", "to", "subject", "variant", "send at"], samples)


def _day(day: date, report: dict[str, Any], campaign: str) -> list[object]:
    counts = dict.fromkeys(_ORDER, 0)
    for row in report["campaigns"][campaign]["decisions"]:
        counts[row["decision"]] += row["decisions"]
    known = "what its live run read" if report["is_as_read"] else "what is there now"
    return [str(day), sum(counts.values()), *counts.values(), report["campaigns"][campaign]["payloads"], known]


def _reasons(reports: dict[date, dict[str, Any]], campaign: str) -> list[list[object]]:
    """A row for each decision and reason; a window counts the days for which it has passed."""
    totals: dict[tuple[str, str], dict[str, int]] = {}
    for report in reports.values():
        for row in report["campaigns"][campaign]["decisions"]:
            total = totals.setdefault((row["decision"], row["reason"]), {"decisions": 0, "people": 0})
            for name in ("decisions", "people"):
                total[name] += row[name]
            for days in WINDOWS:
                if (ordered := row[f"ordered_in_{days}"]) is not None:
                    total[f"ordered_{days}"] = total.get(f"ordered_{days}", 0) + ordered
                    total[f"of_{days}"] = total.get(f"of_{days}", 0) + row["people"]
    return [
        [decision, reason or "-", total["decisions"], total["people"], *(_share(total, days) for days in WINDOWS)]
        for (decision, reason), total in sorted(
            totals.items(), key=lambda item: (_ORDER[item[0][0]], -item[1]["decisions"], item[0][1])
        )
    ]


def _share(total: dict[str, int], days: int) -> str:
    if f"of_{days}" not in total:
        return "not known yet"
    ordered, of = total[f"ordered_{days}"], total[f"of_{days}"]
    return f"{ordered:,} of {of:,} ({ordered / of:.1%})"


def _known_until(reports: dict[date, dict[str, Any]], campaign: str) -> str:
    known = sorted({r["campaigns"][campaign]["known_until"] for r in reports.values()})
    return f"Orders are those known on {known[-1] if len(known) == 1 else f'{known[0]} to {known[-1]}'}."


def _samples(reports: dict[date, dict[str, Any]], campaign: str, here: Settings) -> Iterator[list[object]]:
    """The first messages of each day, without what names their readers."""
    for day in reports:
        path = site_of(day, here).outbox(campaign) / "payloads.jsonl"
        if path.exists():
            with path.open(encoding="utf-8") as lines:
                for message in map(json.loads, islice(lines, 1)):
                    subject = message["subject"]
                    for name in sorted((message["to"].get("name") or "").split(), key=len, reverse=True):
                        subject = subject.replace(name, "…")
                    yield [str(day), _masked(message["to"]["email"]), subject, message["variant"], message["send_at"]]


def _masked(email: str) -> str:
    return f"{email[:1]}…@{email.rpartition('@')[2]}"
