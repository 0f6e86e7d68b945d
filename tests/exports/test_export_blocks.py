"""What a block asks for is what a campaign has to give it: anything else is told by file and line."""

import re
from pathlib import Path
from typing import Any

import pytest
from export_faults import Fault, assert_told
from export_rows import LIBRARY, RUN, SECRET, load, suggested, winback_row

from exports import LoadError, Renderer
from exports.blocks import block_names, load_block
from exports.brand import load_brand
from exports.preview import preview_block
from exports.source import hide_tags, without_comments

BODY, TEXT, YML = "campaigns/winback/body.mjml", "campaigns/winback/body.txt.j2", "campaigns/winback/campaign.yml"
CARD = """
description: Words, a link, a picture and a list, to be tried out.
inputs:
  heading: {type: text, required: true, description: The heading.}
  note: {type: text, description: A note.}
  url: {type: link, default: "{{ brand.website }}/new", description: Where it leads.}
  picture: {type: image, default: "{{ brand.placeholder_image_url }}", description: A picture.}
  products: {type: list, description: Products., tokens: {title: text, price_amount: number}}
  each: {type: text, of: products, default: "{{ product.title }}", description: The words on a product.}
example:
  heading: Hello
  products: [{title: Bowl, price_amount: 2}]
"""
MJML = """<mj-section><mj-column>
<mj-text>{{ heading }}</mj-text>
<mj-raw>{% if note %}</mj-raw>
<mj-text>Note: {{ note }}</mj-text>
<mj-raw>{% else %}</mj-raw>
<mj-text>No note</mj-text>
<mj-raw>{% endif %}</mj-raw>
<mj-image src="{{ picture }}" alt="{{ heading }}" href="{{ url }}" />
<mj-raw>{% for product in products %}</mj-raw>
<mj-text>{{ each }} of {{ product.title }}</mj-text>
<mj-raw>{% endfor %}</mj-raw>
</mj-column></mj-section>
"""
WORDS = """{{ heading }}
{% if note %}

Note: {{ note }}
{% endif %}
{% for product in products %}
- {{ each }}
{% endfor %}

{{ url }}
"""
HEADING = """heading="Fish &amp; {{ 'chips' if days_since_order > 3 else "peas" }}\""""
CALL = """<mj-include path="blocks/card.mjml"
  HEADING
  note="{% if days_since_order > 3 %}many{% else %}few{% endif %} days"
  url="{{ brand.website }}/sale"
  products="{{ products }}"
  each="{{ product.title | upper }}" />
""".replace("HEADING", HEADING)
GRID = '<mj-include path="blocks/product_grid.mjml" />'
UNDECLARED = "is not declared in card.yml"
CARD_YML, CARD_MJML, CARD_TXT = "blocks/card.yml", "blocks/card.mjml", "blocks/card.txt.j2"


@pytest.fixture
def with_card(library: Path) -> Path:
    """The library with a block `card`, which winback includes as well."""
    for name, text in ((CARD_YML, CARD), (CARD_MJML, MJML), (CARD_TXT, WORDS)):
        (library / name).write_text(text, encoding="utf-8")
    body = library / BODY
    body.write_text(body.read_text(encoding="utf-8").replace(GRID, CALL + GRID), encoding="utf-8")
    return library


