"""What a finished message may not hold, whoever it is for.

Data cannot trip most of these: values were made safe before. They catch a fault in a template, in a model that joined
the wrong rows, or in this package.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from exports import unsubscribe
from exports.errors import DataError
from exports.safety import addresses_in, has_template_tag

_PARTS = ("subject", "preheader", "text", "html")
# An address that may be none. To look for each text that is none, in all of the HTML, takes five times as long.
_MAYBE_EMPTY = re.compile(r' (?:href|src)="["#N]')
# The beginning of a static part, as far as it can go together with a value before it: to the first gap.
_EDGE = re.compile(r"[^\s<>]*[\s<>]")
# How a missing value looks where a template prints it by mistake.
_UNFILLED = re.compile(r"\b(?:None|nan|NaN|NaT|null|undefined)\b")


def abridged(static: str) -> str:
    """A static part of an HTML template, without its middle when no check can object to that, whatever the row.

    What is left at both ends is all that can become, with a value beside it, something that `check_message` refuses.
    """
    start, end = _EDGE.match(static), _EDGE.match(static[::-1])
    if start is None or end is None or start.end() + end.end() > len(static):
        return static
    if has_template_tag(static) or addresses_in(static) or _leads_nowhere(static):
        return static
    return start.group() + end.group()[::-1]


def _leads_nowhere(html: str) -> bool:
    """Whether a link or a picture has no address."""
    return any(html.startswith(('"', '#"', "None"), match.end() - 1) for match in _MAYBE_EMPTY.finditer(html))


def check_message(message: Mapping[str, Any], own_addresses: Collection[str]) -> None:
    """Refuses a message no reader should see: a blank part, a raw template tag, a link that leads nowhere, a broken
    header, an e-mail address that is neither the reader's nor in `own_addresses`. Raises DataError.

    Of the HTML, what is left of it by `abridged` is enough.
    """
    message_id = message["message_id"]
    allowed = {message["to"]["email"].lower(), *own_addresses}
    for part in _PARTS:
        text = message[part]
        if not text.strip():
            raise DataError(message_id, "is blank", part)
        if has_template_tag(text):
            raise DataError(message_id, "holds a raw template tag", part)
        if not allowed.issuperset(addresses_in(text)):
            raise DataError(message_id, "holds an e-mail address that is not the reader's", part)
    if _leads_nowhere(message["html"]):
        raise DataError(message_id, "holds a link or a picture that leads nowhere", "html")
    lines = {"subject": message["subject"], "preheader": message["preheader"], **message["headers"]}
    for name, line in lines.items():
        if "\n" in line or "\r" in line:
            raise DataError(message_id, "is more than one line", name)
    if len(message["headers"]["List-Unsubscribe"]) > unsubscribe.MAXIMUM_HEADER_LENGTH:
        raise DataError(message_id, "is too long for a header", "List-Unsubscribe")


def check_filled(message: Mapping[str, Any]) -> None:
    """Refuses a message in which a missing value was printed. Only for readers whose own data hold no such word: a
    product may well be called `None`. Raises DataError.
    """
    for part in ("subject", "preheader", "text"):
        if found := _UNFILLED.search(message[part]):
            raise DataError(message["message_id"], f"holds {found.group()!r}", part)
