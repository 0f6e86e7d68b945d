"""The only reader of the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import date, time
from functools import cache
from pathlib import Path

from engine import Vault

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_SERVICES = PROJECT / "delivery" / "services.yml"
# The sample extracts begin on this day.
DEFAULT_FIRST_DAY = "2026-01-01"
# Good enough to try things out, and known to everyone: production sets its own.
DEVELOPMENT_KEY = "not-a-secret-known-to-everyone-for-development"

_MOST_PROCESSES = 4
_DAY_SECONDS = 24 * 60 * 60

# Zones hold personal data: folders and files are their owner's alone.
PRIVATE = 0o077


@dataclass(frozen=True)
class Settings:
    """Where things are, and what differs between a laptop and production.

    `daily_at`: when the daily job starts, UTC, for the day that has ended.
    `settle_seconds`: how long a landed file must have gone unchanged before it is read.
    `umask`: which permissions no file that is made has.
    `unsubscribe_key`: signs unsubscribe links.
    `services`: the file that says how e-mail services are written to.
    `vault`: opens and writes what is kept, encrypted where a key is set.
    """

    home: Path
    first_day: date
    daily_at: time
    settle_seconds: float
    unsubscribe_key: str = field(repr=False)
    is_production: bool
    vault: Vault = field(default_factory=Vault)
    services: Path = DEFAULT_SERVICES
    umask: int = PRIVATE

    @property
    def is_signed(self) -> bool:
        """Whether unsubscribe links are signed with a secret."""
        return self.unsubscribe_key != DEVELOPMENT_KEY

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def raw(self) -> Path:
        return self.home / "raw"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"

    @property
    def history(self) -> Path:
        return self.home / "history"

    @property
    def ledger(self) -> Path:
        return self.home / "ledger"

    @property
    def pulse(self) -> Path:
        """What pulses build, and nothing else: it may be deleted at any time."""
        return self.home / "pulse"

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    @property
    def dead_letters(self) -> Path:
        return self.home / "dead_letters"

    @property
    def dbt_target(self) -> Path:
        return self.home / "dbt"

    @property
    def dagster_storage(self) -> Path:
        return self.home / "dagster"


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises:
        SystemExit: a variable holds what it cannot hold, a secret among them that is too short, or production lacks
            its unsubscribe key.
    """
    home = Path(os.environ.get("POSTROOM_HOME") or PROJECT / "data").absolute()
    if "?" in str(home):
        # SQLite takes what comes after it for options: Dagster's state would lie elsewhere.
        raise SystemExit(f"POSTROOM_HOME is {home}; it takes a folder without a question mark in its path.")
    is_production = os.environ.get("POSTROOM_ENV", "development") == "production"
    key = os.environ.get("POSTROOM_UNSUBSCRIBE_KEY", "")
    if is_production and len(key) < 32:
        raise SystemExit(
            "POSTROOM_ENV is production: set POSTROOM_UNSUBSCRIBE_KEY to a secret of at least 32 characters."
        )
    return Settings(
        home=home,
        first_day=_date("POSTROOM_FIRST_DAY", DEFAULT_FIRST_DAY),
        daily_at=_time("POSTROOM_DAILY_AT", "02:00"),
        settle_seconds=_number("POSTROOM_SETTLE_SECONDS", "5"),
        unsubscribe_key=key or DEVELOPMENT_KEY,
        is_production=is_production,
        vault=Vault(_encryption_key()),
        services=Path(os.environ.get("POSTROOM_SERVICES") or DEFAULT_SERVICES).absolute(),
        umask=_umask(),
    )


def service_secret(service: str) -> str | None:
    """What opens an e-mail service: read where it is used, and kept nowhere."""
    return os.environ.get(f"POSTROOM_SECRET_{service.upper()}")


def alert_webhook() -> str | None:
    """Where alerts are posted to, if anywhere. Whoever has the address can post: it is a secret too."""
    return os.environ.get("POSTROOM_ALERT_WEBHOOK") or None


def export_environment(*, make: bool = True) -> None:
    """Hand the settings to the processes started from this one: dagster.yaml and profiles.yml read them there.

    What this process and those make from here on is as private as the umask says. Without `make` nothing is written.
    """
    os.umask(settings().umask)
    os.environ["POSTROOM_HOME"] = str(settings().home)
    os.environ["DAGSTER_HOME"] = str(PROJECT)
    os.environ["POSTROOM_DAGSTER_STORAGE"] = str(settings().dagster_storage)
    os.environ["POSTROOM_DAGSTER_LOGS"] = str(settings().dagster_storage / "logs")
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    if make:
        settings().dagster_storage.mkdir(parents=True, exist_ok=True)


def dbt_environment(warehouse: Path, last_run: Path | None = None, *, is_child: bool = False) -> None:
    """Point the dbt started from this process at a warehouse and, for a pulse, at what the last daily run published.

    As a child, a process of its own, it ends when this one does.
    """
    os.environ["POSTROOM_WAREHOUSE"] = str(warehouse)
    os.environ["POSTROOM_LAST_RUN"] = str(last_run or "")
    os.environ["POSTROOM_STARTED_BY"] = str(os.getpid()) if is_child else ""
    os.environ["DBT_LOG_PATH"] = str(settings().dbt_target / "logs")


def last_run() -> Path | None:
    """What the last daily run published, where a pulse's dbt is to read it."""
    return Path(path) if (path := os.environ.get("POSTROOM_LAST_RUN")) else None


def started_by() -> int | None:
    """The process that this dbt is to end with; None where there is none, as when somebody starts dbt by hand."""
    return int(process) if (process := os.environ.get("POSTROOM_STARTED_BY")) else None


def most_processes() -> int:
    """How many processes are worth their memory for work that can be shared: one a processor, up to four."""
    # Not every system says which of its processors this process may use.
    may_use = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(may_use, _MOST_PROCESSES)


def _encryption_key() -> str | None:
    key = os.environ.get("POSTROOM_ENCRYPTION_KEY", "")
    if key and len(key) < 32:
        raise SystemExit("POSTROOM_ENCRYPTION_KEY is too short: it takes a secret of at least 32 characters.")
    return key or None


def _umask() -> int:
    text = os.environ.get("POSTROOM_UMASK") or f"{PRIVATE:o}"
    # Its owner must be able to read and write what is made.
    if not re.fullmatch(r"0?[0-7]{1,3}", text) or int(text, 8) & 0o700:
        raise SystemExit(f"POSTROOM_UMASK is {text!r}; it takes an octal number as in 077, or 027 for a group to read.")
    return int(text, 8)


def _date(name: str, default: str) -> date:
    text = os.environ.get(name) or default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SystemExit(f"{name} is {text!r}; it takes a day as in 2026-01-31.") from None


def _time(name: str, default: str) -> time:
    text = os.environ.get(name) or default
    try:
        found = time.fromisoformat(text)
        if found.tzinfo:
            raise ValueError
        return found
    except ValueError:
        raise SystemExit(f"{name} is {text!r}; it takes a time of day, UTC, as in 02:00.") from None


def _number(name: str, default: str) -> float:
    text = os.environ.get(name) or default
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number <= _DAY_SECONDS:
        raise SystemExit(f"{name} is {text!r}; it takes a number of seconds, 0 or more and no longer than a day.")
    return number
