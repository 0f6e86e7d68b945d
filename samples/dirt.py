"""What goes wrong in real extracts.

A bad row is put in beside the row it was made from, which stays: so what the quarantine takes out costs the world
nothing, and the truth holds whatever the loader does. Where a table's rows are loaded without what does not fit, they
say nothing that the row beside them does not say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import orjson

from samples.tables import Table

FAR_FUTURE = "2199-12-31T23:59:59.000Z"
NO_UTF8 = b"\xc3\x28\xff"


class Dirt(StrEnum):
    """A kind of dirt."""

    WORD_IN_NUMBER = "word_in_number"
    FUTURE_TIMESTAMP = "future_timestamp"
    MISSING_ID = "missing_id"
    BROKEN_JSON = "broken_json"
    TOO_MANY_FIELDS = "too_many_fields"
    INVALID_UTF8 = "invalid_utf8"
    DUPLICATE = "duplicate"
    QUOTED_NEWLINE = "quoted_newline"
    BLANK_LINE = "blank_line"
    LATE = "late"

    def outcome_in(self, table: Table) -> str:
        """What a loader does with such a line: `quarantined`, `loaded` or `skipped` (no row at all)."""
        if self in (Dirt.DUPLICATE, Dirt.QUOTED_NEWLINE, Dirt.LATE):
            return "loaded"
        if table.keeps_misfits and self in (Dirt.WORD_IN_NUMBER, Dirt.FUTURE_TIMESTAMP, Dirt.MISSING_ID):
            return "loaded"
        return "skipped" if self is Dirt.BLANK_LINE else "quarantined"


def kinds_for(table: Table) -> tuple[Dirt, ...]:
    """The kinds that the table's file can have, in the order of their turns; lateness is the world's own doing."""
    candidates = {
        Dirt.WORD_IN_NUMBER: bool(table.number),
        Dirt.DUPLICATE: True,
        Dirt.BROKEN_JSON: not table.is_csv,
        Dirt.MISSING_ID: True,
        Dirt.BLANK_LINE: True,
        Dirt.FUTURE_TIMESTAMP: bool(table.moment),
        Dirt.TOO_MANY_FIELDS: table.is_csv,
        Dirt.QUOTED_NEWLINE: bool(table.note),
        Dirt.INVALID_UTF8: True,
    }
    return tuple(kind for kind, is_possible in candidates.items() if is_possible)


def spoil_csv(table: Table, kind: Dirt, row: Sequence[object]) -> tuple[object, ...]:
    """The row with the dirt that lies in its values."""
    spoilt = list(row)
    match kind:
        case Dirt.WORD_IN_NUMBER:
            spoilt[table.columns.index(table.number)] = "unknown"
        case Dirt.FUTURE_TIMESTAMP:
            spoilt[table.columns.index(table.moment)] = FAR_FUTURE
        case Dirt.MISSING_ID:
            spoilt[table.columns.index(table.key)] = ""
        case Dirt.TOO_MANY_FIELDS:
            spoilt += ["left over", "left over"]
        case Dirt.QUOTED_NEWLINE:
            spoilt[table.columns.index(table.note)] = "first line\nsecond line"
    return tuple(spoilt)


def spoil_json(table: Table, kind: Dirt, record: Mapping[str, object]) -> dict[str, object]:
    """The record with the dirt that lies in its values."""
    spoilt = dict(record)
    match kind:
        case Dirt.WORD_IN_NUMBER:
            *outer, name = table.number.split(".")
            if outer:
                spoilt[outer[0]] = {name: "several"}
            else:
                spoilt[name] = "several"
        case Dirt.FUTURE_TIMESTAMP:
            spoilt[table.moment] = FAR_FUTURE
        case Dirt.MISSING_ID:
            del spoilt[table.key]
    return spoilt


def spoil_bytes(kind: Dirt, line: bytes) -> bytes:
    """The written line with the dirt that lies in its bytes."""
    if kind is Dirt.BROKEN_JSON:
        return line[: len(line) * 2 // 3]
    if kind is Dirt.INVALID_UTF8:
        middle = line.rindex(b'"') if line.endswith(b"}") else len(line)
        return line[:middle] + NO_UTF8 + line[middle:]
    return line


def json_line(record: Mapping[str, object]) -> bytes:
    """The record as one line of JSON, without the line end."""
    return orjson.dumps(record)
