"""Rules decide in a real warehouse as they do in plain Python, and a fault in them is told by its line."""

import datetime as dt
import math
import operator
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
import yaml
from export_rows import RUN, SECRET, cart_row, decided, load, winback_row
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from exports import Campaign, Column, LoadError, Renderer
from exports.comparisons import text_literal
from exports.rules import read_slot_rules
from exports.slots import OTHERWISE, Slot
from exports.yamlfile import YamlFile, read_yaml

TYPES = {
    "word": "string",
    "pieces": "int",
    "total": "bigint",
    "amount": "decimal(18,2)",
    "score": "double",
    "day": "date",
    "moment": "timestamp",
    "flag": "boolean",
}
COLUMNS = {name: Column(data_type, is_personal=False) for name, data_type in TYPES.items()}
# Few enough values that conditions hold about as often as not; what engines take for special is among them.
WORDS = ["a", "it's", "b\\'c", "\\", "ä -- ;", '"x"', "{{ a }}", "$1 ?"]
DAYS = [dt.date(2026, 2, 28), dt.date(2026, 3, 1), dt.date(2026, 3, 2)]
MOMENTS = [dt.datetime(2026, 3, 1), dt.datetime(2026, 3, 1, 18, 30), dt.datetime(2026, 3, 2, 0, 0, 0, 1000)]
LITERALS: dict[str, list[Any]] = {
    "word": WORDS,
    "pieces": [-1, 0, 1, 2, 0.5],
    "total": [0, 1, 10**17, 0.000001],
    "amount": [0, 12.5, 12.505, -3],
    "score": [0, 0.1, 0.7, 1e300],
    "day": DAYS,
    "moment": [*MOMENTS, *DAYS],
    "flag": [True, False],
}
CELLS: dict[str, list[Any]] = {
    "word": [*WORDS, "", "  ", " a ", "A"],
    "pieces": [-1, 0, 1, 2],
    "total": [0, 1, 10**17, 2**63 - 1],
    "amount": [Decimal("0.00"), Decimal("12.50"), Decimal("12.51"), Decimal("-3.00"), Decimal(10**15)],
    "score": [0.0, 0.1, 0.7, 1e300, math.nan, math.inf],
    "day": DAYS,
    "moment": MOMENTS,
    "flag": [True, False],
}
ORDER = {"at_least": operator.ge, "at_most": operator.le, "more_than": operator.gt, "less_than": operator.lt}
VALUES = ["warm", "plain", "bold"]
FIRST_LINE = 3


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    column = draw(st.sampled_from(list(TYPES)))
    literal = st.sampled_from(LITERALS[column])
    ordered = () if column in ("word", "flag") else tuple(ORDER)
    name = draw(st.sampled_from(["is", "is_not", "in", "not_in", "is_known", "is_unknown", *ordered]))
    if name in ("in", "not_in"):
        return {"column": column, name: draw(st.lists(literal, min_size=1, max_size=3))}
    return {"column": column, name: True if name in ("is_known", "is_unknown") else draw(literal)}


def conditions(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    if depth == 0:
        return comparisons()
    inner = conditions(depth - 1)
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        comparisons(),
        several.map(lambda parts: {"all": parts}),
        several.map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    )


def rules(depth: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Lists of rules; within another one the last may have no condition."""
    decision: st.SearchStrategy[dict[str, Any]] = st.sampled_from(VALUES).map(lambda value: {"then": value})
    if depth > 1:
        decision = st.one_of(decision, rules(depth - 1).map(lambda inner: {"rules": inner}))
    rule = st.builds(lambda condition, then: {"if": condition, **then}, conditions(3), decision)
    return st.lists(rule, min_size=1, max_size=3)


def name_all(rules: list[dict[str, Any]], draw: Callable[[], bool], depth: int = 1) -> Iterator[dict[str, Any]]:
    """Names every rule that decides; some lists within others end with one that always does."""
    if depth > 1 and draw() and "then" in rules[-1]:
        del rules[-1]["if"]
    for rule in rules:
        if "rules" in rule:
            yield from name_all(rule["rules"], draw, depth + 1)
        else:
            yield rule


@st.composite
def slots(draw: st.DrawFn) -> dict[str, Any]:
    tree = draw(rules(3))
    for number, rule in enumerate(name_all(tree, lambda: draw(st.booleans()))):
        rule["name"] = f"rule_{number}"
    chosen = yaml.safe_dump(tree)
    otherwise = draw(st.sampled_from(VALUES))
    values = [value for value in VALUES if value == otherwise or f"then: {value}\n" in chosen]
    return {"values": values, "rules": tree, "otherwise": otherwise}


_random = random.Random(7)
ROWS = [{name: _random.choice([None, *cells]) for name, cells in CELLS.items()} for _ in range(120)]


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with a table of these rows."""
    with duckdb.connect() as connection:
        connection.execute(f"create table rows (n int, {', '.join(map(' '.join, TYPES.items()))})")
        cells = [value for number, row in enumerate(ROWS) for value in (number, *row.values())]
        marks = f"(?{', ?' * len(TYPES)})"
        connection.execute(f"insert into rows values {', '.join(marks for _ in ROWS)}", cells)
        yield connection


def holds(condition: dict[str, Any], row: dict[str, Any]) -> bool:
    """The oracle: a condition in plain Python."""
    if "all" in condition:
        return all(holds(part, row) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, row) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], row)
    (column, (name, literal)) = condition["column"], next(item for item in condition.items() if item[0] != "column")
    value = row[column]
    value = (value.strip(" ") or None) if isinstance(value, str) else value
    value = None if value != value else value
    if name in ("is_known", "is_unknown"):
        return (value is None) == (name == "is_unknown")
    if value is None:
        return False
    if name in ("in", "not_in"):
        return any(value == meant(column, item) for item in literal) == (name == "in")
    if name in ("is", "is_not"):
        return (value == meant(column, literal)) == (name == "is")
    return bool(ORDER[name](value, meant(column, literal)))


