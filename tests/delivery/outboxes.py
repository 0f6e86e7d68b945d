"""Outboxes as the exporter leaves them, of short messages; and rules that lead to a service on loopback."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from delivery import Rules, load_rules
from engine import Vault
from exports.writers import WRITERS
from exports.writers.config import Esps
from ingest.files import quoted
from orchestration.settings import DEFAULT_SERVICES
from tests.exports.esp_messages import SETTINGS, message

DAY = dt.date(2026, 3, 1)
AS_OF = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
CAMPAIGN = "winback"
SECRET = "secret-of-the-shop:no-one-may-see-it"


def ids(count: int, first: int = 1) -> list[str]:
    """The ids of the messages by number."""
    return [f"{number:032x}" for number in range(first, first + count)]


def messages(count: int, first: int = 1, as_of: dt.datetime = AS_OF, hours: float = 1) -> list[dict[str, Any]]:
    """Messages to be sent so many hours after `as_of`."""
    send_at = (as_of + dt.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [message(number, send_at=send_at) for number in range(first, first + count)]


def write(
    home: Path, services: Iterable[str], told: Iterable[dict[str, Any]], *, day: dt.date = DAY,
    as_of: dt.datetime = AS_OF, campaign: str = CAMPAIGN, max_items: int = 1000,
) -> Path:  # fmt: skip
    """An outbox with the parts of some services, as its manifest lists them."""
    folder = home / "outbox" / campaign / day.isoformat()
    told = [{**each, "campaign": campaign} for each in told]
    files, options = [], {}
    for service in services:
        writer = WRITERS[service]({**Esps().options(service, ""), **SETTINGS[service], "max_items": max_items})
        options[service] = writer.options
        for part in writer.parts(told, as_of):
            (folder / service).mkdir(parents=True, exist_ok=True)
            (folder / service / part.name).write_bytes(part.body)
            digest = hashlib.sha256(part.body).hexdigest()
            files.append(
                {"name": f"{service}/{part.name}", "rows": part.rows, "bytes": len(part.body), "sha256": digest,
                 "send_at": part.send_at}
            )  # fmt: skip
    manifest = {
        "campaign": campaign, "as_of_date": day.isoformat(), "as_of": as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "messages": len(told), "files": files, "esp": options,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def log(
    home: Path, message_ids: list[str], day: dt.date = DAY, campaign: str = CAMPAIGN, vault: Vault | None = None
) -> None:
    """The send log of a campaign and day, as far as it is looked at."""
    target = home / "ledger" / "sends" / f"as_of_date={day}" / f"{campaign}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    vault = vault or Vault()
    with vault.connect() as connection:
        connection.execute("create table sends as select unnest($ids) as message_id", {"ids": message_ids})
        connection.execute(f"copy sends to '{quoted(target)}' ({vault.parquet})")


def services_file(path: Path, base: str, *, general: dict[str, Any] | None = None, **changes: Any) -> Path:
    """The shipped rules, but on, quick, leading to `base`, a request at a time, three attempts; and as changed."""
    rules = yaml.safe_load(DEFAULT_SERVICES.read_text())
    rules["delivery"] |= {"enabled": True, "first_wait_seconds": 0.001, **(general or {})}
    for name, section in rules.items():
        if name != "delivery":
            section |= {
                "url": f"{base}/{name}", "requests_per_second": 100_000, "concurrent": 1, "timeout_seconds": 5,
                "max_attempts": 3, **changes,
            }  # fmt: skip
    path.write_text(yaml.safe_dump(rules))
    return path


def rules_for(folder: Path, base: str, *, general: dict[str, Any] | None = None, **changes: Any) -> Rules:
    """`services_file`, read."""
    return load_rules(services_file(folder / "services.yml", base, general=general, **changes))
