"""The commands for who edits definitions, as the README gives them, and what they say."""

from __future__ import annotations

import dataclasses
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestration.settings import PROJECT, settings
from tests.conftest import REPO
from tests.end_to_end.conftest import Home
from workbench.diff import compare
from workbench.reports import as_markdown

COMMANDS = re.findall(
    r"`(\.venv/bin/postroom (?:segment|lint|diff|simulate)\b[^`]*)`", (REPO / "README.md").read_text()
)
PARTS = ("models", "seeds", "macros", "tests/dbt", "dbt_project.yml", "profiles.yml")


@pytest.fixture(scope="module")
def home(two_days: tuple[Home, dict[str, str]]) -> Home:
    return two_days[0]


def _run(part: str, home: Home) -> str:
    (command,) = (c for c in COMMANDS if f"postroom {part}" in c)
    return home.run(*shlex.split(command)).stdout


def test_the_readme_has_each_command_once() -> None:
    assert len(COMMANDS) == len(set(COMMANDS)) == 4


def test_one_segment(home: Home) -> None:
    assert "scheme = 'quintile'" in _run("segment", home)


def test_the_definitions_are_sound(home: Home) -> None:
    assert _run("lint", home) == "All definitions are sound.\n"


def test_a_person_s_days(home: Home) -> None:
    printed = _run("simulate", home)
    mailed = printed.index('cart_reminder (control) to ann@example.org: "Blue mug is still in your cart"')
    order = [
        "2026-03-01 18:02",
        "enters cart_abandoners",
        "cart_abandoned cart:k1 is due (due 2026-03-01 18:",
        "cart_reminder for cart:k1: send",
    ]
    places = [printed.index(part) for part in order]
    assert places == sorted(places) and places[-1] < mailed
    assert mailed < printed.index("enters new_customers") < printed.index("leaves cart_abandoners")
    assert mailed < printed.index("already_sent")
    assert list(home.path.glob(".workbench-*")) == []


def test_against_a_commit(home: Home) -> None:
    printed = _run("diff", home)
    is_clean = not subprocess.run(
        ["git", "status", "--porcelain", "--", *PARTS], cwd=REPO, capture_output=True, text=True, check=True
    ).stdout
    assert printed.startswith("Against HEAD\n")
    assert ("Unchanged:" in printed) or not is_clean
    assert (
        ".workbench"
        not in subprocess.run(["git", "worktree", "list"], cwd=REPO, capture_output=True, text=True, check=True).stdout
    )
    done = home.postroom("diff", "--base", "no-such-commit", check=False)
    assert done.returncode == 1
    assert "git knows no commit 'no-such-commit'" in done.stdout


def test_what_an_edit_changes(home: Home, tmp_path: Path) -> None:
    """A narrower segment, one that is gone, and a campaign whose control group is everybody."""
    edited = tmp_path / "edited"
    for name in PARTS:
        copy = shutil.copytree if (REPO / name).is_dir() else shutil.copy
        (edited / name).parent.mkdir(parents=True, exist_ok=True)
        copy(REPO / name, edited / name)
    _edit(edited / "models/marts/segments/seg_lapsed.sql", "recency_days > 180", "recency_days > 250")
    _edit(edited / "models/marts/campaigns/cmp_welcome.yml", "holdout_share: 0.1", "holdout_share: 1")
    _edit(edited / "dbt_project.yml", "    - champions\n", "")
    before = home.bytes_of("history", "ledger", "published")
    here = dataclasses.replace(settings(), home=home.path)
    sections = {s.title: s for s in compare(PROJECT, edited, here, tmp_path, "Against the shipped")}
    assert home.bytes_of("history", "ledger", "published") == before
    ((was, is_now),) = home.query(
        "select count(*), count(*) filter (where recency_days > 250) from marts.fct_rfm_scores"
        " where scheme = 'quintile' and recency_days > 180"
    )
    assert isinstance(was, int) and isinstance(is_now, int) and was > is_now
    members = {row[0]: tuple(row[1:]) for row in sections["Members"].rows}
    assert members["lapsed"] == (was, is_now, 0, was - is_now)
    assert set(members) == {"lapsed", "champions"}
    assert "seg_lapsed" in sections["Against the shipped"].text
    assert sections["Segments"].text == "Removed: champions."
    ((sent,),) = home.query(
        "select count(*) from marts.fct_campaign_decisions where campaign = 'welcome' and decision = 'send'"
    )
    moves = {tuple(row[:3]): row[3] for row in sections["Decisions that move"].rows}
    assert sent
    assert moves["welcome", "send", "campaign_holdout"] == sent
    assert any(row[0] == "welcome" for row in sections["Sends won and lost"].rows)
    shown = sections["lapsed: some who entered or left"].rows
    assert len(shown) == min(5, was - is_now)
    assert all(row[0] == "left" and "recency_days" in str(row[3]) for row in shown)
    markdown = as_markdown(sections.values())
    assert "### Decisions that move" in markdown
    assert f"| welcome | send | campaign\\_holdout | {sent} |" in markdown


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
