"""docs/templates.md lists every block with its inputs, and its example is a campaign."""

import re
from pathlib import Path

from export_rows import LIBRARY, RUN, SECRET, load, winback_row

from exports import Renderer, load_brand
from exports.blocks import Input, block_names, load_block
from exports.formats import FILTERS

PAGE = (LIBRARY.parent / "docs/templates.md").read_text(encoding="utf-8")


def table() -> str:
    """The table of blocks as it has to be."""
    lines = ["| block | input | type | what it is |", "|---|---|---|---|"]
    for name in block_names(LIBRARY):
        block = load_block(LIBRARY, name, load_brand())
        lines.append(f"| **{name}** | | | {block.description} |")
        lines += [f"| | `{each.name}` | {_kind(each)} | {each.description} |" for each in block.inputs.values()]
    return "\n".join(lines)


def _kind(each: Input) -> str:
    if each.tokens is not None:
        return "list of " + ", ".join(f"`{token}` ({kind})" for token, kind in each.tokens.items())
    about = f" about `{each.of}`" if each.of else ""
    default = f", default `{each.default}`".replace("|", r"\|") if each.default else ""
    return each.type + about + (", required" if each.is_required else default)


def test_every_block_is_listed_with_its_inputs() -> None:
    assert table() in PAGE


def test_every_filter_is_named() -> None:
    for name in FILTERS:
        assert re.search(rf"`\{{\{{ \w+ \| {name}[( ]", PAGE), name


def test_the_example_is_a_campaign(library: Path) -> None:
    (example,) = re.findall(r"```xml\n(.*?)```", PAGE, re.DOTALL)
    (library / "campaigns/winback/body.mjml").write_text(example, encoding="utf-8")
    html = Renderer(load("winback", library), RUN, SECRET).render(winback_row()).message["html"]
    assert "Hello Ada, see what is new." in html and "For you" in html and "Linen shirt" in html
    assert "https://www.example.com/new?utm_source=postroom" in html
