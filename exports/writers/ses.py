"""Amazon SES v2, `SendBulkEmail`: one request for many messages, each whole.

The template travels with the request and prints what each message gives, which SES does not escape. Its own data are
empty: a message that lacked a part would fail to render, and never show another's.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

import orjson

from exports.errors import DataError
from exports.writers.address import mailbox
from exports.writers.writer import GAPS, Message, Writer, named_headers

_TAG = re.compile("[A-Za-z0-9_-]+")
_HEADER = re.compile("[ -~]+")


class Ses(Writer):
    """`ReplacementTags` come back as `mail.tags` of the events a configuration set publishes."""

    name = "ses"
    limits = ("max_data_chars", "max_header_chars", "max_id_chars")
    may: ClassVar[Mapping[str, re.Pattern[str]]] = {"configuration_set": re.compile("[A-Za-z0-9_-]{1,64}")}

    def frame(self, message: Message) -> object:
        configuration_set = self.options.get("configuration_set")
        template = {"Subject": "{{subject}}", "Html": "{{html}}", "Text": "{{text}}"}
        return {
            "FromEmailAddress": mailbox(message["from"], message["message_id"]),
            "ReplyToAddresses": [mailbox(message["reply_to"], message["message_id"])],
            "DefaultContent": {"Template": {"TemplateContent": template, "TemplateData": "{}"}},
            **({"ConfigurationSetName": configuration_set} if configuration_set else {}),
            "BulkEmailEntries": GAPS,
        }

    def item(self, message: Message) -> object:
        data = orjson.dumps({part: message[part] for part in ("subject", "html", "text")}).decode()
        self.hold(message, "max_data_chars", len(data), "ReplacementTemplateData")
        return {
            "Destination": {"ToAddresses": [mailbox(message["to"], message["message_id"])]},
            "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
            "ReplacementHeaders": self._headers(message),
            "ReplacementTags": _tags(message),
        }

    def _headers(self, message: Message) -> list[dict[str, str]]:
        for name, value in message["headers"].items():
            self.hold(message, "max_header_chars", len(value), name)
            if not _HEADER.fullmatch(value):
                raise DataError(message["message_id"], "is not plain ASCII", name)
        return named_headers(message)


def _tags(message: Message) -> list[dict[str, str]]:
    for name, value in message["metadata"].items():
        if not _TAG.fullmatch(value):
            raise DataError(message["message_id"], "SES tags hold letters, digits, - and _", f"metadata.{name}")
    return [{"Name": name, "Value": value} for name, value in message["metadata"].items()]
