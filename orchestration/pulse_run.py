"""A pulse from a terminal: the same job that the sensor starts, on the same Dagster instance."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
from rich.console import Console

from orchestration import report
from orchestration.daily_run import execute
from orchestration.settings import settings
from orchestration.site import PulseSite


def run(at: datetime | None, console: Console) -> bool:
    """One pulse, now or at another time that has been, and what it decided. Gives whether it succeeded.

    Raises:
        SystemExit: the time is to come.
    """
    from orchestration.definitions import defs
    from orchestration.defs.pulse import AS_OF_TAG

    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    if at and at > now:
        raise SystemExit(f"{at} UTC is yet to come: what would be due then cannot be known.")
    site = PulseSite.of(at or now, settings())
    with dg.DagsterInstance.get() as instance:
        is_done = execute(
            defs.resolve_job_def("pulse"),
            f"A pulse as of {site.as_of}",
            console,
            instance=instance,
            tags={AS_OF_TAG: str(site.as_of)},
        )
    if is_done:
        report.show_site(site, console)
    return is_done
