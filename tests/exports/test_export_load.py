"""A campaign or brand with a fault is refused when it is loaded, by file and line."""

from pathlib import Path

import pytest
from export_faults import Fault, assert_told
from export_rows import COLUMNS, LIBRARY, LIST_COLUMNS, load

from exports import LoadError, load_brand, load_campaign
from exports.brand import DEFAULT_BRAND

NESTED = "{% if first_name %}{% if first_name %}{% if first_name %}{% if first_name %}x" + "{% endif %}" * 4


WINBACK = "campaigns/winback/"
YML, MJML, TXT = WINBACK + "campaign.yml", WINBACK + "body.mjml", WINBACK + "body.txt.j2"
SUBJECT, PREHEADER = WINBACK + "subject.j2", WINBACK + "preheader.j2"
GRID, FOOTER = "blocks/product_grid.mjml", "layouts/footer.mjml"
HEADING = "Hello {{ first_name }}, it is good to see you again"
BUTTON = 'href="{{ brand.website }}">See'

FAULTS = {
    # campaign.yml
    "unknown key": Fault(YML, "purpose:", "prupose:", "prupose", "unknown key 'prupose'"),
    "missing key": Fault(YML, "purpose: marketing_email\n", "", "description", "'purpose' is missing"),
    "key twice": Fault(YML, "purpose: m", "purpose: x\npurpose: m", "purpose: m", "given twice"),
    "not yaml": Fault(YML, "utm:", "utm: [", "medium", "not valid YAML"),
    "message class": Fault(YML, "_class: marketing", "_class: spam", "spam", "must be one of"),
    "utm value": Fault(YML, "medium: email", "medium: e mail&x=1", "e mail", "may only hold letters"),
    "token without rule": Fault(YML, "first_name: {fallback: there}", "first_name: {}", "first_name", "either"),
    "token with both": Fault(YML, "{fallback: there}", "{fallback: a, required: true}", "first_name", "either"),
    "token option": Fault(YML, "{fallback: there}", "{fallbak: there}", "fallbak", "unknown key 'fallbak'"),
    "token type": Fault(
        YML, "{type: number, fallback: 0", "{type: numbr, fallback: 0", "type: numbr,", "type must be one of"
    ),
    "blank fallback": Fault(YML, "{fallback: there}", "{fallback: ' '}", "first_name", "fallback is missing"),
    "fallback of a wrong type": Fault(
        YML, "days_since_order: {type: number, fallback: 0}", "days_since_order: {type: number, fallback: many}",
        "days_since_order", "str is not a number",
    ),
    "fallback with a tag": Fault(YML, "{fallback: there}", "{fallback: '{{ x }}'}", "first_name", "no tag but"),
    "unknown column": Fault(YML, "first_name:", "nickname:", "nickname", "export table has no column 'nickname'"),
    "unknown list column": Fault(YML, "  title: {", "  titel: {", "titel", "export table has no column 'titel'"),
    "unknown list": Fault(YML, "  products:", "  offers:", "offers:", "no child table 'offers'"),
    "list lengths": Fault(YML, "minimum: 0", "minimum: 4", "products:", "minimum and maximum"),
    "token never used": Fault(YML, "tokens:\n", "tokens:\n  currency: {required: true}\n", "currency:", "never used"),
    "list token never used": Fault(
        YML, "      title:", "      product_id: {required: true}\n      title:", "product_id: {", "never used"
    ),
    "explain no list": Fault(YML, "[product_id, strategy, reason_title, score]", "strategy", "explain:", "list of col"),
    "explain unknown column": Fault(YML, "strategy, r", "strategi, r", "strategi,", "has no column 'strategi'"),
    "reserved name": Fault(YML, "first_name:", "subject:", "  subject:", "cannot be used as a name"),
    # Jinja
    "undeclared token": Fault(MJML, HEADING, "Hi {{ last_name }}", "last_name", "'last_name' is not declared"),
    "undeclared in subject": Fault(SUBJECT, "{{ first_name }}, it", "{{ nam }}, it", "nam }", "'nam' is not declared"),
    "undeclared in preheader": Fault(PREHEADER, "See what", "{{ nam }}", "nam }", "'nam' is not declared"),
    "undeclared in text": Fault(TXT, "Hello {{ first_name }}", "{{ nam }}", "nam }", "'nam' is not declared"),
    "undeclared in a block": Fault(GRID, "{{ product.title }}</a>", "{{ product.sku }}</a>", "sku", "products.sku"),
    "bad syntax": Fault(MJML, HEADING, "{{ first_name", "{{ first_name", "not a valid template"),
    "bad syntax in a block": Fault(GRID, "length > 1 %}", "length > %}", "length > %}", "not a valid template"),
    "unknown filter": Fault(TXT, "| money(", "| mony(", "| mony(", "unknown filter"),
    "filter safe": Fault(MJML, "{{ first_name }}, it", "{{ first_name | safe }}, it", "| safe", "unknown filter"),
    "filter default": Fault(TXT, "{{ first_name }}", "{{ first_name | default('x') }}", "default", "fallback"),
    "call": Fault(TXT, "{{ first_name }}", "{{ first_name.upper() }}", "upper()", "may not be used"),
    "attribute": Fault(TXT, "{{ first_name }}", "{{ first_name.__class__ }}", "__class__", "not an item of a list"),
    "subscript": Fault(TXT, "{{ first_name }}", "{{ first_name['x'] }}", "['x']", "square brackets"),
    "set": Fault(TXT, "Hello", "{% set x = 1 %}Hello", "set x", "may not be used"),
    "autoescape off": Fault(
        TXT, "Hello", "{% autoescape false %}x{% endautoescape %}Hello", "autoescape", "may not be used"
    ),
    "raw": Fault(TXT, "Hello", "{% import 'x' as y %}Hello", "import", "may not be used"),
    "loop over a token": Fault(
        TXT, "Hello", "{% for x in first_name %}{{ x }}{% endfor %}Hello", "for x in", "a loop must read"
    ),
    "too deep": Fault(TXT, "Hello", NESTED, "{% if first_name %}{%", "nested deeper than 3"),
    "too deep in the body": Fault(MJML, HEADING, NESTED, "{% if first_name %}{%", "nested deeper than 3"),
    "unknown brand value": Fault(MJML, "colours.background", "colours.pink", "pink", "brand.yml has no 'colours.pink'"),
    "brand in a condition": Fault(TXT, "Hello", "{% if brand.x %}y{% endif %}", "{% if brand", "only be printed"),
    # what the law and mailbox providers demand
    "no unsubscribe link": Fault(
        "layouts/footer.mjml", "{{ unsubscribe_url }}", "{{ brand.website }}", "</mjml>", "no unsubscribe link", MJML
    ),
    "unsubscribe as text only": Fault(
        FOOTER, 'href="{{ unsubscribe_url }}"', 'href="https://x.example/" title="{{ unsubscribe_url }}"',
        "</mjml>", "no unsubscribe link", MJML,
    ),
    "unsubscribe on condition": Fault(
        TXT, '{% include "layouts/footer.txt.j2" %}',
        "{% if products %}\n{{ unsubscribe_url }}\n{% endif %}\n{{ brand.postal_address }}",
        "brand.postal_address", "no unsubscribe link",
    ),
    "no postal address": Fault(
        "layouts/footer.mjml", "{{ brand.postal_address }}", "", "</mjml>", "no postal address", MJML
    ),
    "no postal address in text": Fault(
        "layouts/footer.txt.j2", "{{ brand.postal_address }}", "here", "here", "no postal address"
    ),
    # MJML
    "unescaped ampersand": Fault(MJML, "Here is what", "Fish & chips", "Fish &", "write &amp;"),
    "element not closed": Fault(MJML, HEADING + "</mj-text>", HEADING, "</mj-column>", "is not closed"),
    "include that is not closed": Fault(
        MJML, 'footer.mjml" />', 'footer.mjml">', "footer.mjml", 'write <mj-include path="..." input="..." />'
    ),
    "unknown element": Fault(
        MJML, '<mj-text css-class="ink">Here', "<mj-txt/><mj-text>Here", "mj-txt", "unknown element <mj-txt>"
    ),
    "misplaced element": Fault(
        MJML, "<mj-section css-class", "<mj-navbar-link>x</mj-navbar-link><mj-section css-class", "mj-navbar-link",
        "may not stand inside",
    ),
    "text outside a cell": Fault(
        MJML, "<mj-raw>{% if products %}</mj-raw>", "{% if products %}", "{% if products", "<mj-raw>"
    ),
    "statement in attribute": Fault(
        MJML, BUTTON, 'title="{% if products %}x{% endif %}" ' + BUTTON, "{% if products %}x", "in an attribute"
    ),
    "attribute MJML drops": Fault(MJML, BUTTON, 'hint="{{ first_name }}" ' + BUTTON, "hint=", "does not know"),
    "tag in a comment for Outlook": Fault(
        MJML, "<mj-raw>{% if products %}", "<mj-raw><!--[if mso]>{{ first_name }}<![endif]-->{% if products %}",
        "[if mso]", "may not stand in a comment",
    ),
    "value in a style": Fault(
        MJML, HEADING, '<b style="color: {{ first_name }}">x</b>', "color: {{ first", "attribute style of <b>"
    ),
    "value in an event": Fault(MJML, HEADING, '<b onclick="{{ first_name }}">x</b>', "onclick", "attribute onclick"),
    "image without alt": Fault(GRID, 'alt="{{ product.title }}" ', "", "<mj-image", "no alt text"),
    "joined emoji": Fault(
        GRID, 'alt="{{ product.title }}"', 'alt="\U0001f468\u200d\U0001f469"', "<mjml", "joined emoji", MJML
    ),
    "missing include": Fault(MJML, "layouts/header.mjml", "layouts/haeder.mjml", "haeder", "no file"),
    "include outside": Fault(MJML, "layouts/header.mjml", "../secret.mjml", "secret", "no file"),
    "include of itself": Fault(
        "layouts/header.mjml", "<mj-section", '<mj-include path="layouts/header.mjml" />\n<mj-section', "mj-include",
        "includes itself",
    ),
    # links
    "relative link": Fault(MJML, BUTTON, 'href="/cart">See', '"/cart"', "a link must be"),
    "empty link": Fault(MJML, BUTTON, 'href="">See', 'href=""', "a link must be"),
    "script link": Fault(MJML, BUTTON, 'href="javascript:x()">See', "javascript", "a link must be"),
    "host from data": Fault(
        MJML, BUTTON, 'href="https://{{ first_name }}.example.com/">See', "https://{{", "a link must be"
    ),
    "host from data in text": Fault(TXT, "Hello", "https://{{ first_name }}/", "https://{{", "must start with"),
    "text token as link": Fault(
        MJML, BUTTON, 'href="{{ first_name }}">See', 'href="{{ first', "not a token of type link"
    ),
    "image token as link": Fault(
        GRID, 'href="{{ product.product_url }}" style', 'href="{{ product.image_url }}" style', "image_url }}\" style",
        "not a token of type link",
    ),
    "link token as image": Fault(
        GRID, 'src="{{ product.image_url }}"', 'src="{{ product.product_url }}"', "src=", "not a token of type image"
    ),
}  # fmt: skip


