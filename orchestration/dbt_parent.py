"""A dbt that a run has started ends when the run's process does, even where that was killed.

Else it would go on writing into a warehouse that nobody waits for, and what it reads would be replaced under it.
profiles.yml names this, before what opens the warehouse. A dbt that somebody starts by hand is left alone.
"""

from __future__ import annotations

import os
import threading
import time

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from orchestration.settings import started_by

_LOOK_EVERY_SECONDS = 0.2


class Plugin(BasePlugin):
    """Ends this process, where its parent has gone before the warehouse is opened or goes later."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        if parent := started_by():
            _end_without(parent)
            threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while True:
        time.sleep(_LOOK_EVERY_SECONDS)
        _end_without(parent)


def _end_without(parent: int) -> None:
    """An orphan gets another parent, which one is the system's choice."""
    if os.getppid() != parent:
        os._exit(1)
