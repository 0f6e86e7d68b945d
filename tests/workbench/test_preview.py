"""The previews, in a real browser: what a marketer sees of every campaign and block, and after an edit."""

from __future__ import annotations

import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import workbench.preview.gallery as gallery_module
from exports import load_personas
from orchestration import export_tables
from orchestration.settings import settings
from workbench.preview.gallery import Gallery
from workbench.preview.server import in_scheme, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PERSONAS = [persona.name for persona in load_personas()]


@pytest.fixture
def address(home: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """The previews of a home in which nothing has run."""
    server = serve(Gallery(settings(), manifest, recipients=3), 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page that reaches nothing but the previews, and on which nothing goes wrong."""
    opened = browser.new_page(viewport={"width": 2200, "height": 1600}, color_scheme="dark")
    opened.route("**/*", lambda route: route.continue_() if route.request.url.startswith(address) else route.abort())
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    yield opened
    opened.close()
    assert wrong == []


def test_every_campaign_and_block_is_listed_and_opens(page: Page, address: str) -> None:
    page.goto(address)
    campaigns = page.locator("a[href^='/campaign/']").all_inner_texts()
    assert campaigns == [folder.name for folder in export_tables.campaign_folders()]
    blocks = page.locator("a[href^='/block/']").all_inner_texts()
    assert {"hero", "product_grid", "offer"} <= set(blocks)
    for name in campaigns:
        page.goto(f"{address}/campaign/{name}")
        assert page.locator("tr td:first-child a").all_inner_texts()[: len(PERSONAS)] == PERSONAS
        assert page.locator("article .warn").count() == 0
    for name in blocks:
        page.goto(f"{address}/block/{name}")
        assert page.locator("pre").inner_text().strip()


def test_chosen_readers_stand_beside_each_other_in_both_widths_and_schemes(page: Page, address: str) -> None:
    page.goto(f"{address}/campaign/winback")
    page.get_by_label("nobody", exact=True).check()
    page.get_by_role("button").click()
    assert [article.get_attribute("id") for article in page.locator("article").all()] == ["ann", "nobody"]
    ann, nobody = page.locator("article").all()
    assert "None was needed." in ann.inner_text()
    assert "first_name" in nobody.locator("table").inner_text()
    assert "Hello Ann" in ann.locator("pre").first.inner_text() and "hello there" in nobody.inner_text().lower()
    assert '"slots"' in ann.locator("pre").last.inner_text()
    shades, widths = {}, {}
    for device in ("desktop", "phone"):
        for scheme in ("light", "dark"):
            frame = page.frame_locator(f"#ann iframe[title='ann, {device}, {scheme}']")
            assert frame.get_by_text("Hello Ann").first.is_visible()
            shades[device, scheme] = frame.locator("body").evaluate("b => getComputedStyle(b).backgroundColor")
            widths[device, scheme] = frame.locator("html").evaluate("h => [h.clientWidth, h.scrollWidth]")
    # The browser is set to dark: what a frame shows is up to the frame.
    assert shades["desktop", "light"] == shades["phone", "light"] != shades["desktop", "dark"]
    assert shades["desktop", "dark"] == shades["phone", "dark"]
    assert all(inner == outer for inner, outer in widths.values()), "a mail is wider than its window"
    assert widths["phone", "light"][0] <= 375 < widths["desktop", "light"][0]


def test_what_was_typed_oddly_is_shown_and_not_obeyed(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.goto(f"{address}/campaign/winback?reader=typed_oddly")
    assert "<b>Bobby</b>" in page.locator("article").inner_text()
    assert asked == []


def test_without_a_warehouse_the_page_says_how_to_see_real_readers(page: Page, address: str) -> None:
    page.goto(f"{address}/campaign/winback")
    assert "postroom run" in page.locator("main > .warn").inner_text()


def test_an_edit_shows_after_a_reload_and_a_fault_with_its_line(
    page: Page, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports = tmp_path / "exports"
    shutil.copytree(export_tables.CAMPAIGNS.parent, exports, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(gallery_module, "EXPORTS", exports)
    monkeypatch.setattr(gallery_module, "campaign_folders", lambda: [exports / "campaigns/winback"])
    page.goto(f"{address}/campaign/winback")
    subject = exports / "campaigns/winback/subject.j2"
    subject.write_text("A subject as it is now\n")
    page.reload()
    assert "A subject as it is now" in page.locator("article").inner_text()
    subject.write_text("{{ no_such_token }}\n")
    page.reload()
    assert "campaigns/winback/subject.j2:1: " in page.locator(".warn").first.inner_text()
    page.goto(address)
    assert "no_such_token" in page.locator(".warn").first.inner_text()


@pytest.mark.parametrize("path", ["/campaign/none", "/mail/winback/nobody_here/light", "/block/none", "/../secrets"])
def test_what_is_not_there_is_said(address: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(address + path)


def test_a_page_elsewhere_cannot_read_it_under_its_own_name(address: str) -> None:
    request = urllib.request.Request(address, headers={"Host": "rebound.example"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)


def test_both_schemes_are_forced() -> None:
    mail = "<style>@media (prefers-color-scheme: dark) { p { color: red } }</style>"
    assert "@media all {" in in_scheme(mail, "dark")
    assert "@media not all {" in in_scheme(mail, "light")
