"""Postmark, `POST /email/batch`: an array of messages, each with its own subject and bodies. No template is needed."""

import re
from collections.abc import Mapping
from typing import ClassVar

from exports.writers.address import mailbox
from exports.writers.writer import GAPS, Message, Writer, named_headers


class Postmark(Writer):
    """`Metadata` comes back with every webhook. Marketing has to go by a broadcast stream."""

    name = "postmark"
    limits = ("max_item_bytes", "max_id_chars")
    needs: ClassVar[Mapping[str, re.Pattern[str]]] = {"message_stream": re.compile("[a-z0-9_-]{1,64}")}

    def frame(self, message: Message) -> object:
        return GAPS

    def item(self, message: Message) -> object:
        message_id = message["message_id"]
        return {
            "From": mailbox(message["from"], message_id),
            "To": mailbox(message["to"], message_id),
            "ReplyTo": mailbox(message["reply_to"], message_id),
            "Subject": message["subject"],
            "HtmlBody": message["html"],
            "TextBody": message["text"],
            "MessageStream": self.setting("message_stream"),
            "Tag": message["campaign"],
            "Metadata": message["metadata"],
            "Headers": named_headers(message),
        }
