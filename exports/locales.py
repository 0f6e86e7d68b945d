"""The locales a campaign has templates in, and which of them a reader gets.

The files in a campaign's folder are of the brand's locale; a sub-folder named after another (`de`, `pt-BR`) has that
one's. `plain/` has the same again. A layout has a file for a locale under `layouts/<locale>/`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError

# What the brand's own locale is called where others go by their names.
DEFAULT = "default"
# The sub-folder that is no locale's: simpler templates, for rows that lack what the others need.
PLAIN = "plain"
_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2}|-\d{3})?")
# What data may give for a language: `DE`, `de_AT`, `de-at`.
_GIVEN = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Choice:
    """The locale a reader gets, the language that was asked for (None for none), and how well it fits.

    `by` is `exact`; `language` where only the region differs; `default` where there is nothing in that language.
    """

    locale: str
    language: str | None
    by: str


def is_locale(tag: str) -> bool:
    """True for a locale that there is, written as in `de`, `en-GB` or `zh-Hant-TW`."""
    if not _TAG.fullmatch(tag):
        return False
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


def language_of(tag: str) -> str:
    """`pt` of `pt-BR`."""
    return tag.partition("-")[0]


@lru_cache(maxsize=4096)
def choose(language: object, available: tuple[str, ...], default: str) -> Choice:
    """The locale for a row's language: that very one, else one of the same language, else the default."""
    match = _GIVEN.fullmatch(language.strip()) if isinstance(language, str) else None
    if match is None:
        return Choice(default, None, "default")
    asked = match.group().replace("_", "-").lower()
    for tag in available:
        if tag.lower() == asked:
            return Choice(tag, asked, "exact")
    base = match.group(1).lower()
    # The default first: among several regions of a language it is the shop's own.
    for tag in (default, *sorted(available)):
        if language_of(tag) == base:
            return Choice(tag, asked, "language")
    return Choice(default, asked, "default")


def folders(campaign: Path) -> list[Path]:
    """The sub-folders of a campaign, one a locale, in the order of their names; `plain/` is none of them."""
    found = campaign.iterdir() if campaign.is_dir() else []
    return sorted(path for path in found if path.is_dir() and path.name != PLAIN)


def layout(library: Path, name: str, locale: str) -> str | None:
    """The file of a layout for a locale other than the brand's, relative to `library`.

    A layout without a file for any locale has no words, and serves all. None for one that lacks this locale's.
    """
    folder, _, rest = name.partition("/")
    for tag in (locale, language_of(locale)):
        if (library / folder / tag / rest).is_file():
            return f"{folder}/{tag}/{rest}"
    return None if any(library.glob(f"{folder}/*/{rest}")) else name
