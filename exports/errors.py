"""What can go wrong, in words a marketer or operator can act on.

Two families: a `LoadError` is about files people edit (brand, campaign, templates) and lists every problem found with
file and line; a `DataError` is about one row handed in and names its message. Nothing here formats output or logs.
"""

from dataclasses import dataclass
from pathlib import Path


class ExportError(Exception):
    """Anything that stops an export."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault in a file: where it is (line counted from 1) and what to do about it."""

    file: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class LoadError(ExportError):
    """A brand or campaign that may not be used; `problems` holds every fault found, in file order."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class DataError(ExportError):
    """A row that cannot become a message; the whole campaign stops, so that nobody gets half a mailing."""

    def __init__(self, message_id: object, text: str, token: str | None = None) -> None:
        # As it is made: so it can cross from one process to another.
        super().__init__(message_id, text, token)
        self.message_id, self.text, self.token = message_id, text, token

    def __str__(self) -> str:
        about = f", token {self.token}" if self.token else ""
        return f"message {self.message_id!r}{about}: {self.text}"


class UnfitError(DataError):
    """A row that lacks what its message cannot do without. `lack` says what, without a value: it is counted."""

    def __init__(self, message_id: object, text: str, token: str, lack: str) -> None:
        super().__init__(message_id, text, token)
        self.args, self.lack = (message_id, text, token, lack), lack


class TokenError(ExportError):
    """An unsubscribe token that was not signed by us, or not in this form."""
