"""Text files that people edit, read so that one in another encoding is told by the line it shows in.

Knows nothing about what they hold.
"""

from pathlib import Path

from exports.errors import LoadError, Problem


def read_text(path: Path) -> str:
    """The file's text, its line ends as `\\n`; a byte order mark, which editors put before it, is none of it.

    Raises LoadError (file and line) for a missing file, or one that is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise LoadError([Problem(path, 1, "file is missing")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise LoadError([Problem(path, line, "file is not UTF-8 here: save it as UTF-8")]) from None
