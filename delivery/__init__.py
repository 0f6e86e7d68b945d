"""Handing over what lies in the outbox to the e-mail services, once.

Here belong requests: how each service is reached, what its answers mean, when to try again and when not to, and the
ledger that says what was handed over. What does not: the bodies themselves (exports/); where zones and secrets are,
what time it is and who may start it (orchestration/). No other room opens a connection to the network. `services.yml`
says how each service is written to, and whether any is.
"""

from delivery.deliver import Office, Row, deliver, look
from delivery.errors import DeliveryError
from delivery.ledger import forget, standings_of
from delivery.lock import alone
from delivery.outbox import Entry, read_outbox
from delivery.pace import Clock
from delivery.terms import Rules, load_rules

__all__ = ["Clock", "DeliveryError", "Entry", "Office", "Row", "Rules", "alone", "deliver", "forget",
           "load_rules", "look", "read_outbox", "standings_of"]  # fmt: skip
