"""HTML is as short as it can be without a change to what is seen, and never longer than mail clients show."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import mrml
import pytest
from export_golden import render_golden
from export_rows import RUN, SECRET, winback_row
from hypothesis import given
from hypothesis import strategies as st

from exports import Campaign, DataError, LoadError, Renderer, load_brand, write_outbox
from exports.brand import DEFAULT_BRAND, GMAIL_BYTES
from exports.minify import minify

GOLDEN = render_golden()


def limited(campaign: Campaign, most: int) -> Campaign:
    return replace(campaign, brand=replace(campaign.brand, max_html_bytes=most))


def size(campaign: Campaign, row: dict[str, Any]) -> int:
    return len(Renderer(campaign, RUN, SECRET).render(row).message["html"].encode())


def test_every_shipped_mail_is_shown_whole() -> None:
    for name, content in GOLDEN.items():
        if name.endswith(".html"):
            assert len(content.encode()) < GMAIL_BYTES / 2, name


def test_a_message_that_would_be_cut_off_stops_the_campaign(winback: Campaign) -> None:
    row = winback_row(first_name="Zoë")
    exact = size(winback, row)
    assert size(limited(winback, exact), row) == exact
    text = rf"'winback-0001', token html: has {exact:,} bytes, and max_html_bytes in brand.yml is {exact - 1:,}"
    with pytest.raises(DataError, match=text):
        size(limited(winback, exact - 1), row)


def test_a_message_close_to_the_limit_is_warned_of(winback: Campaign, tmp_path: Path) -> None:
    short, long = winback_row(1, products=[]), winback_row(2)
    most = int(size(winback, long) / 0.95)
    manifest = write_outbox(limited(winback, most), [short, long], tmp_path / "o", run=RUN, secret=SECRET)
    assert manifest.warnings == {"html_bytes": 1}
    explained = [json.loads(line) for line in (tmp_path / "o/explain.jsonl").read_bytes().splitlines()]
    assert [each["warnings"] for each in explained] == [{}, {"html_bytes": size(winback, long)}]
    most = int(size(winback, long) / 0.89)
    assert write_outbox(limited(winback, most), [long], tmp_path / "p", run=RUN, secret=SECRET).warnings == {}


def test_the_limit_is_the_brands(tmp_path: Path) -> None:
    path = tmp_path / "brand.yml"
    text = DEFAULT_BRAND.read_text(encoding="utf-8")
    path.write_text(text + "max_html_bytes: 50000\n", encoding="utf-8")
    assert load_brand(path).max_html_bytes == 50000 and load_brand().max_html_bytes == 102 * 1024
    for wrong in ("0", "many", "1.5", "true"):
        path.write_text(text + f"max_html_bytes: {wrong}\n", encoding="utf-8")
        with pytest.raises(LoadError, match="max_html_bytes must be a whole number above 0"):
            load_brand(path)


class Seen(HTMLParser):
    """A page as its elements, their attributes and its words, style sheets by their rules."""

    def __init__(self, html: str, outlook: bool) -> None:
        super().__init__(convert_charrefs=True)
        if outlook:
            html = re.sub(r"<!--\[if [^!\]]*\]>(.*?)<!\[endif\]-->", r"\1", html, flags=re.DOTALL)
        self.parts: list[Any] = []
        self.is_style = self.is_body = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.is_style = tag == "style"
        self.is_body = self.is_body or tag == "body"
        self.parts.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.is_style = False
        self.parts.append(tag)

    def handle_data(self, data: str) -> None:
        if self.is_style:
            data = "".join(re.sub(r"/\*.*?\*/", "", data, flags=re.DOTALL).split()).replace(";}", "}")
        elif not self.is_body:
            data = data.strip()
        if not data:
            return
        if self.parts and isinstance(self.parts[-1], list):
            self.parts[-1][0] += data
        else:
            self.parts.append([data])


MJML = """<mjml lang="en"><mj-head><mj-title>A  title</mj-title><mj-style>
  /* a note */
  .a > b , .c { color : red ; }
  @media (max-width: 479px) { .d a:hover { margin: 0 auto ; } }
</mj-style></mj-head><mj-body>
<mj-section><mj-group><mj-column><mj-text>%s</mj-text></mj-column><mj-column><mj-image src="x" alt="y" /></mj-column>
</mj-group></mj-section><mj-section><mj-column><mj-button href="https://x.example">B</mj-button></mj-column></mj-section>
</mj-body></mjml>"""


@given(st.lists(st.sampled_from(["<b>a</b>", " ", "\n", "<i>b</i>", "word", "<br />", "&nbsp;"]), max_size=12))
def test_a_smaller_page_looks_the_same(words: list[str]) -> None:
    html = mrml.to_html(MJML % "".join(words)).content
    small = minify(html)
    assert len(small) < 0.96 * len(html)
    for outlook in (True, False):
        assert Seen(small, outlook).parts == Seen(html, outlook).parts
    assert small.count("<!--[if") < html.count("<!--[if")
    assert ".a > b,.c{color : red}" in small and "a:hover{margin: 0 auto}" in small


@pytest.mark.parametrize(
    ("html", "small"),
    [
        ("<!--[if mso]>a<![endif]--><!--[if mso]>b<![endif]-->", "<!--[if mso]>ab<![endif]-->"),
        ("<!--[if mso]>a<![endif]--><!--[if IE]>b<![endif]-->", "<!--[if mso]>a<![endif]--><!--[if IE]>b<![endif]-->"),
        ("<!--[if mso]>a<![endif]--> <!--[if mso]>b<![endif]-->",) * 2,
        ("<!--[if !mso]><!-->a<!--<![endif]-->" * 2, "<!--[if !mso]><!-->a<!--<![endif]-->" * 2),
        ("<head> <meta>\n<meta> </head><b>a</b> <i>b</i>", "<head><meta><meta></head><b>a</b> <i>b</i>"),
    ],
)  # fmt: skip
def test_only_what_is_not_seen_goes(html: str, small: str) -> None:
    assert minify(html) == small
