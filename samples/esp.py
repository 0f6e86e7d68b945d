"""What became of earlier mail: the newsletters that the shop sent by other means, and its order confirmations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from samples import clock
from samples.consents import ConsentFile
from samples.people import Person, pick
from samples.shop import Order
from samples.tables import ESP_EVENTS
from samples.words import NEWSLETTER_LINKS
from samples.world import World
from samples.writers import Landing

WEEKS_BEFORE = 6
NEWSLETTER_GROUP = 14001
_AGENT = "Mozilla/5.0 (compatible; mail client)"


@dataclass(frozen=True)
class Issue:
    """One newsletter; every second one carries a campaign id of its own, the others none."""

    number: int
    sent_at: int

    @property
    def campaign_id(self) -> str | None:
        """The campaign as the webhook names it."""
        return f"newsletter_{clock.day_text(self.sent_at // clock.DAY)}" if self.number % 2 else None


@lru_cache(maxsize=8)
def issues(world: World) -> tuple[Issue, ...]:
    """A newsletter a week at 9:00 UTC, from some weeks before the first day."""
    first = world.first_ms - WEEKS_BEFORE * 7 * clock.DAY + 9 * clock.HOUR
    count = (world.end_ms - first) // (7 * clock.DAY) + 1
    return tuple(
        Issue(number, at)
        for number in range(count)
        if (at := first + number * 7 * clock.DAY) < world.end_ms - 9 * clock.HOUR
    )


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why an address or a person gets no more mail."""

    reason: str
    email: str
    at: int


class Mailbox:
    """One person's mail."""

    def __init__(self, person: Person, consents: ConsentFile, world: World, landing: Landing) -> None:
        self.suppressions: list[Suppression] = []
        self._person = person
        self._consents = consents
        self._world = world
        self._landing = landing
        self._rng = person.rng
        self._opens = 0.25 + 0.4 * self._rng.random()
        self._is_weekly = self._rng.random() < 0.35
        # An address that is given up soon is an address that no longer works.
        self._hard_bounce = 0.05 if len(person.emails) > 1 else 0.002

    def live(self, orders: list[Order]) -> None:
        """All mail: each newsletter that the person may get, and a confirmation for each order on the site."""
        for issue in issues(self._world):
            if (self._is_weekly or issue.number % 4 < 2) and self._may_get(issue):
                self._get_newsletter(issue)
        for order in orders:
            if order.placed_at >= self._world.first_ms and not order.is_return and not order.is_test:
                self._get_confirmation(order)

    def standing(self) -> list[Suppression]:
        """The suppressions that hold at the end of the last day; a bounce holds for its own address only."""
        return self._standing(self._world.end_ms)

    def _standing(self, at: int) -> list[Suppression]:
        """Those at a moment: a yes of the person's own lifts every unsubscribe before it."""
        email, renewed_at = self._person.email_at(at), self._consents.renewed_at(at)
        return [
            one
            for one in self.suppressions
            if one.at < at
            and (one.reason != "hard_bounced" or one.email == email)
            and (one.reason != "unsubscribed" or one.at >= renewed_at)
        ]

    def _may_get(self, issue: Issue) -> bool:
        """The newsletter's list is the CRM's, and guests who agreed at the checkout."""
        return (
            self._person.has_crm_email
            and self._consents.verdict(issue.sent_at).is_allowed
            and not self._standing(issue.sent_at)
        )

    def _get_newsletter(self, issue: Issue) -> None:
        rng = self._rng
        email = self._person.email_at(issue.sent_at)
        mail: dict[str, object] = {
            "email": email,
            "sg_message_id": f"{rng.getrandbits(80):020x}.recvd",
            "category": ["newsletter"],
            "asm_group_id": NEWSLETTER_GROUP,
        }
        if issue.campaign_id is not None:
            mail["campaign_id"] = issue.campaign_id
        at = issue.sent_at + int(20 * clock.MINUTE * rng.random())
        fate = rng.random()
        if fate < self._hard_bounce:
            self._send(mail, "bounce", at, type="bounce", reason="550 5.1.1 no such user here", status="5.1.1")
            self.suppressions.append(Suppression("hard_bounced", email, at))
        elif fate < self._hard_bounce + 0.01:
            self._send(mail, "bounce", at, type="blocked", reason="452 4.2.2 mailbox full", status="4.2.2")
        else:
            self._send(mail, "delivered", at, response="250 OK")
            if rng.random() < self._opens:
                self._read(mail, email, at + int(rng.expovariate(1 / (9 * clock.HOUR))))

    def _read(self, mail: dict[str, object], email: str, at: int) -> None:
        rng = self._rng
        self._send(mail, "open", at, useragent=_AGENT)
        if rng.random() < 0.2:
            url = pick(rng, NEWSLETTER_LINKS)
            self._send(mail, "click", at + int(90 * clock.SECOND * rng.random()), url=url, useragent=_AGENT)
        leaves = rng.random()
        if leaves < 0.001:
            self._suppress(mail, "spamreport", "complained", email, at)
        elif leaves < 0.008:
            self._suppress(mail, "unsubscribe", "unsubscribed", email, at)
        elif leaves < 0.013:
            self._suppress(mail, "group_unsubscribe", "unsubscribed", email, at)

    def _suppress(self, mail: dict[str, object], event: str, reason: str, email: str, at: int) -> None:
        rng = self._rng
        at += 2 * clock.MINUTE
        self._send(mail, event, at)
        self.suppressions.append(Suppression(reason, email, at))
        if event == "unsubscribe" and rng.random() < 0.5:
            self._consents.state("withdrawn", "preference_centre", at + clock.MINUTE)
        if reason == "unsubscribed" and rng.random() < 0.15 and self._person.opted_out_at is None:
            self._consents.state("granted", "preference_centre", at + int((1 + 20 * rng.random()) * clock.DAY))

    def _get_confirmation(self, order: Order) -> None:
        rng = self._rng
        mail: dict[str, object] = {
            "email": order.email.strip().lower(),
            "sg_message_id": f"{rng.getrandbits(80):020x}.recvd",
            "category": ["order_confirmation"],
        }
        at = order.placed_at + clock.MINUTE
        self._send(mail, "delivered", at, response="250 OK")
        if rng.random() < 0.6:
            self._send(mail, "open", at + int(rng.expovariate(1 / (5 * clock.HOUR))), useragent=_AGENT)

    def _send(self, mail: dict[str, object], event: str, at: int, **more: str) -> None:
        event_id = f"{self._rng.getrandbits(88):022x}"
        record = {**mail, "event": event, "timestamp": at // clock.SECOND, "sg_event_id": event_id, **more}
        self._landing.add(ESP_EVENTS, at, record)
