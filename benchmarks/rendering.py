"""How fast, and in how much memory, an outbox is rendered, beside writing the very same bytes.

    python -m benchmarks.rendering [--recipients 200000] [--rounds 3] [campaign ...]

Every recipient differs from the next in all that is about them: name, address, titles, prices. Of several rounds the
medians are printed; in each the bytes are written right after they were rendered: both meet the machine as it is then.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import resource
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness import Bench, Measured, Spent, timed
from exports import Run, load_personas, write_outbox
from orchestration.dbt_project import manifest
from orchestration.export_tables import CAMPAIGNS, export_models, load
from orchestration.rehearsal import persona_row
from orchestration.settings import most_processes

RUN = Run(dt.datetime(2026, 3, 2, tzinfo=dt.UTC), dt.date(2026, 3, 1))
KEY = b"a key for measuring, of 32 bytes"
CHUNK_BYTES = 1 << 20


def rows_like(row: dict[str, Any], recipients: int) -> Iterator[dict[str, Any]]:
    """Rows that differ in what is about the recipient, in the order of their ids."""
    lists = [name for name, value in row.items() if isinstance(value, list)]
    for number in range(recipients):
        message_id = f"m{number:09}"
        price = Decimal(number % 9000) / 100 + 5
        yield {
            **row,
            "message_id": message_id,
            "customer_id": f"c{number:09}",
            "to_email": f"reader{number}@example.com",
            "first_name": f"Reader {number}",
            **{
                name: [
                    {**item, "message_id": message_id, "title": f"{item['title']} {number}", "price_amount": price}
                    for item in row[name]
                ]
                for name in lists
            },
        }


def write_again(folder: Path, target: Path) -> Spent:
    """What it takes to write the files of a folder anew, of what is in memory already, and have them on disk."""
    target.mkdir()
    seconds = cpu = 0.0
    for path in sorted(folder.iterdir()):
        with path.open("rb") as source, (target / path.name).open("wb", buffering=0) as copy:
            while chunk := source.read(CHUNK_BYTES):
                begun, before = time.perf_counter(), time.process_time()
                copy.write(chunk)
                seconds, cpu = seconds + time.perf_counter() - begun, cpu + time.process_time() - before
            begun, before = time.perf_counter(), time.process_time()
            os.fsync(copy.fileno())
            seconds, cpu = seconds + time.perf_counter() - begun, cpu + time.process_time() - before
    return Spent(seconds, cpu)


@dataclass(frozen=True)
class Outbox:
    """What each round took, rendering and writing again, and the bytes."""

    rendering: list[Spent]
    writing: list[Spent]
    size: int


def outbox_of(name: str, recipients: int, rounds: int) -> Outbox:
    """A campaign rendered for so many recipients, and its files written again, in each round."""
    models = export_models(manifest(), name)
    campaign = load(CAMPAIGNS / name, models, manifest())
    row = persona_row(load_personas()[0], campaign, models, RUN, "control")
    rendering, writing, size = [], [], 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as scratch:
            outbox = Path(scratch) / "outbox"
            # To make up the rows is neither.
            made = timed(partial(deque, rows_like(row, recipients), 0))
            rows = rows_like(row, recipients)
            work = partial(write_outbox, campaign, rows, outbox, run=RUN, secret=KEY, processes=most_processes())
            rendering.append(timed(work).less(made))
            size = sum(path.stat().st_size for path in outbox.iterdir())
            writing.append(write_again(outbox, Path(scratch) / "again"))
    return Outbox(rendering, writing, size)


def measure(bench: Bench) -> Measured:
    """The row of the table: a message for every twentieth of the people."""
    recipients = bench.people // 20
    found = outbox_of("winback", recipients, bench.rounds)
    what = f"{recipients:,} messages of {found.size / recipients / 1000:.1f} KB, explained"
    return Measured(found.rendering, found.writing, what)


def line(name: str, recipients: int, rounds: int) -> str:
    """A line of this module's own table: recipients a second, bytes, the ratio of rendering to writing, memory."""
    found = outbox_of(name, recipients, rounds)
    rendering, writing = ([spent.seconds for spent in side] for side in (found.rendering, found.writing))
    ratio = statistics.median(r / w for r, w in zip(rendering, writing, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rate, each = recipients / statistics.median(rendering), found.size / recipients / 1000
    written = found.size / 1e6 / statistics.median(writing)
    return f"{name:16} {rate:9,.0f}/s {each:7.1f} KB each {ratio:6.1f} x writing ({written:,.0f} MB/s) {peak:7,.0f} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaigns", nargs="*", default=["cart_reminder", "winback", "weekly_picks"])
    parser.add_argument("--recipients", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for name in given.campaigns:
        print(line(name, given.recipients, given.rounds), flush=True)


if __name__ == "__main__":
    main()
