"""SendGrid, `POST /v3/mail/send`: taken as a whole, or not at all."""

from typing import Any

from delivery.services.service import Item, Service


class SendGrid(Service):
    """202, with nothing in the answer."""

    name = "sendgrid"
    items_at = ("personalizations",)

    def item(self, value: Any) -> Item:
        reader = value["to"][0]
        return Item(value["custom_args"]["send_id"], value, f"{reader.get('name', '')} {reader['email']}")
