"""What a service says, as it may be kept: short, and without whom it is about or what opens an account."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator

import orjson

_LONGEST = 200
_GONE = "..."
# Where services that answer in JSON say what is wrong.
_SAYING = frozenset({"message", "error", "errors", "error_description", "detail", "title"})
# Addresses, links (ours hold tokens), and numbers as long as a phone's.
_PERSONAL = re.compile(r"\S*@\S*|https?://\S+|\+?\d[\d ()./-]{5,}\d")
# An apostrophe within a word quotes nothing. What is cut off is quoted to the end.
_QUOTED = re.compile(r"\"([^\"]*)(?:\"|$)|(?<!\w)'((?:[^']|'(?=\w))*)(?:'|$)")
_FIELD = re.compile(r"[\w.\[\]-]{1,40}")
_WORD = re.compile(r"\w+")
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def said(answer: bytes) -> str:
    """What is for people in an answer: of JSON, the texts that say what is wrong; else the beginning of it."""
    try:
        texts = list(_texts(orjson.loads(answer), is_said=False))
    except ValueError:
        texts = []
    return "; ".join(texts) or answer[: 10 * _LONGEST].decode(errors="replace")


def _texts(value: object, *, is_said: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, is_said=key.lower() in _SAYING)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, is_said=is_said)
    elif is_said and isinstance(value, str):
        yield value


def cleaner(secrets: Iterable[str], readers: Iterable[str]) -> Callable[[str, bytes], str]:
    """What makes a text one line of at most 200 characters, with addresses, links, numbers, quotations, secrets, the
    names of the `readers` and what repeats the request left out.
    """
    secrets = tuple(secrets)
    names = {word for reader in readers for word in _WORD.findall(reader) if not word.isdecimal()}

    def clean(text: str, request: bytes) -> str:
        for secret in secrets:
            text = text.replace(secret, _GONE)
        text = _without_echoes(" ".join(text.split()), request)
        text = _QUOTED.sub(_unquoted, _PERSONAL.sub(_GONE, text))
        text = _WORD.sub(lambda found: _GONE if found.group() in names else found.group(), text)
        text = "".join(character for character in text if character.isprintable())
        return text if len(text) <= _LONGEST else text[:_LONGEST] + _GONE

    return clean


def _without_echoes(text: str, request: bytes) -> str:
    """The text less each three words in a row that the request has as well: it quotes what somebody was to read."""
    words = list(_WORD.finditer(text))
    kept, end = [], -1
    for first, _, last in zip(words, words[1:], words[2:], strict=False):
        if text[first.start() : last.end()].encode() in request:
            if first.start() > end:
                kept.append(text[max(end, 0) : first.start()])
            end = last.end()
    return _GONE.join([*kept, text[max(end, 0) :]])


def _unquoted(found: re.Match[str]) -> str:
    """A name of a field stays; what else is quoted is a value."""
    content = found.group(1) or found.group(2) or ""
    return found.group() if _FIELD.fullmatch(content) else _GONE


def code_of(text: object) -> str:
    """A service's code, if it is one by its form; else nothing."""
    return str(text) if _CODE.fullmatch(str(text)) else ""


def spellings(secret: str) -> list[str]:
    """The secret in each form in which something could repeat it, the longest first."""
    parts = [part for part in secret.split(":") if len(part) > 5]
    forms = {secret, *parts, b64encode(secret.encode()).decode()}
    return sorted(forms, key=len, reverse=True)
