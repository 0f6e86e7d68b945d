"""`alerts.jsonl`: which causes were raised, which have gone, and which of that was told.

A line is added for each and none is taken away, so the file can be read on its own, and followed. One process at a time
writes to it: so two that see the same cause raise it once.
"""

import datetime as dt
import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson

from alerting.cause import Cause

State = Literal["raised", "resolved"]


@dataclass(frozen=True, slots=True)
class Alert:
    """How a cause stands."""

    cause: Cause
    state: State
    at: str


class Book:
    """The alerts of a home. What was told is remembered by the state that was."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.alerts: dict[str, Alert] = {}
        self._told: dict[str, State] = {}
        for line in file.read().splitlines():
            self._fold(line)

    @property
    def lasting(self) -> list[Cause]:
        """What was raised and has not gone."""
        return [alert.cause for alert in self.alerts.values() if alert.state == "raised"]

    @property
    def untold(self) -> list[Alert]:
        """What there is to tell: what lasts and was never told, and what has gone of that which was."""
        return [
            alert
            for id_, alert in self.alerts.items()
            if self._told.get(id_) != alert.state and (alert.state == "raised" or id_ in self._told)
        ]

    def note(self, cause: Cause, state: State, at: dt.datetime) -> None:
        """Write down that a cause has come, or gone."""
        self._add({"at": _text(at), "state": state, "id": cause.id, **asdict(cause)})

    def tell(self, alerts: Iterable[Alert], at: dt.datetime) -> None:
        """Write down that these were told."""
        for alert in alerts:
            self._add({"at": _text(at), "told": alert.state, "id": alert.cause.id})

    def _add(self, record: dict[str, Any]) -> None:
        line = orjson.dumps({key: value for key, value in record.items() if value}, option=orjson.OPT_APPEND_NEWLINE)
        self._file.write(line)
        self._file.flush()
        self._fold(line)

    def _fold(self, line: bytes) -> None:
        try:
            record = orjson.loads(line)
            if "told" in record:
                self._told[record["id"]] = record["told"]
                return
            fields = {name: record.get(name, "") for name in Cause.__dataclass_fields__}
            self.alerts[record["id"]] = Alert(Cause(**fields), record["state"], record["at"])
        except (ValueError, LookupError, TypeError):
            # Half a line, after a crash. What it was to say is found, and alerted, anew.
            return


@contextmanager
def opened(path: Path) -> Iterator[Book]:
    """The book, for writing; another process that wants it waits. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        end = file.seek(0, 2)
        file.seek(0)
        book = Book(file)
        if end and not _ends_a_line(file, end):
            file.write(b"\n")
        yield book


def read(path: Path) -> Book | None:
    """The book as it is, for looking at; None where there is none."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        return Book(file)


def _ends_a_line(file: BinaryIO, end: int) -> bool:
    file.seek(end - 1)
    return file.read(1) == b"\n"


def _text(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
