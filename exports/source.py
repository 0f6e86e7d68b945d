"""Template files as text: includes filled in, comments blanked, every line traceable to the file it came from.

MJML compiles before Jinja runs, so the tags are hidden from the compiler behind plain words and put back afterwards;
that also lets a tag hold `<`, `&` and quotes.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from exports.errors import LoadError, Problem
from exports.locales import layout
from exports.textfile import read_text

TAG = re.compile(r"""\{\{(?:'[^']*'|"[^"]*"|[^'"])*?\}\}|\{%(?:'[^']*'|"[^"]*"|[^'"])*?%\}""")
# A comment for Outlook may hold half a table, which the compiler takes nowhere.
_HIDDEN = re.compile(rf"<!--\[if .*?<!\[endif\]-->|{TAG.pattern}", re.DOTALL)
_PLACEHOLDER = re.compile(r"jinjatag(\d+)x")
_BRAND = re.compile(r"\{\{-?\s*brand\.([a-z_.]+)\s*-?\}\}")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_MJML_COMMENT = re.compile(r"<!--(?!\[if ).*?-->|\{#.*?#\}", re.DOTALL)
# What stands in quotes may hold tags, and those quotes of their own.
_QUOTED = r"""(?:"(?:\{\{.*?\}\}|\{%.*?%\}|(?!\{\{|\{%)[^"])*"|'(?:\{\{.*?\}\}|\{%.*?%\}|(?!\{\{|\{%)[^'])*')"""
_ARGUMENT = re.compile(rf"\s+([A-Za-z_]\w*)\s*=\s*({_QUOTED})", re.DOTALL)
_ARGUMENTS = rf"(?:\s+[A-Za-z_]\w*\s*=\s*{_QUOTED})*"
_INCLUDE = re.compile(
    rf"^[ \t]*\{{%-?\s*include\s+(?P<path>{_QUOTED})(?P<arguments>{_ARGUMENTS})\s*-?%\}}[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
_MJML_INCLUDE = re.compile(rf"<mj-include\s+path=(?P<path>{_QUOTED})(?P<arguments>{_ARGUMENTS})\s*/>", re.DOTALL)

BLOCKS = "blocks/"
Line = tuple[str, tuple[Path, int]]
Lines = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Argument:
    """What a template gives to an input of a block it includes, and the line it stands in."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Include:
    """One include: the file's name in the library, what it is given, and where it stands."""

    name: str
    arguments: Mapping[str, Argument]
    file: Path
    line: int


# Puts what an include gives into the text of its block; the result comes as lines with their numbers there.
Fill = Callable[[Include, str], Lines]


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
    """Text whose Jinja tags and conditional comments are placeholders; `tags` maps each to what it stands for."""

    text: str
    tags: dict[str, str]

    def find(self, text: str) -> list[str]:
        """Placeholders in `text`, in order."""
        return [match.group() for match in _PLACEHOLDER.finditer(text)]

    def restore(self, text: str) -> str:
        """`text` with the tags back in place."""
        return _PLACEHOLDER.sub(lambda match: self.tags.get(match.group(), match.group()), text)


def read_source(path: Path, library: Path, fill: Fill, locale: str | None = None) -> Source:
    """Reads a template with its includes, whose paths are relative to `library`.

    For a locale other than the brand's, a layout is the one of that locale, if layouts have words.
    MJML files include with `<mj-include path="..." />`, text files with `{% include "..." %}` on a line of its own.
    What is given to a block follows its path as `name="..."`, and is put there by `fill`; a block includes nothing.
    Raises LoadError for a missing file, a path outside the library or a file that includes itself.
    """
    return _Reader(path, library, fill, locale).source(numbered(read_text(path)))


def source_of(text: str, path: Path, library: Path, fill: Fill) -> Source:
    """Like read_source, of a text that is in no file; `path` says what it is called and which kind it is of."""
    return _Reader(path, library, fill, None).source(numbered(text))


def numbered(text: str) -> Lines:
    """The lines of a file with their numbers."""
    return [(line, number) for number, line in enumerate(text.split("\n"), start=1)]


def without_comments(text: str, is_mjml: bool) -> str:
    """`text` with its comments blanked: the lines stay where they are."""
    comment = _MJML_COMMENT if is_mjml else _COMMENT
    return comment.sub(lambda match: "\n" * match.group().count("\n"), text)


class _Reader:
    def __init__(self, path: Path, library: Path, fill: Fill, locale: str | None) -> None:
        self.path, self.library, self.fill, self.locale = path, library, fill, locale
        self.is_mjml = path.suffix == ".mjml"
        self.include = _MJML_INCLUDE if self.is_mjml else _INCLUDE
        self.files: dict[Path, str] = {}

    def source(self, lines: Lines) -> Source:
        self.files[self.path] = "\n".join(text for text, _ in lines)
        expanded = list(self._expand(self._clean(lines), self.path, ()))
        text = "\n".join(text for text, _ in expanded)
        return Source(self.path, text, tuple(origin for _, origin in expanded), self.files)

    def _clean(self, lines: Lines) -> Lines:
        text = without_comments("\n".join(text for text, _ in lines), self.is_mjml).removesuffix("\n")
        return [(line, number) for line, (_, number) in zip(text.split("\n"), lines, strict=False)]

    def _expand(self, lines: Lines, path: Path, parents: tuple[Path, ...]) -> Iterator[Line]:
        """The lines with every include replaced; what stands beside one in its line keeps a line of its own."""
        text = "\n".join(line for line, _ in lines)
        position = row = 0
        for match in self.include.finditer(text):
            before = text[position : match.start()].split("\n")
            yield from self._plain(before, lines[row:], path, after=position > 0, until=True)
            row += len(before) - 1
            yield from self._included(self._read_include(match, lines[row:], path), (*parents, path))
            row += match.group().count("\n")
            position = match.end()
        yield from self._plain(text[position:].split("\n"), lines[row:], path, after=position > 0, until=False)

    def _plain(self, pieces: list[str], lines: Lines, path: Path, *, after: bool, until: bool) -> Iterator[Line]:
        """Lines between two includes; their first and last may be blank remains of a line that holds an include."""
        for index, (piece, (_, number)) in enumerate(zip(pieces, lines, strict=False)):
            is_remains = (after and index == 0) or (until and index == len(pieces) - 1)
            if piece.strip() or not is_remains:
                yield piece, (path, number)

    def _read_include(self, match: re.Match[str], lines: Lines, path: Path) -> Include:
        start = match.start()
        arguments = {}
        for argument in _ARGUMENT.finditer(match.string, match.start("arguments"), match.end("arguments")):
            line = lines[match.string.count("\n", start, argument.start(1))][1]
            if argument.group(1) in arguments:
                raise LoadError([Problem(path, line, f"{argument.group(1)!r} is given twice")])
            arguments[argument.group(1)] = Argument(" ".join(argument.group(2)[1:-1].split()), line)
        return Include(match.group("path")[1:-1], arguments, path, lines[0][1])

    def _included(self, include: Include, parents: tuple[Path, ...]) -> Iterator[Line]:
        name = include.name
        if ".." in Path(name).parts or Path(name).is_absolute() or not (self.library / name).is_file():
            raise self._fault(include, f"no file {name!r} to include in {self.library}")
        if name.startswith(BLOCKS):
            yield from self._block(include)
            return
        if include.arguments:
            raise self._fault(include, f"{name!r} is not a block: it takes no inputs")
        target = self.library / self._in_locale(include)
        if target in parents:
            raise self._fault(include, f"{name!r} includes itself")
        yield from self._expand(self._text(target), target, parents)

    def _block(self, include: Include) -> Iterator[Line]:
        target = self.library / include.name
        for line, number in self.fill(include, "\n".join(text for text, _ in self._text(target))):
            yield line, (target, number)

    def _in_locale(self, include: Include) -> str:
        if self.locale is None:
            return include.name
        found = layout(self.library, include.name, self.locale)
        if found is None:
            text = f"{include.name} holds words, as its versions for other locales show: it lacks one for {self.locale}"
            raise self._fault(include, text)
        return found

    def _text(self, path: Path) -> Lines:
        self.files[path] = read_text(path)
        return self._clean(numbered(self.files[path]))

    def _fault(self, include: Include, text: str) -> LoadError:
        return LoadError([Problem(include.file, include.line, text)])


def fill_brand(text: str, values: dict[str, str], escape: Callable[[str], str] = str) -> str:
    """`text` with every `{{ brand.<key> }}` replaced by its value: constants need not be looked up per recipient."""
    return _BRAND.sub(lambda match: escape(values.get(match.group(1), match.group())), text)


def hide_tags(text: str) -> Hidden:
    """Hides Jinja tags and conditional comments behind placeholders that keep their line breaks, so that lines stay."""
    tags: dict[str, str] = {}

    def hide(match: re.Match[str]) -> str:
        placeholder = f"jinjatag{len(tags)}x"
        tags[placeholder] = match.group()
        return placeholder + "\n" * match.group().count("\n")

    return Hidden(_HIDDEN.sub(hide, text), tags)
