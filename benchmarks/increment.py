"""What a day's increment of fct_web_events takes behind a long history, beside the same behind a short one.

The day has the same number of events in both, and of one identifier in a thousand it turns out whose it is; only the
model is timed, not dbt's start.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb

from benchmarks.harness import Bench, Measured, Spent
from benchmarks.identity_at_scale import REPO, environment_of, make_views, run_dbt

FIRST_DAY = dt.date(2025, 1, 1)
MODEL = "fct_web_events"
SHORT_DAYS, LONG_DAYS = 30, 480


class History:
    """A home with `days` days of web events loaded, to which one day after the other is added.

    Each day has `events` events of `people` visitors.
    """

    def __init__(self, home: Path, days: int, events: int, people: int) -> None:
        self.home, self.days, self.events, self.people = home, 0, events, people
        self.environment = environment_of(home)
        self._add_days(days)
        self._build(f"+{MODEL}", "--full-refresh")

    def add_day(self) -> float:
        """Seconds that the model takes for one day more."""
        self._add_days(1)
        with duckdb.connect(str(self.home / "warehouse.duckdb")) as connection:
            connection.execute(f"""
                update marts.dim_identities set customer_id = customer_id || ' {self.days}'
                where hash(node_id || {self.days}) % 1000 = 0""")
        return self._build(MODEL)

    def rows(self) -> int:
        """Rows of the model."""
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as connection:
            (count,) = connection.execute(f"select count(*) from marts.{MODEL}").fetchall()[0]
        return int(count)

    def _add_days(self, days: int) -> None:
        with duckdb.connect() as connection:
            for _ in range(days):
                day = FIRST_DAY + dt.timedelta(days=self.days)
                part = self.home / "raw" / "web" / "events" / f"extract_date={day}" / "part.parquet"
                part.parent.mkdir(parents=True)
                first = self.days * self.events
                connection.execute(f"""
                    copy (
                        select
                            'e' || hash(i) as id, 'track' as type, 'Product Viewed' as event,
                            'v' || (hash(i) % {self.people}) as anonymous_id, null::varchar as user_id,
                            timestamp '{day}' + to_milliseconds((i - {first}) * 86400000 // {self.events})
                                as timestamp,
                            '/products/p' || (i % 5000) as context_page_path, 'p' || (i % 5000) as product_id,
                            'load {day}' as load_id, 'events.jsonl' as source_file, i - {first} + 1 as source_line,
                            0::bigint as quarantined_count
                        from range({first}, {first + self.events}) as events (i)
                    ) to '{part}' (format parquet, compression zstd)""")
                self.days += 1

    def _build(self, select: str, *options: str) -> float:
        make_views(self.environment)
        # One clock for all: with another dbt would parse the whole project anew.
        return run_dbt(
            REPO,
            self.home,
            ["build", "--exclude-resource-type", "unit_test", "test", "--select", select, *options],
            self.environment,
            as_of="2027-01-01 00:00:00",
        ).models[MODEL]


def measure(bench: Bench, short: int = SHORT_DAYS, long: int = LONG_DAYS) -> Measured:
    """The row of the table: one event a day for every ten people."""
    home, events = bench.folder("increment"), bench.people // 10
    few, many = (History(home / f"{days}", days, events, bench.people) for days in (short, long))
    pairs = [(many.add_day(), few.add_day()) for _ in range(bench.rounds)]
    what = f"a day of {events:,} events behind {long} days"
    return Measured([Spent(after_many) for after_many, _ in pairs], [Spent(after_few) for _, after_few in pairs], what)
