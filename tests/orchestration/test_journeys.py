"""A journey that does not hold together is refused when it is loaded, and the docs show the journeys as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from exports.errors import LoadError
from orchestration.journeys import FOLDER, draw, load_journeys
from tests.conftest import REPO

STEPS = """          - send: order_thanks
          - wait: 3 days
          - name: thanks_opened
            branch:
              - if: opened
                then:
                  - send: cross_sell
              - otherwise:
                  - send: second_offer
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The part of the project that journeys are read from, to break."""
    shutil.copy(REPO / "dbt_project.yml", tmp_path)
    for folder in (FOLDER, "models/marts/campaigns"):
        shutil.copytree(REPO / folder, tmp_path / folder)
    return tmp_path


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def _branches(depth: int) -> str:
    inner = "[end]" if depth == 1 else _branches(depth - 1)
    return f"[{{name: b{depth}, branch: [{{if: bought, then: {inner}}}, {{otherwise: [end]}}]}}]"


def test_the_shipped_journeys_hold_together() -> None:
    assert [journey.name for journey in load_journeys(REPO)] == ["cart", "post_purchase"]


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("        owner: Retention\n", "", "entry:", "say in `owner` who answers for it"),
        ("    description: |", "    meta: |", "- name: jrn_post_purchase", "what the journey is for"),
        ("        reentry: always", "        rentry: always", "rentry:", "unknown key 'rentry'"),
        ("        reentry: always", "        reentry: {after_days: 0}", "reentry:", "`reentry` is never, always or"),
        ("        reentry: always", "        reentry: sometimes", "reentry:", "`reentry` is never, always or"),
        ("        reentry: always", "        overlap: 1", "overlap:", "`overlap` is true or false"),
        ("{trigger: order_thanks}", "{trigger: order_thank}", "entry:", "unknown trigger 'order_thank'; known are"),
        ("{trigger: order_thanks}", "order_thanks", "entry:", "say who enters"),
        ("- unsubscribed", "- unsubscribe", "exits:", "an exit is bought, unsubscribed or"),
        ("- unsubscribed", "- in_segment: champion", "- in_segment:", "unknown segment 'champion'; known are"),
        ("wait: 3 days", "wait: 3 fortnights", "- wait: 3 f", "step wait_3_fortnights: '3 fortnights' is no duration"),
        ("wait: 3 days", "wait: 0 days", "- wait: 0", "is no duration"),
        ("send: order_thanks", "send: order_thank", "- send: order_thank", "step order_thank: unknown campaign"),
        ("send: order_thanks", "send: winback", "- send: winback", "cmp_winback.yml has `segments` of its own"),
        ("send: order_thanks", "send: cart_reminder", "- send: cart_reminder", "is sent by the journey cart too"),
        ("send: order_thanks", "sent: order_thanks", "- sent: order_thanks", "a step is one of send, wait"),
        ("wait: 3 days", "wait: 3 days\n            window: 2 days", "- wait: 3", "wait_3_days: unknown key 'window'"),
        ("wait: 3 days", "wait: 3 days\n            name: Three Days", "- wait: 3", "a name is of small letters"),
        ("wait: 3 days", "wait: 3 days\n            name: order_thanks", "- wait: 3", "order_thanks is there twice"),
        ("- send: cross_sell", "- {name: second_offer, send: cross_sell}", "- send: second_offer", "is there twice"),
        ("- if: opened", "- if: delivered", "- if: delivered", "step thanks_opened: if opened, clicked, bought or"),
        ("- if: opened", "- if: {in_segment: vips}", "- if: {in_segment", "unknown segment 'vips'"),
        ("- otherwise:", "- if: opened\n                then:", "- name: thanks_opened", "the last arm, and no other"),
        ("- otherwise:", "- {if: opened, then: [end]}\n              - otherwise:", "- name: thanks", "asks twice"),
        ("- otherwise:", "- else:", "- else:", "an arm is `if: ... then: ...` or `otherwise: ...`"),
        ("- send: cross_sell", "- wait: 1 day", "- wait: 1 day", "waits for nothing"),
        ("- send: order_thanks\n          ", "", "- if: opened", "asks whether a mail was opened, and none is sent"),
        ("- send: order_thanks", "- end\n          - send: order_thanks", "- send: order_thanks", "is never reached"),
        ("                  - send: cross_sell\n", "                  []\n", "- if: opened", "needs steps; write"),
        (STEPS, "          []\n", "steps:", "needs steps"),
        (STEPS, f"          {_branches(4)}\n", "[{name: b4", "step b1 is a branch in 3 others"),
        (STEPS, "          - branch: [{otherwise: [{send: order_thanks}]}]\n", "- branch", "chooses nothing"),
        ("        entry:", "        owner: Somebody\n        entry:", "owner: Somebody", "key 'owner' is given twice"),
    ],
)  # fmt: skip
def test_what_does_not_hold_together_is_refused(project: Path, old: str, new: str, at: str, says: str) -> None:
    path = project / FOLDER / "jrn_post_purchase.yml"
    _replace(path, old, new)
    lines = path.read_text().splitlines()
    line = next(number for number, text in enumerate(lines, start=1) if at in text)
    with pytest.raises(LoadError) as refused:
        load_journeys(project)
    assert any(
        problem.file == path and problem.line == line and says in problem.text for problem in refused.value.problems
    ), str(refused.value)


def test_three_branches_in_one_another_are_allowed(project: Path) -> None:
    _replace(project / FOLDER / "jrn_post_purchase.yml", STEPS, f"          {_branches(3)}\n")
    assert len(load_journeys(project)) == 2


def test_the_list_and_the_files_agree(project: Path) -> None:
    _replace(project / "dbt_project.yml", "journeys: [cart, post_purchase]", "journeys: [cart, welcome]")
    (project / FOLDER / "jrn_cart.sql").write_text("{{ journey('post_purchase') }}\n")
    with pytest.raises(LoadError) as refused:
        load_journeys(project)
    assert [f"{p.file.name}: {p.text}" for p in refused.value.problems] == [
        "jrn_cart.sql: must be one line: {{ journey('cart') }}",
        "jrn_post_purchase.yml: add post_purchase to vars.journeys in dbt_project.yml",
        "jrn_welcome.yml: file is missing; vars.journeys lists it",
    ]


def test_the_docs_draw_the_journeys_as_they_are() -> None:
    docs = (REPO / "docs/journeys.md").read_text()
    for journey in load_journeys(REPO):
        assert f"```mermaid\n{draw(journey)}```" in docs, (
            f"paste into docs/journeys.md: postroom journey {journey.name}"
        )
