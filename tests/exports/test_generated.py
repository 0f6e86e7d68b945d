"""A generated text is shown once a person has approved it, to those it was written for; others get the fallback."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from export_rows import COLUMNS, LIBRARY, LIST_COLUMNS, RUN, SECRET, load, picks_row, winback_row
from hypothesis import given
from hypothesis import strategies as st

from exports import Campaign, Column, DataError, LoadError, Renderer, load_campaign, write_outbox
from exports.approved import TEXTS, Candidate, fault_in, read_texts, write_texts
from exports.generated import GeneratedText
from exports.message import Rendered

KITCHEN = {"top_category": "Kitchen"}
FALLBACK = "here is what is worth a look this week. Take your pick."
WORDS = "a week <for> cooks & bakers"


def intro(campaign: Campaign, locale: str = "en-GB") -> GeneratedText:
    (text,) = campaign.sets[locale].generated
    return text


def put(library: Path, text: str, approved: bool = True, locale: str = "en-GB", inputs: Any = None) -> str:
    """Leaves one text in the folder of the weekly picks; gives its hash."""
    path = library / "campaigns/weekly_picks" / TEXTS
    path.unlink(missing_ok=True)
    inputs = KITCHEN if inputs is None else inputs
    digest = intro(load("weekly_picks", library)).hash(inputs, locale)
    write_texts(path, {"intro": {digest: Candidate(locale, inputs, text, approved)}})
    return digest


def render(library: Path, **changes: Any) -> Rendered:
    return Renderer(load("weekly_picks", library), RUN, SECRET).render(picks_row(**changes))


def test_an_approved_text_is_shown_to_those_it_was_written_for(library: Path) -> None:
    digest = put(library, "a week for cooks & bakers.")
    rendered = render(library)
    assert "Hello Ada, a week for cooks &amp; bakers." in rendered.message["html"]
    assert "Hello Ada, a week for cooks & bakers." in rendered.message["text"]
    assert rendered.explanation["generated"] == {"intro": digest}
    assert rendered.explanation["fallbacks"].get("intro") is None


@pytest.mark.parametrize(
    ("put_for", "row", "why"),
    [
        ({"approved": False}, {}, "no approved text"),
        ({"locale": "de"}, {}, "no approved text"),
        ({"inputs": {"top_category": "Bath"}}, {}, "no approved text"),
        ({"inputs": {"top_category": "kitchen"}}, {}, "no approved text"),
        ({}, {"top_category": None}, "missing"),
        ({}, {"top_category": "  "}, "missing"),
    ],
)
def test_anybody_else_gets_the_fallback(library: Path, put_for: dict[str, Any], row: dict[str, Any], why: str) -> None:
    put(library, "a week for cooks.", **put_for)
    rendered = render(library, **row)
    assert f"Hello Ada, {FALLBACK}" in rendered.message["text"]
    assert rendered.explanation["fallbacks"]["intro"] == why
    assert rendered.explanation["generated"] == {}


def test_a_text_belongs_to_a_locale(library: Path) -> None:
    put(library, "eine Woche zum Kochen.", locale="de")
    assert "Hallo Ada, eine Woche zum Kochen." in render(library, language="de").message["text"]
    put(library, "a week for cooks.")
    rendered = render(library, language="de")
    assert "das ist diese Woche einen Blick wert. Such dir etwas aus." in rendered.message["text"]


@pytest.mark.parametrize("key", ["generator", "prompt", "inputs"])
def test_a_text_of_another_declaration_is_not_used(library: Path, key: str) -> None:
    put(library, "a week for cooks.")
    path = library / "campaigns/weekly_picks/campaign.yml"
    definition = yaml.safe_load(path.read_text(encoding="utf-8"))
    other = {"generator": "openai", "prompt": "Another one.", "inputs": ["top_category", "picks_count"]}
    definition["generated"]["intro"][key] = other[key]
    path.write_text(yaml.safe_dump(definition), encoding="utf-8")
    assert render(library).explanation["fallbacks"]["intro"] == "no approved text"


def test_without_a_file_there_are_fallbacks(library: Path) -> None:
    (library / "campaigns/weekly_picks" / TEXTS).unlink(missing_ok=True)
    assert render(library).explanation["fallbacks"]["intro"] == "no approved text"


def test_the_template_version_follows_the_texts(library: Path) -> None:
    put(library, "a week for cooks.", approved=False)
    first = load("weekly_picks", library).template_version
    put(library, "a week for cooks.")
    second = load("weekly_picks", library).template_version
    put(library, "another week for cooks.")
    assert len({first, second, load("weekly_picks", library).template_version}) == 3


def test_fallbacks_are_counted(library: Path, tmp_path: Path) -> None:
    put(library, "a week for cooks.")
    rows = [picks_row(1), picks_row(2, top_category="Bath"), picks_row(3, top_category=None)]
    manifest = write_outbox(load("weekly_picks", library), rows, tmp_path / "o", run=RUN, secret=SECRET)
    assert manifest.fallbacks["intro"] == {"no approved text": 1, "missing": 1}
    again = write_outbox(load("weekly_picks", library), rows, tmp_path / "again", run=RUN, secret=SECRET)
    assert again == manifest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is blank"),
        (" \u200b", "is blank"),
        (None, "is blank"),
        (7, "is blank"),
        ("one\ntwo", "is more than one paragraph"),
        ("one\r\n\r\ntwo", "is more than one paragraph"),
        ("hello {{ first_name }}", "holds braces or markup"),
        ("{% raw %}", "holds braces or markup"),
        ("hello {name}", "holds braces or markup"),
        ("a <b>bold</b> week", "holds braces or markup"),
        ("a \u202eweek", "holds characters that cannot be seen"),
        ("a  week", "spaces that lead nowhere"),
        ("a week ", "spaces that lead nowhere"),
        ("see https://evil.example", "holds a link or an address"),
        ("see WWW.evil", "holds a link or an address"),
        ("see evil.example today", "holds a link or an address"),
        ("see bücher.de", "holds a link or an address"),
        ("ftp://x", "holds a link or an address"),
        ("write to me@home", "holds a link or an address"),
        ("x" * 161, "has 161 characters, more than 160"),
    ],
)
def test_a_text_that_may_not_be_sent_is_refused(library: Path, text: Any, says: str) -> None:
    fault = fault_in(text, 160)
    assert fault is not None and says in fault
    put(library, text)
    path = library / "campaigns/weekly_picks" / TEXTS
    with pytest.raises(LoadError) as caught:
        load("weekly_picks", library)
    (problem,) = caught.value.problems
    assert problem.file == path and problem.text.startswith("an approved text ") and says in problem.text
    assert path.read_text(encoding="utf-8").splitlines()[problem.line - 1].lstrip().startswith("text:")
    # What nobody has approved stops nothing.
    put(library, text, approved=False)
    assert render(library).explanation["fallbacks"]["intro"] == "no approved text"


@pytest.mark.parametrize(
    "text", ["a week, e.g. for cooks.", "z. B. für 4,50 € oder 4.50 €", "“Ready?” Yes & no!", "x" * 160]
)
def test_a_text_that_may_be_sent_is_not_refused(text: str) -> None:
    assert fault_in(text, 160) is None


@given(st.text(max_size=80))
def test_what_is_not_refused_stays_as_it_is_and_is_one_line(text: str) -> None:
    if fault_in(text, 80) is None:
        assert text.isprintable() and text == " ".join(text.split())
        assert not set("{}<>@\n") & set(text)


INPUTS = ("generated", "intro", "inputs")


@pytest.mark.parametrize(
    ("path", "value", "mark", "says"),
    [
        (("generated", "intro", "generator"), "oracle", "generator:", "must be one of offline, openai"),
        (("generated", "intro", "max_chars"), 0, "max_chars:", "a whole number, at most 1000"),
        (("generated", "intro", "max_chars"), True, "max_chars:", "a whole number, at most 1000"),
        (("generated", "intro", "max_chars"), 5000, "max_chars:", "a whole number, at most 1000"),
        (("generated", "intro", "prompt"), "", "prompt:", "must be one line of text"),
        (("generated", "intro", "fallback"), "words", "fallback:", "these words are of one locale"),
        (("generated", "intro", "fallback"), {"default": "a {{ x }}", "de": "b"}, "default:", "may hold no tag"),
        (("generated", "intro", "model"), "x", "model:", "unknown key 'model'"),
        (("generated", "intro"), {"generator": "offline"}, "intro:", "'generated.intro.prompt' is missing"),
        (("generated", "intro"), "x", "intro:", "must be a mapping"),
        (INPUTS, [], "inputs:", "must be a list of columns"),
        (INPUTS, ["colour"], "- colour", "no column 'colour'"),
        (INPUTS, [["x"]], "- - x", "no column ['x']"),
        (INPUTS, ["first_name"], "- first_name", "'first_name' is personal data, or of one person"),
        (INPUTS, ["top_category", "customer_id"], "- customer_id", "'customer_id' is personal data, or of one person"),
        (INPUTS, ["to_email"], "- to_email", "'to_email' is personal data"),
        (INPUTS, ["evidence"], "- evidence", "'evidence' is personal data, or of one person"),
        (INPUTS, ["occasion_id"], "- occasion_id", "'occasion_id' is personal data, or of one person"),
        (INPUTS, ["send_at"], "- send_at", "'send_at' is timestamp: inputs are text, exact numbers or dates"),
        (INPUTS, ["score"], "- score", "'score' is double: inputs are text, exact numbers or dates"),
        (("generated", "top_category"), "x", "top_category:", "is declared above already"),
        (("generated", "outro"), "same", "outro:", "generated text 'outro' is declared but never used"),
    ],
)  # fmt: skip
def test_a_declaration_that_cannot_be_is_told(
    library: Path, path: tuple[str, ...], value: Any, mark: str, says: str
) -> None:
    folder = library / "campaigns/weekly_picks"
    definition = yaml.safe_load((folder / "campaign.yml").read_text(encoding="utf-8"))
    place = definition
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = definition["generated"]["intro"] if value == "same" else value
    (folder / "campaign.yml").write_text(yaml.dump(definition, Dumper=_Plain, sort_keys=False), encoding="utf-8")
    columns = COLUMNS["weekly_picks"] | {"score": Column("double", is_personal=False)}
    with pytest.raises(LoadError) as caught:
        load_campaign(folder, columns=columns, list_columns=LIST_COLUMNS["weekly_picks"], library=library)
    found = [problem for problem in caught.value.problems if says in problem.text]
    assert found, str(caught.value)
    lines = (folder / "campaign.yml").read_text(encoding="utf-8").split("\n")
    assert any(lines[problem.line - 1].lstrip().startswith(mark) for problem in found)


ENTRY = f"intro:\n  {'ab' * 32}:"


class _Plain(yaml.SafeDumper):
    """Without anchors, which have lines of their own."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("outro: {}", 1, "declares no generated text 'outro'"),
        ("intro: [x]", 1, "must be a mapping"),
        ("intro:\n  abc: {locale: de, inputs: {}, text: x, approved: true}", 2, "'abc' is no hash"),
        (f"{ENTRY} {{locale: de, inputs: {{}}, text: x}}", 2, "approved' is missing"),
        (f"{ENTRY} {{locale: de, inputs: {{}}, text: x, approved: 'yes'}}", 2, "true or false"),
        (
            "intro:\n  " + "ab" * 32 + ": {locale: de, inputs: x, text: x, approved: true}",
            2,
            "inputs must be a mapping",
        ),
        ("intro:\n  " + ("ab" * 32 + ": {}\n  ") * 2, 3, "is given twice"),
        ("intro: [", 1, "not valid YAML"),
    ],
)
def test_a_file_of_texts_that_cannot_be_is_told(library: Path, text: str, line: int, says: str) -> None:
    path = library / "campaigns/weekly_picks" / TEXTS
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LoadError) as caught:
        load("weekly_picks", library)
    assert (path, line) in [(p.file, p.line) for p in caught.value.problems if says in p.text], str(caught.value)


