"""Orders: when people buy, what becomes of an order, and how it looks in each day's extract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from samples import clock, phones
from samples.catalogue import CURRENCY, Catalogue, Product
from samples.people import Person, pick
from samples.tables import ORDER_LINES, ORDERS
from samples.world import HISTORY_DAYS, SHARES, World
from samples.writers import JsonLines, Landing

PLACEHOLDER_EMAIL = "noreply@example.com"
_ORDER_BASE = 6_000_000_000_000
_ORDERS_PER_PERSON = 1_000


@dataclass(slots=True)
class Line:
    """One order line; money in cents. `returns`: when pieces came back, and how many."""

    id: int
    product: Product | None
    title: str
    quantity: int
    price: int
    discount: int
    added_at: int
    returns: list[tuple[int, int]] = field(default_factory=list)

    def kept_at(self, at: int) -> int:
        """Pieces that have not come back by then."""
        return (
            self.quantity - sum(pieces for when, pieces in self.returns if when <= at)
            if self.returns
            else self.quantity
        )

    def changed_at(self, at: int) -> int:
        """When the line's row last changed by then, its coming included; -1 if it had not come."""
        if not self.returns:
            return self.added_at if self.added_at <= at else -1
        return max((when for when in (self.added_at, *(when for when, _ in self.returns)) if when <= at), default=-1)


@dataclass(slots=True)
class Order:
    """One order document; a return document has negative lines only."""

    id: int
    placed_at: int
    customer_id: str
    email: str
    phone: str
    cart_id: str
    country: str
    lines: list[Line]
    paid_at: int
    source: str = "web"
    is_test: bool = False
    is_return: bool = False
    cancelled_at: int | None = None

    def changes(self) -> list[int]:
        """When the order or one of its lines changed, in order."""
        moments = {self.placed_at, self.paid_at, *(line.added_at for line in self.lines)}
        moments.update(at for line in self.lines for at, _ in line.returns)
        if self.cancelled_at is not None:
            moments.add(self.cancelled_at)
        return sorted(moments)

    def status_at(self, at: int) -> str:
        """Shopify's financial status."""
        if self.is_return:
            return "refunded"
        if self.cancelled_at is not None and self.cancelled_at <= at:
            return "refunded" if self.paid_at < self.cancelled_at else "voided"
        if at < self.paid_at:
            return "pending"
        goods = [line for line in self.lines if line.product is not None and line.added_at <= at]
        kept = sum(line.kept_at(at) for line in goods)
        if kept == sum(abs(line.quantity) for line in goods):
            return "paid"
        return "partially_refunded" if kept > 0 else "refunded"


