"""What `campaign.yml` says of the case that something is missing, checked when it is loaded.

A token's own fallback is read with the token; here is what leads to it, and what stands in for a list.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal

from exports.columns import Columns
from exports.comparisons import Kind, kind_of
from exports.lists import HIDE, TokenList
from exports.locales import PLAIN
from exports.slots import OTHERWISE
from exports.tokens import Confidence
from exports.yamlfile import Key, YamlFile

STOP = "stop"
# What a row's lack is counted under when another message is sent; no part of a message can be named so.
WHOLE_MESSAGE = "whole message"
WARN_SHARE = 0.2


def read_confidence(file: YamlFile, key: Key, value: object, columns: Columns) -> Confidence | None:
    """The `confidence` of a token. Faults are recorded in the file; with any there is none."""
    names = ("column", "at_least")
    data = file.mapping(key, value, names, names)
    column, least = data.get("column"), data.get("at_least")
    declared = columns.get(column) if isinstance(column, str) else None
    if declared is None or kind_of(declared.data_type) not in (Kind.NUMBER, Kind.DOUBLE):
        file.fault((*key, "column"), f"the export table has no column {column!r} that is a number")
        return None
    if type(least) not in (int, float) or not math.isfinite(float(str(least))):
        file.fault((*key, "at_least"), f"at_least must be a number, not {least!r}")
        return None
    return Confidence(str(column), Decimal(str(least)))


def read_if_unfit(file: YamlFile, value: object) -> bool:
    """`if_unfit`: True when a row that lacks what its message needs gets the plain one; else the campaign stops."""
    key, folder = ("if_unfit",), file.path.parent / PLAIN
    if value not in (STOP, PLAIN):
        file.fault(key, f"if_unfit must be {STOP} or {PLAIN}")
    elif value == STOP and folder.is_dir():
        file.fault(key, f"{PLAIN}/ is never used: write `if_unfit: {PLAIN}`, or remove the folder")
    return value == PLAIN


def read_warn_shares(file: YamlFile, value: object, parts: Collection[str]) -> dict[str, float]:
    """`warn_fallback_share`: above which share of the messages a fallback is worth a warning.

    One number for all parts of a message, or one each by its name; `otherwise` is that of all others. Faults are
    recorded in the file.
    """
    key = ("warn_fallback_share",)
    shares = file.mapping(key, value, (*parts, OTHERWISE)) if isinstance(value, dict) else {OTHERWISE: value}
    for name, share in shares.items():
        if type(share) not in (int, float) or not 0 <= share <= 1:
            at = (*key, name) if isinstance(value, dict) else key
            file.fault(at, "a share of the messages is a number from 0 to 1")
    return {OTHERWISE: WARN_SHARE} | shares


def join_lists(file: YamlFile, specs: Mapping[str, TokenList], given: Mapping[str, object]) -> tuple[TokenList, ...]:
    """The lists that templates show, each with the one that stands in for it. `given` are the declared fallbacks."""
    joined = dict(specs)
    stand_ins = {name: str(other) for name, other in given.items() if other != HIDE}
    for name, value in given.items():
        key = ("lists", name, "fallback")
        if specs[name].minimum == 0:
            file.fault(key, "a list with the minimum 0 needs no fallback: it may be empty")
        if value == HIDE:
            joined[name] = replace(specs[name], may_hide=True)
    for name, other in stand_ins.items():
        key = ("lists", name, "fallback")
        if other not in specs or other == name:
            file.fault(key, f"fallback must be {HIDE} or another list that is declared here")
        elif other in stand_ins:
            file.fault(key, f"{other!r} has a stand-in of its own; its fallback may only be {HIDE}")
        elif _types(specs[other]) != _types(specs[name]):
            file.fault(key, f"{other!r} must declare the same tokens as {name!r}, of the same types")
        else:
            # There is room for no more of them than for those they stand in for.
            most = min(specs[name].maximum, specs[other].maximum)
            stand_in = replace(joined[other], maximum=most, minimum=min(specs[other].minimum, most))
            joined[name] = replace(joined[name], fallback=stand_in)
    return tuple(spec for name, spec in joined.items() if name not in stand_ins.values())


def _types(spec: TokenList) -> dict[str, str]:
    return {token.name: token.type for token in spec.tokens}
