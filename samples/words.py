"""The words of the world: invented surnames, brands and goods, common given names, places."""

from __future__ import annotations

from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FEMALE = _words(
    "Ada Alma Amélie Anouk Bea Carla Chloé Clara Dana Edith Elin Esme Fiona Greta Hanna Ida Ines Iris Jana Joséphine "
    "Juno Käthe Lena Lotte Lucie Mabel Maeve Manon Mina Nell Nora Odile Paula Rosa Ruth Sanne Tilda Una Vera Zoé"
)
MALE = _words(
    "Abel Anton Arlo Arthur Basil Bruno Cyril Dario Edgar Émile Emil Enno Felix Fergus Gabin Gustav Hugo Ivo Jakob "
    "Jonas Jules Jürgen Kian Leon Linus Louis Malo Matteo Nils Noé Oskar Otto Paul Quentin Ruben Rory Silas Theo Yann"
)
NEUTRAL = _words("Alex Camille Charlie Eden Jules Kim Luca Maxime Noor Robin Sasha Toni")
SURNAME_STARTS = _words(
    "Albe Ander Barne Belo Brindle Caster Corri Dale Dorne Elver Fenne Ferro Galle Garro Hadder Hollen Isel Jarne "
    "Keller Lammer Linde Marlo Merri Norre Oster Pelle Quillo Rande Rosso Sander Selle Tamber Thorne Ulle Vallo Verde "
    "Wester Yarro Zander Zelle"
)
SURNAME_ENDS = _words(
    "back berg born bury by court dale dorf feld ford gate grand ham hart heim lac land ley lin lund mann mont more "
    "net nier quist rand ridge ron sen son stad stein stoke thal ton vay ville wick worth"
)
DOMAINS = ("example.com", "example.org", "example.net")


@dataclass(frozen=True)
class Country:
    """A country that the shop sends to; `cities` are (city, region, first part of the postal code)."""

    code: str
    name: str
    share: float
    language: str
    timezone: str
    cities: tuple[tuple[str, str, str], ...]
    postal_digits: int


COUNTRIES = (
    Country(
        "FR",
        "France",
        0.30,
        "fr",
        "Europe/Paris",
        (
            ("Lyon", "Auvergne-Rhône-Alpes", "690"),
            ("Nantes", "Pays de la Loire", "440"),
            ("Lille", "Hauts-de-France", "590"),
            ("Saint-Étienne", "Auvergne-Rhône-Alpes", "420"),
            ("Rennes", "Bretagne", "350"),
        ),
        2,
    ),
    Country(
        "GB",
        "United Kingdom",
        0.25,
        "en",
        "Europe/London",
        (
            ("Leeds", "England", "LS1 "),
            ("Bristol", "England", "BS2 "),
            ("Cardiff", "Wales", "CF1 "),
            ("Glasgow", "Scotland", "G1 "),
            ("Norwich", "England", "NR2 "),
        ),
        1,
    ),
    Country(
        "DE",
        "Germany",
        0.20,
        "de",
        "Europe/Berlin",
        (
            ("Köln", "Nordrhein-Westfalen", "506"),
            ("Hamburg", "Hamburg", "203"),
            ("München", "Bayern", "803"),
            ("Leipzig", "Sachsen", "041"),
        ),
        2,
    ),
    Country(
        "IE",
        "Ireland",
        0.10,
        "en",
        "Europe/Dublin",
        (("Cork", "Munster", "T12 "), ("Galway", "Connacht", "H91 "), ("Dublin", "Leinster", "D0")),
        1,
    ),
    Country(
        "US",
        "United States",
        0.15,
        "en",
        "America/New_York",
        (
            ("Portland", "Maine", "041"),
            ("Ithaca", "New York", "148"),
            ("Savannah", "Georgia", "314"),
            ("Dayton", "Ohio", "454"),
        ),
        2,
    ),
)

BRANDS = ("Hearth & Loom", "Brackenfield", "Nordlys Werk", "Petit Atelier Brume", "Tidewell", "Copperleaf")

# category path -> goods with a usual price in cents
GOODS: dict[str, tuple[tuple[str, int], ...]] = {
    "Home > Kitchen": (
        ("serving board", 3490),
        ("pepper mill", 2950),
        ("mixing bowl", 1890),
        ("tea towel set", 1450),
        ("saucepan", 5900),
        ("bread bin", 4290),
        ("colander", 2490),
    ),
    "Home > Living": (
        ("wool throw", 6900),
        ("cushion cover", 2290),
        ("table lamp", 7900),
        ("candle holder", 1690),
        ("storage basket", 2790),
        ("picture frame", 1590),
        ("wall clock", 4490),
    ),
    "Home > Bath": (
        ("bath towel", 1990),
        ("soap dish", 1190),
        ("bath mat", 2590),
        ("laundry bag", 1790),
        ("hand brush", 890),
        ("shower caddy", 3290),
    ),
    "Garden > Tools": (
        ("hand trowel", 1690),
        ("watering can", 2990),
        ("secateurs", 3890),
        ("planter", 2390),
        ("bird feeder", 1990),
        ("twine spool", 790),
    ),
    "Desk > Paper": (
        ("notebook", 1290),
        ("letter set", 1490),
        ("desk calendar", 1390),
        ("pencil case", 1890),
        ("sketch pad", 990),
        ("fountain pen", 4590),
    ),
}
FINISHES = ("Oak", "Linen", "Slate", "Indigo", "Copper", "Moss")

SEARCHES = (
    "gift",
    "linen",
    "oak",
    "lamp",
    "towels",
    "christmas",
    "grün",
    "thé",
    "planter",
    "pen",
    "sale",
    "notebook a5",
)


@dataclass(frozen=True)
class Article:
    """A piece of the shop's journal."""

    slug: str
    title: str

    @property
    def path(self) -> str:
        return f"/journal/{self.slug}"


ARTICLES = (
    Article("caring-for-linen", "How to care for linen"),
    Article("a-well-made-bread-board", "What makes a bread board last"),
    Article("planting-a-small-garden", "Planting a small garden, month by month"),
    Article("the-art-of-the-letter", "The art of the letter"),
    Article("light-for-long-evenings", "Light for long evenings"),
    Article("a-day-at-the-mill", "A day at the mill where our throws are made"),
    Article("setting-a-table-for-two", "Setting a table for two"),
    Article("mending-what-you-love", "Mending what you love"),
)

_SHOP = "https://shop.example.com"
NEWSLETTER_LINKS = (
    f"{_SHOP}/new-in",
    f"{_SHOP}/sale?utm_source=newsletter&utm_medium=email&utm_content=sale_banner",
    f"{_SHOP}/c/kitchen?utm_source=newsletter&utm_medium=email&utm_content=kitchen_tile",
    f"{_SHOP}/c/garden?utm_source=newsletter&utm_medium=email&utm_content=garden_tile",
    f"{_SHOP}{ARTICLES[0].path}?utm_source=newsletter&utm_medium=email&utm_content=journal_teaser",
    f"{_SHOP}{ARTICLES[4].path}?utm_source=newsletter&utm_medium=email&utm_content=journal_teaser",
    f"{_SHOP}/gift-cards",
    f"{_SHOP}/?utm_source=newsletter&utm_medium=email&utm_content=logo",
    f"{_SHOP}/preferences",
)

QUESTIONS = (
    "Where is my order?",
    "One piece is missing",
    "Can I return a lamp?",
    "The colour is not as shown",
    "Wrong address on my order",
    "Is the watering can coming back?",
)
