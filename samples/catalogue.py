"""The shop's goods, and how their prices and stock move from day to day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from samples.words import BRANDS, FINISHES, GOODS
from samples.world import World

CURRENCY = "EUR"


@dataclass(frozen=True)
class Offer:
    """What a product costs on one day, in cents, and whether it can be had."""

    price: int
    sale_price: int | None
    availability: str

    @property
    def asked(self) -> int:
        """What a piece costs in the cart."""
        return self.price if self.sale_price is None else self.sale_price


@dataclass(frozen=True)
class Product:
    """One product with its offer for each extract day."""

    number: int
    id: str
    title: str
    slug: str
    group: str
    category: str
    brand: str
    description: str
    has_image: bool
    offers: tuple[Offer, ...]

    def offer_at(self, day: int) -> Offer:
        """The offer on an extract day; before the first day things cost what they cost on it."""
        return self.offers[min(max(day, 0), len(self.offers) - 1)]


class Catalogue:
    """All products, by number; popular ones first."""

    def __init__(self, world: World) -> None:
        names = [
            (category, good, cents, finish)
            for category, goods in GOODS.items()
            for good, cents in goods
            for finish in FINISHES[:4]
        ]
        Random(f"catalogue/{world.seed}").shuffle(names)
        self.products = tuple(_product(world, number, *name) for number, name in enumerate(names))
        self.by_category = tuple(
            tuple(product for product in self.products if product.category == category) for category in GOODS
        )

    def choose(self, rng: Random, favourite: int) -> Product:
        """A product that somebody looks at: three in five times of the favourite category, popular ones more often."""
        shelf = self.by_category[favourite] if rng.random() < 0.6 else self.products
        return shelf[int(len(shelf) * rng.random() ** 2)]

    def feed(self, day: int) -> Iterator[tuple[object, ...]]:
        """The product feed's rows of an extract day, in the order of tables.PRODUCTS."""
        for product in self.products:
            offer = product.offer_at(day)
            yield (
                product.id,
                product.title,
                product.description,
                f"https://shop.example.com/p/{product.slug}",
                f"https://img.example.com/{product.slug}.jpg" if product.has_image else "",
                offer.availability,
                _money(offer.price),
                "" if offer.sale_price is None else _money(offer.sale_price),
                product.category,
                product.brand,
                product.group,
                "new",
                f"{20_000_000_000 + product.number}",
            )


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d} {CURRENCY}"


def _product(world: World, number: int, category: str, good: str, cents: int, finish: str) -> Product:
    rng = Random(f"product/{world.seed}/{number}")
    title = f"{finish} {good}"
    brand = rng.choice(BRANDS) if rng.random() < 0.9 else ""
    description = f"A {good} in {finish.lower()}, made to be used every day."
    if rng.random() < 0.1:
        description += '\nCare: wipe clean, "no dishwasher".'
    return Product(
        number=number,
        id=f"P{1001 + number}",
        title=title,
        slug=title.lower().replace(" ", "-"),
        group=f"G-{good.lower().replace(' ', '-')}",
        category=category,
        brand=brand,
        description=description if rng.random() < 0.95 else "",
        has_image=rng.random() < 0.96,
        offers=tuple(_offers(rng, world.days, cents)),
    )


def _offers(rng: Random, days: int, cents: int) -> Iterator[Offer]:
    """Day by day: the price is reviewed every few months, a sale lasts a week or two, stock runs out and comes back."""
    price = cents + 10 * rng.randrange(-40, 41)
    sale_until, gone_until = -1, -1
    for day in range(days):
        if day and rng.random() < 0.006:
            price = max(490, price + 10 * rng.randrange(-30, 51))
        if day > sale_until and rng.random() < 0.01:
            sale_until = day + rng.randrange(5, 15)
        if day > gone_until and rng.random() < 0.008:
            gone_until = day + rng.randrange(2, 10)
        yield Offer(
            price,
            price * 8 // 10 if day <= sale_until else None,
            "out_of_stock" if day <= gone_until else "in_stock",
        )
