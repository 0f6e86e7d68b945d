"""How long a pulse takes from a file that has landed to the payloads on the disk, and whether that grows with history.

    python -m benchmarks.pulse [--people 1000000] [--events 50000000] [--pulses 50] [--base <home>] [--home <home>]

`--base` is a home in which the daily job has run on the sample of 2,000 people and 60 days; without it one is made. The
tables that a pulse reads of the daily run are that run's own, with each person as often as it takes, and with the
events, carts and orders repeated further back in time: so the daily job need not run on a world of this size. Then the
files of a day land one by one, each as large as five minutes of that world, and for each `postroom pulse` is started,
as a process of its own. With `--home` the world is kept there and, if it is there already, taken as it was before the
first pulse.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

REPO = Path(__file__).resolve().parent.parent
POSTROOM = Path(sys.executable).parent / "postroom"
PEOPLE, DAYS = 2000, 60
# What happened, by the column that says when; all else is there once a person.
FACTS = {
    "marts.fct_web_events": "occurred_at",
    "marts.fct_carts": "last_changed_at",
    "marts.fct_cart_items": "last_changed_at",
    "marts.fct_orders": "ordered_at",
    "marts.fct_order_lines": "ordered_at",
    "marts.fct_email_events": "occurred_at",
}
OF_PEOPLE = (
    "intermediate.int_identity__resolved",
    "marts.dim_customers",
    "intermediate.int_customers__profiles_resolved",
    "intermediate.int_consent__address_readers",
    "intermediate.int_consent__stated",
    "intermediate.int_consent__refused",
    "marts.fct_segment_memberships",
    "marts.fct_campaign_decisions",
    "marts.fct_journey_enrolments",
    "marts.fct_journey_steps",
)
NOT_OURS = {"product_id", "unsubscribe_group_id", "load_id"}
NAMED = {"id", "customer_id", "cart_token"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=50_000_000)
    parser.add_argument("--pulses", type=int, default=50)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--home", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pulse_", dir=arguments.work) as folder:
        home = arguments.home or Path(folder) / "data"
        if not home.exists():
            making = home.with_name(f"{home.name}.making")
            make_base(making, arguments.base)
            make_world(making, arguments.people, arguments.events)
            making.rename(home)
        day, per_file = five_minutes(home)
        forget_pulses(home, day)
        size = (home / "published/warehouse.duckdb").stat().st_size / 1e9
        print(f"the world: {size:.1f} GB; {per_file:,} events a file", flush=True)
        report([measured(home, day, number, per_file) for number in range(arguments.pulses)])


def make_base(home: Path, base: Path | None) -> None:
    """A home in which the daily job has run."""
    if base is not None:
        for zone in ("published", "history", "ledger", "raw", "dbt"):
            shutil.copytree(base / zone, home / zone)
        return
    for command in (["sample", "--people", str(PEOPLE), "--days", str(DAYS)], ["run"]):
        subprocess.run([POSTROOM, *command], env=environment(home), cwd=REPO, check=True, stdout=subprocess.DEVNULL)


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "POSTROOM_HOME": str(home)}


def make_world(home: Path, people: int, events: int) -> None:
    """Multiply people and history."""
    with duckdb.connect(str(home / "published/warehouse.duckdb")) as connection:
        connection.execute("set preserve_insertion_order = false; set memory_limit = '6GB'; set threads = 2")
        connection.execute(
            f"create temp table clones as select i as clone from range({max(1, people // PEOPLE)}) r (i)"
        )
        (now,) = connection.execute("select as_of from published.run").fetchone() or (datetime.min,)
        (once,) = connection.execute(
            "select count(*) * (select count(*) from clones) from marts.fct_web_events"
        ).fetchone() or (1,)
        for table in OF_PEOPLE:
            replace(connection, table, [f"select {cloned(connection, table)} from {table} cross join clones"])
        for table, at in FACTS.items():
            days = [now.date() - timedelta(days=ago) for ago in range(DAYS, 0, -1)]
            backs = [*reversed(range(-(-events // once)))]
            replace(
                connection, table, [repeated(connection, table, at, d, b, events / once) for b in backs for d in days]
            )
        since = now.date() - timedelta(days=15)
        for path in [
            *home.glob(f"history/fct_journey_enrolments/as_of_date={now.date() - timedelta(days=1)}/*.parquet"),
            *home.glob("ledger/sends/*/*.parquet"),
            *[p for p in home.glob("raw/shop/order*/*/*.parquet") if p.parent.name[-10:] > str(since)],
        ]:
            rows = f"read_parquet('{path}', hive_partitioning = false)"
            copies = f"select {cloned(connection, rows)} from {rows} cross join clones"
            connection.execute(f"copy ({copies}) to '{path}.new' (format parquet)")
            path.with_name(f"{path.name}.new").replace(path)
        connection.execute("checkpoint")


def five_minutes(home: Path) -> tuple[date, int]:
    """The day after the world's last, and how many events are five minutes of it; of a small one, enough to send."""
    with duckdb.connect(str(home / "published/warehouse.duckdb"), read_only=True) as connection:
        (now, per_day) = connection.execute(
            f"select any_value(run.as_of), count(*) / {DAYS} from marts.fct_web_events, published.run "
            f"where occurred_at > run.as_of - interval {DAYS} day"
        ).fetchone() or (datetime.min, 0)
    return now.date(), max(1000, int(per_day / 288))


