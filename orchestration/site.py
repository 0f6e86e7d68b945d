"""Where a partition is built: the live warehouse, or a scratch one for a day that has passed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

from engine import Vault
from orchestration.database import WarehouseDamagedError, open_database
from orchestration.settings import Settings


@dataclass(frozen=True)
class Site:
    """The files one partition's run writes. A replay's are its own, and it records no sends."""

    day: date
    is_live: bool
    root: Path
    vault: Vault = field(default_factory=Vault)

    @property
    def as_of(self) -> datetime:
        """The end of the day, UTC, without an offset: the run's one clock."""
        return datetime.combine(self.day + timedelta(days=1), time.min)

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """The copy for readers, replaced by rename after every check has passed."""
        return self.root / "published" / "warehouse.duckdb"

    def outbox(self, campaign: str) -> Path:
        return self.root / "outbox" / campaign / self.day.isoformat()


def site_for(day: date, settings: Settings, *, is_backfill: bool = False) -> Site:
    """Live for the last day that ran live and later ones; a replay for a day before it, and for all of a backfill."""
    last = last_live_day(settings)
    is_live = not is_backfill and (last is None or day >= last)
    root = settings.home if is_live else settings.home / "replay" / day.isoformat()
    return Site(day, is_live, root, settings.vault)


def last_live_day(settings: Settings) -> date | None:
    """The last day published live or, since what is published can be deleted, the last with a send on record."""
    days = [date.fromisoformat(p.name.removeprefix("as_of_date=")) for p in settings.ledger.glob("sends/as_of_date=*")]
    live = Site(date.min, True, settings.home, settings.vault)
    if as_of := published_as_of(live):
        days.append(as_of.date() - timedelta(days=1))
    return max(days, default=None)


def published_as_of(site: Site) -> datetime | None:
    """The clock of the run that published a site's warehouse for readers; None where there is none that can be read.

    Raises:
        WarehouseBusyError: another process has it open, and not read-only.
    """
    if not site.published.exists():
        return None
    try:
        with open_database(site.published, site.vault, read_only=True) as connection:
            ((as_of,),) = connection.execute("select as_of from published.run").fetchall()
    except WarehouseDamagedError:
        return None
    return datetime.fromisoformat(str(as_of))
