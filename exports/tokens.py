"""What a campaign declares about its columns, and a row read accordingly. Lists are read in `lists`.

A token is a column a template may print. Each is either required or has a fallback; a value that is null, blank, NaN or
not fit for its type never reaches a template.
"""

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from typing import Any

from exports.errors import DataError, UnfitError
from exports.links import with_query
from exports.safety import addresses_in, clean_line, clean_url


class Unfit(Enum):
    """Why a value cannot be shown; the words go to explain.jsonl."""

    MISSING = "missing"
    UNSAFE_LINK = "not an http or https link"
    LOW_CONFIDENCE = "low confidence"
    ADDRESS = "an e-mail address"


class WrongTypeError(Exception):
    """A value of a type its token does not take: the export model and campaign.yml disagree."""


def _is_missing(value: object) -> bool:
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ArithmeticError):
        # pandas.NA and a signalling NaN refuse to be compared: neither can be shown.
        return True


def read_text(value: object) -> object:
    """One clean line, no e-mail address in it. Numbers and dates are taken as written, booleans are not."""
    if isinstance(value, str):
        return Unfit.ADDRESS if "@" in value and addresses_in(value) else clean_line(value) or Unfit.MISSING
    if _is_missing(value):
        return Unfit.MISSING
    if isinstance(value, (int, Decimal, dt.date)) and not isinstance(value, bool):
        return clean_line(str(value)) or Unfit.MISSING
    raise WrongTypeError(f"{type(value).__name__} is not text")


def read_number(value: object) -> object:
    """An integer, decimal or finite float as it is."""
    if _is_missing(value):
        return Unfit.MISSING
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return value if math.isfinite(value) else Unfit.MISSING
    raise WrongTypeError(f"{type(value).__name__} is not a number")


def read_date(value: object) -> object:
    """A date, or the date of a timestamp."""
    if _is_missing(value):
        return Unfit.MISSING
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    raise WrongTypeError(f"{type(value).__name__} is not a date")


def read_url(value: object) -> object:
    """An http or https link, percent-encoded."""
    if isinstance(value, str):
        return clean_url(value) or (Unfit.UNSAFE_LINK if value.strip() else Unfit.MISSING)
    if _is_missing(value):
        return Unfit.MISSING
    raise WrongTypeError(f"{type(value).__name__} is not a link")


READERS: dict[str, Callable[[object], object]] = {
    "text": read_text,
    "number": read_number,
    "date": read_date,
    "link": read_url,
    "image": read_url,
}


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure a prediction must be to be shown: `column`, of the same row, has at least this much."""

    column: str
    at_least: Decimal

    def is_met(self, row: Mapping[str, Any]) -> bool:
        """Whether the prediction may be shown; not when its confidence is unknown. Raises WrongTypeError, KeyError."""
        value = read_number(row[self.column])
        return not isinstance(value, Unfit) and Decimal(str(value)) >= self.at_least


@dataclass(frozen=True, slots=True)
class ByLocale:
    """A fallback in the words of each locale: the brand's own under `default`, others by their name."""

    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Token:
    """A column a template may print. `fallback` has been read already; None means the value is required."""

    name: str
    type: str
    fallback: object | None
    confidence: Confidence | None = None

    def in_locale(self, locale: str) -> "Token":
        """The token with the fallback of one locale, or of `default`."""
        return replace(self, fallback=self.fallback.values[locale]) if isinstance(self.fallback, ByLocale) else self

    def read(self, row: Mapping[str, Any]) -> object:
        """The row's value ready to print, or why it cannot be. Raises WrongTypeError, KeyError for no such column."""
        value = READERS[self.type](row[self.name])
        if self.confidence is not None and type(value) is not Unfit and not self.confidence.is_met(row):
            return Unfit.LOW_CONFIDENCE
        return value


@dataclass(slots=True)
class Notes:
    """What happened to a row's values on the way, and to the message: goes to explain.jsonl."""

    fallbacks: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    slots: dict[str, dict[str, str]] = field(default_factory=dict)
    generated: dict[str, str] = field(default_factory=dict)


def read_tokens(
    tokens: tuple[Token, ...], row: Mapping[str, Any], query: str, notes: Notes, message_id: str
) -> dict[str, Any]:
    """Values for the templates, links with `query` added. Raises UnfitError for a required value that is not there."""
    values: dict[str, Any] = {}
    lacking = read_each(tokens, row, query, message_id, "", values, notes.fallbacks)
    if lacking is not None:
        token, why = lacking
        raise UnfitError(message_id, f"required, but {why.value}", token.name, f"{token.name} is {why.value}")
    return values


def read_each(
    tokens: tuple[Token, ...],
    row: Mapping[str, Any],
    query: str,
    message_id: str,
    prefix: str,
    values: dict[str, Any],
    fallbacks: dict[str, str],
) -> tuple[Token, Unfit] | None:
    """Fills `values` and notes `fallbacks` under `prefix`; returns the required token that cannot be shown, if any.

    Raises DataError for a row that is not as its contract says.
    """
    for token in tokens:
        value: Any
        try:
            value = token.read(row)
        except KeyError as error:
            raise DataError(message_id, "the row has no such column", prefix + str(error.args[0])) from None
        except WrongTypeError as error:
            raise DataError(message_id, f"declared as {token.type}, but {error}", prefix + token.name) from None
        if type(value) is Unfit:
            if token.fallback is None:
                return token, value
            fallbacks[prefix + token.name] = value.value
            value = token.fallback
        values[token.name] = with_query(value, query) if token.type == "link" else value
    return None
