"""Template files as text: includes filled in, comments blanked, every line traceable to the file it came from.

MJML compiles before Jinja runs, so the tags are hidden from the compiler behind plain words and put back afterwards;
that also lets a tag hold `<`, `&` and quotes.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from exports.errors import LoadError, Problem

_TAG = re.compile(r"""\{\{(?:'[^']*'|"[^"]*"|[^'"])*?\}\}|\{%(?:'[^']*'|"[^"]*"|[^'"])*?%\}""")
_PLACEHOLDER = re.compile(r"jinjatag(\d+)x")
_BRAND = re.compile(r"\{\{-?\s*brand\.([a-z_.]+)\s*-?\}\}")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_MJML_COMMENT = re.compile(r"<!--(?!\[if ).*?-->|\{#.*?#\}", re.DOTALL)
_INCLUDE = re.compile(r"""^[ \t]*\{%-?\s*include\s+["']([^"']+)["']\s*-?%\}[ \t]*$""")
_MJML_INCLUDE = re.compile(r"""<mj-include\s+path=["']([^"']+)["']\s*/>""")


@dataclass(frozen=True, slots=True)
class Source:
    """Expanded template text; `origins[n]` is the file and line of its line n+1, `files` what it was made from."""

    path: Path
    text: str
    origins: tuple[tuple[Path, int], ...]
    files: dict[Path, str]

    def problem(self, line: int, text: str) -> Problem:
        """A problem at a line of the expanded text, told by the file that line is in."""
        file, number = self.origins[min(max(line, 1), len(self.origins)) - 1]
        return Problem(file, number, text)


@dataclass(frozen=True, slots=True)
class Hidden:
    """Text whose Jinja tags are placeholders; `tags` maps each placeholder to its tag."""

    text: str
    tags: dict[str, str]

    def find(self, text: str) -> list[str]:
        """Placeholders in `text`, in order."""
        return [match.group() for match in _PLACEHOLDER.finditer(text)]

    def restore(self, text: str) -> str:
        """`text` with the tags back in place."""
        return _PLACEHOLDER.sub(lambda match: self.tags.get(match.group(), match.group()), text)


def read_source(path: Path, library: Path) -> Source:
    """Reads a template with its includes, whose paths are relative to `library`.

    MJML files include with `<mj-include path="..." />`, text files with `{% include "..." %}` on a line of its own.
    Raises LoadError for a missing file, a path outside the library or a file that includes itself.
    """
    is_mjml = path.suffix == ".mjml"
    reader = _Reader(library, _MJML_COMMENT if is_mjml else _COMMENT, _MJML_INCLUDE if is_mjml else _INCLUDE)
    lines = list(reader.lines(path, ()))
    return Source(path, "\n".join(text for text, _ in lines), tuple(origin for _, origin in lines), reader.files)


class _Reader:
    def __init__(self, library: Path, comment: re.Pattern[str], include: re.Pattern[str]) -> None:
        self.library, self.comment, self.include = library, comment, include
        self.files: dict[Path, str] = {}

    def lines(self, path: Path, parents: tuple[Path, ...]) -> Iterator[tuple[str, tuple[Path, int]]]:
        for number, line in enumerate(self._read(path).split("\n"), start=1):
            pieces = self.include.split(line)
            for index, piece in enumerate(pieces):
                if index % 2:
                    yield from self._included(piece, path, number, (*parents, path))
                elif piece.strip() or len(pieces) == 1:
                    yield piece, (path, number)

    def _included(
        self, name: str, path: Path, number: int, parents: tuple[Path, ...]
    ) -> Iterator[tuple[str, tuple[Path, int]]]:
        target = self.library / name
        if ".." in Path(name).parts or Path(name).is_absolute() or not target.is_file():
            raise LoadError([Problem(path, number, f"no file {name!r} to include in {self.library}")])
        if target in parents:
            raise LoadError([Problem(path, number, f"{name!r} includes itself")])
        yield from self.lines(target, parents)

    def _read(self, path: Path) -> str:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise LoadError([Problem(path, 1, "file is missing")]) from None
        except UnicodeDecodeError:
            raise LoadError([Problem(path, 1, "file is not UTF-8")]) from None
        self.files[path] = text
        return self.comment.sub(lambda match: "\n" * match.group().count("\n"), text).removesuffix("\n")


def fill_brand(text: str, values: dict[str, str], escape: Callable[[str], str] = str) -> str:
    """`text` with every `{{ brand.<key> }}` replaced by its value: constants need not be looked up per recipient."""
    return _BRAND.sub(lambda match: escape(values.get(match.group(1), match.group())), text)


def hide_tags(text: str) -> Hidden:
    """Hides every Jinja tag behind a placeholder that keeps the tag's line breaks, so that line numbers stay."""
    tags: dict[str, str] = {}

    def hide(match: re.Match[str]) -> str:
        placeholder = f"jinjatag{len(tags)}x"
        tags[placeholder] = match.group()
        return placeholder + "\n" * match.group().count("\n")

    return Hidden(_TAG.sub(hide, text), tags)
