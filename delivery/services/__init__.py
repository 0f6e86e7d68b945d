"""How each service's parts are taken apart, asked for and answered: a module each, as in exports/writers.

Customer.io is missing: it fetches its file from an address, and putting it there is not ours.
"""

from delivery.services.braze import Braze
from delivery.services.klaviyo import KlaviyoEvents, KlaviyoProfiles
from delivery.services.listmonk import Listmonk
from delivery.services.mailchimp import Mailchimp
from delivery.services.mailgun import Mailgun
from delivery.services.postmark import Postmark
from delivery.services.sendgrid import SendGrid
from delivery.services.service import Call, Failure, Item, Service
from delivery.services.ses import Ses

SERVICES: dict[str, Service] = {
    service.name: service
    for service in (
        SendGrid(), Ses(), Postmark(), Mailgun(), KlaviyoProfiles(), KlaviyoEvents(), Braze(), Mailchimp(), Listmonk(),
    )
}  # fmt: skip

__all__ = ["SERVICES", "Call", "Failure", "Item", "Service"]
