"""What was handed over: each request before it is made, and what became of it after.

JSON lines, though all other state is Parquet: a line can be added, and be on disk, before a request leaves; a Parquet
file is written whole. A line holds message ids, and nothing of whom they are for, so it stays as it is under a key.

A message stands as the last line on it says:

- `accepted`: the service has taken it.
- `dead`: the service has refused it, or did not take it in as many attempts as are allowed.
- `unknown`: a request with it was made, and how that ended nobody knows. So it is, too, after a crash in between.
- `waiting`: none of these. It may be handed over.
"""

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import orjson

from delivery.errors import DeliveryError
from disk import make_folder, sync_folder, write_whole

State = Literal["accepted", "dead", "unknown", "waiting"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a message stands, with the service's status, code and words if it said any.

    A `waiting` that `counts` was an attempt; one that does not was none of the message's fault.
    """

    state: State
    status: int | None = None
    code: str = ""
    words: str = ""
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """A verdict, after how many attempts it came, in which file, and when."""

    verdict: Verdict
    attempts: int
    part: str
    sha256: str
    at: str


class Ledger:
    """The ledger of one campaign, day and service: `deliveries/as_of_date=<day>/<campaign>.<service>.jsonl`."""

    def __init__(self, root: Path, day: dt.date, campaign: str, service: str, *, keeps_words: bool = True) -> None:
        self.day, self.campaign, self.service = day, campaign, service
        self.path = root / "deliveries" / f"as_of_date={day}" / f"{campaign}.{service}.jsonl"
        self.standings: dict[str, Standing] = {}
        # Which messages a file is known to hold, by its hash.
        self.parts: dict[str, set[str]] = {}
        self._keeps_words = keeps_words
        # Requests without an outcome, and how many there were in all.
        self._open: dict[int, dict[str, Any]] = {}
        self._count = 0
        self._lock = Lock()
        content = self.path.read_bytes() if self.path.exists() else b""
        # A crash may have cut off the last line: what it was to say had not begun, or is not known.
        self._length = content.rfind(b"\n") + 1
        self._lines = 0
        for line in content[: self._length].splitlines():
            self._fold(line)

    def state(self, message_id: str) -> State:
        """How a message stands."""
        standing = self.standings.get(message_id)
        return standing.verdict.state if standing else "waiting"

    def attempts(self, message_id: str) -> int:
        """How many attempts with it have failed, or ended nobody knows how."""
        standing = self.standings.get(message_id)
        return standing.attempts if standing else 0

    def intend(self, part: str, sha256: str, message_ids: list[str], at: dt.datetime) -> int:
        """Records that a request is about to be made; gives its number. On return that is on disk."""
        with self._lock:
            number = self._count + 1
            self._add({"intent": number, "at": _text(at), "part": part, "sha256": sha256, "messages": message_ids})
        return number

    def settle(self, number: int, verdict: Verdict, others: Mapping[str, Verdict], at: dt.datetime) -> None:
        """Records how the request ended: for its messages by `verdict`, but for the `others`."""
        with self._lock:
            told = {message_id: self._record(other) for message_id, other in sorted(others.items())}
            self._add({"outcome": number, "at": _text(at), **self._record(verdict), "others": told})

    def release(self, state: State, at: dt.datetime) -> int:
        """Lets all messages that stand so be handed over as if none had been tried; gives their number."""
        found = sorted(m for m, standing in self.standings.items() if standing.verdict.state == state)
        if found:
            with self._lock:
                self._add({"released": found, "at": _text(at), "was": state})
        return len(found)

    def _record(self, verdict: Verdict) -> dict[str, Any]:
        words = verdict.words if self._keeps_words else ""
        record = {"state": verdict.state, "status": verdict.status, "code": verdict.code, "words": words}
        return {key: value for key, value in record.items() if value} | ({} if verdict.counts else {"counts": False})

    def _add(self, record: Mapping[str, Any]) -> None:
        line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        is_new = not self.path.exists()
        make_folder(self.path.parent)
        with self.path.open("ab") as file:
            if file.tell() != self._length:
                file.truncate(self._length)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self.path.parent)
        self._length += len(line)
        self._fold(line)

    def _fold(self, line: bytes) -> None:
        self._lines += 1
        try:
            record = orjson.loads(line)
            if "intent" in record:
                self._fold_intent(record)
            elif "outcome" in record:
                self._fold_outcome(record)
            else:
                for message_id in record["released"]:
                    self.standings.pop(message_id, None)
        except (ValueError, LookupError, TypeError):
            raise DeliveryError(
                f"{self.path}:{self._lines}: cannot be read, and without it nobody knows what was handed over. "
                "Nothing is sent. Put the file back as it was, from a backup."
            ) from None

    def _fold_intent(self, record: dict[str, Any]) -> None:
        self._open[record["intent"]] = record
        self._count = record["intent"]
        self.parts.setdefault(record["sha256"], set()).update(record["messages"])
        for message_id in record["messages"]:
            self._stand(message_id, Verdict("unknown"), record, record["at"], self.attempts(message_id) + 1)

    def _fold_outcome(self, record: dict[str, Any]) -> None:
        intent, others = self._open.pop(record["outcome"]), record["others"]
        verdict = _verdict(record)
        for message_id in intent["messages"]:
            own = _verdict(others[message_id]) if message_id in others else verdict
            tried = self.attempts(message_id) - (not own.counts)
            self._stand(message_id, own, intent, record["at"], tried)

    def _stand(self, message_id: str, verdict: Verdict, intent: dict[str, Any], at: str, attempts: int) -> None:
        self.standings[message_id] = Standing(verdict, attempts, intent["part"], intent["sha256"], at)


def _verdict(record: Mapping[str, Any]) -> Verdict:
    return Verdict(
        record["state"], record.get("status"), record.get("code", ""), record.get("words", ""),
        record.get("counts", True),
    )  # fmt: skip


def standings_of(root: Path, message_ids: Set[str]) -> list[dict[str, Any]]:
    """How some messages stand, wherever they were handed over."""
    found = []
    for path in sorted(root.glob("deliveries/as_of_date=*/*.jsonl")):
        day = dt.date.fromisoformat(path.parent.name.removeprefix("as_of_date="))
        campaign, _, service = path.stem.rpartition(".")
        standings = Ledger(root, day, campaign, service).standings
        found += [
            {"message_id": m, "campaign": campaign, "day": str(day), "service": service, **asdict(standings[m])}
            for m in sorted(message_ids & standings.keys())
        ]
    return found


def forget(folder: Path, message_ids: Set[str]) -> int:
    """Takes messages out of the JSON lines below a folder, of ledgers or dead letters; gives how many it found.

    Each file is replaced by one rename. A message that is not in the outbox any more needs no ledger.
    """
    found: set[str] = set()
    for path in sorted(folder.rglob("*.jsonl")) if message_ids else ():
        content = path.read_bytes()
        records = [orjson.loads(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]
        named = {message_id for record in records for message_id in _named(record)} & message_ids
        if named:
            found |= named
            kept = [_without(record, message_ids) for record in records if record.get("message_id") not in message_ids]
            replace_lines(path, kept)
    return len(found)


def replace_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Puts a file of these records in place by one rename."""
    write_whole(path, b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records))


def _named(record: Mapping[str, Any]) -> Iterator[str]:
    yield from record.get("messages", ())
    yield from record.get("released", ())
    if "message_id" in record:
        yield record["message_id"]


def _without(record: dict[str, Any], message_ids: Set[str]) -> dict[str, Any]:
    kept = dict(record)
    for key in ("messages", "released"):
        if key in kept:
            kept[key] = [message_id for message_id in kept[key] if message_id not in message_ids]
    if "others" in kept:
        kept["others"] = {m: verdict for m, verdict in kept["others"].items() if m not in message_ids}
    return kept


def _text(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