FAULTS = {
    # what a campaign gives
    "unknown input": Fault(BODY, 'note="{%', 'nota="{%', "nota=", "no input 'nota'; it has heading, note"),
    "input twice": Fault(BODY, "url=", 'heading="x"\n  url=', 'heading="x"', "given twice"),
    "required input": Fault(BODY, f"  {HEADING}\n", "", "<mj-include path=\"blocks/card", 'write heading="..."'),
    "list that is not there": Fault(BODY, '"{{ products }}"', '"{{ picks }}"', "products=", "no list 'picks'"),
    "token of a list that is not there": Fault(
        YML, "      price_amount: {type: number, required: true}\n", "", "products=",
        "needs 'products.price_amount' as a number: declare it in campaign.yml", BODY,
    ),
    "undeclared token": Fault(BODY, "many{%", "{{ nam }}{%", "nam }", "'nam' is not declared in campaign.yml"),
    "undeclared token of a list": Fault(
        BODY, "product.title | upper", "product.sku", "product.sku", "'products.sku' is not declared in campaign.yml"
    ),
    "loop variable elsewhere": Fault(BODY, 'url="{{ brand.website }}/sale"', 'url="{{ product.product_url }}"',
                                     "product.product_url", "not an item of a list"),
    "bad syntax": Fault(BODY, "few{% endif %}", "few", "note=", "not a valid template"),
    "bare ampersand": Fault(BODY, "Fish &amp;", "Fish &", "heading=", "write &lt; or &amp;"),
    "markup": Fault(BODY, "Fish", "<b>Fish</b>", "heading=", "write &lt; or &amp;"),
    "statement in an attribute": Fault(
        BODY, "Fish", "{% if variant %}a{% endif %}", "heading=", "tag may not stand in heading"
    ),
    "link to nowhere": Fault(BODY, "{{ brand.website }}/sale", "/sale", "url=", "a link must be"),
    "text as a link": Fault(BODY, "{{ brand.website }}/sale", "{{ first_name }}", "url=", "not a token of type link"),
    "text as an image": Fault(
        BODY, "  url=", '  picture="{{ first_name }}"\n  url=', "picture=", "not a token of type image"
    ),
    "list that is none": Fault(BODY, '"{{ products }}"', '"{{ first_name }}"', "products=", "no list 'first_name'"),
    "list as a word": Fault(BODY, '"{{ products }}"', '"products"', "products=", 'write products="{{ <list> }}"'),
    "type of a token": Fault(
        YML, "price_amount: {type: number, required: true}", "price_amount: {required: true}", "products=",
        "needs 'products.price_amount' as a number, and in campaign.yml it is a text", BODY,
    ),
    "input of a layout": Fault(
        BODY, '"layouts/header.mjml"', '"layouts/header.mjml" heading="x"', "layouts/header", "takes no inputs"
    ),
    "not a block": Fault(BODY, "blocks/card.mjml", "blocks/nocard.mjml", "nocard", "no file"),
    # the block itself
    "undeclared in the block": Fault(CARD_MJML, "Note: {{ note }}", "{{ nota }}", "nota", f"'nota' {UNDECLARED}"),
    "undeclared in its text": Fault(CARD_TXT, "Note: {{ note }}", "{{ nota }}", "nota", f"'nota' {UNDECLARED}"),
    "undeclared token in the block": Fault(
        CARD_MJML, "of {{ product.title }}", "of {{ product.sku }}", "sku", f"'products.sku' {UNDECLARED}"
    ),
    "undeclared in a default": Fault(
        CARD_YML, '"{{ product.title }}"', '"{{ product.sku }}"', "each:", f"'products.sku' {UNDECLARED}"
    ),
    "filtered text": Fault(CARD_MJML, "{{ heading }}<", "{{ heading | upper }}<", "upper", "print it as it is"),
    "compared text": Fault(CARD_MJML, "{% if note %}", "{% if note == 'x' %}", "if note", "print it as it is"),
    "never used": Fault(CARD_YML, "  url:", "  more: {type: text, description: More.}\n  url:", "more:", "never used"),
    "unknown type": Fault(CARD_YML, "{type: link, ", "{type: url, ", "url:", "type must be one of"),
    "type of a list's token": Fault(
        CARD_YML, "price_amount: number}", "price_amount: numbr}", "products:", "type of a token"
    ),
    "no description": Fault(CARD_YML, ", description: A note.", "", "note:", "'inputs.note.description' is missing"),
    "tokens of a text": Fault(CARD_YML, "note: {type: text,", "note: {type: text, tokens: {},", "note:", "list needs"),
    "of no list": Fault(CARD_YML, "of: products", "of: heading", "each:", "names an input of type list"),
    "default and required": Fault(
        CARD_YML, "heading: {type: text,", "heading: {type: text, default: x,", "heading:", "a default is"
    ),
    "example": Fault(CARD_YML, "  heading: Hello", "  haeding: Hello", "haeding", "unknown key 'haeding'"),
    "block in a block": Fault(
        CARD_MJML, "<mj-section>", GRID + "<mj-section>", "product_grid", "none may stand in a block"
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_by_file_and_line(with_card: Path, fault: Fault) -> None:
    assert_told(with_card, fault)


@pytest.mark.parametrize("file", [CARD_YML, CARD_TXT])
def test_a_block_is_three_files(with_card: Path, file: str) -> None:
    (with_card / file).unlink()
    with pytest.raises(LoadError, match="card.yml"):
        load("winback", with_card)


def render(library: Path, **changes: Any) -> dict[str, str]:
    message: dict[str, str] = Renderer(load("winback", library), RUN, SECRET).render(winback_row(**changes)).message
    return message


def test_inputs_take_their_places(with_card: Path) -> None:
    many, few = (render(with_card, days_since_order=days)["html"] for days in (9, 2))
    assert ">Fish &amp; chips</div>" in many and 'alt="Fish &amp; chips"' in many
    assert ">Fish &amp; peas</div>" in few and 'alt="Fish &amp; peas"' in few
    assert ">Note: many days</div>" in many and ">Note: few days</div>" in few
    assert "No note" not in many
    assert ">LINEN SHIRT of Linen shirt</div>" in many
    assert "https://www.example.com/sale?utm_source=postroom&amp;utm_medium=email&amp;utm_campaign=winback" in many


def test_what_is_not_given_is_left_out_or_has_its_default(with_card: Path) -> None:
    body = with_card / BODY
    text = body.read_text(encoding="utf-8")
    body.write_text(text.replace(CALL, '<mj-include path="blocks/card.mjml" heading="Hi" />'), encoding="utf-8")
    html = render(with_card)["html"]
    assert ">No note</div>" in html and "Note:" not in html
    assert ">Linen shirt of Linen shirt</div>" in html
    assert "https://www.example.com/new?utm_source" in html and "placeholder.png" in html


def test_text_inputs_keep_the_lines_apart(with_card: Path) -> None:
    path = with_card / TEXT
    before = path.read_text(encoding="utf-8")
    products = [suggested(1), suggested(2)]
    for given, note, link in (
        ("note=\"{% if variant %}say 'x'{% endif %}\"", "\nNote: say 'x'\n", "https://www.example.com/new?utm"),
        ('url="https://x.example/"', "", "https://x.example/?utm"),
    ):
        call = f'{{% include "blocks/card.txt.j2" heading="A \'b\'" {given} %}}'
        path.write_text(f"<\n{call}\n>\n{before}", encoding="utf-8")
        text = render(with_card, products=products)["text"]
        assert text.startswith(f"<\nA 'b'\n{note}- Linen shirt\n- Walnut board & knife\n\n{link}")


def test_a_block_may_be_used_twice_with_two_lists(with_card: Path) -> None:
    """The loop variable of a block walks whatever list it is given."""
    body = with_card / BODY
    body.write_text(body.read_text(encoding="utf-8").replace(GRID, GRID * 2), encoding="utf-8")
    html = render(with_card)["html"]
    assert html.count('alt="Enamel mug"') == 2


def test_the_template_version_follows_a_blocks_declaration(with_card: Path) -> None:
    first = load("winback", with_card).template_version
    path = with_card / CARD_YML
    path.write_text(path.read_text(encoding="utf-8").replace("/new", "/newest"), encoding="utf-8")
    assert load("winback", with_card).template_version != first


@pytest.mark.parametrize("name", block_names(LIBRARY))
def test_every_block_has_a_preview(name: str) -> None:
    block = load_block(LIBRARY, name, load_brand())
    preview = preview_block(name)
    assert preview.html.startswith("<!doctype html>") and preview.text.strip()
    for part in (preview.html, preview.text):
        assert "{{" not in part and "{%" not in part
    for item in (item for name, value in block.example.items() if block.inputs[name].type == "list" for item in value):
        assert item["title"] in preview.html and item["title"] in preview.text


@pytest.mark.parametrize("name", block_names(LIBRARY))
def test_no_block_has_words_of_its_own(name: str) -> None:
    """They would be left in one language where a campaign has several."""
    texts = [each.default or "" for each in load_block(LIBRARY, name, load_brand()).inputs.values()]
    for suffix in (".mjml", ".txt.j2"):
        text = without_comments((LIBRARY / f"blocks/{name}{suffix}").read_text(encoding="utf-8"), suffix == ".mjml")
        texts.append(re.sub(r"<[^>]*>", " ", hide_tags(text).text))
    for text in texts:
        assert not re.search("[A-Za-z]", re.sub(r"jinjatag\d+x", "", hide_tags(text).text)), text


def test_a_faulty_block_has_no_preview(with_card: Path) -> None:
    assert "Hello" in preview_block("card", library=with_card).text
    path = with_card / CARD_MJML
    path.write_text(path.read_text(encoding="utf-8").replace("</mj-text>", "", 1), encoding="utf-8")
    with pytest.raises(LoadError, match=r"card.mjml:\d+: "):
        preview_block("card", library=with_card)
