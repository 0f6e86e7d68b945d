"""Postroom beside its yardsticks: a table of ratios, each with its goal.

    python -m benchmarks [--size S|M|L] [--rounds 3] [row ...]

`make bench SIZE=M` is the same. Sizes are 20,000, 200,000 and 1,000,000 people. What was measured, with the machine,
the versions and every round, goes to `bench/<size>.json` under POSTROOM_HOME; the data are removed at the end. Compare
ratios, not seconds.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
from pathlib import Path

from benchmarks.harness import PEOPLE, Bench, lines, machine
from benchmarks.rows import ROWS
from orchestration.settings import settings


def main() -> None:
    """Measure the rows asked for, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="all of them, where none is named")
    parser.add_argument("--size", choices=PEOPLE, default="S")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder = settings().home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    begun = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    results = []
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        bench = Bench(PEOPLE[given.size], given.rounds, Path(scratch))
        for name in given.rows or ROWS:
            results.append({"row": name, **ROWS[name].result(bench)})
            print("\n".join(lines(results)[0 if len(results) == 1 else -1 :]), flush=True)
    told = {"size": given.size, "people": bench.people, "begun": begun, "machine": machine(), "rows": results}
    target = folder / f"{given.size}.json"
    target.write_text(json.dumps(told, indent=2) + "\n")
    print(f"written to {target}")


if __name__ == "__main__":
    main()
