"""What a reader sees: of every campaign and block, in light and dark, with pictures and without, on a phone."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from export_browser import hard_to_read, opened, overflow
from export_golden import render_golden
from export_rows import LIBRARY

from exports.blocks import block_names
from exports.preview import preview_block

GOLDEN = render_golden()
CAMPAIGNS = sorted(name.removesuffix(".html") for name in GOLDEN if name.endswith(".html"))
PAGES = {name: GOLDEN[f"{name}.html"] for name in CAMPAIGNS} | {
    f"block {name}": preview_block(name).html for name in block_names(LIBRARY)
}


class Parts(HTMLParser):
    """The headings, the buttons and the pictures of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.buttons: list[str] = []
        self.alts: list[str] = []
        self._cell, self._into = "", None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "td" and "class" in given:
            self._cell = given["class"] or ""
        elif tag == "img":
            self.alts.append(given.get("alt") or "")
        elif tag == "a" and self._cell.startswith("cta"):
            self._into = self.buttons
            self.buttons.append("")
        elif tag in ("h1", "h2"):
            self._into = self.words
            self.words.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("a", "h1", "h2"):
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into[-1] += data


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_an_inbox_shows_the_subject_whole_and_the_preheader_beside_it(name: str) -> None:
    message = json.loads(GOLDEN[f"{name}.json"])["message"]
    assert len(message["subject"]) < 60
    assert 40 <= len(message["preheader"]) <= 110
    assert message["subject"] not in message["preheader"]


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_mail_asks_for_one_thing(name: str) -> None:
    assert len(Parts(GOLDEN[f"{name}.html"]).buttons) == 1


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_both_parts_say_the_same(name: str) -> None:
    parts, text = Parts(GOLDEN[f"{name}.html"]), GOLDEN[f"{name}.txt"]
    assert parts.words
    for words in (*parts.words, *(f"{button}: https://" for button in parts.buttons)):
        assert words in text
    assert "\n\n\n" not in text and not text.startswith("\n") and not re.search("\n[ \t]+\n", text)


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_says_what_it_shows(name: str) -> None:
    assert all(Parts(PAGES[name]).alts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_in_light_and_dark(browser: Any, scheme: str) -> None:
    for name, page in opened(browser, PAGES, 640, scheme):
        body = {"light": "rgb(242, 239, 233)", "dark": "rgb(20, 19, 16)"}[scheme]
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == body
        assert hard_to_read(page) == [], name


@pytest.mark.parametrize("width", [320, 375, 640])
def test_nothing_has_to_be_scrolled_sideways(browser: Any, width: int) -> None:
    for name, page in opened(browser, PAGES, width):
        assert overflow(page) == 0, name
        assert page.evaluate("Math.max(...[...document.querySelectorAll('table')].map(t => t.offsetWidth))") <= 600


# What clients pass over without harm: corners are square, a picture keeps its own shape, and so on.
WITHOUT_HARM = {
    "aspect-ratio", "object-fit", "border-radius", "text-wrap", "overflow", "word-break", "font-size", "border-spacing",
    "word-spacing", "cursor",
}  # fmt: skip


def test_the_styles_are_those_that_mail_clients_know(shared_data: Path) -> None:
    """By caniemail's count of clients; `font-size` counts as partly known for units that are not used here."""
    known = json.loads((shared_data / "caniemail/caniemail.json").read_text(encoding="utf-8"))["data"]
    stats = {feature["slug"].removeprefix("css-"): feature["stats"] for feature in known}
    used = set()
    for html in PAGES.values():
        page = re.sub(r"<!--\[if.*?<!\[endif\]-->", "", html, flags=re.DOTALL)
        sheets = "".join(re.findall(r"<style[^>]*>(.*?)</style>", page, re.DOTALL))
        used |= set(re.findall(r"[{;]\s*([a-z-]+)\s*:", sheets))
        for style in re.findall(r'style="([^"]*)"', page):
            used |= {part.split(":")[0].strip() for part in unescape(style).split(";") if ":" in part}
    lacking = {name: share for name in used - WITHOUT_HARM if name in stats and (share := _share(stats[name])) < 0.6}
    assert lacking == {}


def _share(stats: dict[str, dict[str, dict[str, str]]]) -> float:
    """The share of clients whose newest version knows a feature, at least in part."""
    newest = [list(versions.values())[-1] for platforms in stats.values() for versions in platforms.values()]
    return sum(not answer.startswith(("n", "u")) for answer in newest) / len(newest)
