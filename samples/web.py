"""Visits to the site: what a browser sends to the collector, and the carts that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from samples import clock
from samples.catalogue import CURRENCY, Catalogue, Product
from samples.people import Device, Person, pick
from samples.shop import OrderBook
from samples.tables import WEB_EVENTS
from samples.words import ARTICLES, SEARCHES, Article
from samples.world import SHARES, World
from samples.writers import JsonLines, Landing

CAMPAIGNS = (
    {"name": "spring_ideas", "source": "newsletter", "medium": "email"},
    {"name": "always_on", "source": "search", "medium": "cpc"},
    {"name": "gift_guide", "source": "social", "medium": "paid"},
)
# The network ranges that RFC 5737 keeps for documentation.
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")


@dataclass(slots=True)
class Cart:
    """A cart; items: product number -> (pieces, price of a piece in cents)."""

    id: str
    anonymous_id: str
    created_at: int
    changed_at: int
    items: dict[int, tuple[int, int]] = field(default_factory=dict)
    order_id: int | None = None
    bought_at: int | None = None


class Visit:
    """One visit: sends calls in the order of the visitor's clicks, and moves the time on."""

    def __init__(self, world: World, landing: Landing, rng: Random, device: Device, at: int, language: str) -> None:
        self.at = at
        self.user_id: str | None = None
        self._world = world
        self._landing = landing
        self._rng = rng
        self._device = device
        self._context: dict[str, object] = {
            "ip": f"{pick(rng, _NETWORKS)}.{1 + int(254 * rng.random())}",
            "library": {"name": "analytics.js", "version": "2.11.0"},
            "locale": language,
        }
        if rng.random() < 0.25:
            self._context["campaign"] = pick(rng, CAMPAIGNS)

    def page(self, path: str) -> None:
        """A page call."""
        self._send("page", None, path, {"path": path})

    def read(self, article: Article, rng: Random) -> None:
        """A page call from an article; `rng` is what articles come of."""
        self._send("page", None, article.path, {"path": article.path, "title": article.title}, rng=rng)

    def track(self, event: str, path: str, properties: Mapping[str, object]) -> None:
        """A track call."""
        self._send("track", event, path, properties)

    def identify(self, path: str, traits: Mapping[str, object]) -> None:
        """An identify call."""
        self._device.has_evidence = True
        self._send("identify", None, path, {}, traits)

    def log_in(self, person: Person) -> None:
        """Tell the collector who it is; a device of one person only stays logged in."""
        self.user_id = person.contact_ids[0]
        self._device.is_logged_in = not self._device.is_shared
        traits = {"email": person.email_at(self.at)}
        if person.phones and self._rng.random() < 0.3:
            traits["phone"] = person.phones[-1]
        self.identify("/login", traits)

    def resume(self, person: Person) -> None:
        """The browser still knows who it is."""
        self.user_id = person.contact_ids[0]
        self._device.has_evidence = True

    def _send(
        self,
        kind: str,
        event: str | None,
        path: str,
        properties: Mapping[str, object],
        traits: Mapping[str, object] | None = None,
        rng: Random | None = None,
    ) -> None:
        rng = rng or self._rng
        step = rng.random()
        self.at += 3_000 + int(52_000 * step * step)
        received = self.at + 200 + int(1_500 * step)
        is_late = False
        if rng.random() < SHARES.late:
            late = self.at + int((1 + 2 * step) * clock.DAY)
            # A call that would only arrive after the last day arrives on time: so all that happened is in some extract.
            is_late = late < self._world.end_ms
            received = late if is_late else received
        record: dict[str, object] = {
            "messageId": f"ajs-next-{rng.getrandbits(96):024x}",
            "anonymousId": self._device.anonymous_id,
            "userId": self.user_id,
            "type": kind,
            "context": self._context | {"page": {"path": path}},
            "timestamp": clock.iso(self.at),
            "receivedAt": clock.iso(received),
        }
        if kind == "track":
            record["event"] = event
        if traits is None:
            record["properties"] = properties
        else:
            record["traits"] = traits
        self._landing.add(WEB_EVENTS, received, record, is_late=is_late)


