"""`postroom segment`: all segments, or one with its conditions, its days and some of its members."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.dbt_project import manifest
from orchestration.printable import printable
from orchestration.settings import Settings
from workbench.compiled import compile_models
from workbench.errors import WorkbenchError
from workbench.evidence import personal_names, without_personal
from workbench.names import closest
from workbench.published import Published
from workbench.waterfall import Step, waterfall

DAYS_SHOWN = 14


def show_all(here: Settings, console: Console) -> None:
    """Print every segment with its size, whether that is enough, and what is wrong with it where that is known.

    Raises:
        WorkbenchError: nothing is published.
    """
    with Published(here) as published:
        health = "status" in published.columns("fct_segment_health")
        rows = published.rows(
            "select s.segment, s.owner, s.size, s.minimum_size, s.is_targetable"
            + (", h.status" if health else "")
            + " from marts.dim_segments as s"
            + (" left join marts.fct_segment_health as h on s.segment = h.segment" if health else "")
            + " order by s.segment"
        )
        _print(f"Segments as of {published.as_of:%Y-%m-%d %H:%M} UTC", rows, console)


def show(name: str, here: Settings, console: Console, *, members: int = 5) -> None:
    """Print one segment: its size, entries and exits, its sizes by day, its conditions and some members.

    Raises:
        WorkbenchError: nothing is published, there is no such segment, or its SQL does not compile or run.
    """
    segment = name.removeprefix("seg_")
    known = [n["name"].removeprefix("seg_") for n in manifest()["nodes"].values() if n["name"].startswith("seg_")]
    if segment not in known:
        raise WorkbenchError(f"There is no segment {printable(segment)}: {closest(segment, known)}")
    with Published(here) as published:
        model = compile_models([f"seg_{segment}"], here, published.as_of)[f"seg_{segment}"]
        console.print(Text(f"{segment}, as of {published.as_of:%Y-%m-%d %H:%M} UTC", style="bold"))
        size = _show_size(segment, published, console)
        _show_days(segment, published, console)
        steps = waterfall(model, published.connection, published.as_of)
        _show_steps(model.path, steps, console)
        if size is not None and size != steps[-1].kept:
            console.print(
                f"{model.path} has changed since that was published: it gives {steps[-1].kept:,} now, not {size:,}.\n",
                markup=False,
                highlight=False,
            )
        _show_members(segment, published, members, console)


def _show_size(segment: str, published: Published, console: Console) -> int | None:
    """Print what the last published day says; give the customers it counts."""
    found = published.rows(
        "select s.size, s.minimum_size, s.is_targetable, m.entry_count, m.exit_count from marts.dim_segments as s"
        " inner join marts.fct_segment_sizes as m on s.segment = m.segment where s.segment = $segment",
        {"segment": segment},
    )
    if not found:
        console.print("It is not in the published warehouse yet.\n")
        return None
    (row,) = found
    enough = "targetable" if row["is_targetable"] else "too small to be targeted"
    console.print(
        f"{row['size']:,} customers; minimum {row['minimum_size']:,}: {enough}. "
        f"{row['entry_count']:,} entered and {row['exit_count']:,} left on {_last_day(published)}.\n",
        highlight=False,
    )
    return int(row["size"])


def _last_day(published: Published) -> str:
    return f"{(published.as_of - timedelta(days=1)).date()}"


def _show_days(segment: str, published: Published, console: Console) -> None:
    history = published.history("fct_segment_sizes")
    if history is None:
        return
    rows = published.rows(
        f"""
        select as_of_date as day, size, entry_count as entered, exit_count as "left"
        from {history}
        where segment = $segment and as_of_date < $as_of::date
        order by as_of_date desc
        limit {DAYS_SHOWN}
        """,
        {"segment": segment, "as_of": published.as_of},
    )
    if rows:
        _print("The last published days", rows, console)


def _show_steps(path: str, steps: list[Step], console: Console) -> None:
    table = _table(f"Its conditions, as {path} says now")
    table.add_column("in", overflow="fold")
    table.add_column("condition", overflow="fold")
    table.add_column("keeps", justify="right")
    table.add_column("drops", justify="right")
    for step in steps:
        table.add_row(
            Text(step.cte or ""),
            Text(printable(step.text)),
            f"{step.kept:,}" + (" rows" if step.counts == "rows" else ""),
            "" if step.dropped is None else f"{step.dropped:,}",
        )
    console.print(table)


def _show_members(segment: str, published: Published, count: int, console: Console) -> None:
    # By a hash of the id: the same few each time, and no telling who came first.
    rows = published.rows(
        f"select customer_id, evidence from marts.fct_segment_memberships where segment = $segment and is_member"
        f" order by md5(customer_id), evidence limit {count}",
        {"segment": segment},
    )
    personal = personal_names(manifest())
    if rows:
        shown = [{**row, "evidence": without_personal(row["evidence"], personal)} for row in rows]
        _print("Some of its members", shown, console)


def _print(title: str, rows: list[dict[str, Any]], console: Console) -> None:
    table = _table(title)
    if not rows:
        console.print(f"{title}: none", markup=False)
        return
    for name, value in rows[0].items():
        is_number = isinstance(value, int) and not isinstance(value, bool)
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    console.print(table)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else printable(value)


def _table(title: str) -> Table:
    return Table(title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
