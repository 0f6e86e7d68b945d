"""Mailchimp, `PUT /lists/<list>/members/<hash>`: each operation of the file as a request by itself.

`POST /batches`, which takes the file whole, answers before anything is done: who failed is in an archive, later.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from delivery.services.service import Call, Item, Service


class Mailchimp(Service):
    """A member set to what the operation says."""

    name = "mailchimp"
    items_at = ("operations",)
    is_one_each = True

    def item(self, value: Any) -> Item:
        return Item(value["operation_id"], value, orjson.loads(value["body"])["email_address"])

    def call(self, frame: Any, items: Sequence[Item]) -> Call:
        (item,) = items
        operation = item.value
        path = f"{operation['path']}?{urlencode(operation['params'])}"
        return Call(operation["body"].encode(), operation["method"], path)
