"""The templates of a campaign's folder, checked against its definition and compiled."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Template

from exports.brand import Brand
from exports.definition import PROVIDED, Definition
from exports.errors import LoadError, Problem
from exports.links import tag_text_links
from exports.mjml import compile_mjml, escape_constant
from exports.source import Hidden, Source, fill_brand, hide_tags, read_source
from exports.static_links import Links, Names
from exports.template import Usage, Vocabulary, environment, inspect

_ANCHOR = re.compile(r"""(<a\b[^>]*?\shref=)(["'])(.*?)\2""", re.DOTALL)
_IMAGE = re.compile(r"""(<img\b[^>]*?\ssrc=)(["'])(.*?)\2""", re.DOTALL)


class Templates:
    """The four templates, checked against the definition and compiled."""

    def __init__(self, folder: Path, library: Path, definition: Definition, brand: Brand) -> None:
        self.folder, self.library, self.definition, self.brand = folder, library, definition, brand
        self.problems: list[Problem] = []
        self.templates: dict[str, Template] = {}
        self.files = {folder / "campaign.yml": (folder / "campaign.yml").read_text(encoding="utf-8")}
        self.types = {token.name: token.type for token in definition.tokens}
        self.list_types = {spec.name: {token.name: token.type for token in spec.tokens} for spec in definition.lists}
        self.slots = {slot.name: slot.values for slot in definition.slots}
        usages = [usage for name in PROVIDED if (usage := self._load(name)) is not None]
        if len(usages) == len(PROVIDED) and not self.problems:
            self._unused(usages)

    def version(self) -> str:
        """sha256 over everything the templates were made of: their files by relative name, and the brand's values."""
        digest = hashlib.sha256(self.brand.fingerprint())
        for name, text in sorted((self._relative(path), text) for path, text in self.files.items()):
            digest.update(f"\0{name}\0{text}".encode())
        return digest.hexdigest()

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.folder if path.is_relative_to(self.folder) else self.library).as_posix()

    def _load(self, name: str) -> Usage | None:
        try:
            source = read_source(self.folder / name, self.library)
        except LoadError as error:
            self.problems += error.problems
            return None
        self.files |= source.files
        vocabulary = Vocabulary(self.types, self.list_types, PROVIDED[name], self.brand, self.slots)
        usage = inspect(source, vocabulary)
        self.problems += usage.problems
        if usage.problems:
            return usage
        if "unsubscribe_url" in PROVIDED[name]:
            self._demand(source, usage)
        is_html = name.endswith(".mjml")
        text = self._html(source, usage) if is_html else self._text(source)
        if not self.problems:
            self.templates[name] = environment(autoescape=is_html).from_string(text)
        return usage

    def _demand(self, source: Source, usage: Usage) -> None:
        for name, what in (("unsubscribe_url", "unsubscribe link"), ("brand.postal_address", "postal address")):
            if name not in usage.always:
                self._at_end(source, f"no {what}: print {{{{ {name} }}}} outside any condition")

    def _at_end(self, source: Source, text: str) -> None:
        last = source.text.rstrip().count("\n") + 1
        self.problems.append(source.problem(last, text))

    def _text(self, source: Source) -> str:
        hidden = hide_tags(fill_brand(source.text, self.brand.values))
        links = self._links(source, hidden, {})
        return hidden.restore(tag_text_links(hidden.text, links.text_link))

    def _html(self, source: Source, usage: Usage) -> str:
        values = self.brand.values
        hidden = hide_tags(fill_brand(source.text, values, escape_constant))
        html, problems = compile_mjml(source, hidden)
        self.problems += problems
        links = self._links(source, hidden, usage.loops)
        html = _ANCHOR.sub(lambda match: match.expand(r"\1\2") + links.anchor(match.group(3)) + match.group(2), html)
        for match in _IMAGE.finditer(html):
            links.image(match.group(3))
        if html and "unsubscribe_url" not in links.seen:
            self._at_end(source, 'no unsubscribe link: needs <a href="{{ unsubscribe_url }}">')
        return hidden.restore(html)

    def _links(self, source: Source, hidden: Hidden, loops: Mapping[str, str]) -> Links:
        names = Names(self.types, self.list_types, loops)
        return Links(source, hidden, self.definition.utm, names, self.problems)

    def _unused(self, usages: list[Usage]) -> None:
        names = set().union(*(usage.names for usage in usages))
        list_tokens = set().union(*(usage.list_tokens for usage in usages))
        file = self.definition.file
        for token in self.definition.tokens:
            if token.name not in names:
                file.fault(("tokens", token.name), f"token {token.name!r} is declared but never used")
        for slot in self.definition.slots:
            if slot.name not in names:
                file.fault(("slots", slot.name), f"slot {slot.name!r} is declared but never used")
        for spec in self.definition.lists:
            if spec.name not in names:
                file.fault(("lists", spec.name), f"list {spec.name!r} is declared but never used")
            for token in spec.tokens:
                if (spec.name, token.name) not in list_tokens:
                    key = ("lists", spec.name, "tokens", token.name)
                    file.fault(key, f"token '{spec.name}.{token.name}' is declared but never used")