def test_the_campaigns_shipped_load() -> None:
    for folder in (LIBRARY / "campaigns").iterdir():
        assert load(folder.name).name == folder.name


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_by_file_and_line(library: Path, fault: Fault) -> None:
    assert_told(library, fault)


@pytest.mark.parametrize("name", ["campaign.yml", "subject.j2", "preheader.j2", "body.mjml", "body.txt.j2"])
def test_a_missing_file_is_told(library: Path, name: str) -> None:
    (library / "campaigns/winback" / name).unlink()
    with pytest.raises(LoadError, match=rf"{name}:1: file is missing"):
        load("winback", library)


@pytest.mark.parametrize("name", [SUBJECT, MJML, TXT, YML, GRID])
def test_another_encoding_is_told_by_line(library: Path, name: str) -> None:
    path = library / name
    path.write_bytes(path.read_bytes() + "\nGrüße".encode("latin-1"))
    with pytest.raises(LoadError) as caught:
        load("winback", library)
    line = path.read_bytes().count(b"\n") + 1
    assert [(p.file, p.line, p.text) for p in caught.value.problems] == [
        (path, line, "file is not UTF-8 here: save it as UTF-8")
    ]


def test_a_byte_order_mark_is_no_text(library: Path) -> None:
    before = load("winback", library)
    for name in (SUBJECT, MJML, TXT, YML, GRID):
        path = library / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load("winback", library).template_version == before.template_version


