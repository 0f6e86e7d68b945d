"""A repeated part of a message (products, items): what is declared of it, and what of a row's children is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from exports.errors import DataError, UnfitError
from exports.tokens import Notes, Token, read_each

Item = dict[str, Any]
HIDE = "hide"
TOO_FEW = "too few items"


@dataclass(frozen=True, slots=True)
class TokenList:
    """A list: its own tokens, how many items are shown, and the rule that chose them.

    With fewer than `minimum` the list in `fallback` is shown in its place, or nothing where it `may_hide`. `explain`
    are the columns that say of each item why it was chosen: they go to explain.jsonl.
    """

    name: str
    rule: str
    minimum: int
    maximum: int
    tokens: tuple[Token, ...]
    explain: tuple[str, ...] = ()
    may_hide: bool = False
    fallback: "TokenList | None" = None

    def in_locale(self, locale: str) -> "TokenList":
        """The list with the fallbacks of one locale, or of `default`."""
        return replace(
            self,
            tokens=tuple(token.in_locale(locale) for token in self.tokens),
            fallback=self.fallback.in_locale(locale) if self.fallback else None,
        )


def read_list(spec: TokenList, row: Mapping[str, Any], query: str, notes: Notes, message_id: str) -> list[Item]:
    """The list's items, first `maximum` of those that can be shown, or what is shown in their place.

    An item that lacks a required value is left out and the reason noted: one bad product must not stop a mailing.
    Raises UnfitError when fewer than `minimum` remain and nothing is declared for that.
    """
    fallbacks: dict[str, str] = {}
    items, block = _items(spec, row, query, fallbacks, message_id)
    notes.blocks[spec.name] = block
    if len(items) >= spec.minimum:
        notes.fallbacks |= fallbacks
        return items
    if spec.fallback is None and not spec.may_hide:
        raise _unfit(spec, block, message_id)
    notes.fallbacks[spec.name] = TOO_FEW
    items = []
    if spec.fallback is not None:
        items = read_list(spec.fallback, row, query, notes, message_id)
    other = spec.fallback.name if spec.fallback else HIDE
    notes.blocks[spec.name] = not_shown(block) | {"shown": len(items), "fallback": other}
    return items


def not_shown(block: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to say of a list's items when none of them is shown."""
    return {**block, "shown": 0} | ({"chosen": []} if "chosen" in block else {})


def _items(
    spec: TokenList, row: Mapping[str, Any], query: str, fallbacks: dict[str, str], message_id: str
) -> tuple[list[Item], dict[str, Any]]:
    """The items that can be shown, and what there is to say of them."""
    given = row.get(spec.name)
    if not isinstance(given, list):
        raise DataError(message_id, "the list was not attached to the row", spec.name)
    shown: list[Item] = []
    dropped: list[dict[str, Any]] = []
    chosen: list[dict[str, Any]] = []
    for position, child in enumerate(given, start=1):
        if len(shown) == spec.maximum:
            break
        item: Item = {}
        used: dict[str, str] = {}
        lacking = read_each(spec.tokens, child, query, message_id, f"{spec.name}.{position}.", item, used)
        if lacking is None:
            shown.append(item)
            chosen.append({"position": position, **_explained(spec, child, message_id)})
            fallbacks |= used
        else:
            token, why = lacking
            dropped.append({"position": position, "reason": f"{token.name} is {why.value}"})
    block = {"rule": spec.rule, "given": len(given), "shown": len(shown), "dropped": dropped}
    return shown, block | ({"chosen": chosen} if spec.explain else {})


def _unfit(spec: TokenList, block: Mapping[str, Any], message_id: str) -> UnfitError:
    reasons = "".join(f"; item {drop['position']}: {drop['reason']}" for drop in block["dropped"])
    text = f"{block['shown']} items can be shown, at least {spec.minimum} are needed{reasons}"
    return UnfitError(message_id, text, spec.name, f"{spec.name} has {TOO_FEW}")


def _explained(spec: TokenList, child: Mapping[str, Any], message_id: str) -> dict[str, Any]:
    """Why an item was chosen, as JSON can hold it."""
    for name in spec.explain:
        if name not in child:
            raise DataError(message_id, "the row has no such column", f"{spec.name}.{name}")
    values = {name: child[name] for name in spec.explain}
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in values.items()}