class OrderBook:
    """One person's orders."""

    def __init__(self, person: Person, world: World) -> None:
        self.orders: list[Order] = []
        self._person = person
        self._world = world

    def place(
        self, at: int, items: Iterable[tuple[Product, int, int]], cart_id: str, *, is_guest: bool = False
    ) -> Order:
        """Place an order for (product, pieces, price of a piece in cents) and decide what will become of it."""
        person, rng = self._person, self._person.rng
        order_id = self._next_id()
        as_guest = is_guest or person.is_guest or at < person.joined_at
        order = Order(
            id=order_id,
            placed_at=at,
            customer_id="" if as_guest else self._contact_at(at),
            email=self._email(at, as_guest),
            phone=phones.as_typed(pick(rng, person.phones), rng) if person.phones and rng.random() < 0.4 else "",
            cart_id=cart_id if rng.random() >= SHARES.no_cart_token else "",
            country=person.country.code,
            lines=list(_lines(rng, order_id, at, items)),
            paid_at=at,
        )
        self.orders.append(order)
        if order.customer_id and rng.random() < SHARES.placeholder_email:
            order.email, order.source = PLACEHOLDER_EMAIL, "pos"
        self._decide_fate(order)
        return order

    def _next_id(self) -> int:
        return _ORDER_BASE + self._person.index * _ORDERS_PER_PERSON + len(self.orders)

    def _contact_at(self, at: int) -> str:
        """The contact that the shop knows the person by: until a merge, either of two."""
        person = self._person
        is_one = person.merged_at is not None and at >= person.merged_at
        return person.contact_ids[0] if is_one else pick(person.rng, person.contact_ids)

    def _email(self, at: int, as_guest: bool) -> str:
        person, rng = self._person, self._person.rng
        email = person.email_at(at)
        if as_guest and person.more_emails and rng.random() < 0.5:
            email = pick(rng, person.more_emails)
        style = rng.random()
        if style < 0.02:
            return email.upper()
        return f" {email.title()}" if style < 0.03 else email

    def _decide_fate(self, order: Order) -> None:
        rng = self._person.rng
        if rng.random() < SHARES.test_order:
            order.is_test = True
            return
        if rng.random() < SHARES.pending_first:
            order.paid_at += int((8 + 22 * rng.random()) * clock.HOUR)
        fate = rng.random()
        if fate < SHARES.cancelled:
            order.cancelled_at = order.placed_at + int((0.1 + 40 * rng.random()) * clock.HOUR)
        elif fate < SHARES.cancelled + SHARES.returned:
            self._return_some(order, order.placed_at + int((5 + 20 * rng.random()) * clock.DAY))

    def _return_some(self, order: Order, at: int) -> None:
        """Pieces come back: fewer are kept, or a return document is made, or the order gets a negative line."""
        rng = self._person.rng
        line = pick(rng, [line for line in order.lines if line.product is not None])
        pieces = line.quantity if rng.random() < 0.7 else 1
        way = rng.random()
        if way < 0.6:
            line.returns.append((at, pieces))
        elif way < 0.85:
            if at < self._world.end_ms:
                self._add_return_document(order, line, pieces, at)
        else:
            order.lines.append(Line(order.id * 100 + 99, line.product, line.title, -pieces, line.price, 0, at))

    def _add_return_document(self, order: Order, line: Line, pieces: int, at: int) -> None:
        order_id = self._next_id()
        self.orders.append(
            Order(
                id=order_id,
                placed_at=at,
                customer_id=order.customer_id,
                email=order.email,
                phone="",
                cart_id="",
                country=order.country,
                lines=[Line(order_id * 100 + 1, line.product, line.title, -pieces, line.price, 0, at)],
                paid_at=at,
                source="returns",
                is_return=True,
            )
        )


def order_times(person: Person, world: World) -> list[int]:
    """When the person buys, oldest first, by habit; what lies in the days of the world is bought on the site."""
    rng, habit = person.rng, person.habit
    if habit.name == "never":
        return []
    if habit.last is not None:
        stop = world.end_ms - int(_between(rng, habit.last) * clock.DAY)
        at = max(stop - int(_between(rng, habit.first) * clock.DAY), world.first_ms - HISTORY_DAYS * clock.DAY)
        times = [_in_opening_hours(rng, stop)]
    else:
        stop = world.end_ms
        at = world.first_ms - int(_between(rng, habit.first) * clock.DAY)
        times = []
    if habit.name == "new":
        known_since = (
            world.first_ms + int(rng.random() * (stop - world.first_ms)) if person.is_guest else person.joined_at
        )
        at = known_since + int(rng.random() * 3 * clock.DAY)
    while at < stop - clock.DAY and habit.name != "one_off":
        times.append(_in_opening_hours(rng, at))
        at += int(max(1.0, rng.expovariate(1 / habit.order_gap)) * clock.DAY)
    return sorted(at for at in times if at < world.end_ms)


