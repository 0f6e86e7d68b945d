"""Text from extracts as a terminal may show it."""

from __future__ import annotations

import unicodedata

# Control characters and those that change how others are shown: terminal commands begin with the first, texts that read
# otherwise than they are stored are made with the second.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def printable(value: object) -> str:
    """The value as text on one line, what a terminal would obey or hide written as its escape; a dash for nothing."""
    if value is None or value == "":
        return "-"
    return "".join(
        character if unicodedata.category(character) not in _UNSEEN else ascii(character)[1:-1]
        for character in str(value)
    )
