"""Braze, `POST /campaigns/trigger/send`: `success`, and in `errors` what went wrong with some."""

from collections.abc import Mapping
from typing import Any

import orjson

from delivery.services.service import Failure, Item, Service


class Braze(Service):
    """An error that names no recipient leaves open who was taken, and so all of the request."""

    name = "braze"
    items_at = ("recipients",)

    def item(self, value: Any) -> Item:
        return Item(value["trigger_properties"]["send_id"], value, value["email"])

    def failures(self, answer: bytes, count: int) -> Mapping[int, Failure]:
        told = orjson.loads(answer)
        if told["message"] != "success":
            raise ValueError("not a success")
        return {
            range(count)[error["index"]]: Failure("", str(error.get("type", ""))) for error in told.get("errors") or ()
        }
