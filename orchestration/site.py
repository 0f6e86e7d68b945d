"""Where a partition is built: the live warehouse, or a scratch one for a day that has passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from orchestration.settings import Settings


@dataclass(frozen=True)
class Site:
    """The files one partition's run writes. A replay's are its own, and it records no sends."""

    day: date
    is_live: bool
    root: Path

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


def site_for(day: date, settings: Settings) -> Site:
    """Live for the newest day that has been loaded, and later ones; a replay for any day before it."""
    newest = newest_loaded_day(settings.raw)
    is_live = newest is None or day >= newest
    return Site(day, is_live, settings.home if is_live else settings.home / "replay" / day.isoformat())


def newest_loaded_day(raw: Path) -> date | None:
    """The last day for which any source table has a loaded partition."""
    days = (path.parent.name.removeprefix("extract_date=") for path in raw.glob("*/*/extract_date=*/part.parquet"))
    return max(map(date.fromisoformat, days), default=None)