def forget_pulses(home: Path, day: date) -> None:
    """Take away what the pulses of an earlier measurement read and wrote."""
    written = ("landing", "outbox", "pulse", "history/pulse_decisions", f"ledger/sends/as_of_date={day}")
    for folder in written:
        shutil.rmtree(home / folder, ignore_errors=True)


def repeated(connection: duckdb.DuckDBPyConnection, table: str, at: str, day: date, back: int, times: float) -> str:
    """The query of a day of a table for every clone, moved back; of the furthest move only a share."""
    share = min(100.0, 100 * (times - back))
    return (
        f"select * replace ({at} - interval {back * DAYS} day as {at}) from (select {cloned(connection, table, back)} "
        f"from {table} cross join clones where cast({at} as date) = date '{day}' "
        f"and hash({at}, clone) % 1000 < {10 * share:.0f})"
    )


def cloned(connection: duckdb.DuckDBPyConnection, table: str, back: int = 0) -> str:
    """The columns of a table, each that names somebody or something of theirs with the number of the clone."""
    columns = [
        name for (name,) in connection.execute(f"select column_name from (describe select * from {table})").fetchall()
    ]
    suffix = "case when clone > 0 then 'c' || clone else '' end"

    def of(name: str) -> str:
        if name in ("email", "node_id"):
            return f"regexp_replace({name}, '(@|$)', {suffix} || '\\1') as {name}"
        if name in NOT_OURS or not (name.endswith("_id") or name in NAMED):
            return f'"{name}"'
        # The same person, with other carts and orders.
        repeats = f" || 'b{back}'" if back and name not in ("customer_id", "visitor_id") else ""
        return f"{name} || {suffix}{repeats} as {name}"

    return ", ".join(of(name) for name in columns)


def replace(connection: duckdb.DuckDBPyConnection, table: str, parts: list[str]) -> None:
    """Make a table of the parts, which read it."""
    schema, name = table.split(".")
    connection.execute(f"create table {schema}.new_{name} as select * from {table} where false")
    for part in parts:
        connection.execute(f"insert into {schema}.new_{name} {part}")
    connection.execute(f"drop table {table}; alter table {schema}.new_{name} rename to {name}")


def measured(home: Path, day: date, number: int, events: int) -> tuple[float, float]:
    """Land one file and start a pulse; give the seconds until the last payload was on the disk, and of processors."""
    before = processor_seconds()
    as_of = datetime(day.year, day.month, day.day, 8) + timedelta(minutes=5 * number)
    landing = home / "landing/web/events" / str(day)
    landing.mkdir(parents=True, exist_ok=True)
    temporary = landing / f".{number}.tmp"
    temporary.write_text("".join(f"{json.dumps(event)}\n" for event in visits(home, as_of, number, events)))
    landed = time.time()
    temporary.rename(landing / f"{number:03}.jsonl")
    done = subprocess.run(
        [POSTROOM, "pulse", "--as-of", f"{as_of}"],
        env=environment(home),
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
    )
    payloads = [*home.glob(f"outbox/*/{day}T{as_of:%H%M%S}/payloads.jsonl")]
    if not payloads:
        raise SystemExit(f"pulse {number} made no payload:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    took = max(path.stat().st_mtime for path in payloads) - landed
    sent = sum(path.read_bytes().count(b"\n") for path in payloads)
    worked = processor_seconds() - before
    print(f"pulse {number + 1}: {took:.1f} s, {worked:.1f} s of processors, {sent:,} payloads", flush=True)
    return took, worked


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def visits(home: Path, as_of: datetime, number: int, events: int) -> list[dict[str, object]]:
    """Page views, and for every twentieth of them a cart that is due, of people who may be written to and of others."""
    with duckdb.connect(str(home / "published/warehouse.duckdb"), read_only=True) as connection:
        accounts = connection.execute(
            "select substring(node_id, 8) from intermediate.int_identity__resolved where node_id like 'crm_id:%' "
            f"using sample reservoir({events} rows) repeatable ({number + 1})"
        ).fetchall()
        products = connection.execute(
            "select product_id, price_amount, currency from marts.dim_products where currency is not null order by 1"
        ).fetchall()
    draw = random.Random(number)
    found = []
    for position in range(events):
        (account,) = draw.choice(accounts)
        at = f"{as_of - timedelta(minutes=65, seconds=draw.randrange(300)):%Y-%m-%dT%H:%M:%S.000Z}"
        event = {
            "messageId": f"e{number}-{position}",
            "anonymousId": f"v{account}",
            "userId": account,
            "timestamp": at,
            "receivedAt": at,
        }
        if position % 20:
            found.append(event | {"type": "page", "context": {"page": {"path": "/"}}})
        else:
            product, price, currency = draw.choice(products)
            bought = {
                "cart_id": f"k{number}-{position}",
                "product_id": product,
                "price": float(price),
                "currency": currency,
            }
            found.append(event | {"type": "track", "event": "Product Added", "properties": bought})
    return found


def report(pulses: list[tuple[float, float]]) -> None:
    fifth = max(1, len(pulses) // 5)
    for what, values in zip(("landed to payloads", "processors"), zip(*pulses, strict=True), strict=True):
        ordered = sorted(values)
        p50, p95 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95))
        first, last = statistics.median(values[:fifth]), statistics.median(values[-fifth:])
        print(f"{what}, {len(values)} pulses: p50 {p50:.1f} s, p95 {p95:.1f} s", end="; ")
        print(f"the first {fifth} {first:.1f} s, the last {last:.1f} s")
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"memory of one pulse at most: {largest:.1f} GB")


if __name__ == "__main__":
    main()