@pytest.mark.parametrize("name", [SUBJECT, PREHEADER])
def test_an_empty_template_is_told(library: Path, name: str) -> None:
    (library / name).write_text(" \n")
    with pytest.raises(LoadError, match=f"{Path(name).name}:1: is empty"):
        load("winback", library)


def test_every_fault_is_told_at_once(library: Path) -> None:
    for name in ("subject.j2", "body.txt.j2"):
        path = library / "campaigns/winback" / name
        path.write_text(path.read_text(encoding="utf-8") + "{{ nam }}\n", encoding="utf-8")
    with pytest.raises(LoadError) as caught:
        load("winback", library)
    assert {problem.file.name for problem in caught.value.problems} == {"subject.j2", "body.txt.j2"}


def test_a_list_without_its_child_table_is_refused() -> None:
    folder = LIBRARY / "campaigns/winback"
    with pytest.raises(LoadError, match="no child table 'products'"):
        load_campaign(folder, columns=COLUMNS["winback"])


def test_a_new_campaign_is_a_new_folder(library: Path) -> None:
    (library / "campaigns/winback").rename(library / "campaigns/spring_sale")
    campaign = load_campaign(
        library / "campaigns/spring_sale",
        columns=COLUMNS["winback"],
        list_columns=LIST_COLUMNS["winback"],
        library=library,
    )
    assert campaign.name == "spring_sale"


