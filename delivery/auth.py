"""What opens a service, as the headers of one request."""

import datetime as dt
import hashlib
import hmac
from base64 import b64encode
from urllib.parse import quote, urlsplit

from delivery.errors import DeliveryError


def check_secret(service: str, auth: str, secret: str | None) -> str:
    """The secret, if it can be one. Raises DeliveryError, which does not quote it."""
    variable = f"POSTROOM_SECRET_{service.upper()}"
    if not secret:
        raise DeliveryError(f"{service} asks for a secret: set {variable} in the environment.")
    if not secret.isascii() or not secret.isprintable() or secret != secret.strip():
        raise DeliveryError(
            f"{variable} holds what no header can: a line break, a space at an end, or a letter beyond ASCII."
        )
    if (auth == "basic" or auth.startswith("aws4 ")) and ":" not in secret:
        form = "user:password" if auth == "basic" else "<access key id>:<secret access key>"
        raise DeliveryError(f"{variable} must have the form {form}.")
    return secret


def headers(auth: str, secret: str, method: str, url: str, content: bytes, at: dt.datetime) -> dict[str, str]:
    """The headers that show the secret by the scheme of `auth`."""
    if auth == "bearer":
        return {"Authorization": f"Bearer {secret}"}
    if auth == "basic":
        return {"Authorization": f"Basic {b64encode(secret.encode()).decode()}"}
    if auth.startswith("aws4 "):
        key_id, secret_key, *token = secret.split(":")
        region = auth.removeprefix("aws4 ")
        more = {"X-Amz-Security-Token": token[0]} if token else {}
        return sign_aws4(key_id, secret_key, region, "ses", method, url, content, at, more)
    name, _, value = auth.partition(":")
    return {name: value.strip().replace("{secret}", secret)}


def sign_aws4(
    key_id: str, secret_key: str, region: str, service: str, method: str, url: str, content: bytes, at: dt.datetime,
    more: dict[str, str],
) -> dict[str, str]:  # fmt: skip
    """The headers of AWS's Signature Version 4 for a request without a query.

    AWS, Identity and Access Management User Guide, "Create a signed AWS API request".
    """
    moment = at.strftime("%Y%m%dT%H%M%SZ")
    parts = urlsplit(url)
    signed = {"host": parts.netloc, "x-amz-date": moment, **{name.lower(): value for name, value in more.items()}}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    payload = hashlib.sha256(content).hexdigest()
    request = f"{method}\n{quote(parts.path or '/')}\n\n{lines}\n{names}\n{payload}"
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{secret_key}".encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {"X-Amz-Date": moment, **more, "Authorization": f"AWS4-HMAC-SHA256 {credential}"}
