"""One person's life, from the cradle of the random source to the extracts and the truth."""

from __future__ import annotations

from dataclasses import dataclass

from samples import clock, shop, support
from samples.catalogue import Catalogue
from samples.consents import MARKETING, PROFILING, ConsentFile
from samples.crm import ContactCard
from samples.esp import Mailbox
from samples.people import Person, make_visitor
from samples.shop import OrderBook
from samples.web import Site
from samples.world import SHARES, World
from samples.writers import JsonLines, Landing


@dataclass(frozen=True)
class Truth:
    """The files that say how things were; beside them lie `dirty` (bad and odd lines) and `files` (counts per extract).

    Attributes:
        people: who is who: contact ids, e-mails, phones, devices, household. `shared_` ones belong to the household;
            `evident_anonymous_ids` are the devices that some extract ties to the person.
        carts: each cart as it ended, and the order it led to.
        orders: each order document as it stands at the end of the last day, with its lines; amounts in cents.
        shown: the products that a person looked at, and the articles that they read.
        consents: whether a person may be mailed at the end of the last day, and why or why not.
        support: each ticket and chat as it stands at the end of the last day, and the address it came from.
    """

    people: JsonLines
    carts: JsonLines
    orders: JsonLines
    shown: JsonLines
    consents: JsonLines
    support: JsonLines


def live(world: World, person: Person, catalogue: Catalogue, landing: Landing, truth: Truth) -> None:
    """Let the person live, and somebody pass by who is never known."""
    times = shop.order_times(person, world)
    known_since = _settle_in(person, times, world)
    book = OrderBook(person, world)
    shop.place_backlog(book, person, catalogue, [at for at in times if at < world.first_ms])
    site = Site(world, landing, catalogue, person, book)
    site.live([at for at in times if at >= world.first_ms])
    consents = ConsentFile(person, known_since, world)
    mailbox = Mailbox(person, consents, world, landing)
    mailbox.live(book.orders)
    shop.write_orders(book.orders, world, landing)
    shop.write_truth(person, book.orders, world, truth.orders)
    site.write_truth(truth.carts, truth.shown)
    first_order = min((order.placed_at for order in book.orders if order.customer_id), default=None)
    ContactCard(person, first_order, world).write(landing)
    consents.write(landing)
    support.ask(person, world, landing, truth.support)
    _write_person(person, truth)
    _write_consents(person, consents, mailbox, world, truth)
    if person.rng.random() < SHARES.visitor:
        _pass_by(world, make_visitor(person), catalogue, landing, truth)


def _settle_in(person: Person, times: list[int], world: World) -> int | None:
    """Since when the shop knows the person, None if never: most members joined before they first bought."""
    if person.is_guest:
        return times[0] if times else None
    first = times[0] if times else world.end_ms
    if first < person.joined_at < world.first_ms and person.rng.random() < 0.8:
        person.joined_at = first - int(person.rng.random() * clock.DAY)
    return person.joined_at


def _pass_by(world: World, visitor: Person, catalogue: Catalogue, landing: Landing, truth: Truth) -> None:
    site = Site(world, landing, catalogue, visitor, OrderBook(visitor, world))
    site.live([])
    site.write_truth(truth.carts, truth.shown)
    if site.viewed:
        _write_person(visitor, truth)


def _write_person(person: Person, truth: Truth) -> None:
    truth.people.add(
        {
            "person": person.key,
            "kind": "visitor" if not person.emails else "guest" if person.is_guest else "member",
            "habit": person.habit.name,
            "contact_ids": person.contact_ids,
            "merged_at": None if person.merged_at is None else clock.iso(person.merged_at),
            "emails": person.all_emails,
            "phones": person.phones,
            "shared_phones": [person.household.phone] if person.household and person.household.phone else [],
            "anonymous_ids": [device.anonymous_id for device in person.devices],
            "shared_anonymous_ids": [device.anonymous_id for device in person.devices if device.is_shared],
            "evident_anonymous_ids": [device.anonymous_id for device in person.devices if device.has_evidence],
            "household": person.household.key if person.household else None,
        }
    )


def _write_consents(person: Person, consents: ConsentFile, mailbox: Mailbox, world: World, truth: Truth) -> None:
    now = world.end_ms - 1
    marketing, profiling = consents.verdict(now, MARKETING), consents.verdict(now, PROFILING)
    suppressions = sorted({one.reason for one in mailbox.standing()})
    why = suppressions[0] if marketing.is_allowed and suppressions else marketing.why
    truth.consents.add(
        {
            "person": person.key,
            "email": person.email_at(now),
            "may_be_mailed": marketing.is_allowed and not suppressions,
            "why": why,
            "marketing_email": marketing.is_allowed,
            "marketing_email_why": marketing.why,
            "consent_id": marketing.statement.id if marketing.statement else None,
            "profiling": profiling.is_allowed,
            "suppressions": suppressions,
        }
    )