def meant(column: str, literal: Any) -> Any:
    """The literal as its column's type has it."""
    if column in ("pieces", "total", "amount"):
        return Decimal(repr(literal))
    if column == "moment" and not isinstance(literal, dt.datetime):
        return dt.datetime.combine(literal, dt.time())
    return literal


def winner(rules: list[dict[str, Any]], row: dict[str, Any]) -> dict[str, Any] | None:
    """The oracle: the first rule that holds and decides."""
    for rule in rules:
        if "if" not in rule or holds(rule["if"], row):
            found = rule if "then" in rule else winner(rule["rules"], row)
            if found is not None:
                return found
    return None


def read(tmp_path: Path, definition: dict[str, Any]) -> tuple[Slot | None, YamlFile]:
    path = tmp_path / "campaign.yml"
    path.write_text(yaml.safe_dump({"slots": {"tone": definition}}, sort_keys=False), encoding="utf-8")
    file = read_yaml(path)
    return read_slot_rules(file, ("slots", "tone"), "tone", file.data["slots"]["tone"], COLUMNS), file


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(slots())
def test_the_warehouse_decides_as_plain_python_does(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection, definition: dict[str, Any]
) -> None:
    slot, file = read(tmp_path, definition)
    # By chance a condition may come twice in a list: that is a fault.
    assume(not any("is never reached" in problem.text for problem in file.problems))
    assert file.problems == [] and slot is not None
    expected = []
    for row in ROWS:
        rule = winner(definition["rules"], row)
        expected.append((rule["then"], rule["name"]) if rule else (definition["otherwise"], OTHERWISE))
    # What a parser of Spark's SQL reads in it must decide the same.
    spark = [sqlglot.transpile(sql, read="spark", write="duckdb")[0] for sql in (slot.value_sql, slot.rule_sql)]
    for value_sql, rule_sql in ((slot.value_sql, slot.rule_sql), spark):
        assert warehouse.execute(f"select {value_sql}, {rule_sql} from rows order by n").fetchall() == expected


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_text_is_one_literal(text: str) -> None:
    sql = text_literal(text)
    assert duckdb.execute(f"select {sql}").fetchone() == (text,)
    assert sqlglot.parse_one(sql, read="spark").sql("duckdb").count(";") == text.count(";")


@pytest.mark.parametrize(
    ("days", "value", "rule"),
    [(None, "discover", OTHERWISE), (0, "discover", OTHERWISE), (1, "last_order", "ordered_before"),
     (364, "last_order", "ordered_before"), (365, "long_ago", "over_a_year_ago")],
)  # fmt: skip
def test_winback_opens_by_the_last_order(winback: Campaign, days: int | None, value: str, rule: str) -> None:
    row = decided(winback, winback_row(days_since_order=days))
    assert (row["slot_opening"], row["slot_opening_rule"]) == (value, rule)
    message = Renderer(winback, RUN, SECRET).render(row).message
    assert ("more than a year" in message["html"]) == ("more than a year" in message["text"]) == (value == "long_ago")


