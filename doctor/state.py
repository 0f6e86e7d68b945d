"""What is kept: every Parquet file, the published warehouse, the send log against the outbox, and the deliveries."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import orjson

from delivery import DeliveryError
from delivery.ledger import Ledger
from doctor.finding import Finding, fault, ok, warning
from doctor.locks import holders
from engine import VaultError
from ingest.files import glob_of
from orchestration.damage import is_complete, remedy
from orchestration.database import WarehouseBusyError
from orchestration.settings import Settings
from orchestration.site import Site, day_of, logged_outbox, published_as_of
from orchestration.zones import MOVE_AWAY, state_files, stray_files

DELIVERIES = "deliveries"
_BACKUP = "Put it back from a backup."
_AGAIN = "postroom run --day {day} --force writes it again, if it is the last day; an older one is past delivering."
_NAMED = 3


def files(here: Settings) -> Iterator[Finding]:
    """Whether every Parquet file of the state is whole: its footer reads, or, encrypted, stands where it must. And
    whether each is of a partition.
    """
    for path in stray_files(here)[:_NAMED]:
        yield fault("files", f"{path} is of no partition.", MOVE_AWAY, str(path.relative_to(here.home)))
    found = [path for path in state_files(here) if path.suffix == ".parquet"]
    broken = sorted(path for path in found if not is_complete(path))
    for path in broken[:_NAMED]:
        name = str(path.relative_to(here.home))
        yield fault("files", f"{path} is no whole Parquet file.", remedy(path, here), name)
    if len(broken) > _NAMED:
        yield fault("files", f"{len(broken) - _NAMED} more are not whole, such as {broken[_NAMED]}.", _BACKUP, "more")
    yield ok("files", f"{len(found):,} Parquet files of raw, history and ledger are whole")


def encryption(here: Settings) -> Iterator[Finding]:
    """Whether the state is all encrypted with the key that is set, or all plain without one."""
    try:
        here.vault.ensure_opens(sorted(path for path in state_files(here) if path.stat().st_size))
    except VaultError as error:
        yield fault("encryption", str(error), "What to do is said there; nothing runs until then.")
    yield ok("encryption", "all that is kept is encrypted" if here.vault.key else "nothing that is kept is encrypted")


def warehouse(here: Settings) -> Iterator[Finding]:
    """Whether the readers' copy opens. The warehouse itself is not opened: to do so would shut out a run."""
    site = Site(date.min, True, here.home, here.vault)
    if not site.published.exists():
        yield ok("warehouse", "no warehouse is published: the next run makes one")
        return
    try:
        as_of = published_as_of(site)
    except (duckdb.Error, VaultError) as error:
        yield _unread(site, type(error).__name__)
        return
    except WarehouseBusyError as error:
        yield fault("warehouse", str(error), "Open it read-only.")
        return
    if as_of is None:
        yield _unread(site, "it is damaged")
        return
    if site.warehouse.exists() and not _is_database(site.warehouse):
        yield fault("warehouse", f"{site.warehouse} is no DuckDB file.", f"Delete {site.warehouse}, then: postroom run")
    yield ok("warehouse", f"the published warehouse is as of {as_of}")


def _unread(site: Site, why: str) -> Finding:
    return fault(
        "warehouse",
        f"{site.published} cannot be read ({why}).",
        f"Delete {site.published} and {site.warehouse}, then: postroom run",
    )


def _is_database(path: Path) -> bool:
    """Whether it begins as DuckDB's files do: a checksum, then these letters."""
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


def send_log(here: Settings) -> Iterator[Finding]:
    """Whether the send log names each message once, and holds what the outbox does, for the days that lie there."""
    logged = _logged(here)
    twice = [message for message, times in Counter(m for ids in logged.values() for m in ids).items() if times > 1]
    if twice:
        yield fault(
            "send_log",
            f"{len(twice)} messages are in the send log more than once, such as {twice[0]}.",
            f"Put {here.ledger}/sends back from a backup, and look at the e-mail service: they may be out twice.",
            "twice",
        )
    for folder in _outboxes(here):
        campaign, day = folder.parent.name, folder.name
        held, known = _message_ids(folder), set(logged.get((campaign, day), ()))
        if strange := held - known:
            yield fault(
                "send_log",
                f"{len(strange)} messages of {folder} are not in the send log: they are not delivered, and may be made "
                "again.",
                f"Put {here.ledger}/sends/as_of_date={day[:10]} back from a backup.",
                f"{campaign}/{day}",
            )
        if lost := known - held:
            yield warning(
                "send_log",
                f"{len(lost)} messages in the send log are not in {folder}: a run was stopped between the two.",
                _AGAIN.format(day=day[:10]),
                f"{campaign}/{day}",
            )
    yield ok("send_log", f"{sum(map(len, logged.values())):,} messages, each once, and as the outbox has them")


