"""Every command of the README does what it says; every file it names is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.conftest import REPO
from tests.end_to_end.conftest import Home

README = (REPO / "README.md").read_text()
BLOCKS = [block.strip() for block in re.findall(r"```sh\n(.*?)```", README, re.S)]
# `make run` and `make ui` stay up or run long: test_daily_job.py and test_ui.py run them. test_explain.py explains
# people of its own home.
MAKE = {"make run", "make ui"}
ELSEWHERE = {*MAKE, ".venv/bin/postroom explain ann@example.org"}


def test_each_block_is_one_command_that_a_test_runs() -> None:
    assert {block for block in BLOCKS if block.startswith("make")} == MAKE
    assert len(BLOCKS) == len(ELSEWHERE) + 1


def test_one_model_builds_by_hand(two_days: tuple[Home, dict[str, str]], tmp_path: Path) -> None:
    home, _ = two_days
    (command,) = (block for block in BLOCKS if block not in ELSEWHERE)
    scratch = {"DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path)}
    warehouse = tmp_path / "warehouse.duckdb"
    warehouse.write_bytes((home.path / "warehouse.duckdb").read_bytes())
    printed = home.run(*shlex.split(command), POSTROOM_WAREHOUSE=str(warehouse), **scratch).stdout
    assert "ERROR=0" in printed
    assert "unit_test" in printed


def test_every_make_target_of_the_readme_is_there(tmp_path: Path) -> None:
    home = Home(tmp_path)
    listed = home.run("make", "help").stdout
    for target in set(re.findall(r"`make ([a-z-]+)", README)):
        assert f"make {target} " in listed
        home.run("make", "-n", target)


def test_postroom_explains_itself(tmp_path: Path) -> None:
    printed = Home(tmp_path).postroom("--help").stdout
    assert all(
        command in printed
        for command in (
            "run",
            "pulse",
            "sample",
            "ui",
            "explain",
            "erase",
            "access",
            "deliver",
            "replay",
            "restate",
            "doctor",
            "sync",
            "duplicates",
            "online-retail",
        )
    )


def test_every_file_the_readme_names_is_there() -> None:
    named = re.findall(r"`((?:models|seeds|exports|adapters|tests)/[^`<>*]+)`", README)
    assert named
    assert [name for name in named if not (REPO / name).exists()] == []


def test_every_variable_is_read_and_every_one_read_is_documented() -> None:
    documented = set(re.findall(r"`(POSTROOM_[A-Z_]+)`", README))
    read = set(re.findall(r'"(POSTROOM_[A-Z_]+)"', (REPO / "orchestration/settings.py").read_text()))
    handed_on = {
        "POSTROOM_DAGSTER_STORAGE",
        "POSTROOM_DAGSTER_LOGS",
        "POSTROOM_WAREHOUSE",
        "POSTROOM_LAST_RUN",
        "POSTROOM_STARTED_BY",
    }
    assert documented == read - handed_on
