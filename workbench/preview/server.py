"""The gallery over HTTP, for a browser on this machine alone."""

from __future__ import annotations

import html
import json
import re
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from workbench.errors import WorkbenchError
from workbench.preview.gallery import Gallery

ADDRESS = "127.0.0.1"
SCHEMES = ("light", "dark")
_ALLOWED_HOSTS = ("localhost", ADDRESS)
_DARK = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)")
# A mail runs nothing and loads nothing but pictures.
_MAIL_POLICY = "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'"
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'"
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("pages")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
_PAGES.filters["part"] = lambda value: quote(value, safe="")


def serve(gallery: Gallery, port: int) -> ThreadingHTTPServer:
    """A server bound to loopback, not running yet. Raises OSError where the port is taken."""

    class Handler(_Handler):
        def __init__(self, *arguments: object) -> None:
            self.gallery = gallery
            super().__init__(*arguments)  # type: ignore[arg-type]

    return ThreadingHTTPServer((ADDRESS, port), Handler)


def in_scheme(mail: str, scheme: str) -> str:
    """A mail as a device set to light or dark shows it, whatever the browser is set to."""
    return _DARK.sub("@media all" if scheme == "dark" else "@media not all", mail)


class _Handler(BaseHTTPRequestHandler):
    gallery: Gallery

    def do_GET(self) -> None:
        """Answers with a page, or with a mail alone for a frame of one."""
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        if host not in _ALLOWED_HOSTS:
            # A page elsewhere that lets its name lead here would read what is shown about people.
            self._answer(HTTPStatus.FORBIDDEN, "Only for a browser on this machine.", _PAGE_POLICY)
            return
        url = urlsplit(self.path)
        try:
            self._route([unquote(part) for part in url.path.split("/") if part], parse_qs(url.query))
        except WorkbenchError as error:
            self._answer(HTTPStatus.NOT_FOUND, f"<pre>{html.escape(str(error))}</pre>", _PAGE_POLICY)

    def log_message(self, *_: object) -> None:
        """Says nothing: the terminal shows the address."""

    def _route(self, parts: list[str], query: dict[str, list[str]]) -> None:
        match parts:
            case []:
                self._page("index.html.j2", campaigns=self.gallery.campaigns(), blocks=self.gallery.blocks())
            case ["campaign", name]:
                exhibit = self.gallery.campaign(name)
                asked = [reader for reader in query.get("reader", []) if reader in exhibit.shown]
                chosen = asked or list(exhibit.shown)[:1]
                self._page("campaign.html.j2", campaign=exhibit, chosen=chosen, largest=self.gallery.largest)
            case ["mail", name, reader, scheme] if scheme in SCHEMES:
                shown = self.gallery.campaign(name).shown.get(reader)
                if shown is None or shown.problem:
                    raise WorkbenchError(f"There is no message of {name} for {reader}.")
                self._answer(HTTPStatus.OK, in_scheme(shown.message["html"], scheme), _MAIL_POLICY)
            case ["block", name]:
                self._page("block.html.j2", name=name, text=self.gallery.block(name).text)
            case ["block", name, scheme] if scheme in SCHEMES:
                self._answer(HTTPStatus.OK, in_scheme(self.gallery.block(name).html, scheme), _MAIL_POLICY)
            case _:
                raise WorkbenchError("There is no such page.")

    def _page(self, template: str, **values: object) -> None:
        self._answer(HTTPStatus.OK, _PAGES.get_template(template).render(values), _PAGE_POLICY)

    def _answer(self, status: HTTPStatus, page: str, policy: str) -> None:
        body = page.encode()
        self.send_response(status)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", policy),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        # A page that is left while it loads hangs up.
        with suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(body)
