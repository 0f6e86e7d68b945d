"""Canonical messages as the e-mail services take them: their own request bodies, in files of the size they allow.

A writer is a module with a subclass of `Writer`; a new one is named here and in esps.yml, and nowhere else. Nothing is
sent from here, and no key of a service is known.
"""

from exports.writers.braze import Braze
from exports.writers.customerio import CustomerIo
from exports.writers.klaviyo_events import KlaviyoEvents
from exports.writers.klaviyo_profiles import KlaviyoProfiles
from exports.writers.listmonk import Listmonk
from exports.writers.mailchimp import Mailchimp
from exports.writers.mailgun import Mailgun
from exports.writers.part import Part
from exports.writers.postmark import Postmark
from exports.writers.sendgrid import SendGrid
from exports.writers.ses import Ses
from exports.writers.writer import Message, Options, Writer

WRITERS: dict[str, type[Writer]] = {
    writer.name: writer
    for writer in (
        SendGrid, Ses, Postmark, Mailgun, KlaviyoProfiles, KlaviyoEvents, CustomerIo, Braze, Mailchimp, Listmonk,
    )
}  # fmt: skip

__all__ = ["WRITERS", "Message", "Options", "Part", "Writer"]
