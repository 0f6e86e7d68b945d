"""Mailgun, `POST /v3/<domain>/messages`: the file's fields as a form. Taken as a whole, or not at all.

Whoever is in `to` is in `recipient-variables`, in every request that is made of a part: without them all readers would
see each other's addresses.
"""

import hashlib
from collections.abc import Iterator, Sequence
from email.utils import parseaddr
from typing import Any

import orjson

from delivery.services.service import Call, Item, Service


class Mailgun(Service):
    """A form in parts (RFC 7578): percent-encoding would make HTML up to three times as large."""

    name = "mailgun"

    def item(self, value: Any) -> Item:
        mailbox, _, variables = value
        return Item(variables["send_id"], value, mailbox)

    def take_apart(self, body: bytes) -> tuple[Any, list[Item]]:
        frame = orjson.loads(body)
        variables = orjson.loads(frame["recipient-variables"])
        addressed = [(mailbox, parseaddr(mailbox)[1]) for mailbox in frame["to"]]
        return frame, [self.item((mailbox, address, variables[address])) for mailbox, address in addressed]

    def call(self, frame: Any, items: Sequence[Item]) -> Call:
        values = [item.value for item in items]
        variables = {address: each for _, address, each in values}
        fields = {
            **frame,
            "to": [mailbox for mailbox, _, _ in values],
            "recipient-variables": orjson.dumps(variables).decode(),
        }
        lines = list(_pairs(fields))
        boundary = hashlib.sha256(repr(lines).encode()).hexdigest()
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in lines
        ]
        content = "".join([*parts, f"--{boundary}--\r\n"]).encode()
        return Call(content, content_type=f"multipart/form-data; boundary={boundary}")


def _pairs(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            yield name, each
