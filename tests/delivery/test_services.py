"""Each service's parts, as the exporter writes them, taken apart and put together again."""

from __future__ import annotations

import email
import json
from typing import Any

import orjson
import pytest

from delivery.services import SERVICES, Call, Item
from exports.writers import WRITERS
from tests.delivery.outboxes import ids
from tests.exports.esp_messages import message, parts


def taken_apart(name: str, count: int = 3) -> tuple[bytes, Any, list[Item]]:
    (part,) = parts(name, [message(number) for number in range(1, count + 1)])
    return part.body, *SERVICES[name].take_apart(part.body)


def fields(call: Call) -> dict[str, list[str]]:
    """A form's fields, as a server reads them."""
    form = email.message_from_bytes(f"Content-Type: {call.content_type}\r\n\r\n".encode() + call.content)
    found: dict[str, list[str]] = {}
    for part in form.get_payload():
        content = part.get_payload(decode=True)  # type: ignore[union-attr]
        name = str(part.get_param("name", header="Content-Disposition"))  # type: ignore[union-attr]
        found.setdefault(name, []).append(content.decode())  # type: ignore[union-attr]
    return found


def test_every_service_written_for_is_known_but_the_one_that_fetches() -> None:
    assert WRITERS.keys() - SERVICES.keys() == {"customerio"}
    assert SERVICES.keys() <= WRITERS.keys()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_messages_are_found_by_their_ids_in_order(name: str) -> None:
    _, _, items = taken_apart(name)
    assert [item.message_id for item in items] == ids(3)
    for number, item in enumerate(items, 1):
        assert f"person{number}@example.org" in item.reader


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"mailgun", "mailchimp", "listmonk"}))
def test_all_of_a_part_is_the_part_and_some_of_it_only_those(name: str) -> None:
    body, frame, items = taken_apart(name)
    service = SERVICES[name]
    assert orjson.loads(service.call(frame, items).content) == orjson.loads(body)
    part = service.call(frame, items[1:2])
    (alone,) = parts(name, [message(2)])
    assert orjson.loads(part.content) == orjson.loads(alone.body)
    assert (part.method, part.path, part.content_type) == ("POST", "", "application/json")


def test_mailgun_gets_a_form_of_the_part_s_fields() -> None:
    body, frame, items = taken_apart("mailgun")
    written, sent = orjson.loads(body), fields(SERVICES["mailgun"].call(frame, items))
    assert {name: value if isinstance(value, list) else [value] for name, value in written.items()} == sent


def test_mailgun_shows_nobody_the_others_addresses() -> None:
    _, frame, items = taken_apart("mailgun")
    sent = fields(SERVICES["mailgun"].call(frame, items[1:]))
    variables = json.loads(sent["recipient-variables"][0])
    assert len(sent["to"]) == len(variables) == 2
    for mailbox in sent["to"]:
        assert mailbox.split("<")[1].rstrip(">") in variables
    assert "person1@" not in str(sent)


def test_mailchimp_and_listmonk_get_a_request_for_each() -> None:
    body, frame, items = taken_apart("mailchimp")
    operation, call = orjson.loads(body)["operations"][1], SERVICES["mailchimp"].call(frame, items[1:2])
    assert call.method == "PUT" and call.path == f"{operation['path']}?skip_merge_validation=true"
    assert call.content.decode() == operation["body"]
    body, frame, items = taken_apart("listmonk")
    calls = [SERVICES["listmonk"].call(frame, [item]) for item in items]
    assert b"\n".join(call.content for call in calls) == body.strip()