class Site:
    """The site as one person uses it, over all days."""

    def __init__(self, world: World, landing: Landing, catalogue: Catalogue, person: Person, book: OrderBook) -> None:
        self.carts: list[Cart] = []
        self.viewed: dict[str, None] = {}
        self.read: dict[str, None] = {}
        self._world = world
        self._landing = landing
        self._catalogue = catalogue
        self._person = person
        self._rng = person.rng
        self._reading = Random(f"articles/{world.seed}/{person.key}")
        self._book = book
        self._open: dict[str, Cart] = {}

    def live(self, buy_times: list[int]) -> None:
        """All visits, in order of time: those that end in an order at the given times, and those that do not."""
        for at, purpose in self._plan(buy_times):
            device = self._person.devices[int(len(self._person.devices) * self._rng.random() ** 2)]
            visit = Visit(self._world, self._landing, self._rng, device, at, self._person.language)
            if purpose == "join":
                self._join(visit)
            else:
                self._come(visit, device, will_buy=purpose == "buy")

    def write_truth(self, carts: JsonLines, shown: JsonLines) -> None:
        """Write the carts as they ended, and which products and articles were looked at."""
        for cart in self.carts:
            carts.add(
                {
                    "cart_id": cart.id,
                    "person": self._person.key,
                    "anonymous_id": cart.anonymous_id,
                    "created_at": clock.iso(cart.created_at),
                    "last_changed_at": clock.iso(cart.changed_at),
                    "items": {self._catalogue.products[n].id: pieces for n, (pieces, _) in cart.items.items()},
                    "order_id": None if cart.order_id is None else str(cart.order_id),
                    "bought_at": None if cart.bought_at is None else clock.iso(cart.bought_at),
                }
            )
        if self.viewed:
            shown.add(
                {
                    "person": self._person.key,
                    "viewed_product_ids": list(self.viewed),
                    "read_article_paths": list(self.read),
                }
            )

    def _plan(self, buy_times: list[int]) -> list[tuple[int, str]]:
        visits = [(at, "buy") for at in buy_times]
        person, world, rng = self._person, self._world, self._rng
        if not person.is_guest and person.joined_at >= world.first_ms:
            visits.append((person.joined_at, "join"))
        rate = 1 / person.habit.visit_gap
        at = world.first_ms + int(rng.expovariate(rate) * clock.DAY)
        while at < world.end_ms:
            start = at - at % clock.DAY + int((6 + 16 * rng.random()) * clock.HOUR)
            if all(abs(start - other) > clock.HOUR for other, _ in visits):
                visits.append((start, "browse"))
            at += int(max(0.2, rng.expovariate(rate)) * clock.DAY)
        return sorted(visits)

    def _join(self, visit: Visit) -> None:
        """The newsletter sign-up, which makes the contact: an e-mail is given, nobody is logged in yet."""
        visit.page("/newsletter")
        visit.identify("/newsletter", {"email": self._person.email_at(visit.at)})

    def _come(self, visit: Visit, device: Device, *, will_buy: bool) -> None:
        rng, person = self._rng, self._person
        is_member = not person.is_guest and visit.at >= person.joined_at
        if is_member and device.is_logged_in:
            visit.resume(person)
        visit.page("/")
        if is_member and visit.user_id is None and rng.random() < 0.6:
            visit.log_in(person)
        if rng.random() < 0.25:
            visit.track("Products Searched", "/search", {"query": pick(rng, SEARCHES)})
        looked_at = [self._look(visit) for _ in range(1 + int(rng.expovariate(0.6)))]
        if will_buy or rng.random() < 0.4:
            cart = self._fill_cart(visit, device, looked_at)
            if will_buy:
                self._check_out(visit, device, cart)
        if self._reading.random() < SHARES.reads_article:
            for _ in range(1 + int(self._reading.expovariate(1.2))):
                article = pick(self._reading, ARTICLES)
                visit.read(article, self._reading)
                self.read[article.path] = None

    def _look(self, visit: Visit) -> Product:
        product = self._catalogue.choose(self._rng, self._person.favourite)
        path = f"/p/{product.slug}"
        if self._rng.random() < 0.3:
            visit.page(path)
        price = product.offer_at(self._world.day_of(visit.at)).asked
        visit.track("Product Viewed", path, _properties(product, price))
        self.viewed[product.id] = None
        return product

    def _fill_cart(self, visit: Visit, device: Device, looked_at: list[Product]) -> Cart:
        """Put things into the open cart, or into a new one; some cannot make up their mind."""
        rng = self._rng
        cart = self._open.get(device.anonymous_id)
        if cart is None or rng.random() < 0.5:
            cart = Cart(f"{rng.getrandbits(64):016x}", device.anonymous_id, 0, 0)
            self.carts.append(cart)
            self._open[device.anonymous_id] = cart
        for product in looked_at[:3]:
            self._add(visit, cart, product)
        edits = 8 + int(12 * rng.random()) if rng.random() < 0.05 else int(rng.expovariate(1.2))
        for _ in range(edits):
            if cart.items and rng.random() < 0.5:
                self._remove(visit, cart, self._catalogue.products[pick(rng, list(cart.items))])
            else:
                self._add(visit, cart, pick(rng, looked_at))
        if rng.random() < 0.4:
            visit.track("Cart Viewed", "/cart", {"cart_id": cart.id})
        return cart

    def _add(self, visit: Visit, cart: Cart, product: Product) -> None:
        pieces = 1 if self._rng.random() < 0.85 else 2
        held, price = cart.items.get(product.number, (0, 0))
        # A piece more of what is in the cart costs what the first one did.
        price = price or product.offer_at(self._world.day_of(visit.at)).asked
        visit.track(
            "Product Added",
            f"/p/{product.slug}",
            {"cart_id": cart.id, **_properties(product, price), "quantity": pieces},
        )
        cart.items[product.number] = (held + pieces, price)
        cart.changed_at = visit.at
        cart.created_at = cart.created_at or visit.at

    def _remove(self, visit: Visit, cart: Cart, product: Product) -> None:
        held, price = cart.items[product.number]
        pieces = 1 if self._rng.random() < 0.5 else held
        visit.track("Product Removed", "/cart", {"cart_id": cart.id, **_properties(product, price), "quantity": pieces})
        cart.changed_at = visit.at
        if pieces == held:
            del cart.items[product.number]
        else:
            cart.items[product.number] = (held - pieces, price)

    def _check_out(self, visit: Visit, device: Device, cart: Cart) -> None:
        rng, person = self._rng, self._person
        if not cart.items:
            self._add(visit, cart, self._catalogue.choose(rng, person.favourite))
        visit.track("Checkout Started", "/checkout", {"cart_id": cart.id, "currency": CURRENCY})
        is_guest = (visit.user_id is None and rng.random() < 0.7) or rng.random() < SHARES.guest_checkout
        if visit.user_id is None and not is_guest and not person.is_guest and visit.at >= person.joined_at:
            visit.log_in(person)
        elif visit.user_id is None and rng.random() < 0.4:
            visit.identify("/checkout", {"email": person.email_at(visit.at)})
        items = [(self._catalogue.products[number], *item) for number, item in cart.items.items()]
        placed_at = visit.at + 20 * clock.SECOND
        order = self._book.place(placed_at, items, cart.id, is_guest=is_guest)
        cart.order_id, cart.bought_at = order.id, order.placed_at
        device.has_evidence = device.has_evidence or bool(order.cart_id)
        del self._open[device.anonymous_id]
        # A blocker swallows some calls; but an order without a cart token is only known to be the cart's by this one.
        if not order.cart_id or rng.random() >= SHARES.lost_order_event:
            visit.at = placed_at
            total = sum(price * pieces for _, pieces, price in items)
            visit.track(
                "Order Completed",
                "/checkout/thanks",
                {"cart_id": cart.id, "order_id": str(order.id), "total": total / 100, "currency": CURRENCY},
            )


def _properties(product: Product, price: int) -> dict[str, object]:
    return {
        "product_id": product.id,
        "name": product.title,
        "category": product.category,
        "price": price / 100,
        "currency": CURRENCY,
    }
