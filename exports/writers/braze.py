"""Braze, `POST /campaigns/trigger/send`: an API-triggered campaign that prints what each recipient's properties hold.

Recipients are named by address, which is what the consent was given for. `broadcast`, which would mail a whole segment,
is never written, nor are attributes.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

import orjson

from exports.writers.address import email_of
from exports.writers.writer import GAPS, Message, Writer, content


class Braze(Writer):
    """The campaign prints `{{api_trigger_properties.${html}}}`, its subject `{{api_trigger_properties.${subject}}}`."""

    name = "braze"
    limits = ("max_data_bytes",)
    needs: ClassVar[Mapping[str, re.Pattern[str]]] = {"campaign_id": re.compile("[0-9a-f-]{36}")}

    def frame(self, message: Message) -> object:
        return {"campaign_id": self.setting("campaign_id"), "recipients": GAPS}

    def item(self, message: Message) -> object:
        properties = {**message["metadata"], **content(message), "headers": message["headers"]}
        self.hold(message, "max_data_bytes", len(orjson.dumps(properties)), "trigger_properties")
        return {
            "email": email_of(message["to"], message["message_id"]),
            # An address that several profiles share is written to once.
            "prioritization": ["identified", "most_recently_updated"],
            "send_to_existing_only": True,
            "trigger_properties": properties,
        }
