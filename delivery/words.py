"""What a service says, as it may be kept: short, and without whom it is about or what opens an account."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable

_LONGEST = 200
_GONE = "..."
# Addresses, links (ours hold tokens), numbers as long as a phone's, and what is in quotes and no name of a field.
_PERSONAL = re.compile(
    r"\S*@\S*|https?://\S+|\+?\d[\d ()./-]{5,}\d|\"(?![\w.\[\]-]{1,40}\")[^\"]*\"?|'(?![\w.\[\]-]{1,40}')[^']*'?"
)
_WORD = re.compile(r"\w+")
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def cleaner(secrets: Iterable[str], readers: Iterable[str]) -> Callable[[str], str]:
    """What makes a text one line of at most 200 characters, with addresses, links, numbers, quotations, secrets and the
    names of the `readers` left out.
    """
    secrets = tuple(secrets)
    names = {word for reader in readers for word in _WORD.findall(reader) if not word.isdecimal()}

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, _GONE)
        text = _PERSONAL.sub(_GONE, " ".join(text.split()))
        text = _WORD.sub(lambda found: _GONE if found.group() in names else found.group(), text)
        text = "".join(character for character in text if character.isprintable())
        return text if len(text) <= _LONGEST else text[:_LONGEST] + _GONE

    return clean


def code_of(text: object) -> str:
    """A service's code, if it is one by its form; else nothing."""
    return str(text) if _CODE.fullmatch(str(text)) else ""


def spellings(secret: str) -> list[str]:
    """The secret in each form in which something could repeat it, the longest first."""
    parts = [part for part in secret.split(":") if len(part) > 5]
    forms = {secret, *parts, b64encode(secret.encode()).decode()}
    return sorted(forms, key=len, reverse=True)