def place_backlog(book: OrderBook, person: Person, catalogue: Catalogue, times: Iterable[int]) -> None:
    """Place the orders from before the first day, of which only the orders are known."""
    rng = person.rng
    for at in times:
        chosen = {catalogue.choose(rng, person.favourite).number for _ in range(1 + int(rng.expovariate(0.9)))}
        items = [
            (product, _pieces(rng), product.offers[0].price * (90 + int(11 * rng.random())) // 100)
            for product in (catalogue.products[number] for number in sorted(chosen))
        ]
        book.place(at, items, f"{rng.getrandbits(64):016x}", is_guest=rng.random() < SHARES.guest_checkout)


def write_orders(orders: Iterable[Order], world: World, landing: Landing) -> None:
    """Write each order as it stands at the end of each day on which it changed, and the lines that changed."""
    for order in orders:
        before = -1
        for at in _last_changes(order, world):
            landing.add(ORDERS, at, _order_row(order, at))
            for line in order.lines:
                if line.changed_at(at) > before:
                    landing.add(ORDER_LINES, at, _line_row(order, line, at))
            before = at


def write_truth(person: Person, orders: Iterable[Order], world: World, truth: JsonLines) -> None:
    """Write each order as it stands at the end of the last day; amounts in cents."""
    at = world.end_ms - 1
    for order in orders:
        lines = [line for line in order.lines if line.added_at <= at]
        truth.add(
            {
                "order_id": str(order.id),
                "person": person.key,
                "kind": "return" if order.is_return else "sale",
                "ordered_at": clock.iso(order.placed_at),
                "customer_id": order.customer_id or None,
                "email": order.email,
                "cart_id": order.cart_id or None,
                "is_test": order.is_test,
                "is_cancelled": order.cancelled_at is not None and order.cancelled_at <= at,
                "financial_status": order.status_at(at),
                "lines": [
                    {
                        "order_line_id": str(line.id),
                        "product_id": line.product.id if line.product else None,
                        "quantity": line.quantity,
                        "kept_quantity": line.kept_at(at),
                        "price_cents": line.price,
                        "discount_cents": line.discount,
                    }
                    for line in lines
                ],
            }
        )


def money(cents: int) -> str:
    """Cents as a decimal number."""
    return f"{cents / 100:.2f}"


def _between(rng: Random, bounds: tuple[int, int]) -> float:
    return bounds[0] + rng.random() * (bounds[1] - bounds[0])


def _in_opening_hours(rng: Random, at: int) -> int:
    """The same day, between 7:00 and 22:00 UTC."""
    return at - at % clock.DAY + int((7 + 15 * rng.random()) * clock.HOUR)


def _pieces(rng: Random) -> int:
    return 1 if rng.random() < 0.8 else 2 + int(3 * rng.random())


def _lines(rng: Random, order_id: int, at: int, items: Iterable[tuple[Product, int, int]]) -> Iterator[Line]:
    number = 0
    for number, (product, pieces, price) in enumerate(items, start=1):
        discount = price * pieces // 10 if rng.random() < 0.1 else 0
        yield Line(order_id * 100 + number, product, product.title, pieces, price, discount, at)
    if rng.random() < 0.15:
        yield Line(order_id * 100 + number + 1, None, "Postage", 1, 490, 0, at)


def _last_changes(order: Order, world: World) -> list[int]:
    """The last moment of each extract day on which the order changed."""
    latest = {world.day_of(at): at for at in order.changes() if at < world.end_ms}
    return list(latest.values())


def _order_row(order: Order, at: int) -> tuple[object, ...]:
    lines = [line for line in order.lines if line.added_at == order.placed_at]
    discount = sum(line.discount for line in lines)
    is_cancelled = order.cancelled_at is not None and order.cancelled_at <= at
    return (
        order.id,
        f"#{order.id - _ORDER_BASE + 1001}",
        order.customer_id,
        order.email,
        order.phone,
        order.cart_id,
        CURRENCY,
        money(sum(line.price * line.quantity for line in lines) - discount),
        money(discount),
        order.status_at(at),
        order.country,
        "true" if order.is_test else "false",
        clock.shopify(order.placed_at),
        clock.shopify(order.cancelled_at) if is_cancelled and order.cancelled_at is not None else "",
        clock.shopify(at),
        order.source,
        "",
    )


def _line_row(order: Order, line: Line, at: int) -> tuple[object, ...]:
    product = line.product
    return (
        line.id,
        order.id,
        product.id if product else "",
        f"{product.id}-1" if product else "",
        f"SKU-{product.number:04d}" if product else "",
        line.title,
        line.quantity,
        line.kept_at(at) if line.quantity > 0 else "",
        money(line.price),
        money(line.discount) if line.discount else "",
        clock.shopify(line.changed_at(at)),
        product.brand if product else "",
        "",
    )
