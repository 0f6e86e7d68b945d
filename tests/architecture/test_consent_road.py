"""The only road from a customer to a payload runs through a consent that holds: held against the models' own SQL."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from tests.conftest import REPO

MESSAGES = "fct_campaign_messages"
CONSENT = {
    "decisions.customer_id = consents.customer_id",
    "campaigns.purpose = consents.purpose",
    "consents.status = 'granted'",
}
PROFILED = "NOT profiling.customer_id IS NULL OR NOT campaigns.needs_profiling"
TEST = "shows_behaviour_only_by_consent"
# Told to another system about somebody, and no message to them.
SYNC = "exp_profile_sync"


def _models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] == "model"}


def _exports(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [m for m in _models(manifest).values() if m["fqn"][1] == "exports"]


def _code(model: dict[str, Any], manifest: dict[str, Any]) -> str:
    """A model's SQL; of one that is nothing but a macro for its campaign, the macro's."""
    code: str = model["raw_code"]
    if whole := re.fullmatch(r"{{ (\w+)\('(\w+)'\) }}", code.strip()):
        macro, campaign = whole.groups()
        text = re.sub(r"{%-? (macro|endmacro).*?%}", "", manifest["macros"][f"macro.postroom.{macro}"]["macro_sql"])
        return text.replace("{{ campaign }}", campaign)
    return code


def _statement(model: str) -> exp.Expression:
    """A model's SQL with its refs as tables; what other macros make of a value does not matter here."""
    return sqlglot.parse_one(
        re.sub(r"{{.*?}}", "null", re.sub(r"{{ ref\('(\w+)'\) }}", r"\1", model)), dialect="duckdb"
    )


def _terms(condition: exp.Expression | None) -> set[str]:
    """What a condition demands all of."""
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition] if condition else []
    return {part.sql(dialect="duckdb") for part in parts}


def _is_plain(statement: exp.Expression) -> bool:
    """One select over joined tables, so that no row comes from elsewhere."""
    return (
        isinstance(statement, exp.Select)
        and len(list(statement.find_all(exp.Select))) == 1
        and all(isinstance(j.this, exp.Table) for j in statement.args.get("joins") or [])
    )


def _faults_of_export(sql: str, campaign: str) -> list[str]:
    """What lets a row into an export table that is no message of its campaign."""
    statement = _statement(sql)
    if not _is_plain(statement):
        return ["is not one plain select"]
    faults = []
    source = statement.args["from_"].this
    if (source.name, source.alias) != (MESSAGES, "messages"):
        faults.append(f"does not select from {MESSAGES} as messages")
    for join in statement.args.get("joins") or []:
        if join.side not in ("", "LEFT") or join.kind not in ("", "INNER", "SEMI", "ANTI"):
            faults.append(f"brings rows of its own from {join.this.name}")
        on = join.args.get("on")
        if on is None or on.find(exp.Or) or not any(_ties(term) for term in on.find_all(exp.EQ)):
            faults.append(f"does not tie {join.this.name} to the message")
    where = statement.args.get("where")
    if f"messages.campaign = '{campaign}'" not in _terms(where and where.this):
        faults.append(f"takes messages of other campaigns than {campaign}")
    return faults


def _ties(equality: exp.Expression) -> bool:
    sides = (equality.left, equality.right)
    return all(isinstance(side, exp.Column) for side in sides) and sides[0].table != sides[1].table


def _faults_of_messages(sql: str) -> list[str]:
    """What lets a message come to be without a consent that holds."""
    statement = _statement(sql)
    if not _is_plain(statement):
        return ["is not one plain select"]
    joins = {join.alias_or_name: join for join in statement.args["joins"]}
    faults = []
    consents, suppressions = joins.get("consents"), joins.get("suppressions")
    if consents is None or consents.this.name != "fct_consents" or (consents.side, consents.kind) != ("", "INNER"):
        faults.append("does not inner-join fct_consents as consents")
    elif not _terms(consents.args.get("on")) >= CONSENT:
        faults.append("takes a consent that is another's, for another purpose, or none that holds")
    if suppressions is None or suppressions.this.name != "int_consent__suppressed" or suppressions.kind != "ANTI":
        faults.append("does not leave out who is suppressed")
    elif _terms(suppressions.args.get("on")) != {"decisions.customer_id = suppressions.customer_id"}:
        faults.append("leaves out others than who is suppressed")
    if any(join.side not in ("", "LEFT") or join.kind == "CROSS" for join in joins.values()):
        faults.append("brings rows from elsewhere")
    where = statement.args.get("where")
    if not _terms(where and where.this) >= {"decisions.decision = 'send'", PROFILED}:
        faults.append("sends what was not decided to be sent, or behaviour without a consent to profiling")
    return faults


def test_every_export_of_a_campaign_begins_with_the_messages(manifest: dict[str, Any]) -> None:
    exports = [m for m in _exports(manifest) if m["name"] != SYNC]
    assert len(exports) >= 2
    for model in exports:
        campaign = model["name"].removeprefix("exp_").split("__")[0]
        assert _faults_of_export(_code(model, manifest), campaign) == [], model["name"]


