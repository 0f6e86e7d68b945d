"""One-click unsubscribe (RFC 8058): a signed token per recipient and purpose, and the two headers that carry it.

The token is what the unsubscribe endpoint gets back. It is opaque to mailbox providers and cannot be forged without
the key; it never expires, because an opt-out has to work for as long as somebody keeps the mail. The key is an
argument: where it is kept is not decided here.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from exports.errors import ExportError, TokenError

MINIMUM_KEY_BYTES = 32
# SES takes no longer header value; no other provider asks for less.
MAXIMUM_HEADER_LENGTH = 995
_CONTEXT = b"postroom unsubscribe 1\0"


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Who opts out, of what, and which message they did it from."""

    customer_id: str
    purpose: str
    message_id: str


def check_key(key: bytes) -> None:
    """Raises ExportError for a key too short to sign with."""
    if len(key) < MINIMUM_KEY_BYTES:
        raise ExportError(f"the unsubscribe key must be at least {MINIMUM_KEY_BYTES} bytes long")


def sign(key: bytes, request: Unsubscribe) -> str:
    """Token `<payload>.<signature>`, both base64url without padding; HMAC-SHA256 over the payload."""
    payload = orjson.dumps((request.customer_id, request.purpose, request.message_id))
    return f"{_encode(payload)}.{_encode(_mac(key, payload))}"


def verify(keys: Iterable[bytes], token: str) -> Unsubscribe:
    """The request in a token signed with one of `keys` (the newest and those it replaced).

    Raises TokenError for anything else, without saying which part was wrong.
    """
    try:
        encoded, signature = token.split(".")
        payload = _decode(encoded)
        given = _decode(signature)
    except (ValueError, binascii.Error):
        raise TokenError("not an unsubscribe token") from None
    genuine = [key for key in keys if hmac.compare_digest(_mac(key, payload), given)]
    if not genuine or token != f"{_encode(payload)}.{_encode(given)}":
        raise TokenError("not an unsubscribe token")
    return Unsubscribe(*orjson.loads(payload))


def headers(url: str, mailto: str, token: str) -> dict[str, str]:
    """The header pair of RFC 8058: exactly one https link, a mailto for clients that know no other way."""
    return {
        "List-Unsubscribe": f"<{url}>, <mailto:{mailto}?subject=unsubscribe%20{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _mac(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, _CONTEXT + payload, hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
