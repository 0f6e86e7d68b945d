"""A reader gets the templates of their language, whole or not at all, with amounts and dates as they write them."""

import datetime as dt
import json
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from babel.dates import format_date
from babel.localedata import locale_identifiers
from babel.numbers import format_currency, get_currency_precision
from export_faults import Fault, assert_told
from export_rows import LIBRARY, ROWS, RUN, SECRET, load, winback_row
from hypothesis import given, settings
from hypothesis import strategies as st

from exports import LoadError, Renderer, load_brand, write_outbox
from exports.brand import DEFAULT_BRAND
from exports.formats import filters
from exports.locales import choose

TEMPLATES = ("subject.j2", "preheader.j2", "body.mjml", "body.txt.j2")
LOCALES = st.sampled_from([tag.replace("_", "-") for tag in locale_identifiers()])
AMOUNTS = st.one_of(
    st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=4),
    st.integers(-(10**12), 10**12),
    st.floats(-(10**9), 10**9, allow_nan=False),
)
YML, DE_BODY = "campaigns/winback/campaign.yml", "campaigns/winback/de/body.mjml"
FIRST_NAME = "first_name: {fallback: {default: there, de: hier}}"
TITLE = "last_product_title: {fallback: {default: something you liked, de: etwas}}"


@pytest.fixture
def in_german(library: Path) -> Path:
    """The library with a German set of winback's templates."""
    folder = library / "campaigns/winback"
    (folder / "de").mkdir()
    for name in TEMPLATES:
        text = (folder / name).read_text(encoding="utf-8").replace("Hello", "Hallo").replace('lang="en"', 'lang="de"')
        (folder / "de" / name).write_text(text, encoding="utf-8")
    definition = library / YML
    text = definition.read_text(encoding="utf-8").replace("first_name: {fallback: there}", FIRST_NAME)
    text = text.replace("last_product_title: {fallback: something you liked}", TITLE)
    definition.write_text(text, encoding="utf-8")
    return library