@pytest.mark.parametrize(
    ("pieces", "amount", "currency", "value"),
    [(1, "10.00", "EUR", "one"), (2, "10.00", "EUR", "several"), (1, "200.00", "EUR", "large"),
     (1, "200.00", "JPY", "one"), (3, "199.99", "USD", "several")],
)  # fmt: skip
def test_the_cart_reminder_s_headline_fits_the_cart(
    cart_reminder: Campaign, pieces: int, amount: str, currency: str, value: str
) -> None:
    row = decided(cart_reminder, cart_row(item_count=pieces, cart_amount=Decimal(amount), currency=currency))
    assert row["slot_headline"] == value


SLOT = """
slots:
  tone:
    values: [warm, plain]
    rules:
      - name: long_gone
        if: {column: days_since_order, at_least: 90}
        then: warm
    otherwise: plain
"""
LEAF = "{column: days_since_order, at_least: 90}"
RULE = f"      - name: long_gone\n        if: {LEAF}\n        then: warm\n"
FOUR_NOTS = "{not: {not: {not: {not: {column: days_since_order, is_known: true}}}}}"
NEST = """      - if: {column: days_since_order, is: 1}
        rules:
          - if: {column: days_since_order, is: 2}
            rules:
              - if: {column: days_since_order, is: 3}
                rules:
                  - {name: deep, if: {column: days_since_order, is: 4}, then: warm}
"""
AGAIN = RULE + f"      - name: again\n        if: {LEAF}\n        then: plain\n"
TWICE = RULE.replace("90", "60")
ALWAYS = "      - name: always\n        then: plain\n"
INNER = "      - rules:\n          - {name: always, then: plain}\n"


@pytest.mark.parametrize(
    ("old", "new", "mark", "says"),
    [
        ("at_least: 90", "at_lest: 90", "at_lest", "unknown key 'at_lest'"),
        ("at_least: 90", "at_least: 90, at_most: 99", "at_most", "combined by `all`"),
        (", at_least: 90", "", "if:", "needs one of is,"),
        ("column: days_since_order, at", "at", "if:", "column' is missing"),
        (LEAF, "days_since_order > 90", "days_since_order > 90", "must be a mapping"),
        ("days_since_order", "days_gone", "days_gone", "no column 'days_gone'"),
        ("days_since_order", "[x]", "[x]", "no column ['x']"),
        (LEAF, "{column: currency, at_least: EUR}", "currency", "at_least does not fit 'currency', which is string"),
        (LEAF, "{column: currency, is: no}", "currency", "False is not one line of text; put it in quotes"),
        (LEAF, '{column: currency, is: "a\\nb"}', "currency", "is not one line of text"),
        (LEAF, "{column: days_since_order, is: soon}", "soon", "'soon' is not a number"),
        (LEAF, "{column: days_since_order, is: true}", "is: true", "True is not a number"),
        (LEAF, "{column: days_since_order, is: .inf}", ".inf", "inf is not a number"),
        (LEAF, "{column: days_since_order, is: null}", "null", "None is not a number"),
        (LEAF, "{column: days_since_order, is: 0.0000001}", "0.00", "6 after the point"),
        (LEAF, f"{{column: days_since_order, is: {10**18}}}", "1000", "more than 18 digits"),
        (LEAF, "{column: days_since_order, in: 90}", "in: 90", "in takes a list"),
        (LEAF, "{column: days_since_order, in: []}", "in: []", "in takes a list"),
        (LEAF, "{column: days_since_order, is_known: false}", "false", "write `is_known: true`"),
        (LEAF, "{column: as_of_date, is: 2026-03-01 10:00:00}", "10:00", "is not a date as in"),
        (LEAF, "{column: send_at, is: noon}", "noon", "is not a time as in"),
        (LEAF, "{all: []}", "all: []", "all must be a list of conditions"),
        (LEAF, f"{{all: [{LEAF}], any: [{LEAF}]}}", "any:", "unknown key 'any'"),
        (LEAF, FOUR_NOTS, FOUR_NOTS, "conditions are nested deeper than 3"),
        (RULE, NEST, "                rules:", "rules are nested deeper than 3"),
        ("then: warm", "then: wram", "wram", "'wram' is none of the slot's values: warm, plain"),
        ("otherwise: plain", "otherwise: [plain]", "[plain]", "is none of the slot's values"),
        ("    otherwise: plain\n", "", "tone:", "'slots.tone.otherwise' is missing"),
        ("        then: warm\n", "", "- name: long_gone", "needs either `then`"),
        ("        then: warm\n", "        then: warm\n        rules: []\n", "- name: long_gone", "needs either `then`"),
        ("- name: long_gone\n        if", "- if", "- if", "is not a name"),
        ("name: long_gone", "name: Long gone", "Long gone", "is not a name"),
        ("name: long_gone", "name: otherwise", "name: otherwise", "'otherwise' is taken"),
        (RULE, RULE + TWICE, TWICE, "'long_gone' is taken"),
        (RULE, AGAIN, "- name: again", "is never reached"),
        (RULE, ALWAYS + RULE, "- name: long_gone", "is never reached"),
        (RULE, INNER + RULE, "- name: long_gone", "is never reached"),
        (RULE, RULE + ALWAYS, "otherwise:", "is never reached"),
        ("[warm, plain]", "[warm, plain, bold]", "values:", "no rule chooses 'bold'"),
        ("[warm, plain]", "[warm, plain, plain]", "values:", "each once"),
        ("[warm, plain]", "[warm, plain, on]", "values:", "True is not a name"),
        ("    rules:\n" + RULE, "    rules: []\n", "rules:", "must be a list of rules"),
        ("  tone:", "  Tone:", "  Tone:", "small letters"),
        ("  tone:", "  tone_rule:", "  tone_rule:", "not ..._rule"),
        ("  tone:", "  first_name:", "  first_name:", "'first_name' is declared above already"),
        ("  tone:", "  subject:", "  subject:", "cannot be used as a name"),
        ("", "", "tone:", "slot 'tone' is declared but never used"),
    ],
)  # fmt: skip
def test_a_fault_in_a_rule_is_told_by_its_line(library: Path, old: str, new: str, mark: str, says: str) -> None:
    path = library / "campaigns/winback/campaign.yml"
    text = path.read_text(encoding="utf-8")
    assert old in SLOT
    changed = text + SLOT.replace(old, new, 1)
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(LoadError) as caught:
        load("winback", library)
    line = changed.count("\n", 0, changed.index(mark, len(text))) + 1
    assert (path, line) in [(p.file, p.line) for p in caught.value.problems if says in p.text], str(caught.value)


