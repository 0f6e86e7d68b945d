"""One row to one message: what strangers put into it does nothing, what is missing falls back, links are tagged."""

import datetime as dt
import html as html_module
import json
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
from export_rows import LIBRARY, ROWS, RUN, SECRET, cart_row, decided, load, product, suggested, winback_row
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exports import Campaign, DataError, ExportError, Renderer, Run
from exports.checks import check_filled, check_message
from exports.links import TEXT_LINK, with_query
from exports.safety import clean_line, clean_url, spreadsheet_cell

SCHEMA = json.loads((LIBRARY / "schemas/message.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HOSTILE = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="{}%#<>\"'&=\r\n\t\\\u202e\u200b\u200c\u2028\0aA*7 ", max_size=30),
)


class Page(HTMLParser):
    """The elements with their attributes' names, the links, the images and the visible text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.skeleton: list[tuple[str, ...]] = []
        self.links: list[str] = []
        self.images: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skeleton.append((tag, *(name for name, _ in attrs)))
        found = {"a": ("href", self.links), "img": ("src", self.images)}.get(tag)
        if found:
            found[1].append(dict(attrs)[found[0]] or "")

    def handle_endtag(self, tag: str) -> None:
        self.skeleton.append((f"/{tag}",))

    def handle_comment(self, data: str) -> None:
        self.skeleton.append(("comment", data))

    def handle_data(self, data: str) -> None:
        self.text += data


def render(campaign: Campaign, row: dict[str, Any]) -> dict[str, Any]:
    return Renderer(campaign, RUN, SECRET).render(row).message


def explain(campaign: Campaign, row: dict[str, Any]) -> dict[str, Any]:
    return Renderer(campaign, RUN, SECRET).render(row).explanation


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("variant", ["control", "bold", "x"])
def test_messages_fit_the_schema(name: str, variant: str) -> None:
    message = render(load(name), ROWS[name](variant=variant, to_name=None))
    VALIDATOR.validate(message)
    assert json.loads(json.dumps(message)) == message


def test_variants_differ_in_their_subject(winback: Campaign) -> None:
    subjects = [render(winback, winback_row(variant=variant))["subject"] for variant in ("control", "bold", "other")]
    assert subjects[0] != subjects[1] == subjects[2]


@QUICK
@given(HOSTILE, HOSTILE, HOSTILE)
@example("{{ 7*7 }}", "{", "{7*7}}")
@example("{%", "<script>alert(1)</script>", '"><img src=x onerror=y>')
@example("a\r\nBcc: x@example.org", "]]><!--", "-->")
def test_strangers_change_nothing_but_their_words(
    winback: Campaign, cart_reminder: Campaign, name: str, title: str, other: str
) -> None:
    changes: dict[str, Any] = {"first_name": name, "to_name": other}
    filled = title if clean_line(title) else "x"
    plain = [suggested(1, quantity=1), suggested(2, quantity=2)]
    hostile = [suggested(1, quantity=1, title=filled), suggested(2, quantity=2, title=filled + other)]
    for campaign, row, benign in (
        (winback, winback_row(**changes, last_product_title=other, products=hostile), winback_row(products=plain)),
        (cart_reminder, cart_row(**changes, items=hostile), cart_row(items=plain)),
    ):
        message = render(campaign, row)
        VALIDATOR.validate(message)
        page, expected = Page(message["html"]), Page(render(campaign, benign)["html"])
        assert page.skeleton == expected.skeleton
        assert page.links[:-1] == expected.links[:-1]
        for part in ("subject", "preheader"):
            assert message[part].splitlines() == [message[part]]
        assert message["text"].count("\n") == render(campaign, benign)["text"].count("\n")


@QUICK
@given(HOSTILE)
def test_a_title_reads_as_it_was_typed(cart_reminder: Campaign, title: str) -> None:
    clean = clean_line(title)
    if clean is None or "\u200c" in title:
        return
    message = render(cart_reminder, cart_row(items=[product(1, quantity=1, title=title)]))
    literal = clean.replace("\u200c", "")
    assert literal in Page(message["html"]).text
    assert literal in message["text"].replace("\u200c", "")
    assert literal in message["subject"].replace("\u200c", "")


def test_a_template_tag_in_data_prints_and_is_none(cart_reminder: Campaign) -> None:
    message = render(cart_reminder, cart_row(items=[product(1, quantity=1, title="{{ 7*7 }} {% if %}")]))
    assert "{{ 7*7 }} {% if %}" in html_module.unescape(message["html"])
    for part in ("subject", "preheader", "html", "text"):
        assert "{{" not in message[part] and "{%" not in message[part]
        assert "49" not in message["subject"]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "//evil.example/x",
        "/relative", "https://", "https://user@evil.example/", "http:example.com", "https://exa mple.com/", "https://[x/",
        "https://example.com:port/", "vbscript:x", "https://exam<ple.com/", "",
    ],
)  # fmt: skip
def test_only_web_links_are_links(cart_reminder: Campaign, url: str) -> None:
    assert clean_url(url) is None
    row = cart_row(items=[product(1, quantity=1, product_url=url, image_url=url)])
    page = Page(render(cart_reminder, row)["html"])
    assert page.images == ["https://www.example.com/mail/placeholder.png"]
    assert {urlsplit(link).hostname for link in page.links} == {"www.example.com"}
    reason = "not an http or https link" if url else "missing"
    assert explain(cart_reminder, row)["fallbacks"] == {"items.1.product_url": reason, "items.1.image_url": reason}


@QUICK
@given(st.text(max_size=60))
def test_a_link_never_leaves_its_attribute(tail: str) -> None:
    url = clean_url("https://shop.example/" + tail)
    assert url is None or (url.isascii() and not set(' <>"{}\\^`|') & set(url))


def test_links_of_other_scripts_are_encoded() -> None:
    assert clean_url(" https://bücher.example/straße?q=a b#ü ") == (
        "https://xn--bcher-kva.example/stra%C3%9Fe?q=a%20b#%C3%BC"
    )
    assert clean_url("HTTPS://Shop.Example:8443/A?x=%20") == "https://shop.example:8443/A?x=%20"


@pytest.mark.parametrize("name", ROWS)
def test_every_link_carries_the_campaign(name: str) -> None:
    message = render(load(name), ROWS[name](variant="bold"))
    expected = {"utm_source": ["postroom"], "utm_medium": ["email"], "utm_campaign": [name], "utm_content": ["bold"]}
    unsubscribe = message["headers"]["List-Unsubscribe"].split(">")[0][1:]
    for links in (Page(message["html"]).links, TEXT_LINK.findall(message["text"])):
        assert links.count(unsubscribe) == 1
        tagged = [urlsplit(link) for link in links if link != unsubscribe]
        assert len(tagged) >= 3
        for link in tagged:
            query = parse_qs(link.query, strict_parsing=True)
            if link.path.startswith("/products/"):
                assert (query.pop("colour"), link.fragment) == (["blue"], "reviews")
            assert query == expected


@pytest.mark.parametrize(
    ("url", "tagged"),
    [
        ("https://a.example", "https://a.example/?u=1"),
        ("https://a.example/b", "https://a.example/b?u=1"),
        ("https://a.example/b?", "https://a.example/b?u=1"),
        ("https://a.example/b?c=d%20e&f", "https://a.example/b?c=d%20e&f&u=1"),
        ("https://a.example/b?c=d#e?f", "https://a.example/b?c=d&u=1#e?f"),
        ("https://a.example/b?utm_source=x&c=d&utm_term=y", "https://a.example/b?c=d&utm_term=y&u=1"),
    ],
)
def test_a_link_keeps_what_it_had(url: str, tagged: str) -> None:
    assert with_query(url, "u=1") == tagged


def test_a_token_in_a_static_link_is_encoded(library: Path) -> None:
    path = library / "campaigns/winback/body.mjml"
    text = path.read_text(encoding="utf-8")
    link = 'href="https://shop.example/find?a=1&amp;q={{ first_name }}#top">See'
    path.write_text(text.replace('href="{{ brand.website }}">See', link), encoding="utf-8")
    page = Page(render(load("winback", library), winback_row(first_name="a b&c=d{"))["html"])
    query = "utm_source=postroom&utm_medium=email&utm_campaign=winback&utm_content=control"
    assert f"https://shop.example/find?a=1&q=a%20b%26c%3Dd%7B&{query}#top" in page.links


@pytest.mark.parametrize(
    "value", [None, "", "  \t", "\u00a0\u3000", "\u200b\u202e", "\u200d", "\u3164", "\0", float("nan"), Decimal("nan")]
)
def test_what_says_nothing_falls_back(winback: Campaign, value: Any) -> None:
    row = winback_row(first_name=value)
    assert render(winback, row)["subject"] == "Hello there, it has been a while"
    assert explain(winback, row)["fallbacks"] == {"first_name": "missing"}


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN")])
def test_a_required_value_stops_the_campaign(value: Any) -> None:
    with pytest.raises(DataError, match=r"'cart_follow_up-0001', token item_count: required, but missing"):
        render(load("cart_follow_up"), cart_row(campaign="cart_follow_up", item_count=value))


def test_a_date_that_is_none_stops_the_campaign(cart_reminder: Campaign) -> None:
    with pytest.raises(DataError, match="str is not a date"):
        render(cart_reminder, cart_row(abandoned_at="2025-01-01"))


def test_whoever_did_not_agree_to_profiling_reads_nothing_of_what_they_did(winback: Campaign) -> None:
    row = winback_row(days_since_order=None, last_product_title=None, currency=None)
    message = render(winback, decided(winback, row))
    for part in ("html", "text"):
        assert "There is a lot to discover" in message[part] or "there is a lot to discover" in message[part]
        assert "last order" not in message[part]


@pytest.mark.parametrize("name", ["Nan", "None", "None More Black", "nan", "Null", "undefined"])
def test_names_that_look_like_nothing_are_names(winback: Campaign, name: str) -> None:
    message = render(winback, winback_row(first_name=name, last_product_title=name))
    assert message["subject"] == f"Hello {name}, it has been a while"


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("message_id", "a b", "not an id"),
        ("message_id", None, "not an id"),
        ("customer_id", "", "not an id"),
        ("customer_id", "{{x}}", "not an id"),
        ("variant", "a&b", "not an id"),
        ("campaign", "cart_reminder", "not winback"),
        ("as_of_date", dt.date(2026, 2, 28), "not 2026-03-01"),
        ("to_email", None, "not one plain e-mail address"),
        ("to_email", "a@example.org,b@example.org", "not one plain"),
        ("to_email", "a@example.org\r\nBcc: b@example.org", "not one plain"),
        ("to_email", "Ada <a@example.org>", "not one plain"),
        ("to_email", "a@localhost", "not one plain"),
        ("to_name", 7, "not text"),
        ("send_at", None, "not a timestamp"),
        ("send_at", "2026-03-02", "not a timestamp"),
        ("evidence", None, "not JSON"),
        ("evidence", "{", "not JSON"),
        ("consent_obtained_at", None, "not a timestamp"),
        ("first_name", True, "bool is not text"),
        ("days_since_order", "12", "str is not a number"),
        ("products", None, "not attached"),
        ("slot_opening", None, "not decided by the rules"),
        ("slot_opening", "discover", "not decided by the rules"),
    ],
)
def test_a_row_that_breaks_its_contract_stops_the_campaign(
    winback: Campaign, column: str, value: Any, says: str
) -> None:
    with pytest.raises(DataError, match=says) as caught:
        render(winback, winback_row(**{column: value}))
    assert caught.value.token == column


def test_a_column_that_is_not_there_stops_the_campaign(winback: Campaign) -> None:
    row = winback_row()
    del row["first_name"]
    with pytest.raises(DataError, match="no such column"):
        render(winback, row)


def test_a_bad_item_is_left_out_and_told(winback: Campaign) -> None:
    products = [suggested(1, product_url="javascript:x"), suggested(2), suggested(3, price_amount=None)]
    row = winback_row(products=products)
    assert Page(render(winback, row)["html"]).images == ["https://cdn.example.com/p2.jpg"]
    block = explain(winback, row)["blocks"]["products"]
    assert (block["given"], block["shown"]) == (3, 1)
    assert block["dropped"] == [
        {"position": 1, "reason": "product_url is not an http or https link"},
        {"position": 3, "reason": "price_amount is missing"},
    ]


def test_a_list_shows_no_more_than_its_maximum(cart_reminder: Campaign) -> None:
    row = cart_row(items=[product(number, quantity=1) for number in range(1, 9)])
    assert len(Page(render(cart_reminder, row)["html"]).images) == 5
    assert explain(cart_reminder, row)["blocks"]["items"]["given"] == 8


def test_a_list_below_its_minimum_stops_the_campaign() -> None:
    row = cart_row(campaign="cart_follow_up", items=[product(1, quantity=None)])
    with pytest.raises(DataError, match="at least 1 are needed; item 1: quantity is missing"):
        render(load("cart_follow_up"), row)


def test_an_optional_block_disappears(winback: Campaign) -> None:
    message = render(winback, winback_row(products=[]))
    assert Page(message["html"]).images == []
    assert "you may like" not in message["html"] + message["text"]
    VALIDATOR.validate(message)


def test_an_explanation_has_what_led_to_the_message(winback: Campaign) -> None:
    explanation = explain(winback, winback_row())
    assert explanation["evidence"] == {"segment": "lapsed", "days_since_order": 120}
    assert explanation["consent"] == {"id": "k1", "source": "checkout", "obtained_at": "2025-05-04T03:02:01Z"}
    assert explanation["template_version"] == winback.template_version
    assert explanation["occasion_id"] == "o0001"
    assert explanation["slots"] == {"opening": {"value": "last_order", "rule": "ordered_before"}}
    assert explanation["blocks"]["products"]["rule"].startswith("The strategies of seeds/recommendation_slots.csv")


def test_an_explanation_says_why_each_item_that_is_shown_was_chosen(winback: Campaign) -> None:
    row = winback_row(
        products=[suggested(1), suggested(2, image_url=None), suggested(3, strategy="popular", reason_title=None)]
    )
    because = {"strategy": "bought_together", "reason_title": "Wool blanket", "score": 0.75}
    assert explain(winback, row)["blocks"]["products"]["chosen"] == [
        {"position": 1, "product_id": "p1", **because},
        {"position": 3, "product_id": "p3", "strategy": "popular", "reason_title": None, "score": 0.75},
    ]
    del row["products"][0]["score"]
    with pytest.raises(DataError, match="no such column") as caught:
        explain(winback, row)
    assert caught.value.token == "products.score"


def test_times_are_told_in_utc(winback: Campaign) -> None:
    berlin = dt.timezone(dt.timedelta(hours=1))
    message = render(winback, winback_row(send_at=dt.datetime(2026, 3, 2, 10, 30, 15, 999, tzinfo=berlin)))
    assert message["send_at"] == "2026-03-02T09:30:15Z"
    with pytest.raises(ExportError, match="UTC"):
        Run(dt.datetime(2026, 3, 2), dt.date(2026, 3, 1))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"subject": " "}, "is blank"),
        ({"text": "\n"}, "is blank"),
        ({"html": "<p>{{ x }}</p>"}, "raw template tag"),
        ({"text": "a {% if %}"}, "raw template tag"),
        ({"preheader": "a {# b"}, "raw template tag"),
        ({"subject": "a\nb"}, "more than one line"),
        ({"html": '<a href="">x</a>'}, "leads nowhere"),
        ({"html": '<img src="None" />'}, "leads nowhere"),
        ({"text": "Write to bob@example.net."}, "not the reader's"),
        ({"html": "<p>MAILTO:bob@example.net</p>"}, "not the reader's"),
        ({"headers": {"List-Unsubscribe": "<https://a>\r\nBcc: b"}}, "more than one line"),
        ({"headers": {"List-Unsubscribe": "<https://" + "a" * 1000 + ">"}}, "too long"),
    ],
)
def test_the_last_check_refuses_what_nobody_should_see(winback: Campaign, change: dict[str, Any], says: str) -> None:
    message = render(winback, winback_row())
    check_message(message, ())
    with pytest.raises(DataError, match=says):
        check_message(message | change, ())


def test_the_reader_s_and_the_shop_s_addresses_and_names_of_files_may_be_told(winback: Campaign) -> None:
    message = render(winback, winback_row())
    mine = message["to"]["email"].upper()
    text = f"{mine}, help@example.org, https://www.example.com/hero@2x.png, @media"
    check_message(message | {"text": text, "html": text}, {"help@example.org"})


@pytest.mark.parametrize("word", ["None", "nan", "null", "undefined"])
def test_a_missing_value_in_print_is_found(winback: Campaign, word: str) -> None:
    message = render(winback, winback_row())
    check_filled(message)
    with pytest.raises(DataError, match=word):
        check_filled(message | {"subject": f"Hello {word},"})


def test_somebody_s_address_in_a_name_is_no_name(winback: Campaign) -> None:
    message = render(winback, winback_row(first_name="Bob bob@example.net"))
    assert "bob@example.net" not in message["html"] + message["text"]


@pytest.mark.parametrize(
    "expression", ["{{ products }}", "{{ first_name == 'x' }}", "{{ 'x' if days_since_order > 999 }}"]
)
def test_a_value_with_nothing_to_say_is_not_printed(library: Path, expression: str) -> None:
    path = library / "campaigns/winback/body.txt.j2"
    path.write_text(expression + "\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(DataError, match="the template cannot be filled"):
        render(load("winback", library), winback_row())


@pytest.mark.parametrize(
    ("cell", "guarded"),
    [
        ("=cmd()", "'=cmd()"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
        ("\uff1d1", "'\uff1d1"), ("Ada", "Ada"), ("a=b", "a=b"), ("", ""),
    ],
)  # fmt: skip
def test_a_formula_is_text_in_a_spreadsheet(cell: str, guarded: str) -> None:
    assert spreadsheet_cell(cell) == guarded
