"""What had landed for a partition when it was last loaded: what has come or changed since is to be loaded, too.

Kept as `landed/<source>/<table>/<day>.txt`, by name, size and time. It may be deleted: then nothing counts as late,
until the partition is loaded again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from disk import write_whole
from ingest import Contract
from ingest.landing import landed_days, listing
from ingest.superseded import PART
from orchestration.settings import Settings

Partition = tuple[Contract, date]


def landing_of(here: Settings, contract: Contract) -> Path:
    """The folder of a table in the landing zone."""
    return here.landing / contract.source / contract.table


def now(here: Settings, contract: Contract, day: date) -> str:
    """What lies there for a day, as it is noted."""
    return "\n".join(listing(landing_of(here, contract) / day.isoformat()).split(";"))


def note(here: Settings, contract: Contract, day: date, found: str) -> None:
    """Note what a load began from."""
    write_whole(_note(here, contract, day), found.encode())


def is_waiting(here: Settings, contract: Contract, day: date) -> bool:
    """Whether a file has landed for the day that is not loaded: none is, or it has come or changed since.

    What has been taken away since is no reason to load: the rest alone would take the place of all.
    """
    found = now(here, contract, day)
    if not (here.raw / contract.source / contract.table / f"extract_date={day}" / PART).exists():
        return bool(found)
    try:
        noted = _note(here, contract, day).read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return not set(found.splitlines()) <= set(noted.splitlines())


def not_waiting(here: Settings, contracts: Sequence[Contract]) -> list[Partition]:
    """The landed partitions of which everything is loaded."""
    return [(c, d) for c in contracts for d in landed_days(landing_of(here, c)) if not is_waiting(here, c, d)]


def note_again(here: Settings, partitions: Sequence[Partition]) -> None:
    """Note of partitions what lies there now: their files were rewritten here, as what is loaded was."""
    for contract, day in partitions:
        if _note(here, contract, day).exists():
            note(here, contract, day, now(here, contract, day))


def _note(here: Settings, contract: Contract, day: date) -> Path:
    return here.home / "landed" / contract.source / contract.table / f"{day}.txt"
