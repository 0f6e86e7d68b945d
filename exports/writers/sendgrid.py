"""SendGrid, `POST /v3/mail/send`: one request for many messages, each whole.

A request has one `content` for all, and substitutions are held to 10,000 bytes, less than a message. So the template is
a dynamic one that prints what it is given, unescaped, and nothing else: `{{{subject}}}`, `{{{html}}}`, `{{{text}}}`.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

from exports.writers.address import contact
from exports.writers.writer import GAPS, Message, Writer, content, send_time


class SendGrid(Writer):
    """`custom_args` come back with every event of the Event Webhook, which the source `esp` reads."""

    name = "sendgrid"
    limits = ("max_hours_ahead",)
    needs: ClassVar[Mapping[str, re.Pattern[str]]] = {"template_id": re.compile("d-[0-9a-f]{32}")}
    may: ClassVar[Mapping[str, re.Pattern[str]]] = {"unsubscribe_group_id": re.compile("[0-9]{1,9}")}

    def frame(self, message: Message) -> object:
        group = self.options.get("unsubscribe_group_id")
        return {
            "from": _contact(message, "from"),
            "reply_to": _contact(message, "reply_to"),
            "template_id": self.setting("template_id"),
            "categories": [message["campaign"]],
            "send_at": int(send_time(message).timestamp()),
            **({"asm": {"group_id": int(group)}} if group else {}),
            "personalizations": GAPS,
        }

    def item(self, message: Message) -> object:
        return {
            "to": [_contact(message, "to")],
            "dynamic_template_data": content(message),
            "custom_args": message["metadata"],
            "headers": message["headers"],
        }


def _contact(message: Message, part: str) -> dict[str, str]:
    """A name with a comma or semicolon would be read as several, were it not in quotes."""
    person = contact(message[part], message["message_id"])
    name = person.get("name", "")
    if "," in name or ";" in name:
        person["name"] = '"{}"'.format(name.replace("\\", "").replace('"', ""))
    return person
