"""Customer.io, the file of `data_file_url` for an API-triggered broadcast: one person a line, with their own data.

People are named by address, which is what the consent was given for; one that Customer.io does not know is not created.
"""

from exports.writers.address import email_of
from exports.writers.writer import Message, Writer, content


class CustomerIo(Writer):
    """The broadcast prints `{{ trigger.html }}`; its subject is `{{ trigger.subject }}`."""

    name = "customerio"
    limits = ("max_item_bytes",)
    is_lines = True

    def item(self, message: Message) -> object:
        data = {**message["metadata"], **content(message), "headers": message["headers"]}
        return {"email": email_of(message["to"], message["message_id"]), "data": data}
