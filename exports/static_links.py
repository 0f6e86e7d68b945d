"""The links a template holds when it is loaded: which are allowed, and the campaign's parameters on the static ones."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from exports.errors import Problem
from exports.links import STATIC_LINK, Utm, tag_static_link
from exports.mjml import plain
from exports.source import Hidden, Source

_EXPRESSION = re.compile(r"\{\{-?\s*(.+?)\s*-?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Names:
    """Types by token, types by token of each list, the values of each slot, and the lists each loop variable walks.

    `declared_in` says where a name would have to be declared that is none of these.
    """

    types: Mapping[str, str]
    list_types: Mapping[str, Mapping[str, str]]
    slots: Mapping[str, Collection[str]] = field(default_factory=dict)
    loops: Mapping[str, Collection[str]] = field(default_factory=dict)
    declared_in: str = "campaign.yml"

    def type(self, expression: str) -> str | None:
        """The declared type of `name` or `variable.name`; None for any other expression, or when lists differ in it."""
        owner, _, name = expression.rpartition(".")
        if not owner:
            return self.types.get(name)
        lists = [self.list_types[name] for name in self.loops.get(owner, ())]
        found = {types[name] for types in lists if name in types}
        return found.pop() if len(found) == 1 else None


class Links:
    """Checks the links of one template and adds the campaign's parameters to the static ones."""

    def __init__(self, source: Source, hidden: Hidden, utm: Utm, names: Names, problems: list[Problem]) -> None:
        self.source, self.hidden, self.utm, self.names, self.problems = source, hidden, utm, names, problems
        self.seen: set[str] = set()

    def anchor(self, href: str) -> str:
        """The href of an `<a>` as it goes into the compiled template."""
        expression = self._expression(href)
        if expression is not None:
            self.seen.add(expression)
            if expression != "unsubscribe_url" and self.names.type(expression) != "link":
                self._fault(href, f"{{{{ {expression} }}}} is not a token of type link")
            return href
        if self._has_static_host(href):
            return self._static(plain(href)).replace("&", "&amp;")
        if not re.match(r"(mailto|tel):.", href) or self.hidden.find(href):
            self._fault(href, "a link must be a token of type link, or start with http(s)://<host>, mailto: or tel:")
        return href

    def image(self, src: str) -> None:
        """Checks the src of an `<img>`."""
        expression = self._expression(src)
        if expression is not None and self.names.type(expression) != "image":
            self._fault(src, f"{{{{ {expression} }}}} is not a token of type image")
        if expression is None and (not self._has_static_host(src) or self.hidden.find(src)):
            self._fault(src, "an image must be a token of type image, or a static http(s) link")

    def text_link(self, url: str) -> str:
        """A link written out in the text part."""
        if not self._has_static_host(url):
            self._fault(url, "a link must start with http(s)://<host>, without a tag in the host")
            return url
        return self._static(url)

    def _has_static_host(self, url: str) -> bool:
        match = STATIC_LINK.match(url)
        return match is not None and not self.hidden.find(match.group())

    def _static(self, url: str) -> str:
        placeholders = self.hidden.find(url)
        if any(self.hidden.tags[placeholder].startswith("{%") for placeholder in placeholders):
            self._fault(url, "a {% %} tag may not stand in a link")
        expressions = {placeholder: self._inner(placeholder) for placeholder in placeholders}
        return tag_static_link(url, self.utm, expressions)

    def _expression(self, text: str) -> str | None:
        """The expression, when `text` is nothing but one `{{ }}` tag."""
        placeholders = self.hidden.find(text)
        if len(placeholders) == 1 and placeholders[0] == text.strip() and self._inner(text.strip()):
            return self._inner(text.strip())
        return None

    def _inner(self, placeholder: str) -> str:
        match = _EXPRESSION.fullmatch(self.hidden.tags[placeholder])
        return match.group(1) if match else ""

    def _fault(self, part: str, text: str) -> None:
        index = max(self.hidden.text.find(part or '=""'), 0)
        line = self.hidden.text.count("\n", 0, index) + 1
        self.problems.append(self.source.problem(line, text))
