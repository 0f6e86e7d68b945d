"""One comparison of a rule as SQL: which operators a column's type takes, and the values written out safely.

The SQL is the same text on DuckDB and on Spark. Nothing in it comes from data: columns are those of the contract,
values those of a YAML file, each written as a literal of its column's kind.
"""

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum

_COLUMN = re.compile(r"[a-z_][a-z0-9_]*")
_TYPE = re.compile(r"([a-z ]+?) *(\(.*\))?")
# With a bigint or a decimal(18,2) such a number has a common type of less than 38 digits.
MOST_DIGITS, MOST_PLACES = 18, 6


class Kind(Enum):
    """What can be said of a column's values."""

    TEXT = "text"
    NUMBER = "a number"
    DOUBLE = "a number, not exact"
    DATE = "a date"
    TIMESTAMP = "a timestamp"
    BOOLEAN = "true or false"


_KINDS = {
    **dict.fromkeys(("string", "varchar", "text"), Kind.TEXT),
    **dict.fromkeys(("tinyint", "smallint", "int", "integer", "bigint", "decimal", "numeric"), Kind.NUMBER),
    **dict.fromkeys(("double", "real", "float"), Kind.DOUBLE),
    "date": Kind.DATE,
    "timestamp": Kind.TIMESTAMP,
    "boolean": Kind.BOOLEAN,
}
_EQUAL = {"is": "=", "is_not": "<>"}
_ORDER = {"at_least": ">=", "at_most": "<=", "more_than": ">", "less_than": "<"}
_AMONG = {"in": "in", "not_in": "not in"}
_KNOWN = {"is_known": "is not null", "is_unknown": "is null"}
OPERATORS = (*_EQUAL, *_ORDER, *_AMONG, *_KNOWN)


class ComparisonError(Exception):
    """A comparison that cannot be made; the message says why and what to write instead."""


def kind_of(data_type: str) -> Kind | None:
    """The kind of a contract's `data_type`; None for one that rules do not compare, such as a list."""
    match = _TYPE.fullmatch(data_type.lower())
    return _KINDS.get(match.group(1)) if match else None


def compare(column: str, data_type: str, operator: str, value: object) -> str:
    """SQL that is true or false for every row, never null.

    A comparison with null is false, that of `is_not` and `not_in` too. Blank text and NaN are read as null, as they are
    for templates. Raises ComparisonError.
    """
    kind = kind_of(data_type)
    if kind is None or not _COLUMN.fullmatch(column):
        raise ComparisonError(f"column {column!r} of type {data_type} cannot be compared")
    if operator in _KNOWN:
        if value is not True:
            raise ComparisonError(f"write `{operator}: true`")
        return f"{_read(column, kind)} {_KNOWN[operator]}"
    if operator in _ORDER and kind in (Kind.TEXT, Kind.BOOLEAN):
        raise ComparisonError(f"{operator} does not fit {column!r}, which is {data_type}: it has no order")
    if operator in _AMONG:
        if not isinstance(value, list) or not value:
            raise ComparisonError(f"{operator} takes a list of values")
        literals = ", ".join(_literal(column, kind, item) for item in value)
        return f"coalesce({_read(column, kind)} {_AMONG[operator]} ({literals}), false)"
    sign = (_EQUAL | _ORDER)[operator]
    return f"coalesce({_read(column, kind)} {sign} {_literal(column, kind, value)}, false)"


def text_literal(value: str) -> str:
    """A text as SQL. Engines disagree on quotes and backslashes within quotes: these are written by their code."""
    parts = [f"chr({ord(part)})" if part in "'\\" else f"'{part}'" for part in re.split(r"(['\\])", value) if part]
    return parts[0] if len(parts) == 1 else f"concat({', '.join(parts)})"


def _read(column: str, kind: Kind) -> str:
    if kind is Kind.TEXT:
        return f"nullif(trim(both ' ' from {column}), '')"
    return f"nullif({column}, cast('NaN' as double))" if kind is Kind.DOUBLE else column


def _literal(column: str, kind: Kind, value: object) -> str:
    try:
        return _LITERALS[kind](value)
    except ComparisonError as error:
        raise ComparisonError(f"{column!r} is {kind.value}, and {error}") from None


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip() and value.isprintable():
        return text_literal(value.strip())
    raise ComparisonError(f"{value!r} is not one line of text; put it in quotes if it is meant to be")


def _number(value: object) -> str:
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        exact = Decimal(repr(value))
        _, digits, exponent = exact.as_tuple()
        assert isinstance(exponent, int)
        if len(digits) + max(exponent, 0) <= MOST_DIGITS and -exponent <= MOST_PLACES:
            return f"{exact:f}"
        raise ComparisonError(f"{value!r} has more than {MOST_DIGITS} digits, or {MOST_PLACES} after the point")
    raise ComparisonError(f"{value!r} is not a number")


def _double(value: object) -> str:
    if type(value) in (int, float) and math.isfinite(float(str(value))):
        return f"cast('{value!r}' as double)"
    raise ComparisonError(f"{value!r} is not a number")


def _date(value: object) -> str:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return f"date '{value.isoformat()}'"
    raise ComparisonError(f"{value!r} is not a date as in 2026-03-01")


def _timestamp(value: object) -> str:
    if not isinstance(value, dt.date):
        raise ComparisonError(f"{value!r} is not a time as in 2026-03-01 or 2026-03-01 18:30:00, UTC")
    if not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    elif value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    return f"timestamp '{value.isoformat(sep=' ')}'"


def _boolean(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    raise ComparisonError(f"{value!r} is not true or false")


_LITERALS: Mapping[Kind, Callable[[object], str]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.DOUBLE: _double,
    Kind.DATE: _date,
    Kind.TIMESTAMP: _timestamp,
    Kind.BOOLEAN: _boolean,
}