def test_texts_are_written_as_they_are_read(tmp_path: Path) -> None:
    texts = {
        "intro": {
            "0" * 63 + "1": Candidate("en-GB", {"a": "Bücher: 'x' #1", "n": 3}, "one: two # 3", True),
            "1e" + "0" * 62: Candidate("de", {"a": "no"}, "- yes", False),
        }
    }
    path = tmp_path / TEXTS
    write_texts(path, texts)
    file, read = read_texts(path)
    assert file is not None and file.problems == [] and read == texts
    assert path.read_text(encoding="utf-8").startswith("# Written by `postroom generate`, for people to review")
    assert [p.name for p in tmp_path.iterdir()] == [TEXTS]


@pytest.mark.parametrize(
    ("kind", "value", "canonical"),
    [
        ("text", " Home\t&  Garden\u200b ", "Home & Garden"),
        ("number", 3, 3),
        ("number", Decimal("12.50"), "12.50"),
        ("date", dt.date(2026, 3, 1), "2026-03-01"),
        ("date", dt.datetime(2026, 3, 1, 9), "2026-03-01"),
    ],
)
def test_a_combination_is_the_same_json_whatever_its_row(kind: str, value: Any, canonical: Any) -> None:
    text = GeneratedText("t", "offline", {"x": kind}, "p", "", 10)
    combination = text.combination({"x": value, "y": 1})
    assert combination == {"x": canonical}
    assert json.loads(json.dumps(combination)) == combination
    assert text.hash({"x": canonical}, "de") == text.hash(json.loads(json.dumps(combination)), "de")


