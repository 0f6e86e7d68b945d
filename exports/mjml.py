"""MJML to HTML, once per campaign, and what may stand where in the result.

The compiler (mrml) forgives much and names no lines, so the source is checked first. Rendering is not done here.
"""

import re
from html import escape, unescape
from html.entities import name2codepoint
from html.parser import HTMLParser
from xml.parsers import expat

import mrml

from exports.errors import Problem
from exports.source import TAG, Hidden, Source

_TAGS = frozenset((
    "mjml", "mj-head", "mj-body", "mj-title", "mj-preview", "mj-attributes", "mj-all", "mj-class",
    "mj-breakpoint", "mj-font", "mj-style", "mj-raw", "mj-wrapper", "mj-section", "mj-column", "mj-group",
    "mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-table", "mj-social",
    "mj-social-element", "mj-navbar", "mj-navbar-link", "mj-hero", "mj-accordion", "mj-accordion-element",
    "mj-accordion-title", "mj-accordion-text", "mj-carousel", "mj-carousel-image",
))  # fmt: skip
# Elements that hold only other elements: text straight inside them lands outside every table cell.
_CONTAINERS = frozenset((
    "mjml", "mj-head", "mj-body", "mj-wrapper", "mj-section", "mj-column", "mj-group", "mj-hero", "mj-attributes",
))  # fmt: skip
_ENTITY = re.compile(r"&(\w+);")
_XML_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_VALUE_ATTRIBUTES = frozenset((("a", "href"), ("img", "src"), ("img", "alt"), ("img", "title"), ("a", "title")))
_LEFT_OVER = re.compile(r"<(mj-[\w-]+|mjml)")
# How mrml writes a character of an attribute that it takes for unprintable.
_ESCAPED = re.compile(r"\\u\{[0-9a-f]+\}")
_POSITION = re.compile(r"position (\d+):")


def compile_mjml(source: Source, hidden: Hidden) -> tuple[str, list[Problem]]:
    """HTML of an MJML source whose tags are hidden. An empty string when there are problems."""
    problems = _check_source(source, hidden)
    if problems:
        return "", problems
    try:
        html = mrml.to_html(hidden.text).content
    except OSError as error:
        position = _POSITION.search(str(error))
        line = hidden.text.count("\n", 0, int(position.group(1))) + 1 if position else 1
        return "", [source.problem(line, f"not valid MJML: {error}")]
    problems = _check_result(source, hidden, html)
    return ("" if problems else html), problems


def _check_source(source: Source, hidden: Hidden) -> list[Problem]:
    checker = _SourceCheck(source, hidden)
    try:
        checker.parser.Parse(_ENTITY.sub(_numeric, hidden.text), True)
    except expat.ExpatError as error:
        checker.fault(error.lineno, _explain(error, hidden.text, checker))
    if not checker.problems and not hidden.text.lstrip().startswith("<mjml"):
        checker.fault(1, "the first element must be <mjml>")
    return checker.problems


def _explain(error: expat.ExpatError, text: str, checker: "_SourceCheck") -> str:
    line = text.split("\n")[error.lineno - 1]
    if re.search(r"&(?!#?\w+;)", line):
        return "an unescaped & stands here: write &amp;"
    if checker.open and error.code == expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH]:
        tag, opened = checker.open[-1]
        file, number = checker.source.origins[opened - 1]
        return f"<{tag}> of {file.name}:{number} is not closed before this"
    return f"not well-formed MJML: {expat.errors.messages[error.code]}"


def _numeric(match: re.Match[str]) -> str:
    name = match.group(1)
    return match.group() if name in _XML_ENTITIES or name not in name2codepoint else f"&#{name2codepoint[name]};"


class _SourceCheck:
    """Well-formedness, known elements, tags only where the compiler keeps them in place."""

    def __init__(self, source: Source, hidden: Hidden) -> None:
        self.source, self.hidden = source, hidden
        self.open: list[tuple[str, int]] = []
        self.problems: list[Problem] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def fault(self, line: int, text: str) -> None:
        self.problems.append(self.source.problem(line, text))

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        if tag == "mj-include":
            self.fault(line, 'no include: write <mj-include path="..." input="..." />; and none may stand in a block')
        elif tag.startswith("mj") and tag not in _TAGS:
            self.fault(line, f"unknown element <{tag}>")
        if any("{%" in self.hidden.restore(value) for value in attributes.values()):
            self.fault(line, "a {% %} tag may not stand in an attribute")
        is_default = any(parent == "mj-attributes" for parent, _ in self.open)
        if tag in ("mj-image", "img") and "alt" not in attributes and not is_default:
            self.fault(line, f'<{tag}> has no alt text; for a decoration write alt=""')
        self.open.append((tag, line))

    def _end(self, tag: str) -> None:
        self.open.pop()

    def _text(self, text: str) -> None:
        if text.strip() and self.open[-1][0] in _CONTAINERS:
            self.fault(self.parser.CurrentLineNumber, f"text straight inside <{self.open[-1][0]}>: put it in <mj-raw>")


def _check_result(source: Source, hidden: Hidden, html: str) -> list[Problem]:
    problems = []
    for match in _LEFT_OVER.finditer(html):
        line = _line_of(hidden.text, f"<{match.group(1)}")
        problems.append(source.problem(line, f"<{match.group(1)}> may not stand inside that element"))
    for placeholder, tag in hidden.tags.items():
        if tag.startswith("<!--") and TAG.search(tag):
            problems.append(source.problem(_line_of(hidden.text, placeholder), "a tag may not stand in a comment"))
        count = html.count(placeholder)
        if count == 0 or (tag.startswith("{%") and count > 1):
            line = _line_of(hidden.text, placeholder)
            problems.append(source.problem(line, f"{tag} stands in an attribute or place MJML does not know"))
    if escaped := _ESCAPED.search(html):
        text = f"an attribute holds an invisible character or a joined emoji ({escaped.group()})"
        problems.append(source.problem(1, text))
    context = _Context(hidden)
    context.feed(html)
    for placeholder, text in context.faults:
        problems.append(source.problem(_line_of(hidden.text, placeholder), text))
    return problems


def _line_of(text: str, part: str) -> int:
    index = text.find(part)
    return text.count("\n", 0, index) + 1 if index >= 0 else 1


class _Context(HTMLParser):
    """Finds values in places where HTML escaping does not protect: styles, scripts, comments, other attributes."""

    def __init__(self, hidden: Hidden) -> None:
        super().__init__(convert_charrefs=True)
        self.hidden = hidden
        self.faults: list[tuple[str, str]] = []
        self._raw = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._raw = tag if tag in ("style", "script") else ""
        for name, value in attrs:
            if (tag, name) not in _VALUE_ATTRIBUTES and name != "aria-label":
                self._refuse(value or "", f"a value may not stand in the attribute {name} of <{tag}>")

    def handle_endtag(self, tag: str) -> None:
        self._raw = ""

    def handle_data(self, data: str) -> None:
        if self._raw:
            self._refuse(data, f"a value may not stand in a <{self._raw}>")

    def handle_comment(self, data: str) -> None:
        self._refuse(data, "a tag may not stand in a comment")

    def _refuse(self, text: str, fault: str) -> None:
        self.faults += [(placeholder, fault) for placeholder in self.hidden.find(text)]


def escape_constant(value: str) -> str:
    """A brand value as MJML text or attribute."""
    return escape(value, quote=True)


def plain(attribute: str) -> str:
    """The value of an attribute as it was meant."""
    return unescape(attribute)
