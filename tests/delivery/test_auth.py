"""Secrets, shown by each scheme and quoted by no error."""

from __future__ import annotations

import datetime as dt

import pytest

from delivery import DeliveryError
from delivery.auth import check_secret, headers, sign_aws4

# AWS's published Signature Version 4 test suite.
KEY_ID, SECRET_KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AT = dt.datetime(2015, 8, 30, 12, 36, tzinfo=dt.UTC)
VANILLA = {
    "GET": "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    "POST": "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
}


@pytest.mark.parametrize("method", sorted(VANILLA))
def test_aws_signatures_are_those_of_its_test_suite(method: str) -> None:
    url = "https://example.amazonaws.com/"
    shown = sign_aws4(KEY_ID, SECRET_KEY, "us-east-1", "service", method, url, b"", AT, {})
    assert shown == {
        "X-Amz-Date": "20150830T123600Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={VANILLA[method]}",
    }


def test_a_session_s_token_is_signed_too() -> None:
    url = "https://email.eu-west-1.amazonaws.com/v2/email/outbound-bulk-emails"
    shown = headers("aws4 eu-west-1", f"{KEY_ID}:{SECRET_KEY}:token", "POST", url, b"{}", AT)
    assert shown["X-Amz-Security-Token"] == "token"
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token" in shown["Authorization"]
    assert "/20150830/eu-west-1/ses/aws4_request" in shown["Authorization"]


@pytest.mark.parametrize(
    ("auth", "secret", "said"),
    [
        ("bearer", None, "set POSTROOM_SECRET_SENDGRID"),
        ("bearer", "", "set POSTROOM_SECRET_SENDGRID"),
        ("bearer", "swordfish\nX-Other: 1", "what no header can"),
        ("bearer", " swordfish", "what no header can"),
        ("bearer", "swordfísh", "what no header can"),
        ("basic", "swordfish", "user:password"),
        ("aws4 eu-west-1", "swordfish", "secret access key"),
    ],
)
def test_a_secret_that_cannot_be_one_is_named_and_not_quoted(auth: str, secret: str | None, said: str) -> None:
    with pytest.raises(DeliveryError, match=said) as error:
        check_secret("sendgrid", auth, secret)
    assert "swordf" not in str(error.value)
