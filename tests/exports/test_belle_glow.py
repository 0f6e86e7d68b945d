"""A real shop's products, with its own name and colours, in the mails that show the most of them."""

import csv
from collections.abc import Iterator
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

import pytest
from export_browser import hard_to_read, opened, overflow
from export_rows import ROWS, RUN, SECRET, decided, load, product

from exports import Brand, Renderer, load_brand
from exports.brand import DEFAULT_BRAND, GMAIL_BYTES

SHOWN = {"winback": ("products", 3), "weekly_picks": ("products", 6), "cart_reminder": ("items", 5)}
SHOP = {
    "Example Shop, 1 Example Street, 12345 Example City": "Belle & Glow Cosmetics, United Kingdom",
    "Example Shop": "Belle & Glow",
    "https://www.example.com": "https://belleandglow.co.uk",
    "#1f5f4a": "#8a2f4f",
    "#a5d6c1": "#f0b8cc",
    "#10271e": "#3a0f1e",
    "#f2efe9": "#f7efef",
    "#f4f1ea": "#faf4f3",
}


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"belle_glow/shopify/{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def brand(folder: Path) -> Brand:
    text = DEFAULT_BRAND.read_text(encoding="utf-8")
    for ours, theirs in SHOP.items():
        text = text.replace(ours, theirs)
    path = folder / "brand.yml"
    path.write_text(text, encoding="utf-8")
    return load_brand(path)


def stock(shared: Path) -> Iterator[dict[str, Any]]:
    """The products as an export has them; the data has no pictures, and no address of any."""
    prices = {row["product_id"]: Decimal(row["price"]) for row in read(shared, "product_variant")}
    site = "https://belleandglow.co.uk"
    for row in read(shared, "product"):
        yield product(
            int(row["id"]), title=row["title"], price_amount=prices[row["id"]], currency="GBP", brand=row["vendor"],
            category=row["product_type"], product_url=f"{site}/products/{row['handle']}",
            image_url=f"{site}/images/{row['handle']}.jpg", strategy="popular", reason_title=None, score=Decimal(1),
        )  # fmt: skip


def pages(shared: Path, folder: Path) -> dict[str, str]:
    """Three campaigns, each with all products in turn, as many as it shows at once."""
    products, shop, found = list(stock(shared)), brand(folder), {}
    for name, key, count in (
        ("winback", "products", 3),
        ("weekly_picks", "products", 6),
        ("cart_reminder", "items", 5),
    ):
        campaign = load(name, brand=shop)
        renderer = Renderer(campaign, RUN, SECRET)
        for start in range(0, len(products), count):
            shown = enumerate(products[start : start + count], start=1)
            items = [{**each, "position": number, "quantity": number} for number, each in shown]
            row = ROWS[name](**{key: items}) | {"currency": "GBP"}
            found[f"{name}-{start}"] = renderer.render(decided(campaign, row)).message["html"]
    return found


@pytest.fixture(scope="module")
def mails(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return pages(shared_data, tmp_path_factory.mktemp("belle_glow"))


def test_every_product_is_shown_at_its_price(mails: dict[str, str], shared_data: Path) -> None:
    for campaign in SHOWN:
        shown = "".join(html for name, html in mails.items() if name.startswith(campaign))
        for each in stock(shared_data):
            assert escape(each["title"]) in shown and f"£{each['price_amount']}" in shown
    for html in mails.values():
        assert "Belle &amp; Glow" in html and "Example" not in html
        assert len(html.encode()) < GMAIL_BYTES / 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_shops_colours_can_be_read(mails: dict[str, str], browser: Any, scheme: str) -> None:
    for name, page in opened(browser, mails, 640, scheme):
        assert hard_to_read(page) == [], name


@pytest.mark.parametrize("width", [320, 640])
def test_its_longest_titles_fit(mails: dict[str, str], browser: Any, width: int) -> None:
    for name, page in opened(browser, mails, width):
        assert overflow(page) == 0, name
