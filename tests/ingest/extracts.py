"""Small extracts as sources write them."""

from __future__ import annotations

import json

CONTACTS = "crm.contacts"
EVENTS = "esp.events"
HEADER = b"id,email,firstname,lastmodifieddate\n"
GOOD = b"1,ada@example.com,Ada,2026-01-05 10:00:00\n"


def contact(number: int, name: str = "Ada") -> bytes:
    return f"{number},p{number}@example.com,{name},2026-01-05 10:00:00\n".encode()


def event(number: int) -> bytes:
    return json.dumps(
        {"sg_event_id": str(number), "email": "a@example.com", "event": "open", "timestamp": 1767600000}
    ).encode()
