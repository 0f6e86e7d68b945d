"""Mailgun, `POST /v3/<domain>/messages`: the fields of the form as JSON; a list is a field given several times.

Whoever is in `to` is in `recipient-variables` as well, always: without them every reader would see all addresses. The
body is made of these variables alone.
"""

import re
from collections.abc import Mapping
from email.utils import format_datetime
from typing import ClassVar

import orjson

from exports.safety import ZERO_WIDTH_NON_JOINER
from exports.writers.address import email_of, mailbox
from exports.writers.writer import GAP, GAPS, Message, Writer, send_time

# What Mailgun would fill in, were it in somebody's name.
_VARIABLE = re.compile(r"%(?=(?:recipient|unsubscribe|tag_unsubscribe|mailing_list))", re.IGNORECASE)
_PARTS = ("subject", "html", "text")
_UNSUBSCRIBE, _ONE_CLICK = "List-Unsubscribe", "List-Unsubscribe-Post"


class Mailgun(Writer):
    """Fields beginning with `v:` come back as `user-variables` of every event."""

    name = "mailgun"
    limits = ("max_hours_ahead",)
    needs: ClassVar[Mapping[str, re.Pattern[str]]] = {"domain": re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")}

    def frame(self, message: Message) -> object:
        message_id = message["message_id"]
        return {
            "from": mailbox(message["from"], message_id),
            "h:Reply-To": mailbox(message["reply_to"], message_id),
            **{part: f"%recipient.{part}%" for part in _PARTS},
            f"h:{_UNSUBSCRIBE}": "%recipient.unsubscribe%",
            f"h:{_ONE_CLICK}": message["headers"][_ONE_CLICK],
            **{f"v:{name}": f"%recipient.{name}%" for name in message["metadata"]},
            "o:tag": message["campaign"],
            "o:deliverytime": format_datetime(send_time(message)),
            "to": GAPS,
            "recipient-variables": f"{{{GAP}}}",
        }

    def item(self, message: Message) -> object:
        text, html = f"%{ZERO_WIDTH_NON_JOINER}", "&#37;"
        body = {part: _VARIABLE.sub(html if part == "html" else text, message[part]) for part in _PARTS}
        return {**body, "unsubscribe": message["headers"][_UNSUBSCRIBE], **message["metadata"]}

    def pieces(self, message: Message) -> tuple[bytes, ...]:
        """The mailbox for `to`, and the variables as a string within a string."""
        message_id = message["message_id"]
        variables = orjson.dumps({email_of(message["to"], message_id): self.item(message)})[1:-1].decode()
        return orjson.dumps(mailbox(message["to"], message_id)), orjson.dumps(variables)[1:-1]