def test_a_hash_is_of_canonical_json() -> None:
    import hashlib

    whole = '{"generator":"offline","inputs":{"a":1,"b":"ü"},"locale":"de","prompt":"p"}'
    text = GeneratedText("t", "offline", {}, "p", "", 10)
    assert text.hash({"b": "ü", "a": 1}, "de") == hashlib.sha256(whole.encode()).hexdigest()


def test_a_row_that_lacks_an_input_stops_the_campaign(library: Path) -> None:
    put(library, "a week for cooks.")
    row = picks_row()
    del row["top_category"]
    with pytest.raises(DataError):
        Renderer(load("weekly_picks", library), RUN, SECRET).render(row)


def test_a_slot_may_need_an_approved_text(library: Path) -> None:
    folder = library / "campaigns/winback"
    definition = yaml.safe_load((folder / "campaign.yml").read_text(encoding="utf-8"))
    definition["generated"] = {
        "hook": {"generator": "offline", "inputs": ["currency"], "prompt": "x", "fallback": "hello", "max_chars": 50}
    }
    rule = {"name": "always", "if": {"column": "customer_id", "is_known": True}, "then": "hook_first"}
    definition["slots"] = {
        "start": {
            "values": ["hook_first", "plain"],
            "rules": [rule],
            "otherwise": "plain",
            "needs": {"hook_first": ["hook"]},
            "fallback": "plain",
        }
    }
    (folder / "campaign.yml").write_text(yaml.safe_dump(definition), encoding="utf-8")
    body = folder / "body.txt.j2"
    body.write_text('{% if start == "hook_first" %}{{ hook }}{% endif %}' + body.read_text(), encoding="utf-8")
    row = winback_row(slot_start="hook_first", slot_start_rule="always")
    explanation = Renderer(load("winback", library), RUN, SECRET).render(row).explanation
    assert explanation["fallbacks"] == {"hook": "no approved text", "start": "lacks hook"}


def test_the_shipped_texts_belong_to_what_is_declared() -> None:
    campaign = load("weekly_picks")
    _, texts = read_texts(LIBRARY / "campaigns/weekly_picks" / TEXTS)
    assert len(texts["intro"]) == 10
    for digest, candidate in texts["intro"].items():
        assert candidate.approved
        assert intro(campaign, candidate.locale).hash(candidate.inputs, candidate.locale) == digest
