"""How long a day of Segment events takes to load, typed, checked and with its quarantine, beside a bare copy of it.

The copy is DuckDB's own, of the same file, with the columns named: the least that anything can do to make Parquet.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb

from benchmarks.harness import Bench, Measured, in_turns
from ingest import Contract, LoadReport, load_partition, read_contracts
from ingest.files import quoted
from orchestration.dbt_project import manifest
from orchestration.settings import PROJECT

DAY = dt.date(2026, 3, 1)


def write_events(landing: Path, people: int, events: int) -> Path:
    """The landed file of one day: `events` calls in the Segment spec's form, as an archive of it has them."""
    path = landing / "web" / "events" / DAY.isoformat() / "events.jsonl"
    path.parent.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"""
            copy (
                select
                    'track' as type,
                    'ajs-next-' || lpad(i::varchar, 12, '0') as "messageId",
                    ['Product Viewed', 'Product Added', 'Products Searched', 'Cart Viewed'][1 + i % 4] as event,
                    md5((i % {people})::varchar) as "anonymousId",
                    case when i % 3 = 0 then 'c' || (i % {people}) end as "userId",
                    strftime(timestamp '{DAY}' + to_milliseconds(i * 86400000 // {events}), '%Y-%m-%dT%H:%M:%S.%gZ')
                        as timestamp,
                    strftime(timestamp '{DAY}' + to_milliseconds(i * 86400000 // {events} + 900),
                        '%Y-%m-%dT%H:%M:%S.%gZ') as "receivedAt",
                    {{
                        'page': {{'path': '/products/p' || (i % 5000), 'title': 'Product ' || (i % 5000),
                            'url': 'https://www.example.com/products/p' || (i % 5000),
                            'referrer': 'https://search.example/?q=mug'}},
                        'campaign': {{'name': 'spring', 'source': 'newsletter', 'medium': 'email'}},
                        'userAgent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/9',
                        'locale': 'en-GB', 'library': {{'name': 'analytics.js', 'version': '2.11.1'}},
                        'ip': '198.51.100.7'
                    }} as context,
                    {{'cart_id': 't' || (i // 7), 'product_id': 'p' || (i % 5000), 'quantity': 1 + i % 3,
                        'price': (i % 9000) / 100, 'currency': 'EUR', 'name': 'Product ' || (i % 5000)}} as properties
                from range({events}) as events (i)
            ) to '{quoted(path)}' (format json)""")
    return path


def copy(path: Path, target: Path) -> None:
    """DuckDB's bare copy: the file's own columns, named and typed beforehand, to Parquet."""
    columns = {
        "type": "varchar",
        "messageId": "varchar",
        "event": "varchar",
        "anonymousId": "varchar",
        "userId": "varchar",
        "timestamp": "timestamp",
        "receivedAt": "timestamp",
        "context": "json",
        "properties": "json",
    }
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        source = connection.read_json(str(path), columns=columns, format="newline_delimited")
        source.write_parquet(str(target), compression="zstd")


def load(contract: Contract, home: Path) -> LoadReport:
    """What the daily job does with the file."""
    return load_partition(
        contract,
        DAY,
        landing=home / "landing",
        raw=home / "raw",
        quarantine=home / "quarantine",
        adapters=PROJECT / "adapters",
    )


def measure(bench: Bench) -> Measured:
    """The row of the table: an event for each of the people."""
    home, events = bench.folder("ingest"), bench.people
    path = write_events(home / "landing", max(1, bench.people // 5), events)
    contract = next(c for c in read_contracts(manifest()) if c.name == "web.events")

    def ours() -> None:
        report = load(contract, home)
        assert (report.rows, report.quarantined, report.problem) == (events, 0, None)

    what = f"{events:,} events, {path.stat().st_size / 1e6:,.0f} MB of JSON lines"
    return in_turns(bench.rounds, ours, lambda: copy(path, home / "copy.parquet"), what)
