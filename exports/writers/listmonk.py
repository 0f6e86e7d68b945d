"""listmonk, `POST /api/tx`: one request a message, and so one a line.

Not the import of subscribers: that has to overwrite them to update them, and with that brings back who unsubscribed.
The template is a transactional one, `{{ .Tx.Data.html | Safe }}`, with the subject `{{ .Tx.Data.subject }}`.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

from exports.writers.address import email_of, mailbox
from exports.writers.writer import Message, Writer, content


class Listmonk(Writer):
    """listmonk reports no opens or clicks of such mail; a bounce brings back its headers, our ids among them."""

    name = "listmonk"
    needs: ClassVar[Mapping[str, re.Pattern[str]]] = {"template_id": re.compile("[0-9]{1,9}")}
    is_lines = True

    def item(self, message: Message) -> object:
        message_id = message["message_id"]
        headers = {
            **message["headers"],
            "Reply-To": mailbox(message["reply_to"], message_id),
            "X-Postroom-Campaign-Id": message["campaign"],
            "X-Postroom-Send-Id": message_id,
        }
        return {
            "subscriber_emails": [email_of(message["to"], message_id)],
            "template_id": int(self.setting("template_id")),
            "from_email": mailbox(message["from"], message_id),
            "data": {**message["metadata"], **content(message)},
            "headers": [{name: value} for name, value in headers.items()],
            "content_type": "html",
        }
