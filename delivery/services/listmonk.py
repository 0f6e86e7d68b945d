"""listmonk, `POST /api/tx`: each line of the file is a request."""

from collections.abc import Sequence
from typing import Any

import orjson

from delivery.services.service import Call, Item, Service


class Listmonk(Service):
    """200, with `{"data": true}`."""

    name = "listmonk"
    is_one_each = True

    def item(self, value: Any) -> Item:
        return Item(value["data"]["send_id"], value, value["subscriber_emails"][0])

    def take_apart(self, body: bytes) -> tuple[Any, list[Item]]:
        return None, [self.item(orjson.loads(line)) for line in body.splitlines()]

    def call(self, frame: Any, items: Sequence[Item]) -> Call:
        (item,) = items
        return Call(orjson.dumps(item.value))
