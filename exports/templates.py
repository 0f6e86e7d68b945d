"""The templates of a campaign's folder, checked against its definition and compiled."""

import hashlib
from pathlib import Path

from jinja2 import Template

from exports.brand import Brand
from exports.compiler import Compiler
from exports.definition import PROVIDED, Definition
from exports.errors import LoadError, Problem
from exports.inputs import Inputs
from exports.source import Source, read_source
from exports.static_links import Names
from exports.template import Usage, Vocabulary, environment, inspect


class Templates:
    """The four templates, checked against the definition and compiled."""

    def __init__(self, folder: Path, library: Path, definition: Definition, brand: Brand) -> None:
        self.folder, self.library, self.definition, self.brand = folder, library, definition, brand
        self.problems: list[Problem] = []
        self.templates: dict[str, Template] = {}
        self.files = {folder / "campaign.yml": (folder / "campaign.yml").read_text(encoding="utf-8")}
        self.names = Names(
            {token.name: token.type for token in definition.tokens},
            {spec.name: {token.name: token.type for token in spec.tokens} for spec in definition.lists},
            {slot.name: slot.values for slot in definition.slots},
        )
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
        inputs = Inputs(self.library, self.names, PROVIDED[name], self.brand, self.definition.utm)
        try:
            source = read_source(self.folder / name, self.library, inputs.fill)
        except LoadError as error:
            self.problems += error.problems
            return None
        self.files |= source.files | inputs.files
        if inputs.problems:
            self.problems += inputs.problems
            return None
        names = self.names
        vocabulary = Vocabulary(names.types, names.list_types, PROVIDED[name], self.brand, slots=names.slots)
        usage = inspect(source, vocabulary)
        self.problems += usage.problems
        if usage.problems:
            return usage
        if "unsubscribe_url" in PROVIDED[name]:
            self._demand(source, usage)
        is_html = name.endswith(".mjml")
        text = self._compiled(source, usage, is_html)
        if not self.problems:
            self.templates[name] = environment(autoescape=is_html).from_string(text)
        return usage

    def _compiled(self, source: Source, usage: Usage, is_html: bool) -> str:
        compiler = Compiler(self.brand, self.definition.utm, self.names)
        if is_html:
            text, links = compiler.html(source, usage.loops)
            if text and "unsubscribe_url" not in links:
                self._at_end(source, 'no unsubscribe link: needs <a href="{{ unsubscribe_url }}">')
        else:
            text = compiler.text(source)
        self.problems += compiler.problems
        return text

    def _demand(self, source: Source, usage: Usage) -> None:
        for name, what in (("unsubscribe_url", "unsubscribe link"), ("brand.postal_address", "postal address")):
            if name not in usage.always:
                self._at_end(source, f"no {what}: print {{{{ {name} }}}} outside any condition")

    def _at_end(self, source: Source, text: str) -> None:
        last = source.text.rstrip().count("\n") + 1
        self.problems.append(source.problem(last, text))

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
