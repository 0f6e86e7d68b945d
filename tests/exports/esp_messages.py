"""Short canonical messages, and a writer for each service with what it needs to be told."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from exports.writers import WRITERS, Part, Writer
from exports.writers.config import Esps

AS_OF = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
SETTINGS: dict[str, dict[str, int | str]] = {
    "sendgrid": {"template_id": "d-" + "0" * 32, "unsubscribe_group_id": "7"},
    "ses": {"configuration_set": "marketing"},
    "postmark": {"message_stream": "broadcast"},
    "mailgun": {"domain": "mail.example.com"},
    "klaviyo_profiles": {},
    "klaviyo_events": {"metric": "Postroom message"},
    "customerio": {},
    "braze": {"campaign_id": "00000000-0000-0000-0000-000000000000"},
    "mailchimp": {"list_id": "0123456789"},
    "listmonk": {"template_id": "3"},
}


def message(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A canonical message, as a line of payloads.jsonl has it."""
    message_id, person_id = f"{number:032x}", f"{number + 1000:032x}"
    token = f"{number:064x}"
    return {
        "message_id": message_id,
        "campaign": "winback",
        "variant": "control",
        "locale": "en-GB",
        "to": {"email": f"person{number}@example.org", "name": "Ada Example"},
        "from": {"email": "hello@mail.example.com", "name": "Example Shop"},
        "reply_to": {"email": "support@example.com", "name": "Example Shop"},
        "subject": "Hello Ada, it has been a while",
        "preheader": "See what is new.",
        "html": '<!doctype html><p>Hello Ada, <a href="https://www.example.com/?utm_source=postroom&amp;x=1">look</a></p>',
        "text": "Hello Ada,\n\nhttps://www.example.com/?utm_source=postroom&x=1\n",
        "headers": {
            "List-Unsubscribe": f"<https://www.example.com/u/{token}>, <mailto:u@example.com?subject={token}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "send_at": "2026-03-02T09:30:00Z",
        "utm": {"source": "postroom", "medium": "email", "campaign": "winback", "content": "control"},
        "customer_id": person_id,
        "metadata": {
            "campaign_id": "winback",
            "send_id": message_id,
            "person_id": person_id,
            "variant": "control",
            "message_class": "marketing",
        },
    } | changes


def writer(name: str, **options: int | str) -> Writer:
    """The writer of a service with the shipped limits, but for `options`."""
    return WRITERS[name]({**Esps().options(name, ""), **SETTINGS[name], **options})


def parts(name: str, messages: Iterable[dict[str, Any]], **options: int | str) -> list[Part]:
    """The parts of one service."""
    return list(writer(name, **options).parts(messages, AS_OF))


def bodies(name: str, messages: Iterable[dict[str, Any]], **options: int | str) -> Iterator[Any]:
    """What is in the parts: a body each, or one for each line."""
    for part in parts(name, messages, **options):
        yield from map(orjson.loads, part.body.splitlines() if part.name.endswith("jsonl") else [part.body])
