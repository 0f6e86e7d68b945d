"""A timeline in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.printable import printable
from workbench.persona import Persona
from workbench.simulate import Moment


def show(persona: Persona, moments: Sequence[Moment], console: Console) -> None:
    """Print who it is and what happened, a line each."""
    console.print(Text(printable(persona.title), style="bold"))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("when, UTC", "", "what"):
        table.add_column(name, overflow="fold")
    day = None
    for moment in moments:
        is_new_day = day is not None and moment.at.date() != day
        if is_new_day:
            table.add_section()
        day = moment.at.date()
        style = "bold" if moment.kind == "e-mail" else ""
        table.add_row(f"{moment.at:%Y-%m-%d %H:%M}", Text(moment.kind, style=style), Text(printable(moment.text)))
    console.print(table)
