"""Several processes render what one renders, fail as it fails, and are gone when the work is, or whoever began it."""

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from export_rows import LIBRARY, RUN, SECRET, slot, suggested, winback_row

from exports import Campaign, DataError, ExportError, write_outbox
from exports.errors import UnfitError
from exports.message import Renderer
from exports.outbox import BATCH_ROWS
from exports.processes import render_batches
from tests.processes import group

MANY = 5 * BATCH_ROWS + 7
CHANGES: list[dict[str, Any]] = [
    {},
    {"first_name": None},
    {"variant": "bold", "language": "de"},
    {"products": [suggested(1, title=""), suggested(2, price_amount=Decimal("1234.5")), suggested(3)]},
    slot("opening", "discover", "otherwise"),
    {"first_name": "Zoë {{ 7*7 }} <b>", "language": "xx", "to_name": "=1+1"},
]


class Fatal:
    """What ends the process that it is handed to, as a lack of memory would."""

    def __reduce__(self) -> tuple[Any, tuple[int]]:
        return os._exit, (9,)


def row(number: int, **changes: Any) -> dict[str, Any]:
    return winback_row(number, **CHANGES[number % len(CHANGES)]) | changes


def rows(**changes: Any) -> Iterator[dict[str, Any]]:
    """Many rows, no two alike; `changes` are those of one in the middle."""
    for number in range(1, MANY):
        yield row(number, **(changes if number == 3 * BATCH_ROWS + 5 else {}))


def test_they_write_what_one_writes(winback: Campaign, tmp_path: Path) -> None:
    for processes in (1, 3):
        write_outbox(winback, rows(), tmp_path / str(processes), run=RUN, secret=SECRET, processes=processes)
    for path in (tmp_path / "1").iterdir():
        assert (tmp_path / "3" / path.name).read_bytes() == path.read_bytes(), path.name
    counted = json.loads((tmp_path / "3/manifest.json").read_bytes())
    each = [sum(number % len(CHANGES) == case for number in range(1, MANY)) for case in range(len(CHANGES))]
    assert counted["messages"] == MANY - 1
    assert counted["variants"] == {"bold": each[2], "control": MANY - 1 - each[2]}
    assert counted["fallbacks"] == {"first_name": {"missing": each[1]}}
    assert counted["slots"]["opening"] == {"ordered_before": MANY - 1 - each[4], "otherwise": each[4]}
    assert counted["dropped_items"] == {"products": each[3]}
    assert counted["locale_fallbacks"] == {"xx": each[5]}


def test_fewer_rows_than_processes_do(winback: Campaign, tmp_path: Path) -> None:
    for number, processes in ((0, 2), (1, 2)):
        manifest = write_outbox(winback, [row(1)][:number], tmp_path / "o", run=RUN, secret=SECRET, processes=processes)
        assert manifest.messages == number


@pytest.mark.parametrize(
    "changes",
    [{"to_email": None}, {"first_name": 3.5, "variant": "not a slug"}, {"message_id": "winback-0001"}],
    ids=["not fit", "not as agreed", "out of order"],
)
def test_they_fail_as_one_fails(winback: Campaign, tmp_path: Path, changes: dict[str, Any]) -> None:
    errors = []
    for processes in (1, 3):
        with pytest.raises(DataError) as caught:
            write_outbox(winback, rows(**changes), tmp_path / "o", run=RUN, secret=SECRET, processes=processes)
        errors.append((str(caught.value), caught.value.message_id, caught.value.token))
    assert errors[0] == errors[1]
    assert list(tmp_path.iterdir()) == []


def test_an_error_is_the_same_in_another_process() -> None:
    error = UnfitError("m1", "required, but missing", "title", "title is missing")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.__dict__) == (UnfitError, str(error), error.__dict__)


def test_a_row_out_of_order_over_the_end_of_a_batch_is_found(winback: Campaign, tmp_path: Path) -> None:
    numbers = [*range(1, BATCH_ROWS + 1), BATCH_ROWS, *range(BATCH_ROWS + 1, 2 * BATCH_ROWS)]
    with pytest.raises(DataError, match="comes twice or out of order"):
        write_outbox(winback, map(row, numbers), tmp_path / "o", run=RUN, secret=SECRET, processes=2)


def test_one_that_ends_stops_the_export(winback: Campaign, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"has ended before its work was done \(exit code 9;.*run the same again"):
        write_outbox(winback, rows(evidence=Fatal()), tmp_path / "o", run=RUN, secret=SECRET, processes=2)
    assert list(tmp_path.iterdir()) == []


def test_no_more_rows_are_read_ahead_than_keep_them_at_work(winback: Campaign) -> None:
    read: list[int] = []

    def batches() -> Iterator[list[dict[str, Any]]]:
        for number in range(100):
            read.append(number)
            yield [row(number + 1)]

    with closing(render_batches(Renderer(winback, RUN, SECRET), batches(), 2)) as rendered:
        assert next(rendered).first == "winback-0001"
        assert len(read) == 5


KILLED = """
import os, signal, sys
sys.path[:0] = [{tests!r}, {home!r}]
from export_rows import load
from test_several_processes import RUN, SECRET, Path, row, write_outbox

def rows():
    for number in range(1, 1000):
        if number == 700:
            os.kill(os.getpid(), signal.SIGKILL)
        yield row(number)

write_outbox(load("winback"), rows(), Path({directory!r}), run=RUN, secret=SECRET, processes=2)
"""


def test_they_end_with_who_began_them(tmp_path: Path) -> None:
    code = KILLED.format(tests=str(Path(__file__).parent), home=str(LIBRARY.parent), directory=str(tmp_path / "o"))
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=LIBRARY.parent, stderr=subprocess.PIPE, start_new_session=True) as process:
        assert process.stderr is not None
        most = 0
        while process.poll() is None:
            most = max(most, len(group(process.pid)))
            time.sleep(0.05)
        # At its end once the last of them has gone.
        assert process.stderr.read() == b""
    assert most == 3
