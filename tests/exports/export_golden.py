"""Golden files: each shipped campaign rendered for a full row, a sparse one, and in its other languages; and what each
writer makes of messages.

After a wanted change write them anew, and look at the difference before it is committed:

    PYTHONPATH=. python tests/exports/export_golden.py
"""

import json
from pathlib import Path
from typing import Any

import esp_messages
from export_rows import ROWS, RUN, SECRET, decided, load, product

from exports import Renderer
from exports.writers import WRITERS

GOLDEN = Path(__file__).with_name("golden")
_NO_OFFER = {"offer_code": None, "offer_expires_at": None, "offer_percent": None}
_SPARSE: dict[str, dict[str, Any]] = {
    "winback": {"days_since_order": None, "last_product_title": None, "currency": None, "products": []} | _NO_OFFER,
    "cart_reminder": {"item_count": 1, "items": [product(2, quantity=1, product_url="javascript:x", image_url=None)]},
    "cart_follow_up": {"item_count": 1, "items": [product(2, quantity=1, product_url=None, image_url=None)]},
    "order_thanks": {"item_count": 1, "items": [product(2, quantity=1, product_url=None, image_url=None)]},
    "cross_sell": {"product_title": None, "products": []},
    "second_offer": {"products": []},
    "welcome": {"products": []} | _NO_OFFER,
    "weekly_picks": {"top_category": None, "picks_count": 0, "products": []},
}
_LATER = "2026-03-02T21:30:00Z"


def render_golden() -> dict[str, str]:
    """Content by file name, relative to the golden folder."""
    files: dict[str, str] = {}
    for name, row in ROWS.items():
        campaign = load(name)
        renderer = Renderer(campaign, RUN, SECRET)
        sparse = row(2, variant="bold", first_name=None, to_name=None, **_SPARSE[name])
        others = [(locale, row(3, language=locale)) for locale in campaign.sets if locale != campaign.brand["locale"]]
        if campaign.plain:
            lists = campaign.sets[campaign.brand["locale"]].lists
            others.append(("plain", row(4, **{spec.name: [] for spec in lists})))
        for case, data in (("full", row(1)), ("sparse", sparse), *others):
            rendered = renderer.render(decided(campaign, data))
            message = dict(rendered.message)
            files[f"{name}/{case}.html"] = message.pop("html") + "\n"
            files[f"{name}/{case}.txt"] = message.pop("text") + "\n"
            explanation = rendered.explanation | {"template_version": "left out: it changes with every comment"}
            record = {"message": message, "explanation": explanation}
            files[f"{name}/{case}.json"] = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    return files | _bodies()


def _bodies() -> dict[str, str]:
    """Three messages, one of them later and to somebody abroad, as each service takes them."""
    abroad = {"email": "zoe@bücher.example", "name": 'Zoë "Z" Łukasz, Jr.'}
    sent = [esp_messages.message(1), esp_messages.message(2, to=abroad, send_at=_LATER), esp_messages.message(3)]
    return {
        f"writers/{name}/{part.name}": part.body.decode() for name in WRITERS for part in esp_messages.parts(name, sent)
    }


if __name__ == "__main__":
    for name, content in render_golden().items():
        path = GOLDEN / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
