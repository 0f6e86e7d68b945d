"""`postroom run` in a process that dies at a moment, or writes down how often it touched each zone.

python -m tests.faults.killable <zone>:<number>|dbt:<seconds>|count:<file> run --day 2026-01-03
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from orchestration.cli import app
from orchestration.settings import settings
from tests.faults.moments import die_at, die_in_dbt, watch

moment, *arguments = sys.argv[1:]
kind, _, value = moment.partition(":")
touched: Counter[str] = Counter()
if kind == "dbt":
    die_in_dbt(float(value))
elif kind == "count":
    watch(settings().home, lambda zone: touched.update([zone]))
else:
    die_at(settings().home, kind, int(value))
try:
    app(arguments)
finally:
    if kind == "count":
        Path(value).write_text(json.dumps(touched))
