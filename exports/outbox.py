"""The files a campaign leaves in the outbox, written so that they appear as a whole or not at all.

`payloads.jsonl` (canonical messages), `recipients.csv`, `explain.jsonl`, `manifest.json`; and of each e-mail service
that is written for, a directory of its request bodies, made from payloads.jsonl. One writer per directory at a time.
"""

import csv
import datetime as dt
import filecmp
import hashlib
import os
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from exports.campaign import Campaign
from exports.errors import DataError
from exports.message import Rendered, Renderer, Run
from exports.safety import spreadsheet_cell
from exports.writers import Options, Writer
from exports.writers.config import make_writer

SCHEMA_VERSION = 2
MANIFEST = "manifest.json"
_RECIPIENT_COLUMNS = (
    "message_id", "campaign", "variant", "customer_id", "to_email", "to_name", "send_at", "subject", "unsubscribe_url",
)  # fmt: skip
_BUFFER_BYTES = 1 << 20
_POSITION = re.compile(r"\.\d+\.")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of an outbox. `rows` counts messages: a CSV's header is not a row.

    `send_at` is before when a service's file may not be handed over; those of the exporter's own have none.
    """

    name: str
    rows: int
    bytes: int
    sha256: str
    send_at: str | None = None

    def record(self) -> dict[str, Any]:
        """The entry as the manifest has it."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an outbox holds and what it was made from; the content of `manifest.json`.

    `locale_fallbacks` counts the languages that were asked for, and of which there are no templates.
    `slots` counts the messages of each slot by the rule that won, `fallbacks` those in which something is not shown as
    it should be, by what and why; above `warn_fallback_share` of the messages that is worth a warning.
    `warnings` counts messages by what was noted about them: `html_bytes` is HTML close to the longest that is sent.
    `esp` has the options of the services written for, by name: all it takes to write their files again.
    """

    schema_version: int
    campaign: str
    as_of: str
    as_of_date: str
    template_version: str
    messages: int
    variants: dict[str, int]
    locales: dict[str, int]
    locale_fallbacks: dict[str, int]
    slots: dict[str, dict[str, int]]
    fallbacks: dict[str, dict[str, int]]
    warn_fallback_share: Mapping[str, float]
    dropped_items: dict[str, int]
    warnings: dict[str, int]
    files: tuple[FileEntry, ...]
    esp: dict[str, Options]

    def to_json(self) -> bytes:
        """The manifest as written: indented, keys in a fixed order, newline at the end."""
        record = asdict(self) | {"files": [file.record() for file in self.files]}
        if not self.esp:
            del record["esp"]
        return _manifest_bytes(record)


def _manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def write_outbox(
    campaign: Campaign, rows: Iterable[Mapping[str, Any]], directory: Path, *, run: Run, secret: bytes
) -> Manifest:
    """Renders `rows` (ordered by `message_id`, lists attached) into `directory`, replacing what was there as a whole.

    The same rows, campaign and run give the same bytes; a directory that holds them already is left untouched. `secret`
    signs the unsubscribe links. Memory does not grow with the rows. Raises DataError for a row that cannot become a
    message; then, as after any failure, `directory` is as it was before.
    """
    renderer = Renderer(campaign, run, secret)
    directory.parent.mkdir(parents=True, exist_ok=True)
    _restore(directory)
    with _partial(directory) as partial:
        manifest = _write_files(renderer, rows, partial)
        _write_synced(partial / MANIFEST, manifest.to_json())
        if not _holds(directory, partial):
            _replace(directory, partial)
    return manifest


def remove_customers(directory: Path, customer_ids: Set[str]) -> int:
    """Takes the messages of some customers out of an outbox and gives how many; `directory` is replaced as a whole.

    The manifest is made anew to go with what is left. Without such a message the outbox is left untouched.
    """
    _restore(directory)
    explanations = [orjson.loads(line) for line in (directory / "explain.jsonl").read_bytes().splitlines()]
    kept = [e for e in explanations if e["customer_id"] not in customer_ids]
    removed = len(explanations) - len(kept)
    if removed:
        ids = {e["message_id"] for e in kept}
        with _partial(directory) as partial:
            files = _copy_messages(directory, partial, ids, kept)
            manifest = orjson.loads((directory / MANIFEST).read_bytes())
            writers = [make_writer(name, options) for name, options in manifest.get("esp", {}).items()]
            files += _write_services(writers, partial, dt.datetime.fromisoformat(manifest["as_of"]))
            tally = _Tally()
            for explanation in kept:
                tally.add(explanation)
            manifest |= tally.counts() | {"files": [file.record() for file in files], "schema_version": SCHEMA_VERSION}
            _write_synced(partial / MANIFEST, _manifest_bytes(manifest))
            _replace(directory, partial)
    return removed


def _copy_messages(
    directory: Path, partial: Path, ids: Set[str], explanations: Sequence[Mapping[str, Any]]
) -> list[FileEntry]:
    """Writes the three files anew with the messages of these ids."""
    with (
        _Writer(partial / "payloads.jsonl") as payloads,
        _Writer(partial / "recipients.csv") as recipients,
        _Writer(partial / "explain.jsonl") as explain,
    ):
        with (directory / payloads.path.name).open("rb") as lines:
            for line in lines:
                if orjson.loads(line)["message_id"] in ids:
                    payloads.write(line.decode())
        table = csv.writer(recipients)
        with (directory / recipients.path.name).open(encoding="utf-8", newline="") as rows:
            for row in csv.reader(rows):
                if row[0] in ids or row[0] == _RECIPIENT_COLUMNS[0]:
                    table.writerow(row)
        for explanation in explanations:
            explain.write_json(explanation)
    return [writer.entry(len(ids)) for writer in (payloads, recipients, explain)]


def _write_files(renderer: Renderer, rows: Iterable[Mapping[str, Any]], partial: Path) -> Manifest:
    tally = _Tally()
    with (
        _Writer(partial / "payloads.jsonl") as payloads,
        _Writer(partial / "recipients.csv") as recipients,
        _Writer(partial / "explain.jsonl") as explain,
    ):
        table = csv.writer(recipients)
        table.writerow(_RECIPIENT_COLUMNS)
        for rendered in _in_order(renderer.render(row) for row in rows):
            payloads.write_json(rendered.message)
            explain.write_json(rendered.explanation)
            table.writerow(map(spreadsheet_cell, _recipient(rendered)))
            tally.add(rendered.explanation)
    campaign, run = renderer.campaign, renderer.run
    files = [writer.entry(tally.messages) for writer in (payloads, recipients, explain)]
    return Manifest(
        schema_version=SCHEMA_VERSION,
        campaign=campaign.name,
        as_of=run.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
        as_of_date=run.as_of_date.isoformat(),
        template_version=campaign.template_version,
        **tally.counts(),
        warn_fallback_share=campaign.warn_fallback_share,
        files=(*files, *_write_services(campaign.writers, partial, run.as_of)),
        esp={writer.name: writer.options for writer in campaign.writers},
    )


def _write_services(writers: Iterable[Writer], partial: Path, as_of: dt.datetime) -> list[FileEntry]:
    """Writes the request bodies of each service, a directory each, from the messages in `partial`."""
    entries = []
    for service in writers:
        for part in service.parts(_messages(partial), as_of):
            name = f"{service.name}/{part.name}"
            (partial / service.name).mkdir(exist_ok=True)
            with _Writer(partial / name) as file:
                file.write_bytes(part.body)
            entries.append(replace(file.entry(part.rows), name=name, send_at=part.send_at))
    return entries


def _messages(directory: Path) -> Iterator[dict[str, Any]]:
    with (directory / "payloads.jsonl").open("rb", buffering=_BUFFER_BYTES) as lines:
        yield from map(orjson.loads, lines)


def _in_order(rendered: Iterable[Rendered]) -> Iterator[Rendered]:
    """Passes messages on as long as their ids rise: so none can come twice, without remembering them."""
    last = ""
    for item in rendered:
        message_id = item.message["message_id"]
        if message_id <= last:
            raise DataError(message_id, f"comes twice or out of order (after {last!r})", "message_id")
        last = message_id
        yield item


def _recipient(rendered: Rendered) -> tuple[str, ...]:
    message = rendered.message
    return (
        message["message_id"],
        message["campaign"],
        message["variant"],
        message["customer_id"],
        message["to"]["email"],
        message["to"]["name"] or "",
        message["send_at"],
        message["subject"],
        rendered.unsubscribe_url,
    )


class _Tally:
    """Counts for the manifest."""

    def __init__(self) -> None:
        self.messages = 0
        self.variants: Counter[str] = Counter()
        self.locales: Counter[str] = Counter()
        self.locale_fallbacks: Counter[str] = Counter()
        self.slots: dict[str, Counter[str]] = defaultdict(Counter)
        self.fallbacks: dict[str, Counter[str]] = defaultdict(Counter)
        self.dropped: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()

    def add(self, explanation: Mapping[str, Any]) -> None:
        self.messages += 1
        self.variants[explanation["variant"]] += 1
        # An outbox of an earlier version says nothing of locales, slots and warnings.
        if locale := explanation.get("locale"):
            self.locales[locale["used"]] += 1
            if locale["by"] == "default":
                self.locale_fallbacks[locale["language"] or "unknown"] += 1
        for name, slot in explanation.get("slots", {}).items():
            self.slots[name][slot["rule"]] += 1
        for name, reason in _by_part(explanation["fallbacks"]).items():
            self.fallbacks[name][reason] += 1
        self.warnings.update(explanation.get("warnings", {}).keys())
        for name, block in explanation["blocks"].items():
            if block["dropped"]:
                self.dropped[name] += len(block["dropped"])

    def counts(self) -> dict[str, Any]:
        return {
            "messages": self.messages,
            "variants": dict(self.variants),
            "locales": dict(self.locales),
            "locale_fallbacks": dict(self.locale_fallbacks),
            "slots": {name: dict(rules) for name, rules in self.slots.items()},
            "fallbacks": {name: dict(reasons) for name, reasons in self.fallbacks.items()},
            "dropped_items": dict(self.dropped),
            "warnings": dict(self.warnings),
        }


def _by_part(fallbacks: Mapping[str, str]) -> dict[str, str]:
    """Reasons as they are counted, one for a message: `items.2.image_url` counts as `items.image_url`, and once."""
    found: dict[str, str] = {}
    for name, reason in fallbacks.items():
        found.setdefault(_POSITION.sub(".", name), reason)
    return found


class _Writer:
    """A file that knows its size and hash when it is done, and is on disk by then."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb", buffering=_BUFFER_BYTES)
        self._digest = hashlib.sha256()
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if error is None:
                self._file.flush()
                os.fsync(self._file.fileno())

    def write(self, text: str) -> None:
        self.write_bytes(text.encode())

    def write_json(self, value: object) -> None:
        self.write_bytes(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))

    def write_bytes(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._bytes += len(data)

    def entry(self, rows: int) -> FileEntry:
        return FileEntry(self.path.name, rows, self._bytes, self._digest.hexdigest())


@contextmanager
def _partial(directory: Path) -> Iterator[Path]:
    """A hidden directory beside `directory`, gone afterwards unless it was renamed into place."""
    partial = _sibling(directory, "partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _holds(directory: Path, partial: Path) -> bool:
    """True when `directory` has the very bytes just written."""
    names = [path.relative_to(partial).as_posix() for path in partial.rglob("*") if path.is_file()]
    matches, _, _ = filecmp.cmpfiles(directory, partial, names, shallow=False)
    return len(matches) == len(names)


def _replace(directory: Path, partial: Path) -> None:
    """Renames `partial` into place; what was there is kept aside until that has worked."""
    for folder in (*filter(Path.is_dir, partial.iterdir()), partial):
        _sync_directory(folder)
    previous = _sibling(directory, "previous")
    if directory.exists():
        directory.rename(previous)
    try:
        partial.rename(directory)
    except OSError:
        _restore(directory)
        raise
    _sync_directory(directory.parent)
    shutil.rmtree(previous, ignore_errors=True)


def _restore(directory: Path) -> None:
    """Puts back an outbox that was set aside by a writer that died before its own was in place."""
    previous = _sibling(directory, "previous")
    if previous.exists():
        if directory.exists():
            shutil.rmtree(previous)
        else:
            previous.rename(directory)


def _sibling(directory: Path, purpose: str) -> Path:
    return directory.with_name(f".{directory.name}.{purpose}")


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
