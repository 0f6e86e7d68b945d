"""Klaviyo, `POST /api/event-bulk-create-jobs`: an event for each message, which a flow of the shop's turns into mail.

The flow's trigger is the metric; its template is `{{ event.html|safe }}` and its subject `{{ event.subject }}`.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

from exports.writers.address import email_of
from exports.writers.writer import GAPS, Message, Writer, content


class KlaviyoEvents(Writer):
    """`unique_id` is our message id: the same event twice is recorded once, and starts the flow once."""

    name = "klaviyo_events"
    limits = ("max_string_bytes", "max_hours_ahead")
    needs: ClassVar[Mapping[str, re.Pattern[str]]] = {"metric": re.compile(r"[\w .-]{1,100}")}

    def frame(self, message: Message) -> object:
        attributes = {"events-bulk-create": {"data": GAPS}}
        return {"data": {"type": "event-bulk-create-job", "attributes": attributes}}

    def item(self, message: Message) -> object:
        for part, text in content(message).items():
            self.hold(message, "max_string_bytes", len(text.encode()), part)
        email = email_of(message["to"], message["message_id"])
        event = {
            "unique_id": message["message_id"],
            "time": message["send_at"],
            "metric": {"data": {"type": "metric", "attributes": {"name": self.setting("metric")}}},
            "properties": {**message["metadata"], **content(message), "headers": message["headers"]},
        }
        attributes = {
            "profile": {"data": {"type": "profile", "attributes": {"email": email}}},
            "events": {"data": [{"type": "event", "attributes": event}]},
        }
        return {"type": "event-bulk-create", "attributes": attributes}
