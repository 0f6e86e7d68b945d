"""The one request that tells of alerts."""

import re
from collections.abc import Callable, Sequence

import httpx
import orjson

from alerting.book import Alert
from alerting.cause import Cause

ATTEMPTS = 3
# Together with the waits this stays below the minute that Dagster gives a sensor.
TIMEOUT_SECONDS = 8.0
# More than this many at once are counted and not listed: chat services cut long texts.
_LISTED = 20
_URL = re.compile(r"https://[^\s/?#@]+[^\s#@]*|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s#@]*)?")


def address_problem(url: str) -> str | None:
    """Why a webhook cannot be at this address, without quoting it: it is a secret."""
    return None if _URL.fullmatch(url) else "it must be https://..., or http:// to this machine"


def body(alerts: Sequence[Alert], home: str) -> bytes:
    """What is posted: `text` for chat services (Slack, Mattermost, what takes their format), `alerts` for others."""
    said = [_line(alert) for alert in alerts[:_LISTED]]
    if len(alerts) > _LISTED:
        said.append(f"and {len(alerts) - _LISTED} more, in alerts.jsonl")
    records = [
        {"id": a.cause.id, "state": a.state, "at": a.at, **{k: getattr(a.cause, k) for k in ("kind", "subject", "day")},
         "text": a.cause.text}
        for a in alerts[:_LISTED]
    ]  # fmt: skip
    return orjson.dumps({"text": "\n".join([f"Postroom, {home}", *said]), "alerts": records})


def _line(alert: Alert) -> str:
    return f"{'Resolved' if alert.state == 'resolved' else 'ALERT'}: {_named(alert.cause)}: {alert.cause.text}"


def _named(cause: Cause) -> str:
    return f"{cause.kind.replace('_', ' ')}, {cause.subject}{f', {cause.day}' if cause.day else ''}"


def post(url: str, content: bytes, wait: Callable[[float], None]) -> str | None:
    """Post it, and again if that may help; give why it was not taken, or None. It never quotes the address."""
    problem = ""
    # No proxy, no .netrc, and nobody followed elsewhere.
    with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, headers={"User-Agent": "postroom"}) as client:
        for attempt in range(ATTEMPTS):
            if attempt:
                wait(2.0**attempt)
            try:
                # What is answered says nothing that the status does not.
                with client.stream(
                    "POST", url, content=content, headers={"Content-Type": "application/json"}
                ) as response:
                    if response.is_success:
                        return None
                    problem = f"it answers {response.status_code}"
                    if response.status_code != 429 and response.status_code < 500:
                        break
            except httpx.HTTPError as error:
                problem = f"it cannot be reached ({type(error).__name__})"
    return problem
