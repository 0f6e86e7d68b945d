"""Switching a trigger, a campaign or a journey off and on: a row in the ledger, which the next day's run reads."""

from __future__ import annotations

import difflib
import glob
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from disk import written
from ingest.files import quoted
from orchestration import daily_run
from orchestration.dbt_project import manifest
from orchestration.partitions import daily
from orchestration.printable import printable
from orchestration.settings import Settings, settings
from orchestration.site import last_live_day
from orchestration.zones import ensure_readable

_PREFIXES = {"trigger": "trg_", "campaign": "cmp_", "journey": "jrn_"}


def run(kind: str | None, name: str | None, state: str | None, because: str | None, console: Console) -> None:
    """What `postroom switch` does.

    Raises:
        SystemExit: what was asked for cannot be done; the message says what to type.
        VaultError: what is kept was written with another key, or without one.
    """
    here = settings()
    ensure_readable(here)
    if kind is None:
        show(here, console)
        return
    if name is None or state not in ("on", "off"):
        raise SystemExit('Say what, and off or on: postroom switch campaign winback off --because "the sale is over"')
    if state == "off" and not because:
        raise SystemExit("Say why, for whoever wonders later: --because")
    day = first_day(here)
    if record(here, manifest(), day, kind, name, is_on=state == "on", reason=because):
        console.print(f"{kind} {name} is {state} from the run of {day} on.", markup=False)
    else:
        console.print(f"{kind} {name} is {state} already: nothing to do.", markup=False)


def names_of(project: Mapping[str, Any]) -> dict[str, list[str]]:
    """What can be switched, by kind."""
    models = sorted(n["name"] for n in project["nodes"].values() if n["resource_type"] == "model")
    return {
        kind: [m.removeprefix(prefix) for m in models if m.startswith(prefix)] for kind, prefix in _PREFIXES.items()
    }


def first_day(here: Settings) -> date:
    """The first day whose run a switch made now holds for: what has run live has been decided."""
    last = last_live_day(here)
    if last is not None:
        return last + timedelta(days=1)
    next_run = daily_run.newest_landed_day(here)
    return next_run or date.fromisoformat(daily.get_last_partition_key() or here.first_day.isoformat())


def record(
    here: Settings, project: Mapping[str, Any], day: date, kind: str, name: str, *, is_on: bool, reason: str | None
) -> bool:
    """Add a switch to `ledger/switches/as_of_date=<day>/`; gives whether it changes how things stand by then.

    Raises:
        SystemExit: nothing of this kind has this name; the message says what comes near.
    """
    _ensure_known(names_of(project), kind, name)
    if _standing(here).get((kind, name), {"is_on": True})["is_on"] == is_on:
        return False
    target = here.ledger / "switches" / f"as_of_date={day}" / f"{uuid.uuid4().hex}.parquet"
    with written(target) as temporary, here.vault.connect() as connection:
        # A `copy` takes no parameters, and the reason is anybody's text.
        connection.execute(
            "create temp table switch as select $kind as kind, $name as name, $is_on::boolean as is_on,"
            " $switched_at::timestamp as switched_at, $reason::varchar as reason",
            {
                "kind": kind,
                "name": name,
                "is_on": is_on,
                "switched_at": datetime.now(UTC).replace(tzinfo=None),
                "reason": reason,
            },
        )
        connection.execute(f"copy switch to '{quoted(temporary)}' ({here.vault.parquet})")
    return True


def show(here: Settings, console: Console) -> None:
    """Print what is off: since when, from which day's run on, and why."""
    off = [row for row in _standing(here).values() if not row["is_on"]]
    if not off:
        console.print("Every trigger, campaign and journey is on.")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("off", "name", "since", "from the run of", "because"):
        table.add_column(heading)
    for row in off:
        since = f"{row['switched_at']:%Y-%m-%d %H:%M} UTC"
        cells = (row["kind"], row["name"], since, str(row["as_of_date"]), row["reason"] or "")
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console.print(table)


def _standing(here: Settings) -> dict[tuple[str, str], dict[str, Any]]:
    """The last switch of each, by kind and name; in int_switches__standing the runs read it so."""
    folder = here.ledger / "switches"
    if not any(folder.glob("as_of_date=*/*.parquet")):
        return {}
    with here.vault.connect() as connection:
        files = here.vault.read_parquet(
            f"{quoted(glob.escape(str(folder)))}/as_of_date=*/*.parquet", "hive_partitioning = true"
        )
        found = connection.execute(
            f"select cast(as_of_date as date) as as_of_date, kind, name, is_on, switched_at, reason from {files}"
            " order by kind, name, as_of_date, switched_at, is_on desc"
        )
        names = [name for name, *_ in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {(row["kind"], row["name"]): row for row in rows}


def _ensure_known(known: Mapping[str, list[str]], kind: str, name: str) -> None:
    if kind not in known:
        raise SystemExit(f"{printable(kind)} is nothing to switch: say {', '.join(known)}.{_near(kind, list(known))}")
    if name not in known[kind]:
        elsewhere = [other for other, names in known.items() if name in names]
        hint = f" It is a {elsewhere[0]}." if elsewhere else _near(name, known[kind])
        raise SystemExit(f"No {kind} is called {printable(name)}.{hint} There are: {', '.join(known[kind]) or 'none'}.")


def _near(text: str, known: list[str]) -> str:
    near = difflib.get_close_matches(text, known, n=2, cutoff=0.5)
    return f" Did you mean {' or '.join(near)}?" if near else ""
