"""A canonical message looked at once more before a service gets it: nothing missing, nothing left to fill in.

What the exporter renders passes. A file that was edited by hand, or made by something else, may not.
"""

import re
from collections.abc import Mapping
from typing import Any

from exports.errors import DataError
from exports.safety import has_template_tag

# How a value that is not there reads, once something has made it text.
MISSING_WORDS = frozenset({"None", "nan", "NaN", "NaT", "<NA>", "null", "undefined"})
_WORD = re.compile(r"(?<!\w)(None|nan|NaN|NaT|<NA>|undefined)(?!\w)")
_KEYS = frozenset(
    ("message_id", "campaign", "variant", "to", "from", "reply_to", "subject", "preheader", "html", "text", "headers",
     "send_at", "utm", "customer_id", "metadata")
)  # fmt: skip
_IDS = ("campaign_id", "send_id", "person_id", "variant")


def check_filled(message: Mapping[str, Any]) -> None:
    """Raises DataError for a message that lacks a part, or has one that is blank or was never filled in."""
    message_id = message.get("message_id")
    for key in sorted(_KEYS - message.keys()):
        raise DataError(message_id, "is missing", key)
    for key in sorted(_KEYS):
        _check(message_id, key, message[key])
    for key in _IDS:
        if key not in message["metadata"]:
            raise DataError(message_id, "is missing", f"metadata.{key}")
    for key in ("subject", "preheader"):
        if found := _WORD.search(message[key]):
            raise DataError(message_id, f"says {found.group()!r}, as if a value were missing", key)


def _check(message_id: object, key: str, value: object) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            _check(message_id, f"{key}.{name}", item)
        return
    is_name = key.endswith(".name")
    if is_name and value is None:
        return
    if not isinstance(value, str):
        raise DataError(message_id, f"is {type(value).__name__}, not text", key)
    if not value.strip():
        raise DataError(message_id, "is blank", key)
    if not is_name and value in MISSING_WORDS:
        raise DataError(message_id, f"is {value!r}, as if a value were missing", key)
    if has_template_tag(value):
        raise DataError(message_id, "holds a raw template tag", key)
