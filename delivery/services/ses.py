"""Amazon SES v2, `SendBulkEmail`: a result for each entry, in their order."""

from collections.abc import Mapping
from typing import Any

import orjson

from delivery.services.service import Failure, Item, Service


class Ses(Service):
    """`BulkEmailEntryResults` has a `Status`, `SUCCESS` for what was taken."""

    name = "ses"
    items_at = ("BulkEmailEntries",)

    def item(self, value: Any) -> Item:
        (message_id,) = [tag["Value"] for tag in value["ReplacementTags"] if tag["Name"] == "send_id"]
        return Item(message_id, value, value["Destination"]["ToAddresses"][0])

    def failures(self, answer: bytes, count: int) -> Mapping[int, Failure]:
        results = orjson.loads(answer)["BulkEmailEntryResults"]
        if len(results) != count:
            raise ValueError("not a result for each message")
        return {
            position: Failure(result["Status"], result.get("Error") or "")
            for position, result in enumerate(results)
            if result["Status"] != "SUCCESS"
        }