def _logged(here: Settings) -> dict[tuple[str, str], list[str]]:
    """The ids of each log, by campaign and the name of the outbox's folder that goes with it."""
    found = {}
    with here.vault.connect() as connection:
        for path in sorted(here.ledger.glob("sends/as_of_date=*/*.parquet")):
            file = here.vault.read_parquet(glob_of(path), "hive_partitioning = false")
            found[logged_outbox(path)] = [m for (m,) in connection.execute(f"select message_id from {file}").fetchall()]
    return found


def _outboxes(here: Settings) -> list[Path]:
    """The folders of messages in the live outbox."""
    return sorted(
        p.parent for p in here.outbox.glob("[!.]*/[!.]*/manifest.json") if (p.parent / "recipients.csv").exists()
    )


def _message_ids(folder: Path) -> set[str]:
    with (folder / "recipients.csv").open(encoding="utf-8", newline="") as rows:
        return {row["message_id"] for row in csv.DictReader(rows)}


def outbox(here: Settings) -> Iterator[Finding]:
    """Whether each file of the outbox is the one its manifest lists: by its size, and of each campaign's last day by
    its hash too. A delivery looks at every hash.
    """
    manifests = sorted(here.outbox.glob("[!.]*/[!.]*/manifest.json"))
    last = {path.parent.parent: path for path in manifests}
    for path in manifests:
        changed = _changed(path, by_hash=path in last.values())
        if changed:
            yield fault(
                "outbox",
                f"{path.parent}/{changed} is not the file that was written.",
                _AGAIN.format(day=path.parent.name[:10]),
                str(path.parent.relative_to(here.outbox)),
            )
    yield ok("outbox", f"{len(manifests)} folders hold what their manifests list")


def _changed(manifest: Path, *, by_hash: bool) -> str | None:
    """The first file that is not as listed; the manifest itself, if it cannot be read."""
    try:
        for entry in orjson.loads(manifest.read_bytes())["files"]:
            path = manifest.parent / entry["name"]
            if not path.is_file() or path.stat().st_size != entry["bytes"]:
                return str(entry["name"])
            if by_hash and _hash(path) != entry["sha256"]:
                return str(entry["name"])
    except (ValueError, LookupError, TypeError):
        return manifest.name
    return None


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def deliveries(here: Settings) -> Iterator[Finding]:
    """How handed-over messages stand: those refused, and those of which nobody knows if they arrived."""
    if holders(here.home / "deliver.lock"):
        yield ok(DELIVERIES, "a delivery is under way")
        return
    counts: Counter[str] = Counter()
    for path in sorted(here.ledger.glob("deliveries/as_of_date=*/*.jsonl")):
        campaign, _, service = path.stem.rpartition(".")
        day = day_of(path)
        try:
            standings = Ledger(here.ledger, day, campaign, service).standings
        except DeliveryError as error:
            yield fault(DELIVERIES, str(error), _BACKUP, str(path.relative_to(here.ledger)))
            continue
        counts.update(standing.verdict.state for standing in standings.values())
    for state, option in (("unknown", "--resend-unknown"), ("dead", "--retry-dead")):
        if counts[state]:
            yield warning(
                DELIVERIES,
                f"{counts[state]} messages are {state}; {here.dead_letters} lists them.",
                f"docs/delivery.md says what that means; then postroom deliver {option}",
                state,
            )
    yield ok(DELIVERIES, f"{counts['accepted']:,} messages were taken by e-mail services")


def erasures(here: Settings) -> Iterator[Finding]:
    """Whether an erasure was broken off."""
    if (here.home / "erasing.parquet").exists() and not holders(here.home / "deliver.lock"):
        yield fault(
            "erasures",
            "An erasure was broken off: the person is still in some files, and in erasing.parquet.",
            "postroom erase with the same e-mail, phone or id finishes it.",
        )
    yield ok("erasures", "no erasure is half-done")
