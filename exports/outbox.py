"""The files a campaign leaves in the outbox, written so that they appear as a whole or not at all.

`payloads.jsonl` (canonical messages), `recipients.csv`, `explain.jsonl`, `manifest.json`; and of each e-mail service
that is written for, a directory of its request bodies, made from payloads.jsonl. One writer per directory at a time.
"""

import csv
import datetime as dt
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from exports.batch import RECIPIENT_COLUMNS, Batch, Tally, in_order, render_batch
from exports.campaign import Campaign
from exports.folder import (
    BUFFER_BYTES,
    MANIFEST,
    FileEntry,
    FileWriter,
    manifest_bytes,
    replaced,
    restore,
    write_synced,
)
from exports.message import Renderer, Run
from exports.processes import render_batches
from exports.writers import Options, Writer
from exports.writers.config import make_writer

SCHEMA_VERSION = 2
# Half a MB or so: to hand more to another process at a time is no faster.
BATCH_ROWS = 16


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
        return manifest_bytes(record)


def write_outbox(
    campaign: Campaign,
    rows: Iterable[Mapping[str, Any]],
    directory: Path,
    *,
    run: Run,
    secret: bytes,
    processes: int = 1,
) -> Manifest:
    """Renders `rows` (ordered by `message_id`, lists attached) into `directory`, replacing what was there as a whole.

    The same rows, campaign and run give the same bytes; a directory that holds them already is left untouched. `secret`
    signs the unsubscribe links. Where there are thousands of rows, several `processes` render them sooner than one, to
    the same bytes. Memory does not grow with the rows. Raises DataError for a row that cannot become a
    message; then, as after any failure, `directory` is as it was before.
    """
    renderer = Renderer(campaign, run, secret)
    with replaced(directory) as partial:
        manifest = _write_files(renderer, rows, partial, processes)
        write_synced(partial / MANIFEST, manifest.to_json())
    return manifest


def remove_customers(directory: Path, customer_ids: Set[str]) -> int:
    """Takes the messages of some customers out of an outbox and gives how many; `directory` is replaced as a whole.

    The manifest is made anew to go with what is left. Without such a message the outbox is left untouched.
    """
    restore(directory)
    explanations = [orjson.loads(line) for line in (directory / "explain.jsonl").read_bytes().splitlines()]
    kept = [e for e in explanations if e["customer_id"] not in customer_ids]
    removed = len(explanations) - len(kept)
    if removed:
        ids = {e["message_id"] for e in kept}
        with replaced(directory) as partial:
            files = _copy_messages(directory, partial, ids, kept)
            manifest = orjson.loads((directory / MANIFEST).read_bytes())
            writers = [make_writer(name, options) for name, options in manifest.get("esp", {}).items()]
            files += _write_services(writers, partial, dt.datetime.fromisoformat(manifest["as_of"]))
            tally = Tally()
            for explanation in kept:
                tally.add(explanation)
            manifest |= tally.counts() | {"files": [file.record() for file in files], "schema_version": SCHEMA_VERSION}
            write_synced(partial / MANIFEST, manifest_bytes(manifest))
    return removed


def _copy_messages(
    directory: Path, partial: Path, ids: Set[str], explanations: Sequence[Mapping[str, Any]]
) -> list[FileEntry]:
    """Writes the three files anew with the messages of these ids."""
    with (
        FileWriter(partial / "payloads.jsonl") as payloads,
        FileWriter(partial / "recipients.csv") as recipients,
        FileWriter(partial / "explain.jsonl") as explain,
    ):
        with (directory / payloads.path.name).open("rb") as lines:
            for line in lines:
                if orjson.loads(line)["message_id"] in ids:
                    payloads.write(line.decode())
        table = csv.writer(recipients)
        with (directory / recipients.path.name).open(encoding="utf-8", newline="") as rows:
            for row in csv.reader(rows):
                if row[0] in ids or row[0] == RECIPIENT_COLUMNS[0]:
                    table.writerow(row)
        for explanation in explanations:
            explain.write_json(explanation)
    return [writer.entry(len(ids)) for writer in (payloads, recipients, explain)]


def _write_files(renderer: Renderer, rows: Iterable[Mapping[str, Any]], partial: Path, processes: int) -> Manifest:
    tally = Tally()
    with (
        FileWriter(partial / "payloads.jsonl") as payloads,
        FileWriter(partial / "recipients.csv") as recipients,
        FileWriter(partial / "explain.jsonl") as explain,
        closing(_rendered(renderer, rows, processes)) as batches,
    ):
        csv.writer(recipients).writerow(RECIPIENT_COLUMNS)
        last = ""
        for batch in batches:
            in_order(last, batch.first)
            last = batch.last
            payloads.write_bytes(batch.payloads)
            recipients.write_bytes(batch.recipients)
            explain.write_bytes(batch.explain)
            tally.update(batch.tally)
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


def _rendered(renderer: Renderer, rows: Iterable[Mapping[str, Any]], processes: int) -> Generator[Batch]:
    """The rows' batches in order, by this process alone or by others."""
    batches = _batches(rows)
    if processes > 1:
        yield from render_batches(renderer, batches, processes)
    else:
        yield from (render_batch(renderer, batch) for batch in batches)


def _batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH_ROWS)):
        yield batch


def _write_services(writers: Iterable[Writer], partial: Path, as_of: dt.datetime) -> list[FileEntry]:
    """Writes the request bodies of each service, a directory each, from the messages in `partial`."""
    entries = []
    for service in writers:
        for part in service.parts(_messages(partial), as_of):
            name = f"{service.name}/{part.name}"
            (partial / service.name).mkdir(exist_ok=True)
            with FileWriter(partial / name) as file:
                file.write_bytes(part.body)
            entries.append(replace(file.entry(part.rows), name=name, send_at=part.send_at))
    return entries


def _messages(directory: Path) -> Iterator[dict[str, Any]]:
    with (directory / "payloads.jsonl").open("rb", buffering=BUFFER_BYTES) as lines:
        yield from map(orjson.loads, lines)
