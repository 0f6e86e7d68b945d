"""The SQL that turns a column's text into its declared type, and says why where that cannot be.

Every expression reads a text column of the declared name. A blank is null.
"""

from __future__ import annotations

from ingest.contract import Column
from ingest.files import quoted

# Infinity, and years that no calendar in use and no Python date has, are no values.
_CALENDAR = "between '0001-01-01' and '9999-12-31 23:59:59.999999'"
# A zone or an offset stands behind the time of day.
_ZONE = "':.*[A-Za-z+-]'"

# Offsets as exports write them (" +0000", "+00:00") in the one form DuckDB casts. Thirteen digits are milliseconds.
_OFFSET = r"' ?([+-][0-9]{2}):?([0-9]{2})$', '\1:\2'"


def value_sql(column: Column) -> str:
    """The typed value, null where the text is blank or does not fit."""
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
            return f"case when {value} {_CALENDAR} then {value} end"
        case "date":
            value = f"try_cast({text} as date)"
            return f"case when {value} {_CALENDAR} then {value} end"
        case "bigint" | "int":
            # A plain cast would round 3.4 to 3 and say nothing.
            return (
                f"case when regexp_full_match({text}, '[+-]?[0-9]+([.]0+)?') "
                f"then try_cast(split_part({text}, '.', 1) as {column.data_type}) end"
            )
        case _:
            return f"try_cast({text} as {column.data_type})"


def kept_value_sql(column: Column, reason: str) -> str:
    """The typed value, or what the contract puts in its place where there is a reason against it."""
    if not column.keeps_misfits:
        return value_sql(column)
    stand_in = "null" if column.misfit_value is None else f"'{quoted(column.misfit_value)}'"
    return f"case when {reason} is null then {value_sql(column)} else cast({stand_in} as {column.data_type}) end"


def reason_sql(column: Column, is_required: bool, latest: str) -> str:
    """Why the row does not fit because of this column, or null. A timestamp from the day `latest` on is impossible."""
    blank = f"{_text(column)} is null"
    cases = []
    if is_required:
        cases.append(f"when {blank} then '{column.name} is missing'")
    if _kind(column) != "string":
        cases.append(
            f"when not ({blank}) and {value_sql(column)} is null then '{column.name} is no {column.data_type}'"
        )
    if column.is_epoch_seconds:
        # Milliseconds or microseconds in the place of seconds are centuries away.
        limit = f"epoch(timestamp '{latest}')"
        cases.append(f"when {value_sql(column)} >= {limit} then '{column.name} is after the extract''s day'")
    if _kind(column) == "timestamp" and not column.may_be_future:
        cases.append(
            f"when {value_sql(column)} >= timestamp '{latest}' then '{column.name} is after the extract''s day'"
        )
    return f"case {' '.join(cases)} end" if cases else "null"


def _text(column: Column) -> str:
    return f"nullif(trim(\"{column.name}\", e' \\t\\r\\n'), '')"


def _kind(column: Column) -> str:
    return column.data_type.split("(")[0].lower()
