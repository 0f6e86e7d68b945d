"""Postmark, `POST /email/batch`: 200 whatever became of the messages, and a result for each, in their order."""

from collections.abc import Mapping
from typing import Any

import orjson

from delivery.services.service import Failure, Item, Service


class Postmark(Service):
    """An `ErrorCode` of 0 is a message taken."""

    name = "postmark"

    def item(self, value: Any) -> Item:
        return Item(value["Metadata"]["send_id"], value, value["To"])

    def failures(self, answer: bytes, count: int) -> Mapping[int, Failure]:
        results = orjson.loads(answer)
        if len(results) != count:
            raise ValueError("not a result for each message")
        return {
            position: Failure(str(result["ErrorCode"]), str(result.get("Message", "")))
            for position, result in enumerate(results)
            if result["ErrorCode"] != 0
        }
