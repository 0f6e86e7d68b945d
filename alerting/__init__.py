"""Telling people what has gone wrong, once for each cause: in a file, and to a webhook where one is set.

Here belongs what an alert is, which were raised, and how they are told. What does not: what counts as a cause
(orchestration/alerts.py and doctor/), what time it is, and where the webhook is. It opens connections to that alone.
"""

from alerting.book import Book, opened
from alerting.cause import Cause
from alerting.tell import Told, alert
from alerting.webhook import address_problem
from alerting.words import plain

__all__ = ["Book", "Cause", "Told", "address_problem", "alert", "opened", "plain"]
