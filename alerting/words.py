"""An error's text as it may leave the machine."""

import re

_LONGEST = 600
_GONE = "..."
# A day, with or without its time, is no phone number.
_DAY = r"(?<!\d)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?(?![\d-])"
_PERSONAL = re.compile(rf"({_DAY})|\S*@\S*|\w+://\S+|\+?\d[\d ()./-]{{5,}}\d")
# An apostrophe within a word quotes nothing. What is cut off is quoted to the end.
_QUOTED = re.compile(r"\"([^\"]*)(?:\"|$)|(?<!\w)'((?:[^']|'(?=\w))*)(?:'(?!\w)|$)|`([^`]*)(?:`|$)")
# A quoted name of a column, model or file of ours stays; it is one word, and tells nobody's.
_NAME = re.compile(r"[a-z0-9_./<>=-]{1,80}")
# Chat services make mentions and links of these.
_MARKUP = str.maketrans({"<": "(", ">": ")", "&": "+", "|": "/"})


def plain(text: str) -> str:
    """The text as one line of at most 600 characters, without addresses, links, long numbers, what is quoted in it, and
    what a chat service would take for markup.

    The texts that come here name no row by their own making; this holds where one does all the same.
    """
    line = "".join(c if c.isprintable() else " " for c in text)
    line = _QUOTED.sub(_unquoted, " ".join(line.split()))
    line = _PERSONAL.sub(lambda found: found.group(1) or _GONE, line).translate(_MARKUP)
    return line if len(line) <= _LONGEST else line[:_LONGEST] + _GONE


def _unquoted(found: re.Match[str]) -> str:
    content = next((group for group in found.groups() if group), "")
    return found.group() if _NAME.fullmatch(content) else _GONE
