"""The unsubscribe token: only what we signed is believed."""

import base64
import re

import pytest
from export_rows import RUN, SECRET, winback_row
from hypothesis import given
from hypothesis import strategies as st

from exports import Campaign, ExportError, Renderer, TokenError
from exports.unsubscribe import Unsubscribe, sign, verify

REQUEST = Unsubscribe("c1", "marketing_email", "m1")


@given(st.text(), st.text(), st.text())
def test_what_was_signed_comes_back(customer_id: str, purpose: str, message_id: str) -> None:
    try:
        request = Unsubscribe(customer_id, purpose, message_id)
        token = sign(SECRET, request)
    except TypeError:
        assert any(0xD800 <= ord(c) < 0xE000 for c in customer_id + purpose + message_id)
        return
    assert verify([SECRET], token) == request
    assert re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}", token)


def test_any_change_is_noticed() -> None:
    token = sign(SECRET, REQUEST)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    for index, character in enumerate(token):
        for other in alphabet:
            if other != character:
                with pytest.raises(TokenError):
                    verify([SECRET], token[:index] + other + token[index + 1 :])


@pytest.mark.parametrize(
    "token", ["", ".", "a.b", "a.b.c", "ü.ü", sign(SECRET, REQUEST) + "=", sign(SECRET, REQUEST)[:-1]]
)
def test_other_text_is_no_token(token: str) -> None:
    with pytest.raises(TokenError):
        verify([SECRET], token)


def test_a_payload_cannot_be_swapped() -> None:
    signature = sign(SECRET, REQUEST).split(".")[1]
    payload = base64.urlsafe_b64encode(b'["c2","marketing_email","m1"]').rstrip(b"=").decode()
    with pytest.raises(TokenError):
        verify([SECRET], f"{payload}.{signature}")


def test_an_old_key_still_opens_old_mail() -> None:
    new = b"another key for tests, 32 bytes."
    assert verify([new, SECRET], sign(SECRET, REQUEST)) == REQUEST
    with pytest.raises(TokenError):
        verify([new], sign(SECRET, REQUEST))


def test_the_headers_are_those_of_rfc_8058(winback: Campaign) -> None:
    message = Renderer(winback, RUN, SECRET).render(winback_row()).message
    headers = message["headers"]
    match = re.fullmatch(r"<(https://[^<>, ]+/([^/<>, ]+))>, <mailto:([^<>, ]+)>", headers["List-Unsubscribe"])
    assert match is not None
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert verify([SECRET], match.group(2)) == Unsubscribe("c0001", "marketing_email", "winback-0001")
    assert match.group(3) == f"unsubscribe@example.com?subject=unsubscribe%20{match.group(2)}"
    assert match.group(1) in message["text"] and f'href="{match.group(1)}"' in message["html"]


def test_a_short_key_is_refused(winback: Campaign) -> None:
    with pytest.raises(ExportError, match="at least 32 bytes"):
        Renderer(winback, RUN, b"short")
