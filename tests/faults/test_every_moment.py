"""Each step that leaves files, killed whenever it touches one: what is read is whole, and a rerun mends all."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from itertools import count
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Home
from tests.faults.moments import ZONES, die_at
from tests.faults.steps import STEPS
from tests.faults.whole import ensure_whole

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.faults.steps"])


def _do(step: str, home: Path, moment: int) -> None:
    os.setsid()
    die_at(home, "", moment)
    STEPS[step](home, 2)


def killed(step: str, home: Path, moment: int) -> bool:
    """Take a step in a process of its own, which dies at a moment; gives whether it came to that."""
    process = _PROCESSES.Process(target=_do, args=(step, home, moment))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


@pytest.mark.parametrize(("step", "moments"), [("load", 15), ("publish", 8), ("hand over", 20)])
def test_killed_at_any_moment_what_is_read_is_whole_and_a_rerun_gives_the_same(
    tmp_path: Path, step: str, moments: int
) -> None:
    before, undisturbed = Home(tmp_path / "before"), Home(tmp_path / "undisturbed")
    STEPS[step](before.path, 1)
    shutil.copytree(before.path, undisturbed.path)
    STEPS[step](undisturbed.path, 2)
    for moment in count(1):
        home = Home(tmp_path / str(moment))
        shutil.copytree(before.path, home.path)
        if not killed(step, home.path, moment):
            break
        ensure_whole(home.path)
        STEPS[step](home.path, 2)
        assert _state(home) == _state(undisturbed), moment
    assert moment > moments, "what happens is not seen"


def _state(home: Home) -> dict[str, str]:
    """The hash of every file, hidden ones too; of a warehouse only that it is there, for no two have the same bytes."""
    return {name: "" if name.endswith(".duckdb") else digest for name, digest in home.bytes_of(*ZONES).items()}
