"""Where a partition is built: the live warehouse, or a scratch one for a day that has passed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

from engine import Vault
from orchestration.database import WarehouseDamagedError, open_database
from orchestration.settings import Settings

# What tells the send log of a pulse from that of the daily run.
PULSE_MARK = "@"


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
        return self.root / "outbox" / campaign / _outbox_name(self.day, "")

    def log_name(self, campaign: str) -> str:
        """The name of the send log of this run and a campaign."""
        return f"{campaign}.parquet"


@dataclass(frozen=True)
class PulseSite(Site):
    """The files one pulse writes: a warehouse beside the live one, and an outbox and a send log of its own.

    `at` is its clock, in the day that has not ended yet.
    """

    at: datetime = datetime.min

    @classmethod
    def of(cls, at: datetime, settings: Settings) -> PulseSite:
        return cls(at.date(), True, settings.pulse, settings.vault, at)

    @property
    def as_of(self) -> datetime:
        return self.at

    def outbox(self, campaign: str) -> Path:
        return self.root.parent / "outbox" / campaign / _outbox_name(self.day, f"{self.at:%H%M%S}")

    def log_name(self, campaign: str) -> str:
        return f"{campaign}{PULSE_MARK}{self.at:%H%M%S}.parquet"


def logged_outbox(log: Path) -> tuple[str, str]:
    """The campaign of a send log, and the name of the outbox's folder that goes with it."""
    campaign, _, time_of_pulse = log.stem.partition(PULSE_MARK)
    return campaign, _outbox_name(day_of(log), time_of_pulse)


def _outbox_name(day: date, time_of_pulse: str) -> str:
    return f"{day}T{time_of_pulse}" if time_of_pulse else str(day)


def is_of_pulse(path: Path) -> bool:
    """Whether a pulse has written this file of the history or the ledger."""
    return PULSE_MARK in path.name


def day_of(file: Path) -> date:
    """The day of a file of the history or the ledger, by its partition."""
    return date.fromisoformat(file.parent.name.removeprefix("as_of_date="))


def site_for(day: date, settings: Settings, *, is_backfill: bool = False) -> Site:
    """Live for the last day that ran live and later ones; a replay for a day before it, and for all of a backfill."""
    last = last_live_day(settings)
    is_live = not is_backfill and (last is None or day >= last)
    root = settings.home if is_live else settings.home / "replay" / day.isoformat()
    return Site(day, is_live, root, settings.vault)


def last_live_day(settings: Settings) -> date | None:
    """The last day published live or, since that can be deleted, the last with a daily run's send on record."""
    logs = [log for log in settings.ledger.glob("sends/as_of_date=*/*.parquet") if not is_of_pulse(log)]
    days = [day_of(log) for log in logs]
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