FAULTS = {
    "words for one locale": Fault(YML, "{default: there, de: hier}", "there", "first_name", "default: ..., de: ..."),
    "no words for a locale": Fault(YML, ", de: hier", "", "first_name", "fallback.de' is missing"),
    "no words of the brand's": Fault(YML, "default: there, ", "", "first_name", "fallback.default' is missing"),
    "words for no locale": Fault(YML, "de: hier", "de: hier, fr: ici", "first_name", "unknown key 'fr'"),
    "blank in a locale": Fault(YML, "de: hier", "de: ' '", "first_name", "the fallback is missing"),
    "language of the page": Fault(DE_BODY, 'lang="de"', 'lang="en"', "<mjml", '<mjml lang="de">'),
    "no language of the page": Fault(DE_BODY, ' lang="de"', "", "<mjml", '<mjml lang="de">'),
    "undeclared token": Fault(DE_BODY, "{{ first_name }}", "{{ nam }}", "nam", "'nam' is not declared"),
    "no unsubscribe link": Fault(
        "layouts/de/footer.mjml", "{{ unsubscribe_url }}", "{{ brand.website }}", "</mjml>", "no unsubscribe link",
        DE_BODY,
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_by_file_and_line(in_german: Path, fault: Fault) -> None:
    assert_told(in_german, fault)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_locale_has_all_templates_or_none(in_german: Path, name: str) -> None:
    (in_german / "campaigns/winback/de" / name).unlink()
    with pytest.raises(LoadError, match=rf"de/{name}:1: file is missing"):
        load("winback", in_german)


@pytest.mark.parametrize(("name", "says"), [("images", "is no locale"), ("en-GB", "is the brand's own locale")])
def test_a_folder_that_is_no_other_locale_is_told(in_german: Path, name: str, says: str) -> None:
    (in_german / "campaigns/winback/de").rename(in_german / "campaigns/winback" / name)
    with pytest.raises(LoadError, match=rf"winback/{name}:1: '{name}' {says}"):
        load("winback", in_german)


def test_a_layout_with_words_is_needed_in_every_locale(in_german: Path) -> None:
    (in_german / "campaigns/winback/de").rename(in_german / "campaigns/winback/fr")
    with pytest.raises(LoadError, match=r"fr/body.mjml:\d+: layouts/footer.mjml holds words.* lacks one for fr"):
        load("winback", in_german)


def test_a_region_reads_the_layouts_of_its_language(in_german: Path) -> None:
    (in_german / "campaigns/winback/de").rename(in_german / "campaigns/winback/de-AT")
    definition = in_german / YML
    definition.write_text(definition.read_text(encoding="utf-8").replace("de: ", "de-AT: "), encoding="utf-8")
    message = Renderer(load("winback", in_german), RUN, SECRET).render(winback_row(language="de")).message
    assert message["locale"] == "de-AT"
    assert "Abmelden" in message["html"] and "Abmelden" in message["text"]
    assert "€\xa024,90" in message["text"]


@pytest.mark.parametrize(
    ("language", "locale", "by"),
    [
        ("de", "de", "exact"), ("DE", "de", "exact"), (" de ", "de", "exact"), ("en-GB", "en-GB", "exact"),
        ("en_gb", "en-GB", "exact"), ("de-AT", "de", "language"), ("de_CH", "de", "language"),
        ("en", "en-GB", "language"), ("en-US", "en-GB", "language"), ("pt", "pt-BR", "language"),
        ("zh-TW", "zh-Hant", "language"), ("fr", "en-GB", "default"), ("pt-BR", "pt-BR", "exact"),
        (None, "en-GB", "default"), ("", "en-GB", "default"), ("{{ x }}", "en-GB", "default"),
        (float("nan"), "en-GB", "default"),
    ],
)  # fmt: skip
def test_the_nearest_locale_is_chosen(language: Any, locale: str, by: str) -> None:
    choice = choose(language, ("en-GB", "de", "pt-BR", "zh-Hant"), "en-GB")
    assert (choice.locale, choice.by) == (locale, by)
    assert choice.language is None or re.fullmatch("[a-z-]+", choice.language)


def test_the_shops_own_region_comes_before_others_of_a_language() -> None:
    assert choose("en", ("en-AU", "en-US", "de"), "en-US").locale == "en-US"
    assert choose("en-NZ", ("de", "en-US", "en-AU"), "de").locale == "en-AU"


def test_a_reader_gets_their_language_and_others_the_brands(in_german: Path) -> None:
    renderer = Renderer(load("winback", in_german), RUN, SECRET)
    german, english, french = (renderer.render(winback_row(language=tag)) for tag in ("de-AT", "en", "fr"))
    assert german.message["locale"] == "de" and english.message["locale"] == french.message["locale"] == "en-GB"
    assert german.message["subject"].startswith("Hallo Ada") and english.message["subject"].startswith("Hello Ada")
    assert 'lang="de"' in german.message["html"] and "24,90\xa0€" in german.message["html"]
    assert "Abmelden" in german.message["text"] and "Unsubscribe" in french.message["text"]
    assert german.explanation["locale"] == {"used": "de", "language": "de-at", "by": "language"}
    assert french.explanation["locale"] == {"used": "en-GB", "language": "fr", "by": "default"}


def test_a_fallback_is_in_the_readers_language(in_german: Path) -> None:
    renderer = Renderer(load("winback", in_german), RUN, SECRET)
    subjects = [renderer.render(winback_row(language=tag, first_name=None)).message["subject"] for tag in ("de", "en")]
    assert subjects == ["Hallo hier, it has been a while", "Hello there, it has been a while"]


def test_the_manifest_counts_locales(in_german: Path, tmp_path: Path) -> None:
    languages = ("de", "de-CH", "en", "fr", "fr", None)
    rows = [winback_row(number, language=language) for number, language in enumerate(languages)]
    write_outbox(load("winback", in_german), rows, tmp_path / "o", run=RUN, secret=SECRET)
    manifest = json.loads((tmp_path / "o/manifest.json").read_bytes())
    assert manifest["locales"] == {"de": 2, "en-GB": 4}
    assert manifest["locale_fallbacks"] == {"fr": 2, "unknown": 1}


def test_the_template_version_follows_other_locales(in_german: Path) -> None:
    first = load("winback", in_german).template_version
    for name in ("campaigns/winback/de/subject.j2", "layouts/de/footer.txt.j2"):
        path = in_german / name
        path.write_text("{# note #}\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
        changed = load("winback", in_german).template_version
        assert changed != first
        first = changed


def test_the_brands_locale_is_that_of_the_folder_itself(tmp_path: Path) -> None:
    path = tmp_path / "brand.yml"
    path.write_text(DEFAULT_BRAND.read_text(encoding="utf-8").replace("locale: en-GB", "locale: en-US"))
    message = (
        Renderer(load("cart_follow_up", brand=load_brand(path)), RUN, SECRET).render(ROWS["cart_follow_up"]()).message
    )
    assert message["locale"] == "en-US" and "March 1" in message["preheader"]


def test_all_shipped_german_is_there() -> None:
    """Five campaigns are shipped in German; none of their words are left in English."""
    german = {folder.name for folder in (LIBRARY / "campaigns").iterdir() if (folder / "de").is_dir()}
    assert german == {"welcome", "cart_reminder", "order_thanks", "winback", "weekly_picks"}
    for name in german:
        message = Renderer(load(name), RUN, SECRET).render(ROWS[name](language="de")).message
        assert message["locale"] == "de"
        words = set(re.findall(r"[a-zäöüß]+", re.sub(r"https://\S+", "", message["text"]).lower()))
        assert words & {"the", "you", "your", "and", "this", "with"} == set()
        assert {"du"} <= words and not re.search(r"\b(Ihr|Ihnen|Ihre|Ihren|Ihrem)\b", message["text"])


@settings(max_examples=400, deadline=None)
@given(LOCALES, AMOUNTS, st.sampled_from(["EUR", "USD", "GBP", "CHF", "JPY", "KWD", "PLN", "XYZ"]))
def test_amounts_are_babels(locale: str, amount: Any, currency: str) -> None:
    exact = Decimal(str(amount)).quantize(Decimal(1).scaleb(-get_currency_precision(currency)), ROUND_HALF_UP)
    expected = format_currency(exact if exact else 0, currency, locale=locale.replace("-", "_"))
    # CLDR sets letters off from digits, which Babel leaves out.
    spaced = re.sub(r"([^\W\d_])(\d)", "\\1\xa0\\2", re.sub(r"(\d)([^\W\d_])", "\\1\xa0\\2", expected))
    assert filters(locale)["money"](amount, currency) == spaced


@settings(max_examples=100, deadline=None)
@given(LOCALES, st.dates())
def test_dates_are_babels(locale: str, day: dt.date) -> None:
    assert filters(locale)["date"](day) == format_date(day, "long", locale=locale.replace("-", "_"))


@pytest.mark.parametrize(
    ("locale", "name", "arguments", "text"),
    [
        ("en-GB", "money", (Decimal("1234.5"), "EUR"), "€1,234.50"),
        ("en-GB", "money", (Decimal("-3"), "USD"), "-US$3.00"),
        ("en-GB", "money", (12, "CHF"), "CHF\xa012.00"),
        ("en-GB", "money", (0.125, "GBP"), "£0.13"),
        ("en-GB", "money", (Decimal("-0.001"), "GBP"), "£0.00"),
        ("en-IN", "money", (1234567, "INR"), "₹12,34,567.00"),
        ("de", "money", (Decimal("1234.5"), "EUR"), "1.234,50\xa0€"),
        ("de-CH", "money", (Decimal("1234.5"), "CHF"), "CHF\xa01\u2019234.50"),
        ("fr", "money", (1200, "JPY"), "1\u202f200\xa0JPY"),
        ("en-GB", "date", (dt.date(2026, 3, 2),), "2 March 2026"),
        ("de", "date", (dt.date(2026, 3, 2),), "2. März 2026"),
        ("en-GB", "day", (dt.date(2026, 3, 2),), "2 March"),
        ("en-US", "day", (dt.date(2026, 3, 2),), "March 2"),
        ("de", "day", (dt.date(2026, 3, 2),), "2. März"),
        ("en-GB", "percent", (10,), "10%"),
        ("de", "percent", (10,), "10\xa0%"),
        ("de", "percent", (Decimal("12.6"),), "13\xa0%"),
        ("de", "number", (1234.5,), "1.234,5"),
    ],
)
def test_values_are_written_as_the_locale_writes_them(
    locale: str, name: str, arguments: tuple[Any, ...], text: str
) -> None:
    assert filters(locale)[name](*arguments) == text
