"""Amounts, dates and numbers as a locale writes them, after Babel, fast enough to be made for every recipient.

Babel works each amount out anew. Here it is asked once per locale and currency what it puts before, after and between
the digits; a locale that groups digits in another way than by three is left to Babel.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

_CACHED = 65_536
_PROBES = tuple(map(Decimal, (0, 1, 12, 123, 1234, 12345, 123456, 1234567, 12345678, 123456789)))
# CLDR sets letters off from the digits beside them; Babel does not.
_TOUCHING = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
FILTERS = ("money", "date", "day", "number", "percent")
AmountFormat = Callable[[Decimal], str]


@cache
def filters(locale: str) -> Mapping[str, Callable[..., str]]:
    """The filters of a locale (`en-GB`) by name; `Formats` says what each makes of a value."""
    formats = Formats(Locale.parse(locale, sep="-"))
    return {name: lru_cache(maxsize=_CACHED)(getattr(formats, name)) for name in FILTERS}


class Formats:
    """What a locale makes of values."""

    def __init__(self, locale: Locale) -> None:
        self.locale = locale
        self._currencies: dict[str, AmountFormat] = {}

    def money(self, amount: Decimal | int | float, currency: str) -> str:
        """An amount with its ISO 4217 currency, rounded half away from zero: `€1,234.50`, `1.234,50 €`."""
        if currency not in self._currencies:
            self._currencies[currency] = _currency_format(self.locale, currency)
        return self._currencies[currency](_exact(amount))

    def date(self, day: dt.date) -> str:
        """A date written out, as `2 March 2026`."""
        return format_date(day, "long", locale=self.locale)

    def day(self, day: dt.date) -> str:
        """A date without its year, as `2 March`."""
        return format_skeleton("MMMMd", dt.datetime.combine(day, dt.time()), locale=self.locale)

    def number(self, value: Decimal | int | float) -> str:
        """A number with its digits grouped, as `1,234.5`."""
        return format_decimal(_exact(value), locale=self.locale)

    def percent(self, value: Decimal | int | float) -> str:
        """A number of hundredths as a percentage: 10 is `10%`."""
        return format_percent(_exact(value) / 100, locale=self.locale)


def _exact(value: Decimal | int | float) -> Decimal:
    return Decimal(str(value)) if isinstance(value, float) else Decimal(value)


def _currency_format(locale: Locale, currency: str) -> AmountFormat:
    unit = Decimal(1).scaleb(-get_currency_precision(currency))

    def by_babel(amount: Decimal) -> str:
        # Adding nothing takes the sign from a zero.
        return _TOUCHING.sub("\xa0", format_currency(amount.quantize(unit, ROUND_HALF_UP) + 0, currency, locale=locale))

    compiled = _compiled(by_babel, unit)
    probes = [sign * (probe + 9 * unit) for probe in _PROBES for sign in (1, -1)]
    return compiled if all(compiled(probe) == by_babel(probe) for probe in probes) else by_babel


def _compiled(by_babel: AmountFormat, unit: Decimal) -> AmountFormat:
    """What `by_babel` does, read off what it makes of 1,234 and -1,234; itself where these do not show it."""
    places = -int(unit.adjusted())
    sample = re.compile(rf"(\D*)1(\D*)234(\D*?)0{{{places}}}(\D*)")
    positive, negative = (sample.fullmatch(by_babel(sign * Decimal(1234))) for sign in (1, -1))
    if positive is None or negative is None:
        return by_babel
    separators = str.maketrans({",": positive.group(2), ".": positive.group(3)})
    plus, minus = (match.group(1, 4) for match in (positive, negative))

    def compiled(amount: Decimal) -> str:
        rounded = amount.quantize(unit, ROUND_HALF_UP)
        before, after = minus if rounded < 0 else plus
        return f"{before}{format(abs(rounded), f',.{places}f').translate(separators)}{after}"

    return compiled
