"""The SQL that turns a column's text into its declared type, and says why where that cannot be.

In three steps, so that nothing is worked out twice: the text, a blank made null; beside it its value; and from both
the reason against it and what is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.contract import Column
from ingest.files import quoted

# Infinity, and years that no calendar in use and no Python date has, are no values.
_CALENDAR = "between '0001-01-01' and '9999-12-31 23:59:59.999999'"
# A zone or an offset stands behind the time of day.
_ZONE = "':.*[A-Za-z+-]'"

# Offsets as exports write them (" +0000", "+00:00") in the one form DuckDB casts. Thirteen digits are milliseconds.
_OFFSET = r"' ?([+-][0-9]{2}):?([0-9]{2})$', '\1:\2'"


def typed_sql(columns: Sequence[Column], relation: str) -> str:
    """The rows of `relation`, each column as text under its name, and typed under the one that `typed` gives it."""
    texts = ", ".join(f"{_trimmed(_text(c))} as {_text(c)}" for c in columns)
    values = ", ".join(f"{_value_sql(c)} as {typed(c)}" for c in columns)
    rows = f"select *, {values} from (select {texts}, source_line from {relation})"
    times = [typed(c) for c in columns if _kind(c) in ("timestamp", "date")]
    known = ", ".join(f"case when {time} {_CALENDAR} then {time} end as {time}" for time in times)
    return f"select * replace ({known}) from ({rows})" if times else rows


def _trimmed(text: str) -> str:
    """The text without blanks around it, null where that leaves nothing. Most need no trimming, which costs more than
    all that is done to them besides.
    """
    blanks = (" ", "\\t", "\\r", "\\n")
    ends = " or ".join(f"suffix({text}, e'{blank}')" for blank in blanks)
    trimmed = f"nullif(trim({text}, e'{''.join(blanks)}'), '')"
    return f"case when {text} > '!' and not ({ends}) then {text} else {trimmed} end"


def typed(column: Column) -> str:
    """The column of the typed value: null where the text is blank or does not fit."""
    return f'"typed {column.name}"'


def _value_sql(column: Column) -> str:
    text = _text(column)
    match _kind(column):
        case "string":
            return text
        case "timestamp":
            offset = f"regexp_replace({text}, {_OFFSET})"
            # A zone's name in one row shifts later rows cast to timestamptz without one: those are cast without.
            value = (
                f"case when regexp_full_match({text}, '[0-9]{{13}}') "
                f"then make_timestamp(try_cast({text} as bigint) * 1000) "
                f"when regexp_matches({text}, {_ZONE}) then try(cast({offset} as timestamptz)::timestamp) "
                f"else try_cast({text} as timestamp) end"
            )
            # Most are in UTC and say so by a Z; of those the plain cast makes the same, without any pattern.
            return f"coalesce(case when suffix({text}, 'Z') then try_cast({text} as timestamp) end, {value})"
        case "date":
            return f"try_cast({text} as date)"
        case "bigint" | "int":
            # A plain cast would round 3.4 to 3 and say nothing.
            return (
                f"case when regexp_full_match({text}, '[+-]?[0-9]+([.]0+)?') "
                f"then try_cast(split_part({text}, '.', 1) as {column.data_type}) end"
            )
        case _:
            return f"try_cast({text} as {column.data_type})"


def kept_sql(column: Column, reason: str) -> str:
    """The typed value, or what the contract puts in its place where there is a reason against it."""
    if not column.keeps_misfits:
        return typed(column)
    stand_in = "null" if column.misfit_value is None else f"'{quoted(column.misfit_value)}'"
    return f"case when {reason} is null then {typed(column)} else cast({stand_in} as {column.data_type}) end"


def reason_sql(column: Column, is_required: bool, latest: str) -> str:
    """Why the row does not fit because of this column, or null. A timestamp from the day `latest` on is impossible."""
    text, value = _text(column), typed(column)
    cases = []
    if is_required:
        cases.append(f"when {text} is null then '{column.name} is missing'")
    if _kind(column) != "string":
        cases.append(f"when {text} is not null and {value} is null then '{column.name} is no {column.data_type}'")
    if column.is_epoch_seconds:
        # Milliseconds or microseconds in the place of seconds are centuries away.
        limit = f"epoch(timestamp '{latest}')"
        cases.append(f"when {value} >= {limit} then '{column.name} is after the extract''s day'")
    if _kind(column) == "timestamp" and not column.may_be_future:
        cases.append(f"when {value} >= timestamp '{latest}' then '{column.name} is after the extract''s day'")
    return f"case {' '.join(cases)} end" if cases else "null"


def _text(column: Column) -> str:
    return f'"{column.name}"'


def _kind(column: Column) -> str:
    return column.data_type.split("(")[0].lower()