def test_the_template_version_follows_every_part(library: Path) -> None:
    first = load("winback", library).template_version
    assert load("winback", library).template_version == first
    assert load("cart_reminder", library).template_version == load("cart_reminder").template_version
    for part in ("layouts/footer.txt.j2", "blocks/product_grid.mjml", "campaigns/winback/campaign.yml"):
        path = library / part
        comment = "# note\n" if part.endswith("yml") else "{# note #}\n"
        path.write_text(comment + path.read_text(encoding="utf-8"), encoding="utf-8")
        changed = load("winback", library).template_version
        assert changed != first
        first = changed
    (library / "blocks/cart_items.mjml").write_text("not used here", encoding="utf-8")
    assert load("winback", library).template_version == first


def test_the_template_version_follows_the_brand(tmp_path: Path) -> None:
    path = tmp_path / "brand.yml"
    path.write_text(DEFAULT_BRAND.read_text(encoding="utf-8").replace("1 Example Street", "2 Example Street"))
    assert load("winback", brand=load_brand(path)).template_version != load("winback").template_version


@pytest.mark.parametrize(
    ("old", "new", "mark", "says"),
    [
        ("shop_name:", "shopname:", "shopname", "unknown key 'shopname'"),
        (
            "postal_address: Example Shop, 1 Example Street, 12345 Example City",
            "postal_address: ''",
            "postal_a",
            "one line",
        ),
        ("reply_to: support@example.com", "reply_to: a@b.com, c@d.com", "reply_to", "one e-mail address"),
        ("unsubscribe_url: https", "unsubscribe_url: http", "unsubscribe_url", "an https link"),
        ("website: https://www.example.com", "website: javascript:alert(1)", "website", "an https link"),
        ('accent: "#1f5f4a"', "accent: green", "accent", "a colour"),
        ("shop_name: Example Shop", 'shop_name: "{{ x }}"', "shop_name", "may not hold braces"),
        ("shop_name: Example Shop\n", "", "# The shop", "'shop_name' is missing"),
    ],
)
def test_a_fault_in_the_brand_is_told_by_line(tmp_path: Path, old: str, new: str, mark: str, says: str) -> None:
    text = DEFAULT_BRAND.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "brand.yml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    line = path.read_text(encoding="utf-8").split(mark)[0].count("\n") + 1
    with pytest.raises(LoadError) as caught:
        load_brand(path)
    assert [problem.line for problem in caught.value.problems if says in problem.text] == [line]
