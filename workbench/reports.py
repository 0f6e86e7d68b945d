"""Tables for a terminal, and the same for a comment in a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.printable import printable


@dataclass
class Section:
    """A heading, a sentence, and a table of rows; each of these may be missing."""

    title: str
    text: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()


def print_sections(sections: Iterable[Section], console: Console) -> None:
    """On a terminal."""
    for section in sections:
        console.print(Text(printable(section.title), style="bold"))
        if section.text:
            console.print(Text(printable(section.text)))
        if section.rows:
            table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
            for position, name in enumerate(section.columns):
                is_number = isinstance(section.rows[0][position], int)
                table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
            for row in section.rows:
                table.add_row(*(Text(_cell(value)) for value in row))
            console.print(table)
        else:
            console.print()


def as_markdown(sections: Iterable[Section]) -> str:
    """As GitHub shows it."""
    lines: list[str] = []
    for section in sections:
        lines += [f"### {_escaped(section.title)}", ""]
        if section.text:
            lines += [_escaped(section.text), ""]
        if section.rows:
            lines.append(_row(section.columns))
            lines.append(_row("---:" if isinstance(v, int) else "---" for v in section.rows[0]))
            lines += [_row(_escaped(_cell(value)) for value in row) for row in section.rows]
            lines.append("")
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else printable(value)


def _escaped(text: str) -> str:
    for character in "\\`*_<|[":
        text = text.replace(character, f"\\{character}")
    return text
