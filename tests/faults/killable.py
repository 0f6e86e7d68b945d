"""`postroom run` in a process that dies at a moment, or notes how often it touched each zone and how long dbt took.

python -m tests.faults.killable <zone>:<number>|dbt:<seconds>|orphan:<seconds>|count:<file> run --day 2026-01-03

`dbt` is the end of both processes while dbt builds, `orphan` that of its parent alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

from orchestration.cli import app
from orchestration.settings import settings
from tests.faults.moments import die, die_alone, die_at, die_in_dbt, watch, when_dbt_builds

moment, *arguments = sys.argv[1:]
kind, _, value = moment.partition(":")
touched: Counter[str] = Counter()
times: dict[str, float] = {}


def touch(zone: str) -> None:
    touched[zone] += 1
    # What is built is published next, there first.
    if zone == "history" and "built" in times:
        times.setdefault("published", time.monotonic())


if kind == "dbt":
    die_in_dbt(float(value), die)
elif kind == "orphan":
    die_in_dbt(float(value), die_alone)
elif kind == "count":
    when_dbt_builds(lambda: times.update(built=time.monotonic()))
    watch(settings().home, touch)
else:
    die_at(settings().home, kind, int(value))
try:
    app(arguments)
finally:
    if kind == "count":
        Path(value).write_text(json.dumps(touched | {"dbt": times["published"] - times["built"]}))
