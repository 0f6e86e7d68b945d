"""What is missing is replaced as campaign.yml says, and told: in the explanation, and counted in the manifest."""

import json
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from export_rows import COLUMNS, LIST_COLUMNS, RUN, SECRET, cart_row, decided, load, product, slot, winback_row

from exports import Campaign, Column, DataError, LoadError, Renderer, load_campaign, write_outbox
from exports.lists import TokenList
from exports.message import Rendered
from exports.tokens import ByLocale, Token

SURE = {"column": "first_name_confidence", "at_least": 0.7}
Change = Callable[[dict[str, Any]], None]


def load_changed(library: Path, change: Change, text: str = "") -> Campaign:
    """The test's winback with another definition, with columns for a prediction's confidence and a second list."""
    folder = library / "campaigns/winback"
    definition = yaml.safe_load((folder / "campaign.yml").read_text(encoding="utf-8"))
    change(definition)
    (folder / "campaign.yml").write_text(yaml.safe_dump(definition, sort_keys=False), encoding="utf-8")
    body = folder / "body.txt.j2"
    body.write_text(body.read_text(encoding="utf-8") + text, encoding="utf-8")
    columns = COLUMNS["winback"] | {
        "first_name_confidence": Column("double", is_personal=False),
        "last_product_title_confidence": Column("decimal(18,2)", is_personal=False),
    }
    lists = LIST_COLUMNS["winback"]
    return load_campaign(
        folder, columns=columns, list_columns=lists | {"bestsellers": lists["products"]}, library=library
    )


def render(campaign: Campaign, **changes: Any) -> Rendered:
    return Renderer(campaign, RUN, SECRET).render(winback_row(**changes))


def confident(definition: dict[str, Any]) -> None:
    definition["tokens"]["first_name"]["confidence"] = SURE


@pytest.mark.parametrize(
    ("confidence", "is_shown"),
    [(0.7, True), (0.95, True), (Decimal("0.70"), True), (1, True), (0.6999999, False), (Decimal("0.69"), False),
     (None, False), (math.nan, False), (-1, False)],
)  # fmt: skip
def test_a_prediction_that_is_not_sure_enough_is_not_shown(library: Path, confidence: Any, is_shown: bool) -> None:
    rendered = render(load_changed(library, confident), first_name_confidence=confidence)
    assert rendered.message["subject"] == f"Hello {'Ada' if is_shown else 'there'}, it has been a while"
    assert rendered.explanation["fallbacks"] == ({} if is_shown else {"first_name": "low confidence"})


def test_a_prediction_that_is_missing_is_told_as_missing(library: Path) -> None:
    rendered = render(load_changed(library, confident), first_name=None, first_name_confidence=0.1)
    assert rendered.explanation["fallbacks"] == {"first_name": "missing"}