def test_a_template_names_only_values_a_slot_has(library: Path) -> None:
    path = library / "campaigns/winback/campaign.yml"
    path.write_text(path.read_text(encoding="utf-8") + SLOT, encoding="utf-8")
    template = library / "campaigns/winback/body.txt.j2"
    text = template.read_text(encoding="utf-8")
    template.write_text(text.replace("days_since_order > 0", '"wram" == tone'), encoding="utf-8")
    with pytest.raises(LoadError, match="body.txt.j2:3: slot 'tone' is never 'wram'; its values are warm, plain"):
        load("winback", library)
    template.write_text(text.replace("days_since_order > 0", '"warm" == tone'), encoding="utf-8")
    assert load("winback", library).slots[0].name == "tone"


@pytest.mark.parametrize(("value", "is_right"), [("large", True), ("huge", False)])
def test_what_a_block_is_given_may_ask_for_a_slot(library: Path, value: str, is_right: bool) -> None:
    path = library / "campaigns/cart_reminder/body.mjml"
    text = path.read_text(encoding="utf-8")
    own = 'quantity="Quantity {{ item.quantity }}"'
    assert own in text
    words = f"quantity=\"{{% if headline == '{value}' %}}Take your time{{% endif %}}\""
    path.write_text(text.replace(own, words), encoding="utf-8")
    if is_right:
        campaign = load("cart_reminder", library)
        html = Renderer(campaign, RUN, SECRET).render(decided(campaign, cart_row(cart_amount=200))).message["html"]
        assert html.count("Take your time") == 3
    else:
        with pytest.raises(LoadError, match="body.mjml:11: slot 'headline' is never 'huge'"):
            load("cart_reminder", library)


def test_a_column_is_not_written_over(tmp_path: Path) -> None:
    definition = yaml.safe_load(SLOT)["slots"]["tone"]
    columns = {"days_since_order": Column("int", False), "slot_tone_rule": Column("string", False)}
    path = tmp_path / "campaign.yml"
    path.write_text(SLOT, encoding="utf-8")
    file = read_yaml(path)
    read_slot_rules(file, ("slots", "tone"), "tone", definition, columns)
    (problem,) = file.problems
    assert (problem.line, problem.text) == (FIRST_LINE, "the export table has a column 'slot_tone_rule' already")


@pytest.mark.parametrize("data_type", ["int[]", "struct(a int)", "timestamp with time zone", "blob"])
def test_what_cannot_be_compared_is_told(tmp_path: Path, data_type: str) -> None:
    path = tmp_path / "campaign.yml"
    path.write_text(SLOT, encoding="utf-8")
    file = read_yaml(path)
    read_slot_rules(
        file, ("slots", "tone"), "tone", file.data["slots"]["tone"], {"days_since_order": Column(data_type, False)}
    )
    assert [problem.text for problem in file.problems] == [
        f"column 'days_since_order' of type {data_type} cannot be compared"
    ]
