"""One day replayed, in a process of its own: `python -m workbench.replay.day 2026-03-01 winback cart_reminder`.

A scratch warehouse under `replay/<day>/` is given what the day's live run was given, built as far as the campaigns need
it, held to the gate and rendered into `replay/<day>/outbox/`. What is left at the end is that outbox and `report.json`,
which is written last: a day that has one for the same inputs need not be replayed again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from disk import write_whole
from exports.errors import DataError
from orchestration import export_tables, inputs
from orchestration.code import code_hash
from orchestration.dbt_project import manifest
from orchestration.export import export
from orchestration.gate import GateClosedError, ensure_open, open_published
from orchestration.publish import publish
from orchestration.settings import Settings, settings
from orchestration.site import Site
from orchestration.warehouse import prepare
from workbench.dbt import parsed_project, run
from workbench.errors import WorkbenchError
from workbench.replay.outcomes import decided

REPORT = "report.json"
# What the gate and the report read, besides the export tables.
_DECIDED = ("fct_campaign_gates", "fct_campaign_messages", "fct_campaign_decisions", "dim_identities")


def site_of(day: date, here: Settings) -> Site:
    """Where a day is replayed, whether it has run live or not."""
    return Site(day, False, here.home / "replay" / day.isoformat(), here.vault)


def report_of(day: date, here: Settings) -> dict[str, Any] | None:
    """What the last replay of a day reported; None where there is none."""
    path = site_of(day, here).root / REPORT
    report: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
    return report


def fingerprint(day: date, code: str, loads: inputs.Loads, here: Settings) -> str:
    """A hash of what a day's replay depends on: the code, the files it is given, and the ledger as of then."""
    given = inputs.of_day(day, manifest(), here, loads)
    files = [f for found in given.known.files.values() for f in found] if given else _there_now(day, here)
    files += [f for f in here.ledger.glob("*/*/*.parquet") if f.parts[-3] == "tombstones" or _day_of(f) <= str(day)]
    digest = hashlib.sha256(code.encode())
    for file in sorted(files):
        digest.update(f"{file}:{file.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:32]


def _fingerprint_now(day: date, here: Settings) -> str:
    return fingerprint(day, code_hash(here), inputs.in_place_now(manifest(), here), here)


def _there_now(day: date, here: Settings) -> list[Path]:
    """What a day that has not run live is given; of what is published, what is of days before it."""
    loaded = [f for f in here.raw.glob("*/*/extract_date=*/*.parquet") if _day_of(f) <= str(day)]
    return loaded + [f for f in here.history.glob("*/*/*.parquet") if _day_of(f) < str(day)]


def _day_of(file: Path) -> str:
    return file.parent.name.partition("=")[2]


def replay_day(day: date, campaigns: Sequence[str], here: Settings) -> None:
    """Replay a day for some campaigns, and write what came of it into `report.json`.

    Raises:
        WorkbenchError: a model does not build on what was known then.
    """
    site, known = site_of(day, here), manifest()
    before = report_of(day, here) or {}
    with _scratch(site):
        (site.root / REPORT).unlink(missing_ok=True)
        past = _past_models(known, day, here)
        inputs_now = None
        # A load that is replaced meanwhile is kept under another name: what was built may be of both.
        while inputs_now != (inputs_now := _fingerprint_now(day, here)):
            given = inputs.given_to(site, known, here)
            prepare(site, known, here, given)
            _build(site, known, campaigns, past)
        publish(site, {**known, "nodes": past}, here)
        results = {name: _export(site, name, known) for name in campaigns}
        outcomes, known_until = decided(site, campaigns, here)
    earlier = before["campaigns"] if before.get("inputs") == inputs_now else {}
    report = {
        "day": day.isoformat(),
        "inputs": inputs_now,
        "is_as_read": given is not None,
        "missing": given.missing if given else [],
        "campaigns": earlier
        | {
            name: result | {"known_until": known_until, "decisions": outcomes[name]} for name, result in results.items()
        },
    }
    write_whole(site.root / REPORT, f"{json.dumps(report, indent=2)}\n".encode())


@contextmanager
def _scratch(site: Site) -> Iterator[None]:
    """The site with nobody else at work in it, and without its warehouse afterwards."""
    site.root.mkdir(parents=True, exist_ok=True)
    with (site.root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            for left in site.root.glob("warehouse.duckdb*"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            for folder in ("published", "dbt"):
                shutil.rmtree(site.root / folder, ignore_errors=True)


def _past_models(known: Mapping[str, Any], day: date, here: Settings) -> dict[str, Any]:
    """The models whose results become history: all of them, unless what the day published stands."""
    if inputs.is_on_record(day, here):
        return {}
    nodes: dict[str, Any] = known["nodes"]
    return {i: n for i, n in nodes.items() if n["resource_type"] == "model" and n["config"]["meta"].get("publish")}


def _build(site: Site, known: Mapping[str, Any], campaigns: Sequence[str], past: Mapping[str, Any]) -> None:
    exported = [model["name"] for name in campaigns for model in export_tables.export_models(known, name)]
    ends = [f"+{name}" for name in sorted({*_DECIDED, *exported, *(node["name"] for node in past.values())})]
    kinds = ["--resource-type", "model", "--resource-type", "seed"]
    run(
        ["build", *kinds, "--select", *ends],
        site.warehouse,
        site.root / "dbt",
        as_of=site.as_of,
        manifest=parsed_project(),
    )


def _export(site: Site, campaign: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """How many payloads were written, or what stood in the way."""
    models = export_tables.export_models(known, campaign)
    try:
        with open_published(site) as connection:
            ensure_open(connection, campaign, models)
            written = export(connection, site, export_tables.CAMPAIGNS / campaign, known, models)
    except (GateClosedError, DataError) as error:
        shutil.rmtree(site.outbox(campaign), ignore_errors=True)
        return {"payloads": 0, "stopped": str(error)}
    return {"payloads": written.messages, "stopped": None}


def _end_with_parent() -> None:
    """End at once when whoever started this has gone: it holds the other end of standard input."""

    def wait() -> None:
        os.read(sys.stdin.fileno(), 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    _end_with_parent()
    try:
        replay_day(date.fromisoformat(sys.argv[1]), sys.argv[2:], settings())
    except WorkbenchError as problem:
        raise SystemExit(str(problem)) from None
