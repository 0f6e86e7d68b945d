"""The examples of docs/content.md do what the page says."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from export_rows import COLUMNS, LIBRARY, LIST_COLUMNS, RUN, SECRET, decided, load, product, winback_row

from exports import Campaign, Column, Renderer, load_campaign
from exports.approved import TEXTS, Candidate, write_texts

PAGE = (LIBRARY.parent / "docs/content.md").read_text(encoding="utf-8")
YAML: list[str] = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
(TEMPLATE,) = re.findall(r"```jinja\n(.*?)```", PAGE, re.S)
RULES, *FALLBACKS, GENERATED = YAML


def with_blocks(library: Path, *blocks: str) -> Campaign:
    """The test's winback with the page's blocks in the place of its own, and with the page's template in its text."""
    folder = library / "campaigns/winback"
    definition = yaml.safe_load((folder / "campaign.yml").read_text(encoding="utf-8"))
    for block in blocks:
        definition |= yaml.safe_load(block)
    (folder / "campaign.yml").write_text(yaml.safe_dump(definition, sort_keys=False), encoding="utf-8")
    body, template = folder / "body.txt.j2", TEMPLATE
    if "long_ago" not in definition["slots"]["opening"]["values"]:
        template = '{% if opening == "last_order" %}You were here lately.{% endif %}'
    body.write_text(template + body.read_text(encoding="utf-8"), encoding="utf-8")
    lists = LIST_COLUMNS["winback"]
    return load_campaign(
        folder,
        columns=COLUMNS["winback"] | {"days_confidence": Column("double", is_personal=False)},
        list_columns=lists | {"bestsellers": lists["products"]},
        library=library,
    )


@pytest.mark.parametrize(
    ("row", "value", "rule"),
    [
        ({"days_since_order": 365}, "long_ago", "over_a_year_ago"),
        ({"days_since_order": 30, "currency": "EUR", "language": "en"}, "last_order", "bought_in_euros"),
        ({"days_since_order": 30, "currency": "EUR", "language": None}, "last_order", "bought_in_euros"),
        ({"days_since_order": 30, "currency": "EUR", "language": "de"}, "discover", "otherwise"),
        ({"days_since_order": 30, "currency": None, "language": "en"}, "discover", "otherwise"),
        ({"days_since_order": None}, "discover", "otherwise"),
    ],
)
def test_the_rules_decide_as_the_page_says(library: Path, row: dict[str, Any], value: str, rule: str) -> None:
    found = decided(with_blocks(library, RULES), winback_row(**row))
    assert (found["slot_opening"], found["slot_opening_rule"]) == (value, rule)


@pytest.mark.parametrize(
    ("row", "fallbacks", "shown"),
    [
        ({}, {}, "p1 p2 p3"),
        ({"first_name": None}, {"first_name": "missing"}, "p1 p2 p3"),
        ({"days_confidence": 0.69},
         {"days_since_order": "low confidence", "opening": "lacks days_since_order"}, "p1 p2 p3"),
        ({"products": [product(1)]}, {"products": "too few items"}, "p5 p6"),
        ({"products": [], "bestsellers": []}, {"products": "too few items", "bestsellers": "too few items"}, ""),
        ({"products": [product(1), product(2), product(3, title="")]}, {}, "p1 p2"),
    ],
)  # fmt: skip
def test_what_is_missing_falls_back_as_the_page_says(
    library: Path, row: dict[str, Any], fallbacks: dict[str, str], shown: str
) -> None:
    campaign = with_blocks(library, *FALLBACKS)
    given = winback_row(**{"days_confidence": 0.7, "bestsellers": [product(5), product(6)]} | row)
    rendered = Renderer(campaign, RUN, SECRET).render(decided(campaign, given))
    assert rendered.explanation["fallbacks"] == fallbacks
    assert ("You were here lately." in rendered.message["text"]) == ("opening" not in fallbacks)
    assert sorted(set(re.findall(r"/products/(p\d)", rendered.message["text"]))) == shown.split()
    assert campaign.warn_fallback_share["whole message"] == 0.01


def test_a_generated_text_is_used_once_it_is_approved(library: Path) -> None:
    folder = library / "campaigns/winback"
    body = folder / "body.txt.j2"
    body.write_text("{{ hook }}" + body.read_text(encoding="utf-8"), encoding="utf-8")
    blocks = (GENERATED, RULES)
    campaign = with_blocks(library, *blocks)
    row = decided(campaign, winback_row(currency="EUR"))
    rendered = Renderer(campaign, RUN, SECRET).render(row)
    assert "There is a lot to discover in our shop." in rendered.message["text"]
    assert rendered.explanation["fallbacks"] == {"hook": "no approved text"}
    (hook,) = campaign.sets["en-GB"].generated
    digest = hook.hash({"currency": "EUR"}, "en-GB")
    approved = Candidate("en-GB", {"currency": "EUR"}, "Small things for small change.", approved=True)
    write_texts(folder / TEXTS, {"hook": {digest: approved}})
    rendered = Renderer(load("winback", library), RUN, SECRET).render(row)
    assert "Small things for small change." in rendered.message["text"]
    assert rendered.explanation["generated"] == {"hook": digest}
