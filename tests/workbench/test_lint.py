"""`postroom lint` finds each kind of fault in a definition where it stands, and none in the shipped ones."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.conftest import REPO
from workbench.lint import check, contract_problems, refused, unknown_macros
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


def _as_list(text: str) -> str:
    return "- a\n"


@pytest.mark.parametrize(
    ("file", "edit", "at", "said"),
    [
        (f"{SEGMENT}.yml", _to("minimum_size:", "minimum_sise:"), "minimum_sise", "did you mean minimum_size?"),
        (f"{SEGMENT}.yml", _to("minimum_size: 100", "minimum_size: lots"), "minimum_size", 'it is "lots"'),
        (f"{SEGMENT}.yml", _to("minimum_size: 100", "minimum_size: -1"), "minimum_size", "must be 0 or more"),
        (f"{SEGMENT}.yml", _to("owner: Retention", "owner:"), "owner:", "owner must be text"),
        (f"{SEGMENT}.yml", _to("  - name: seg_lapsed\n    d", "  - d"), "- description", "models has no name"),
        (f"{SEGMENT}.yml", _to("      - name: evidence\n        d", "      - d"), None, "columns has no name"),
        (f"{SEGMENT}.yml", _to("      meta:\n", "      - meta:\n"), "config:", "config must be a mapping"),
        (f"{SEGMENT}.yml", _to("  - name: lapsed_b", "    name: lapsed_b"), "unit_tests:", "must be a list"),
        (f"{SEGMENT}.yml", _to("ref('fct_rfm_scores')", "ref('fct_rfm_score')"), "- input", "mean fct_rfm_scores"),
        (f"{SEGMENT}.yml", _as_list, None, "must be a YAML mapping"),
        ("models/marts/customers/dim_customers.yml", _as_list, None, "must be a YAML mapping"),
        (f"{SEGMENT}.sql", _to("{{ ref('fct_rfm_scores') }}", "fct_rfm_scores"), "from fct", "write {{ ref("),
        (f"{SEGMENT}.sql", _to("> 180", "> 180;"), "> 180;", "without a `;`"),
        (f"{SEGMENT}.sql", lambda _: "\n", None, "is empty"),
        (f"{TRIGGER}.yml", _to("delay_minutes: 60", "delay_minutes: soon"), "delay_minutes", "whole number"),
        (f"{TRIGGER}.yml", _to("window_minutes: 4320", "window_minutes: 60"), "window_minutes", "more than 60"),
        (f"{WINBACK}.yml", _to("priority: 20", "priority: high"), "priority: high", "whole number"),
        (f"{WINBACK}.yml", _to("class: marketing", "class: marketting"), "message_class", "or transactional"),
        (f"{WINBACK}.yml", _to("purpose: marketing_email", "purpose: mail"), "purpose: mail", "consent_purposes.csv"),
        (f"{WINBACK}.yml", _to('"09:00"', "10:30"), "send_at_local", "in quotes"),
        (f"{WINBACK}.yml", _to("holdout_share: 0.1", "holdout_share: 10"), "holdout_share", "from 0 to below 1"),
        (f"{WINBACK}.yml", _to("[at_risk, lapsed]", "at_risk"), "segments: at_risk", "must be a list"),
        (f"{WINBACK}.yml", _to("segments: [at_risk, lapsed]", "trigger: [welcome]"), "trigger: [w", "must be text"),
        (f"{WINBACK}.yml", _to("{control: 50, new_season: 50}", "[control]"), "variants", "weight"),
        ("dbt_project.yml", _to("campaigns: [winback", "campaigns: a\n  b: [winback"), "campaigns: a", "a list"),
        ("seeds/decision_reasons.csv", _to("1,erased,", "1;erased;"), "1;erased;", "values for 5 columns"),
        ("seeds/decision_reasons.csv", _to("2,no_consent,", "2,no_consent,,"), "2,no_consent,,", "has 6 values for 5"),
        ("seeds/decision_reasons.csv", _to("position,reason", "position,resaon"), None, "there is no column reason in"),
        ("dbt_project.yml", _to("  triggers:", "  trigger:"), "vars:", "vars.triggers must be a list"),
        ("dbt_project.yml", _to("    - lapsed\n", "    - lapsed: x\n"), "- lapsed: x", "is a list of names"),
        ("dbt_project.yml", _to("    - lapsed\n", "    - seg_lapsed\n"), "- seg_lapsed", "write lapsed"),
    ],
)  # fmt: skip
def test_what_dbt_would_stop_at_or_pass_over(project: Path, file: str, edit: Edit, at: str | None, said: str) -> None:
    test_a_fault_is_found_where_it_stands(project, file, edit, at, said)


@pytest.mark.parametrize("file", [f"{SEGMENT}.sql", f"{SEGMENT}.yml", f"{JOURNEY}.yml", "seeds/rfm_groups.csv"])
def test_a_file_in_another_encoding(project: Path, file: str) -> None:
    path = project / file
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:2], "# für".encode("latin-1"), *lines[2:]]))
    assert (path, 3, "file is not UTF-8 here: save it as UTF-8") in {(p.file, p.line, p.text) for p in check(project)}


def test_line_ends_and_a_byte_order_mark_are_no_fault(project: Path) -> None:
    for suffix in (".sql", ".yml"):
        path = project / f"{SEGMENT}{suffix}"
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert check(project) == []


def test_capitals_and_comments_are_no_fault(project: Path) -> None:
    path = project / f"{SEGMENT}.sql"
    given = path.read_text()
    path.write_text(
        "/* of all;\nby score */ -- one; two\nWITH Scores AS (SELECT * FROM {{ ref('fct_rfm_scores') }})\n"
        + given.replace("select", "SELECT").replace("from {{ ref('fct_rfm_scores') }}", "FROM scores")
    )
    assert check(project) == []


def test_a_macro_that_is_not_there(project: Path, manifest: dict[str, Any]) -> None:
    macros = {macro["name"] for macro in manifest["macros"].values()}
    assert unknown_macros(project, macros) == []
    path = project / f"{SEGMENT}.sql"
    path.write_text(path.read_text().replace("json_text(", "json_txt("))
    (problem,) = unknown_macros(project, macros)
    assert (problem.file, problem.line) == (path, 3)
    assert problem.text.startswith("there is no macro json_txt: did you mean json_text")


@pytest.mark.parametrize(
    ("at", "change", "said"),
    [
        ("email", {"data_type": "txt"}, "data_type must be one of string, "),
        ("email", {"data_type": None}, "date, timestamp; it has none"),
        ("email", {"aliases": "E-mail"}, "aliases must be a list"),
        ("email", {"aliases": ["id"]}, "email: id is a name of id too"),
        ("email", {"alias": ["E-mail"]}, "nothing reads alias: did you mean aliases?"),
        ("email", {"identifier": "e-mail"}, "identifier e-mail is none of"),
        ("contacts", {"quarantine_limit": 5}, "a share of the rows"),
        ("contacts", {"adapters": "acme"}, "adapters must be a list"),
        ("contacts", {"key": "id"}, "key must be a list"),
    ],
)
def test_a_contract_that_no_extract_can_meet(
    manifest: dict[str, Any], at: str, change: dict[str, Any], said: str
) -> None:
    assert contract_problems(REPO, manifest) == []
    changed = {"sources": deepcopy(manifest["sources"])}
    table = changed["sources"]["source.postroom.crm.contacts"]
    if at == "contacts":
        table["config"]["meta"] |= change
    elif "data_type" in change:
        table["columns"][at] |= change
    else:
        table["columns"][at]["config"]["meta"] |= change
    (problem,) = contract_problems(REPO, changed)
    assert said in problem.text
    assert f"name: {at}" in problem.file.read_text().splitlines()[problem.line - 1]


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
