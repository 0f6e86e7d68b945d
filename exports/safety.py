"""Values from strangers made harmless: names, product titles, links and spreadsheet cells.

Everything a template prints from data passes through here once, before rendering. No template, file or campaign
knowledge lives here.
"""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote, urlsplit

from markupsafe import escape

ZERO_WIDTH_NON_JOINER = "\u200c"

# Characters that reorder or hide what follows. The joiners U+200C/U+200D stay: Persian words and emoji need them.
_HIDDEN = frozenset(
    [*range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x061C, 0x00AD, 0x200B, 0xFEFF, 0x180E]
)
# Letters and symbols that draw nothing: a name made of them alone is blank.
_LOOKS_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_URL_SAFE = "/:?#[]@!$&'()*+,;=-._~%"
_TEMPLATE_TAG = re.compile(r"\{[{%#]")
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"'`{}|]+@(?:[^\s@<>()\[\],;:\\\"'`{}|.]+\.)+[^\s@<>()\[\],;:\\\"'`{}|.]+")
_LOCAL_PART = re.compile(r"[\w.+-]+\Z")
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[\w-]+")
_LONGEST_LOCAL_PART = 64


class Text(str):
    """One clean line of data in which no template tag can be read.

    As plain text every brace is kept apart from its neighbour by a zero-width non-joiner; as HTML braces are written as
    character references, so that `{{ 7*7 }}` reads as it was typed and no later template engine finds a tag.
    """

    __slots__ = ()

    def __html__(self) -> str:
        html = str(escape(str(self)))
        if "{" in html or "}" in html:
            html = html.replace("{" + ZERO_WIDTH_NON_JOINER, "&#123;").replace(ZERO_WIDTH_NON_JOINER + "}", "&#125;")
        return html


def clean_line(value: str) -> Text | None:
    """`value` as one line: control, bidi and invisible characters gone, runs of white space made one space.

    Returns None when nothing that can be seen is left.
    """
    if not value.isprintable():
        value = "".join(map(_clean_character, value))
    value = " ".join(value.split())
    if not value.isascii() and not any(_is_visible(character) for character in value):
        return None
    if "{" in value or "}" in value:
        value = value.replace("{", "{" + ZERO_WIDTH_NON_JOINER).replace("}", ZERO_WIDTH_NON_JOINER + "}")
    return Text(value) if value else None


def _clean_character(character: str) -> str:
    code = ord(character)
    if character.isspace():
        return " "
    if code in _HIDDEN or unicodedata.category(character) in ("Cc", "Cs") or code & 0xFFFE == 0xFFFE:
        return ""
    return character


def _is_visible(character: str) -> bool:
    return character.isprintable() and character != " " and character not in _LOOKS_BLANK


@lru_cache(maxsize=65_536)
def clean_url(value: str) -> str | None:
    """An absolute http or https link, percent-encoded so that it is safe in an attribute; None for anything else.

    A link with a user name before its host is refused: it is how a link pretends to lead elsewhere.
    """
    value = value.strip()
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
        if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or not value.isprintable():
            return None
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except ValueError:
        return None
    if not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+", host):
        return None
    host = f"[{host}]" if ":" in host else host
    netloc = host if port is None else f"{host}:{port}"
    return quote(parts._replace(netloc=netloc).geturl(), safe=_URL_SAFE)


def is_email(value: str) -> bool:
    """True for one plain address (`local@domain.tld`): no display name, no second address, no break for a header."""
    return value.isprintable() and len(value) <= 254 and _EMAIL.fullmatch(value) is not None


def addresses_in(text: str) -> set[str]:
    """The e-mail addresses in a text, in lower case. What follows a slash is part of a link, as in `/hero@2x.png`."""
    found = set()
    at = text.find("@")
    while at >= 0:
        # The domain first: a style sheet has many an @ and no domain behind it.
        domain = _DOMAIN.match(text, at + 1)
        local = _LOCAL_PART.search(text, max(0, at - _LONGEST_LOCAL_PART), at) if domain else None
        if local and domain and text[local.start() - 1 : local.start()] != "/":
            found.add(f"{local.group()}@{domain.group()}".lower())
        at = text.find("@", at + 1)
    return found


def has_template_tag(text: str) -> bool:
    """True when `{{`, `{%` or `{#` is in `text`."""
    return _TEMPLATE_TAG.search(text) is not None


def spreadsheet_cell(value: str) -> str:
    """`value` for a CSV cell: what a spreadsheet would run gets a leading apostrophe (OWASP, CSV injection)."""
    return "'" + value if value.startswith(_FORMULA_START) else value
