"""An e-mail service on loopback: it does wrong what it is told to, and remembers everything."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

# As every body used here has it: our message id, with the message.
_SEND_ID = re.compile(rb'"send_id":"([^"]+)"')


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def service(self) -> str:
        """Whose url it came to."""
        return self.path.split("/")[1]

    @property
    def ids(self) -> list[str]:
        return [found.decode() for found in _SEND_ID.findall(self.body)]


@dataclass(frozen=True)
class Answer:
    """What is done with a request. What is taken would be mailed, whatever the other side gets to hear: all of it, or
    `only` some.

    `cut` says that the connection is closed instead of an answer, or in the middle of it. `hangs` waits for the other
    side to give up; `drips` never ends.
    """

    status: int = 0
    body: bytes | Callable[[Received], bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_taken: bool = True
    only: tuple[str, ...] | None = None
    cut: Literal["", "instead", "amid"] = ""
    hangs: bool = False
    drips: bool = False


def fine(received: Received) -> Answer:
    """What each service says when all is well."""
    if "sendgrid" in received.path or "klaviyo" in received.path:
        return Answer(202)
    if "postmark" in received.path:
        return Answer(200, json.dumps([{"ErrorCode": 0, "Message": "OK"} for _ in received.ids]).encode())
    return Answer(200, b'{"data": true}')


def refused(status: int, body: bytes = b"", **headers: str) -> Answer:
    """A refusal: nothing is taken."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body, names, is_taken=False)


class Faulty(ThreadingHTTPServer):
    """The service. `script` is asked what to do with each request, `hangs_up` whether its body is
    even read; `watch` is told of the phases it goes through.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[Received] = []
        self._taken: Counter[tuple[str, str]] = Counter()
        self.script: Callable[[Received], Answer] = fine
        self.hangs_up: Callable[[], bool] = lambda: False
        self.watch: Callable[[str], None] = lambda phase: None
        self.lock = threading.Lock()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def taken(self) -> Counter[str]:
        """How often each message was taken, by whichever service."""
        return self.taken_of("")

    def taken_of(self, service: str) -> Counter[str]:
        """How often each message was taken by a service."""
        with self.lock:
            counts = list(self._taken.items())
        found: Counter[str] = Counter()
        for (name, message_id), count in counts:
            found[message_id] += count if service in ("", name) else 0
        return +found

    def plays(self, *answers: Answer) -> None:
        """Gives these answers in turn, and fine ones after."""
        left = list(answers)

        def script(received: Received) -> Answer:
            with self.lock:
                return left.pop(0) if left else fine(received)

        self.script = script

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that is gone is what is tested, and no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Faulty

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""

    def _handle(self) -> None:
        server = self.server
        server.watch("head")
        if server.hangs_up():
            self._hang_up()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        received = Received(self.command, self.path, dict(self.headers), body)
        server.watch("body")
        answer = server.script(received)
        with server.lock:
            server.received.append(received)
            if answer.is_taken:
                found = received.ids if answer.only is None else answer.only
                server._taken.update((received.service, message_id) for message_id in found)
        if answer.hangs:
            self.connection.settimeout(20)
            # Until the other side gives up.
            self.connection.recv(1)
        if answer.cut == "instead" or answer.hangs:
            self._hang_up()
            return
        content = answer.body(received) if callable(answer.body) else answer.body
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) + (100 if answer.cut or answer.drips else 0)))
        self.end_headers()
        self.wfile.write(content)
        while answer.drips:
            self.wfile.write(b" ")
            server.closing.wait(0.05)
        if answer.cut:
            self._hang_up()
        server.watch("answer")

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    do_POST = do_PUT = _handle  # noqa: N815


@contextmanager
def running() -> Iterator[Faulty]:
    """The service, up."""
    server = Faulty()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
