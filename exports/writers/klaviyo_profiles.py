"""Klaviyo, `POST /api/profile-bulk-import-jobs`: who is written to, with what and when, as properties of their profile.

It names no list and no consent, so it subscribes nobody and takes no suppression back. `external_id` is left alone: a
profile that has another one would be refused, or become someone else's.
"""

from exports.writers.address import email_of
from exports.writers.writer import GAPS, Message, Writer


class KlaviyoProfiles(Writer):
    """Properties begin with `postroom_`, so that they cannot replace the shop's own."""

    name = "klaviyo_profiles"
    limits = ("max_item_bytes",)

    def frame(self, message: Message) -> object:
        attributes = {"profiles": {"data": GAPS}}
        return {"data": {"type": "profile-bulk-import-job", "attributes": attributes}}

    def item(self, message: Message) -> object:
        properties = {f"postroom_{name}": value for name, value in message["metadata"].items()}
        email = email_of(message["to"], message["message_id"])
        properties["postroom_send_at"] = message["send_at"]
        return {"type": "profile", "attributes": {"email": email, "properties": properties}}