@pytest.mark.parametrize(("changes", "says"), [({}, "no such column"), ({"first_name_confidence": "0.9"}, "not a num")])
def test_a_confidence_that_is_none_stops_the_campaign(library: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        render(load_changed(library, confident), **changes)


def at_least_two(fallback: str | None, also: str | None = None) -> Change:
    """Products may not be fewer than two, nor the bestsellers that may stand in for them."""

    def change(definition: dict[str, Any]) -> None:
        products = definition["lists"]["products"]
        products["minimum"] = 2
        bestsellers = products | {"rule": "What sells best."} | ({"fallback": also} if also else {})
        if fallback is not None:
            products["fallback"] = fallback
        if fallback == "bestsellers":
            definition["lists"]["bestsellers"] = bestsellers

    return change


ONE = [product(1), product(2, price_amount=None)]


def shown(rendered: Rendered) -> list[str]:
    return [f"p{number}" for number in range(1, 10) if f"/products/p{number}?" in rendered.message["html"]]


def with_reasons(products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Products as a list of recommendations has them."""
    return [item | {"strategy": "popular", "reason_title": None, "score": 1} for item in products]


def test_a_list_that_is_too_short_is_hidden(library: Path) -> None:
    campaign = load_changed(library, at_least_two("hide"))
    rendered = render(campaign, products=with_reasons([product(1, image_url="x"), *ONE]))
    assert shown(rendered) == [] and "other customers" not in rendered.message["text"]
    block = rendered.explanation["blocks"]["products"]
    assert (block["given"], block["shown"], block["fallback"], block["chosen"]) == (3, 0, "hide", [])
    assert [drop["position"] for drop in block["dropped"]] == [1, 3]
    assert rendered.explanation["fallbacks"] == {"products": "too few items"}
    rendered = render(campaign)
    assert shown(rendered) == ["p1", "p2", "p3"] and rendered.explanation["fallbacks"] == {}


def test_another_list_stands_in_for_one_that_is_too_short(library: Path) -> None:
    def change(definition: dict[str, Any]) -> None:
        at_least_two("bestsellers")(definition)
        definition["lists"]["bestsellers"] |= {"maximum": 4}

    campaign = load_changed(library, change)
    more = with_reasons([product(number) for number in (5, 6, 7, 8)])
    rendered = render(campaign, products=with_reasons(ONE), bestsellers=more)
    assert shown(rendered) == ["p5", "p6", "p7"]
    blocks = rendered.explanation["blocks"]
    assert (blocks["products"]["shown"], blocks["products"]["fallback"]) == (3, "bestsellers")
    assert [item["product_id"] for item in blocks["bestsellers"]["chosen"]] == ["p5", "p6", "p7"]
    assert rendered.explanation["fallbacks"] == {"products": "too few items"}
    # Where it is not needed nothing is said of it, whatever it holds.
    rendered = render(campaign, bestsellers=[])
    assert shown(rendered) == ["p1", "p2", "p3"] and set(rendered.explanation["blocks"]) == {"products"}


def test_a_list_that_stands_in_speaks_the_reader_s_language() -> None:
    title = Token("title", "text", ByLocale({"default": "this", "de": "das"}))
    products = TokenList("products", "", 1, 3, (), fallback=TokenList("bestsellers", "", 1, 3, (title,)))
    german = products.in_locale("de").fallback
    assert german is not None and [token.fallback for token in german.tokens] == ["das"]


def test_a_list_that_stands_in_and_is_too_short_itself(library: Path) -> None:
    with pytest.raises(DataError, match="token bestsellers: 1 items can be shown, at least 2 are needed"):
        render(load_changed(library, at_least_two("bestsellers")), products=[], bestsellers=with_reasons(ONE))
    campaign = load_changed(library, at_least_two("bestsellers", also="hide"))
    rendered = render(campaign, products=[], bestsellers=with_reasons(ONE))
    assert shown(rendered) == []
    assert rendered.explanation["fallbacks"] == {"products": "too few items", "bestsellers": "too few items"}


def test_what_falls_back_within_a_list_that_is_not_shown_does_not_count(library: Path) -> None:
    def change(definition: dict[str, Any]) -> None:
        at_least_two("hide")(definition)
        definition["lists"]["products"]["tokens"]["title"] = {"fallback": "this"}

    rendered = render(load_changed(library, change), products=with_reasons([product(1, title=None)]))
    assert rendered.explanation["fallbacks"] == {"products": "too few items"}


def test_a_value_that_lacks_what_it_needs_gives_way(winback: Campaign) -> None:
    row = decided(winback, winback_row(days_since_order=400, last_product_title=" "))
    rendered = Renderer(winback, RUN, SECRET).render(row)
    assert rendered.explanation["slots"]["opening"] == {
        "value": "discover",
        "rule": "over_a_year_ago",
        "instead_of": "long_ago",
    }
    assert rendered.explanation["fallbacks"] == {
        "last_product_title": "missing",
        "opening": "lacks last_product_title",
    }
    assert "something you liked" not in rendered.message["html"] + rendered.message["text"]


NEEDS_PRODUCTS = {
    "values": ["grid", "words"],
    "rules": [{"name": "always_grid", "if": {"column": "customer_id", "is_known": True}, "then": "grid"}],
    "otherwise": "words",
    "needs": {"grid": ["products", "last_product_title"]},
    "fallback": "words",
}


@pytest.mark.parametrize(
    ("changes", "value", "reason"),
    [
        ({}, "grid", None),
        ({"products": []}, "words", "lacks products"),
        ({"products": [], "last_product_title": None}, "words", "lacks products"),
        ({"last_product_title_confidence": 0}, "words", "lacks last_product_title"),
    ],
)
def test_a_value_may_need_a_list_or_a_prediction(
    library: Path, changes: dict[str, Any], value: str, reason: str | None
) -> None:
    def change(definition: dict[str, Any]) -> None:
        definition["slots"] = {"look": NEEDS_PRODUCTS}
        sure = {"column": "last_product_title_confidence", "at_least": 0.5}
        definition["tokens"]["last_product_title"]["confidence"] = sure

    campaign = load_changed(library, change, '{% if look == "grid" %}A grid{% else %}Words{% endif %}')
    row = {"last_product_title_confidence": 1} | slot("look", "grid", "always_grid") | changes
    rendered = render(campaign, **row)
    assert rendered.message["text"].endswith({"grid": "A grid", "words": "Words"}[value])
    assert rendered.explanation["fallbacks"].get("look") == reason


def test_a_message_is_counted_once_whatever_falls_back_in_it(winback: Campaign, tmp_path: Path) -> None:
    rows = [
        winback_row(1, first_name=None),
        winback_row(2, first_name=" ", last_product_title=None),
        winback_row(3, last_product_title=None),
    ]
    write_outbox(winback, rows, tmp_path / "o", run=RUN, secret=SECRET)
    written = json.loads((tmp_path / "o/manifest.json").read_bytes())
    assert written["fallbacks"] == {
        "first_name": {"missing": 2},
        "last_product_title": {"missing": 2},
        "opening": {"lacks last_product_title": 2},
    }
    assert written["slots"] == {"opening": {"ordered_before": 3}}
    assert written["warn_fallback_share"] == {"otherwise": 0.2, "days_since_order": 0.7, "last_product_title": 0.7}


def test_items_are_counted_by_message_and_first_reason(cart_reminder: Campaign, tmp_path: Path) -> None:
    pictures: list[dict[str, Any]] = [{"image_url": None}, {"image_url": "ftp://x/y"}, {}]
    items = [product(number, quantity=1, **change) for number, change in enumerate(pictures, start=1)]
    rows = [cart_row(1, items=items), cart_row(2, items=items[1:])]
    manifest = write_outbox(cart_reminder, rows, tmp_path / "o", run=RUN, secret=SECRET)
    assert manifest.fallbacks == {"items.image_url": {"missing": 1, "not an http or https link": 1}}


FOOTER = '{% include "layouts/footer.txt.j2" %}'
NOTHING_TO_SHOW = [product(1, quantity=None), product(2, quantity=1, title=" ")]


@pytest.mark.parametrize(
    ("changes", "lack"),
    [
        ({"items": []}, "items has too few items"),
        ({"items": NOTHING_TO_SHOW}, "items has too few items"),
        ({"item_count": None}, "item_count is missing"),
        ({"cart_amount": math.nan}, "cart_amount is missing"),
        ({"slot_headline": None, "items": []}, "items has too few items"),
    ],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_row_that_lacks_what_its_message_needs_gets_the_plain_one(
    cart_reminder: Campaign, changes: dict[str, Any], lack: str, language: str
) -> None:
    row = cart_row(language=language, first_name=None, **changes)
    rendered = Renderer(cart_reminder, RUN, SECRET).render(row)
    words = {"en": "you left something in your cart", "de": "du hast etwas in deinen Warenkorb gelegt"}[language]
    assert words in rendered.message["html"] and words in rendered.message["text"]
    assert ("von Example Shop" in rendered.message["text"]) == (language == "de")
    assert rendered.unsubscribe_url in rendered.message["html"]
    assert "utm_campaign=cart_reminder" in rendered.message["text"]
    assert rendered.explanation["fallbacks"] == {"whole message": lack, "first_name": "missing"}
    assert rendered.explanation["slots"] == {}
    blocks = rendered.explanation["blocks"]
    assert [block["shown"] for block in blocks.values()] == ([0] if "items" in changes else [])
    assert len(blocks.get("items", {}).get("dropped", [])) == len(changes.get("items", []))


def test_nothing_is_told_of_what_only_the_full_message_would_have_shown(library: Path) -> None:
    path = library / "campaigns/cart_reminder/campaign.yml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("  currency: {required: true}", "  currency: {fallback: {default: EUR, de: EUR}}", 1)
    path.write_text(text.replace("minimum: 1", "minimum: 2"), encoding="utf-8")
    row = cart_row(currency=None, items=[product(1, quantity=1, image_url=None)])
    explanation = Renderer(load("cart_reminder", library), RUN, SECRET).render(row).explanation
    assert explanation["fallbacks"] == {"whole message": "items has too few items"}
    assert (explanation["blocks"]["items"]["given"], explanation["blocks"]["items"]["shown"]) == (1, 0)


def test_plain_messages_are_counted(cart_reminder: Campaign, tmp_path: Path) -> None:
    rows = [cart_row(1), cart_row(2, items=[]), cart_row(3, items=NOTHING_TO_SHOW), cart_row(4, currency=None)]
    manifest = write_outbox(cart_reminder, rows, tmp_path / "o", run=RUN, secret=SECRET)
    assert manifest.fallbacks == {"whole message": {"items has too few items": 2, "currency is missing": 1}}
    assert manifest.messages == 4 and manifest.dropped_items == {"items": 2}
    assert manifest.slots == {"headline": {"more_than_one_item": 1}}


@pytest.mark.parametrize(
    "changes", [{"items": None}, {"item_count": "3"}, {"to_email": None}, {"first_name": 7.5, "items": []}]
)
def test_a_row_that_breaks_its_contract_gets_no_message(cart_reminder: Campaign, changes: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        Renderer(cart_reminder, RUN, SECRET).render(cart_row(**changes))


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("campaign.yml", "if_unfit: plain", "if_unfit: skip", "if_unfit must be stop or plain"),
        ("campaign.yml", "if_unfit: plain", "if_unfit: stop", "plain/ is never used"),
        ("campaign.yml", "if_unfit: plain", "", "plain/ is never used"),
        (
            "plain/subject.j2",
            "Your cart",
            "{{ item_count }}",
            "'item_count' is not declared in campaign.yml with a",
        ),
        ("plain/subject.j2", "Your cart", "{{ headline }}", "'headline' is not declared in campaign.yml with a"),
        (
            "plain/subject.j2",
            "Your cart",
            "{% for i in items %}x{% endfor %}",
            "the list declared in",
        ),
        (
            "plain/body.mjml",
            "Hello {{ first_name",
            "Hello {{ currency",
            "'currency' is not declared in",
        ),
        ("plain/de/body.txt.j2", FOOTER, "Ende", "no unsubscribe link"),
        ("plain/de/body.mjml", 'lang="de"', 'lang="en"', "of another language"),
    ],
)
def test_a_fault_in_plain_templates_is_told(library: Path, file: str, old: str, new: str, says: str) -> None:
    path = library / "campaigns/cart_reminder" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(LoadError) as caught:
        load("cart_reminder", library)
    assert [problem.file for problem in caught.value.problems if says in problem.text] == [path], str(caught.value)


def test_plain_templates_are_there_in_every_locale(library: Path) -> None:
    (library / "campaigns/cart_reminder/plain/de/subject.j2").unlink()
    with pytest.raises(LoadError, match=r"plain/de/subject.j2:1: file is missing"):
        load("cart_reminder", library)


def test_the_template_version_follows_plain_templates(library: Path) -> None:
    first = load("cart_reminder", library).template_version
    path = library / "campaigns/cart_reminder/plain/subject.j2"
    path.write_text("Another one\n", encoding="utf-8")
    assert load("cart_reminder", library).template_version != first


CONFIDENCE = ("tokens", "first_name", "confidence")
TITLE = {"title": {"required": True}}


@pytest.mark.parametrize(
    ("path", "value", "mark", "says"),
    [
        (CONFIDENCE, 0.7, "confidence:", "must be a mapping"),
        (CONFIDENCE, {"column": "first_name_confidence"}, "confidence:", "at_least' is missing"),
        (CONFIDENCE, {"column": "x", "at_least": 1}, "column:", "no column 'x' that is a number"),
        (CONFIDENCE, {"column": ["x"], "at_least": 1}, "column:", "no column ['x'] that is a number"),
        (CONFIDENCE, {"column": "language", "at_least": 1}, "column:", "no column 'language' that is"),
        (CONFIDENCE, SURE | {"at_least": "much"}, "at_least:", "at_least must be a number, not 'much'"),
        (CONFIDENCE, SURE | {"at_least": True}, "at_least:", "at_least must be a number, not True"),
        (CONFIDENCE, SURE | {"at_least": math.inf}, "at_least:", "at_least must be a number, not inf"),
        (("tokens", "first_name"), {"required": True, "confidence": SURE}, "confidence:", "needs a `fallback`"),
        (("lists", "products", "fallback"), "hide", "fallback:", "with the minimum 0 needs no fallback"),
        (("lists", "products"), {"minimum": 1, "fallback": "more"}, "fallback:", "must be hide or another list"),
        (("lists", "products"), {"minimum": 1, "fallback": "products"}, "fallback:", "must be hide or another list"),
        (("lists", "products"), {"minimum": 1, "fallback": ["hide"]}, "fallback:", "must be hide or another list"),
        (("lists",), {"bestsellers": {"tokens": TITLE}, "products": {"minimum": 1, "fallback": "bestsellers"}},
         "fallback:", "'bestsellers' must declare the same tokens as 'products'"),
        (("lists",), {"bestsellers": {"minimum": 1, "fallback": "products"},
                      "products": {"minimum": 1, "fallback": "bestsellers"}}, "fallback:", "has a stand-in of its own"),
        (("slots", "look", "needs"), {"grid": ["pictures"]}, "grid:", "needs must list tokens or lists"),
        (("slots", "look", "needs"), {"grid": "products"}, "grid:", "needs must list tokens or lists"),
        (("slots", "look", "needs"), {"gird": ["products"]}, "gird:", "unknown key 'gird'"),
        (("slots", "look", "fallback"), "grid", "fallback:", "a value that needs nothing itself"),
        (("slots", "look", "fallback"), "photo", "fallback:", "'photo' is none of the slot's values"),
        (("slots", "look", "fallback"), None, "fallback:", "None is none of the slot's values"),
        (("slots", "look", "needs"), {}, "fallback:", "a fallback is for a slot with `needs`"),
        (("warn_fallback_share",), 20, "warn_fallback_share:", "a number from 0 to 1"),
        (("warn_fallback_share",), True, "warn_fallback_share:", "a number from 0 to 1"),
        (("warn_fallback_share",), {"first_nam": 0.5}, "first_nam:", "unknown key 'first_nam'"),
        (("warn_fallback_share",), {"products.title": "half"}, "products.title:", "a number from 0 to 1"),
    ],
)  # fmt: skip
def test_a_fallback_that_cannot_be_is_told(
    library: Path, path: tuple[str, ...], value: Any, mark: str, says: str
) -> None:
    def change(definition: dict[str, Any]) -> None:
        definition["slots"] = {"look": dict(NEEDS_PRODUCTS)}
        if path[0] == "lists" and path[-1] == "lists":
            definition["lists"]["bestsellers"] = dict(definition["lists"]["products"])
        place = definition
        for name in path[:-1]:
            place = place[name]
        if path[0] == "lists" and isinstance(value, dict):
            specs = value if path[-1] == "lists" else {"products": value}
            for name, more in specs.items():
                definition["lists"][name] = definition["lists"][name] | more
        else:
            place[path[-1]] = value

    with pytest.raises(LoadError) as caught:
        load_changed(library, change, '{% if look == "grid" %}A grid{% endif %}')
    found = [problem for problem in caught.value.problems if says in problem.text]
    assert found, str(caught.value)
    lines = (library / "campaigns/winback/campaign.yml").read_text(encoding="utf-8").split("\n")
    assert {problem.file.name for problem in found} == {"campaign.yml"}
    assert all(lines[problem.line - 1].lstrip().startswith(mark) for problem in found)


@pytest.mark.parametrize(
    "value", [0, 0.5, 1, {"first_name": 0.5, "products.title": 1, "products": 0, "otherwise": 0.1}]
)
def test_the_share_that_is_worth_a_warning_is_declared(library: Path, value: Any) -> None:
    def change(definition: dict[str, Any]) -> None:
        definition["warn_fallback_share"] = value

    shares = load_changed(library, change).warn_fallback_share
    assert shares == (value if isinstance(value, dict) else {"otherwise": value})
