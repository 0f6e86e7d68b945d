"""The examples of docs/content.md do what the page says."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from export_rows import LIBRARY, decided, load, winback_row

from exports import Campaign

PAGE = (LIBRARY.parent / "docs/content.md").read_text(encoding="utf-8")
YAML: list[str] = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
(TEMPLATE,) = re.findall(r"```jinja\n(.*?)```", PAGE, re.S)


def with_block(library: Path, key: str) -> Campaign:
    """The campaign winback with the page's block on `key` in the place of its own."""
    folder = library / "campaigns/winback"
    (block,) = (yaml.safe_load(text) for text in YAML if text.startswith(f"{key}:"))
    definition = yaml.safe_load((folder / "campaign.yml").read_text(encoding="utf-8"))
    (folder / "campaign.yml").write_text(yaml.safe_dump(definition | block, sort_keys=False), encoding="utf-8")
    return load("winback", library)


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
    path = library / "campaigns/winback/body.txt.j2"
    path.write_text(TEMPLATE + path.read_text(encoding="utf-8"), encoding="utf-8")
    found = decided(with_block(library, "slots"), winback_row(**row))
    assert (found["slot_opening"], found["slot_opening_rule"]) == (value, rule)