def test_the_export_of_profiles_begins_with_the_profiles(manifest: dict[str, Any]) -> None:
    """Every column that tells what somebody did is as their consent to profiling allows."""
    model = _models(manifest)[SYNC]
    statement = _statement(model["raw_code"])
    source = statement.args["from_"].this
    assert _is_plain(statement) and not statement.args.get("joins") and not statement.args.get("where")
    assert (source.name, source.alias) == ("dim_profiles", "profiles")
    for name, column in model["columns"].items():
        shown = f"cast({{{{ if_profiled('profiles.{name}', 'profiles') }}}} as"
        assert (shown in model["raw_code"]) == column["config"]["meta"]["behavioural"], name


def test_a_message_needs_a_consent_that_holds(manifest: dict[str, Any]) -> None:
    assert _faults_of_messages(_models(manifest)[MESSAGES]["raw_code"]) == []


def test_the_consents_are_those_that_were_resolved(manifest: dict[str, Any]) -> None:
    consents = _models(manifest)["fct_consents"]
    assert consents["depends_on"]["nodes"] == ["model.postroom.int_consent__resolved"]
    (status,) = [c for c in _statement(consents["raw_code"]).expressions if c.alias_or_name == "status"]
    assert isinstance(status, exp.Column), "fct_consents makes a status of its own"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("inner join {{ ref('fct_consents') }}", "left join {{ ref('fct_consents') }}"),
        ("    and consents.status = 'granted'\n", ""),
        ("consents.status = 'granted'\n", "consents.status <> 'denied'\n"),
        ("consents.status = 'granted'\n", "consents.status = 'granted' or campaigns.priority = 1\n"),
        ("    and campaigns.purpose = consents.purpose\n", ""),
        ("inner join {{ ref('fct_consents') }}", "inner join {{ ref('dim_customers') }}"),
        ("inner join {{ ref('fct_campaign_candidates') }}", "right join {{ ref('fct_campaign_candidates') }}"),
        ("anti join", "left join"),
        ("where decisions.decision = 'send' and", "where"),
        (" and (profiling.customer_id is not null or not campaigns.needs_profiling)", ""),
        ("where decisions", "union all select * from {{ ref('fct_campaign_candidates') }} where decisions"),
    ],
)
def test_a_way_around_the_consent_is_seen(manifest: dict[str, Any], old: str, new: str) -> None:
    sql = _models(manifest)[MESSAGES]["raw_code"]
    assert old in sql
    assert _faults_of_messages(sql.replace(old, new)) != []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "from {{ ref('fct_campaign_messages') }} as messages\ninner join",
            "from {{ ref('dim_customers') }} as messages\ninner join",
        ),
        ("inner join", "right join"),
        ("inner join", "full join"),
        ("    on messages.customer_id", "    on 1 = 1 or messages.customer_id"),
        ("where messages.campaign = 'winback'", ""),
        ("where messages.campaign = 'winback'", "where messages.campaign = 'winback' or true"),
        ("where", "union all select * from {{ ref('cmp_winback') }} where"),
        ("{{ ref('cmp_winback') }} as", "(select * from {{ ref('cmp_winback') }}) as"),
    ],
)
def test_a_way_around_the_messages_is_seen(manifest: dict[str, Any], old: str, new: str) -> None:
    sql = _models(manifest)["exp_winback"]["raw_code"]
    assert old in sql
    assert _faults_of_export(sql.replace(old, new), "winback") != []


def test_a_campaign_says_whether_it_needs_a_consent_to_profiling(manifest: dict[str, Any]) -> None:
    silent = [
        f"{m['original_file_path'].replace('.sql', '.yml')}: set config.meta.needs_profiling to true or false"
        for m in _models(manifest).values()
        if m["name"].startswith("cmp_") and not isinstance(m["config"]["meta"].get("needs_profiling"), bool)
    ]
    assert silent == []


def test_an_export_says_which_of_its_columns_tell_what_a_customer_did(manifest: dict[str, Any]) -> None:
    common = {*_models(manifest)[MESSAGES]["columns"], "position"}
    silent = [
        f"{m['original_file_path'].replace('.sql', '.yml')}: set config.meta.behavioural of {name}, or of the "
        "model, to true or false"
        for m in _exports(manifest)
        for name, column in m["columns"].items()
        if name not in common
        and not isinstance(column["config"]["meta"].get("behavioural", m["config"]["meta"].get("behavioural")), bool)
    ]
    assert silent == []


def test_what_a_customer_did_is_held_to_their_consent(manifest: dict[str, Any]) -> None:
    tested = {
        n["attached_node"]
        for n in manifest["nodes"].values()
        if n["resource_type"] == "test" and (n.get("test_metadata") or {}).get("name") == TEST
    }
    untested = [
        f"{m['original_file_path'].replace('.sql', '.yml')}: add the data test {TEST}"
        for m in _exports(manifest)
        if m["unique_id"] not in tested
        and any(part["config"]["meta"].get("behavioural") for part in (m, *m["columns"].values()))
    ]
    assert untested == []


def test_every_purpose_of_a_campaign_is_in_the_seed(manifest: dict[str, Any]) -> None:
    listed = {line.split(",")[0] for line in (REPO / "seeds/consent_purposes.csv").read_text().splitlines()[1:]}
    campaigns = [m for m in _models(manifest).values() if m["name"].startswith("cmp_")]
    assert {m["config"]["meta"]["purpose"] for m in campaigns} | {"profiling"} <= listed
