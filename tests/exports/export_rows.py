"""Rows as the export models hand them over, and the campaigns loaded against those models' columns."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import yaml

import exports
from exports import Brand, Campaign, Column, Run, load_brand, load_campaign

SECRET = b"a key for tests, thirty-two bytes"
RUN = Run(dt.datetime(2026, 3, 2, tzinfo=dt.UTC), dt.date(2026, 3, 1))
LIBRARY = Path(exports.__file__).parent

_MODELS = LIBRARY.parent / "models/exports"


def _contract(path: Path) -> dict[str, Column]:
    """The columns of an export model, as its contract declares them."""
    (model,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    return {
        column["name"]: Column(column["data_type"], is_personal="pii" in column.get("config", {}).get("meta", {}))
        for column in model["columns"]
    }


_CONTRACTS = {path.stem.removeprefix("exp_"): _contract(path) for path in sorted(_MODELS.glob("exp_*.yml"))}
COLUMNS = {name: columns for name, columns in _CONTRACTS.items() if "__" not in name}
LIST_COLUMNS = {
    campaign: {name.split("__")[1]: columns for name, columns in _CONTRACTS.items() if name.startswith(f"{campaign}__")}
    for campaign in COLUMNS
}


def product(number: int, **changes: Any) -> dict[str, Any]:
    """A product as a child table has it."""
    row = {
        "position": number,
        "product_id": f"p{number}",
        "title": ("Linen shirt", "Walnut board & knife", "Enamel mug")[(number - 1) % 3],
        "product_url": f"https://www.example.com/products/p{number}?colour=blue#reviews",
        "image_url": f"https://cdn.example.com/p{number}.jpg",
        "price_amount": Decimal("24.90"),
        "currency": "EUR",
    }
    return row | changes


_STRATEGIES = ("bought_together", "similar_to_viewed", "complement_of_cart", "same_category", "popular")


def suggested(number: int, **changes: Any) -> dict[str, Any]:
    """A product as the child table of a list of recommendations has it."""
    row = {
        "brand": "Tide",
        "category": "Kitchen",
        "strategy": _STRATEGIES[(number - 1) % 5],
        "reason_title": "Wool blanket" if (number - 1) % 5 < 3 else None,
        "score": Decimal("0.750000"),
    }
    return product(number, **row) | changes


def slot(name: str, value: str, rule: str) -> dict[str, str]:
    """What the campaign's rules have decided for a row."""
    return {f"slot_{name}": value, f"slot_{name}_rule": rule}


def _common(campaign: str, number: int) -> dict[str, Any]:
    return {
        "message_id": f"{campaign}-{number:04d}",
        "campaign": campaign,
        "variant": "control",
        "customer_id": f"c{number:04d}",
        "occasion_id": f"o{number:04d}",
        "as_of_date": RUN.as_of_date,
        "to_email": f"person{number}@example.org",
        "to_name": "Ada Example",
        "first_name": "Ada",
        "language": "en",
        "send_at": dt.datetime(2026, 3, 2, 9, 30),
        "evidence": '{"segment": "lapsed", "days_since_order": 120}',
        "consent_id": f"k{number}",
        "consent_source": "checkout",
        "consent_obtained_at": dt.datetime(2025, 5, 4, 3, 2, 1),
    }


def _offer() -> dict[str, Any]:
    return {"offer_code": "WELCOME-7Q2K9XT4VN", "offer_expires_at": dt.datetime(2026, 3, 16), "offer_percent": 10}


def winback_row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of exp_winback with its products."""
    row = _common("winback", number) | {
        "days_since_order": 120,
        **slot("opening", "last_order", "ordered_before"),
        "last_product_title": "Wool blanket",
        "currency": "EUR",
        **_offer(),
        "products": [suggested(position) for position in (1, 2, 3)],
    }
    return row | changes


def cart_row(number: int = 1, campaign: str = "cart_reminder", **changes: Any) -> dict[str, Any]:
    """A row of exp_cart_reminder, or of its follow-up, with its items."""
    row = _common(campaign, number) | {
        "cart_id": "cart-1",
        "item_count": 3,
        "cart_amount": Decimal("74.70"),
        **(slot("headline", "several", "more_than_one_item") if campaign == "cart_reminder" else {}),
        "currency": "EUR",
        "abandoned_at": dt.datetime(2026, 3, 1, 20, 15),
        "items": [product(1, quantity=1), product(2, quantity=2)],
    }
    return row | changes


def thanks_row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of exp_order_thanks with its items."""
    row = _common("order_thanks", number) | {
        "order_id": "order-1",
        "ordered_at": dt.datetime(2026, 3, 1, 20, 15),
        "item_count": 3,
        "items": [product(1, quantity=1), product(2, quantity=2)],
    }
    return row | changes


def offer_row(campaign: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of exp_cross_sell or exp_second_offer with its products."""
    row = _common(campaign, number) | {
        "ordered_at": dt.datetime(2026, 2, 26, 20, 15),
        **({"product_title": "Wool blanket"} if campaign == "cross_sell" else {}),
        "products": [suggested(position) for position in (1, 2, 3)],
    }
    return row | changes


def welcome_row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of exp_welcome with its products."""
    return _common("welcome", number) | _offer() | {"products": [suggested(n) for n in (1, 2, 3)]} | changes


def picks_row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of exp_weekly_picks with its products."""
    row = {"top_category": "Kitchen", "picks_count": 6, "products": [suggested(n) for n in (1, 2, 3, 4, 5, 6)]}
    return _common("weekly_picks", number) | row | changes


ROWS: dict[str, Callable[..., dict[str, Any]]] = {
    "winback": winback_row,
    "cart_reminder": cart_row,
    "cart_follow_up": partial(cart_row, campaign="cart_follow_up"),
    "order_thanks": thanks_row,
    "cross_sell": partial(offer_row, "cross_sell"),
    "second_offer": partial(offer_row, "second_offer"),
    "welcome": welcome_row,
    "weekly_picks": picks_row,
}


def load(name: str, library: Path = LIBRARY, brand: Brand | None = None) -> Campaign:
    """A campaign of `library`, against the columns its export model has."""
    folder = library / "campaigns" / name
    return load_campaign(
        folder, columns=COLUMNS[name], list_columns=LIST_COLUMNS[name], brand=brand or load_brand(), library=library
    )


def decided(campaign: Campaign, row: dict[str, Any]) -> dict[str, Any]:
    """The row with what the campaign's rules decide over its columns, as the warehouse hands it over."""
    columns = {name: column for name, column in COLUMNS[campaign.name].items() if name in row}
    table = ", ".join(f"cast(${name} as {column.data_type}) as {name}" for name, column in columns.items())
    select = ", ".join(f"{sql} as {name}" for name, sql in campaign.decided_columns.items())
    if not select:
        return row
    found = duckdb.execute(f"select {select} from (select {table})", {name: row[name] for name in columns})
    return row | dict(zip(campaign.decided_columns, found.fetchone() or (), strict=True))
