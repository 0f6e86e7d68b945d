"""What a check has found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: a fault stops something, or will; a warning is for somebody to look at."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found, and the command or the edit that mends it.

    `subject` tells apart the findings of one check, and `day` is the partition it is about: with the check's name they
    stay the same for as long as it is the same thing that is wrong.

    A check gives what is wrong, and at its end that all is well: which holds if it has given nothing else.
    """

    check: str
    level: Level
    found: str
    mend: str = ""
    subject: str = ""
    day: str = ""


def ok(check: str, found: str) -> Finding:
    return Finding(check, Level.OK, found)


def warning(check: str, found: str, mend: str, subject: str = "", day: str = "") -> Finding:
    return Finding(check, Level.WARNING, found, mend, subject, day)


def fault(check: str, found: str, mend: str, subject: str = "", day: str = "") -> Finding:
    return Finding(check, Level.FAULT, found, mend, subject, day)
