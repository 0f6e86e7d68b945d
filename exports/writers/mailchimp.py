"""Mailchimp, `POST /batches` of `PUT /lists/<list>/members/<hash>`: who is to get which campaign, in merge fields.

A merge field holds 255 bytes, so the body has to be a template at Mailchimp's. It is not the batch form of
`POST /lists/<list>`, which needs a `status`, and that changes people who have one. `status_if_new` leaves them as they
are; somebody new may get what they asked for, and is subscribed to nothing.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import ClassVar

import orjson

from exports.writers.address import email_of
from exports.writers.writer import GAPS, Message, Writer

# Mailchimp's names of merge fields have ten characters at most.
_FIELDS = {"PR_CAMP": "campaign_id", "PR_SEND": "send_id", "PR_PERSON": "person_id", "PR_VARIANT": "variant"}


class Mailchimp(Writer):
    """Merge fields come back with the webhooks of an audience, as `merges`."""

    name = "mailchimp"
    limits = ("max_id_chars", "max_text_bytes")
    needs: ClassVar[Mapping[str, re.Pattern[str]]] = {"list_id": re.compile("[0-9a-z]{4,32}")}

    def frame(self, message: Message) -> object:
        return {"operations": GAPS}

    def item(self, message: Message) -> object:
        email = email_of(message["to"], message["message_id"])
        fields = {field: message["metadata"][name] for field, name in _FIELDS.items()}
        for field, part in (("PR_SUBJECT", "subject"), ("PR_PREHEAD", "preheader")):
            self.hold(message, "max_text_bytes", len(message[part].encode()), part)
            fields[field] = message[part]
        body = {"email_address": email, "status_if_new": "transactional", "merge_fields": fields}
        member = hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()
        return {
            "method": "PUT",
            "path": f"/lists/{self.setting('list_id')}/members/{member}",
            "params": {"skip_merge_validation": "true"},
            "operation_id": message["message_id"],
            "body": orjson.dumps(body).decode(),
        }
