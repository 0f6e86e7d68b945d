"""Long work in a terminal: one line that moves, and whole lines only for what dbt says went wrong."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from rich.console import Console
from rich.status import Status

_STYLING = re.compile(r"\x1b\[[0-9;]*m")
_FAILED = re.compile(r"^\d+ of \d+ (ERROR|FAIL)")
_FILLER = re.compile(r" [.]{3,}")
# A log line's head: time, logger, level, job, run and step. What follows is for people.
_HEAD = re.compile(r"^\S+ \S+ \S+ - dagster - \w+ - \w+ - \S+ - ")
# Where nothing can move, as in a log file, so many lines make one.
_PLAIN_EVERY = 100


@contextmanager
def condensed(console: Console, what: str) -> Iterator[None]:
    """Show what Dagster and dbt print meanwhile as one moving line."""
    # Bound to the terminal itself: while the output is redirected, `console` would write into the sink.
    terminal = Console(file=console.file)
    with terminal.status(what) as status:
        sink = _Condenser(terminal, status, what)
        with redirect_stdout(sink), redirect_stderr(sink):
            yield


class _Condenser(io.TextIOBase):
    def __init__(self, console: Console, status: Status, what: str) -> None:
        self._console = console
        self._status = status
        self._what = what
        self._pending = ""
        self._count = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._pending = (self._pending + text).split("\n")
        for line in lines:
            self._take(_FILLER.sub("", _HEAD.sub("", _STYLING.sub("", line))).strip())
        return len(text)

    def _take(self, line: str) -> None:
        if not line:
            return
        self._count += 1
        self._status.update(f"{self._what}  {line[:100]}")
        is_milestone = not self._console.is_terminal and self._count % _PLAIN_EVERY == 0
        if is_milestone or _FAILED.match(line):
            self._console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
