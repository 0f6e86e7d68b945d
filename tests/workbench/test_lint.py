"""`postroom lint` finds each kind of fault in a definition where it stands, and none in the shipped ones."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import REPO
from workbench.lint import check, refused
from workbench.masked import masked

SEGMENT = "models/marts/segments/seg_lapsed"
NEW = "models/marts/segments/seg_new_customers"
YOUNG = "models/marts/segments/seg_young_urban_women_browsing"
TRIGGER = "models/marts/triggers/trg_cart_abandoned"
WINBACK = "models/marts/campaigns/cmp_winback"
JOURNEY = "models/marts/journeys/jrn_cart"


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for name in ("models", "seeds"):
        shutil.copytree(REPO / name, root / name)
    shutil.copy(REPO / "dbt_project.yml", root)
    return root


@pytest.fixture
def project(copied: Path, tmp_path: Path) -> Path:
    shutil.copytree(copied, tmp_path / "p")
    return tmp_path / "p"


Edit = Callable[[str], str]


def _to(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, 1)

    return edit


def _without_unit_tests(text: str) -> str:
    return text[: text.index("unit_tests:")]


def _line(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("file", "edit", "at", "said"),
    [
        (f"{SEGMENT}.sql", _to("recency_days >", "recensy_days >"), "recensy_days >", "no column recensy_days"),
        (f"{SEGMENT}.sql", _to("'frequency': 'frequency'", "'frequency': 'frequence'"), "'frequence'", "frequence"),
        (f"{NEW}.sql", _to("cast(first_ordered_at", "cast(first_order_at"), "first_order_at", "first_ordered_at?"),
        (f"{YOUNG}.sql", _to("'customers.birth_on'", "'customers.born_on'"), "'customers.born_on'", "in customers"),
        (f"{YOUNG}.sql", _to("= recent_buyers.customer_id", "= recent_buyer.customer_id"), "recent_buyer.", "called"),
        (f"{TRIGGER}.sql", _to("sales.customer_id and", "sales.custmer_id and"), "custmer_id", "customer_id?"),
        (f"{WINBACK}.sql", _to("where memberships.is_member", "where memberships.is_in"), "is_in", "no column is_in"),
        (f"{SEGMENT}.sql", _to("ref('fct_rfm_scores')", "ref('fct_rfm_score')"), "fct_rfm_score'", "fct_rfm_scores"),
        (f"{SEGMENT}.sql", _to("> 180", "> 180 and ("), None, "does not parse"),
        (f"{SEGMENT}.sql", _to("}) }}", "}) }"), None, "Jinja does not parse"),
        (f"{SEGMENT}.sql", _to("select\n", "select\n    recency_days,\n"), "recency_days,", "returns recency_days"),
        (f"{SEGMENT}.yml", _to("name: evidence\n", "name: evidences\n"), "name: evidences", "does not return"),
        (f"{SEGMENT}.yml", _to("        owner: Retention\n", ""), "meta:", "seg_lapsed lacks owner"),
        (f"{SEGMENT}.yml", _to("        description: Who is in the segment.\n", ""), "name: customer_id", "_id has"),
        (f"{SEGMENT}.yml", _without_unit_tests, "name: seg_lapsed", "seg_lapsed has no unit test"),
        (f"{SEGMENT}.yml", _to("name: seg_lapsed", "name: seg_laps"), None, "does not describe"),
        (f"{SEGMENT}.yml", _to("columns:\n", "columns: [\n"), None, "not valid YAML"),
        (f"{TRIGGER}.yml", _to("        window_minutes: 4320\n", ""), "meta:", "lacks window_minutes"),
        (f"{WINBACK}.yml", _to("priority: 20", "priority: 10"), "priority: 10", "cmp_cart_reminder's too"),
        (f"{WINBACK}.yml", _to("        message_class: marketing\n", ""), "meta:", "lacks message_class"),
        (f"{WINBACK}.yml", _to("[at_risk, lapsed]", "[at_risk, lapst]"), "segments: [at", "no segment lapst"),
        (f"{WINBACK}.yml", _to("segments: [at_risk, lapsed]", "trigger: cart"), "trigger: cart", "no trigger"),
        (f"{JOURNEY}.yml", _to("send: cart_reminder", "send: cart_remind"), "send: cart_remind", "unknown campaign"),
        ("dbt_project.yml", _to("    - lapsed\n", "    - lapsed\n    - champions\n"), "- champions\n    - c", "twice"),
        ("dbt_project.yml", _to("    - lapsed\n", "    - lapst\n"), "- lapst", "no model seg_lapst"),
        ("dbt_project.yml", _to("    - lapsed\n", ""), None, "seg_lapsed is not listed"),
        ("dbt_project.yml", _to("[winback, ", "["), None, "cmp_winback is not listed"),
    ],
)  # fmt: skip
def test_a_fault_is_found_where_it_stands(project: Path, file: str, edit: Edit, at: str | None, said: str) -> None:
    path = project / file
    path.write_text(edit(path.read_text()))
    found = [p for p in check(project) if said in p.text]
    assert found, [str(p) for p in check(project)]
    if at is not None:
        assert (found[0].file, found[0].line) == (path, _line(path.read_text(), at))


def test_a_model_without_description_or_yaml(project: Path) -> None:
    path = project / f"{SEGMENT}.yml"
    path.write_text(re.sub(r"    description: \|\n      One row[^\n]*\n", "", path.read_text(), count=1))
    assert [p.text for p in check(project)] == ["seg_lapsed has no description: say what one row of it is"]
    path.unlink()
    assert any("has no seg_lapsed.yml beside it" in p.text for p in check(project))


def test_two_models_of_one_name(project: Path) -> None:
    second = project / "models/marts/campaigns/seg_lapsed.sql"
    shutil.copy(project / f"{SEGMENT}.sql", second)
    assert any(p.text.startswith("seg_lapsed is there twice") for p in check(project))


def test_several_faults_are_all_told(project: Path) -> None:
    for file in (f"{SEGMENT}.sql", f"{NEW}.sql"):
        path = project / file
        path.write_text(path.read_text().replace("ref('fct_", "ref('fact_"))
    assert [p.file.name for p in check(project)] == ["seg_lapsed.sql", "seg_new_customers.sql"]


def test_the_shipped_definitions_are_sound(manifest: object) -> None:
    from orchestration.cli import app

    done = CliRunner().invoke(app, ["lint"])
    assert (done.exit_code, done.stdout) == (0, "All definitions are sound.\n")


def test_dbt_s_word_is_put_where_it_points() -> None:
    said = (
        f"The dbt project does not parse:\nCompilation Error in model seg_x ({SEGMENT}.sql)\n  bad\n    line 3\n      x"
    )
    problem = refused(said, REPO)
    assert (problem.file, problem.line) == (REPO / f"{SEGMENT}.sql", 3)
    assert refused("It does not:\nno file here", REPO).file == REPO / "dbt_project.yml"


def test_every_line_stays_where_it_was() -> None:
    for path in sorted((REPO / "models").rglob("*.sql")):
        text = path.read_text()
        for number, (before, after) in enumerate(zip(text.splitlines(), masked(text).sql.splitlines(), strict=False)):
            if "{" not in text.splitlines()[number] and "from " in before and "}" not in before:
                assert "from " in after, f"{path}:{number + 1}"
