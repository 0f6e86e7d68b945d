"""One request, and what its end means: taken, refused, to be tried again, or not known."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from delivery.auth import headers
from delivery.ledger import Verdict
from delivery.pace import Clock, retry_after
from delivery.services import Call, Failure, Service
from delivery.terms import Terms
from delivery.words import said

# An answer that is longer is no answer.
_LONGEST_ANSWER = 20_000_000
# The url, the secret or its rights are wrong: so would every other request be.
_STOPS = frozenset({401, 403, 404, 405})


@dataclass(frozen=True, slots=True)
class Reply:
    """How a request ended: for all its messages, but for those of `failures` by position.

    `wait` is what the service asks for, in seconds. `stops` is why no further request should be made.
    """

    verdict: Verdict
    failures: Mapping[int, Failure] = field(default_factory=dict)
    wait: float | None = None
    stops: str = ""


class Sender:
    """Makes the requests of one service. What is to be kept of an answer's words is for the caller to clean."""

    def __init__(self, terms: Terms, secret: str, clock: Clock, client: httpx.Client) -> None:
        self._terms, self._secret, self._clock, self._client = terms, secret, clock, client

    def send(self, service: Service, url: str, call: Call, count: int) -> Reply:
        """Makes a request for `count` messages, and reads its answer."""
        url += call.path
        at = self._clock.utc()
        shown = headers(self._terms.auth, self._secret, call.method, url, call.content, at)
        given = {"Content-Type": call.content_type, "Accept": "application/json", **self._terms.headers, **shown}
        try:
            with self._client.stream(call.method, url, content=call.content, headers=given) as response:
                answer = b"".join(self._pieces(response))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            # Not a byte has left.
            return Reply(Verdict("waiting", code="no_connection"))
        except httpx.TimeoutException:
            return Reply(Verdict("unknown", code="no_answer_in_time"))
        except httpx.RequestError:
            return Reply(Verdict("unknown", code="connection_cut"))
        return self._read(service, response, answer, count, at)

    def _pieces(self, response: httpx.Response) -> Iterator[bytes]:
        """The answer as it comes, all of it within the time allowed: a time-out of httpx's is for one piece."""
        end = self._clock.seconds() + self._terms.timeout_seconds
        size = 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > _LONGEST_ANSWER or self._clock.seconds() > end:
                raise httpx.ReadTimeout("the answer does not end")
            yield piece

    def _read(self, service: Service, response: httpx.Response, answer: bytes, count: int, at: dt.datetime) -> Reply:
        status, words = response.status_code, said(answer)
        if status in self._terms.accepted:
            return _accepted(service, status, answer, count)
        if status in self._terms.retried:
            wait = retry_after(response.headers.get("Retry-After"), at)
            return Reply(Verdict("waiting", status, words=words), wait=wait)
        if status in _STOPS or response.is_redirect:
            why = f"answers {status}: look at its url and auth in services.yml, and at its secret and what that allows"
            return Reply(Verdict("waiting", status, words=words, counts=False), stops=why)
        if 400 <= status < 500:
            return Reply(Verdict("dead", status, words=words))
        # 502 and 504 come from in between (RFC 9110, 15.6), and of others nobody knows.
        return Reply(Verdict("unknown", status, words=words))


def _accepted(service: Service, status: int, answer: bytes, count: int) -> Reply:
    try:
        failures = service.failures(answer, count)
    except (ValueError, LookupError, TypeError):
        return Reply(Verdict("unknown", status, code="answer_not_read"))
    return Reply(Verdict("accepted", status), failures)


@contextmanager
def connected(terms: Terms) -> Iterator[httpx.Client]:
    """A client for one service. It looks at no environment: no proxy, no .netrc; and follows nobody elsewhere.

    A connection is kept for a moment only: one that the other side closes just then would leave a request unknown.
    """
    limits = httpx.Limits(
        max_connections=terms.concurrent, max_keepalive_connections=terms.concurrent, keepalive_expiry=2
    )
    with httpx.Client(
        timeout=terms.timeout_seconds, limits=limits, trust_env=False, headers={"User-Agent": "postroom"}
    ) as client:
        yield client
