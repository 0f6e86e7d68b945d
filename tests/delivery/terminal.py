"""`postroom deliver` as it is typed, in a home with an outbox of today."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from delivery.ledger import Ledger
from tests.conftest import REPO, heeds_signals
from tests.delivery.faulty import Faulty
from tests.delivery.outboxes import CAMPAIGN, SECRET, ids, log, messages, services_file, write


@dataclass
class Terminal:
    """A home whose outbox is delivered to `service` by the real command."""

    home: Path
    service: Faulty
    environment: dict[str, str] = field(default_factory=dict)
    as_of: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC).replace(microsecond=0))

    @property
    def day(self) -> dt.date:
        return self.as_of.date()

    def fill(self, services: Iterable[str], count: int, *, max_items: int = 1000, **rules: Any) -> None:
        """Puts messages into the outbox that were due half an hour ago, and their ids into the send log."""
        told = messages(count, as_of=self.as_of, hours=-0.5)
        write(self.home, services, told, day=self.day, as_of=self.as_of, max_items=max_items)
        log(self.home, ids(count), self.day)
        self.rules(**rules)

    def rules(self, **rules: Any) -> None:
        services_file(self.home / "services.yml", self.service.url, **rules)

    def start(self, *options: str) -> subprocess.Popen[str]:
        names = ("klaviyo_events", "listmonk", "postmark", "sendgrid")
        return subprocess.Popen(
            [str(Path(sys.executable).parent / "postroom"), "deliver", *options],
            cwd=REPO,
            env={
                **os.environ,
                "POSTROOM_HOME": str(self.home),
                "POSTROOM_SERVICES": str(self.home / "services.yml"),
                "COLUMNS": "200",
                **{f"POSTROOM_SECRET_{name.upper()}": SECRET for name in names},
                **self.environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heeds_signals,
        )

    def run(self, *options: str) -> tuple[int, str]:
        """Runs the command to its end; gives its exit code and all it printed."""
        process = self.start(*options)
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in err, err
        return process.returncode, out + err

    def ledger(self, service: str) -> Ledger:
        return Ledger(self.home / "ledger", self.day, CAMPAIGN, service)

    def states(self, service: str, count: int) -> list[str]:
        ledger = self.ledger(service)
        return [ledger.state(message_id) for message_id in ids(count)]
