"""The templates of a campaign's folder in all its locales, checked against its definition and compiled."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from exports.brand import Brand
from exports.compiler import Compiler
from exports.definition import PROVIDED, Definition
from exports.errors import LoadError, Problem
from exports.generated import GeneratedText
from exports.inputs import Inputs
from exports.lists import TokenList
from exports.locales import DEFAULT, PLAIN, is_locale, language_of
from exports.pages import PageTemplate
from exports.slots import Slot
from exports.source import Source, read_source
from exports.static_links import Names
from exports.template import Usage, Vocabulary, inspect, page_template
from exports.textfile import read_text
from exports.tokens import Token

_LANG = re.compile(r"""<mjml\b[^>]*?\blang=["']([^"']*)["']""")


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """The templates of one locale, with its fallbacks."""

    locale: str
    tokens: tuple[Token, ...]
    lists: tuple[TokenList, ...]
    slots: tuple[Slot, ...]
    generated: tuple[GeneratedText, ...]
    subject: PageTemplate
    preheader: PageTemplate
    html: PageTemplate
    text: PageTemplate


class Templates:
    """Loads the set in the campaign's folder, which is of the brand's locale, and that of each sub-folder.

    `sets` has them by locale when there are no `problems`, `plain` those for rows that lack what these need.
    """

    def __init__(self, folder: Path, library: Path, definition: Definition, brand: Brand) -> None:
        self.folder, self.library, self.definition, self.brand = folder, library, definition, brand
        self.problems: list[Problem] = []
        self.sets: dict[str, TemplateSet] = {}
        self.plain: dict[str, TemplateSet] = {}
        self.files = {folder / "campaign.yml": read_text(folder / "campaign.yml")}
        if definition.texts is not None:
            self.files[definition.texts.path] = read_text(definition.texts.path)
        self.names = Names(
            {token.name: token.type for token in definition.tokens}
            | {each.name: "text" for each in definition.generated},
            {spec.name: {token.name: token.type for token in spec.tokens} for spec in definition.lists},
            {slot.name: slot.values for slot in definition.slots},
        )
        usages = self._load_set(folder, brand["locale"], DEFAULT)
        for locale in definition.locales:
            usages += self._load_folder(folder / locale)
        if definition.has_plain:
            usages += self._load_plain(folder / PLAIN)
        if not self.problems:
            self._unused(usages)

    def version(self) -> str:
        """sha256 over everything the templates were made of: their files by relative name, and the brand's values."""
        digest = hashlib.sha256(self.brand.fingerprint())
        for name, text in sorted((self._relative(path), text) for path, text in self.files.items()):
            digest.update(f"\0{name}\0{text}".encode())
        return digest.hexdigest()

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.folder if path.is_relative_to(self.folder) else self.library).as_posix()

    def _load_folder(self, folder: Path) -> list[Usage]:
        locale, own = folder.name, self.brand["locale"]
        if locale != own and is_locale(locale):
            return self._load_set(folder, locale, locale)
        text = f"{locale!r} is no locale, as in de or pt-BR"
        if locale == own:
            text = f"{locale!r} is the brand's own locale, whose files stand in {folder.parent} itself"
        self.problems.append(Problem(folder, 1, text))
        return []

    def _load_set(self, folder: Path, locale: str, fallbacks: str) -> list[Usage]:
        loader = _Set(self, folder, locale, self.names)
        usages = loader.load_all()
        if not self.problems and not self.definition.file.problems:
            self.sets[locale] = TemplateSet(
                locale,
                tuple(token.in_locale(fallbacks) for token in self.definition.tokens),
                tuple(spec.in_locale(fallbacks) for spec in self.definition.lists),
                self.definition.slots,
                tuple(each.in_locale(fallbacks) for each in self.definition.generated),
                *(loader.templates[name] for name in PROVIDED),
            )
        return usages

    def _load_plain(self, folder: Path) -> list[Usage]:
        """Loads the plain sets, of all locales: they may print what has a fallback, and nothing else."""
        tokens = [token for token in self.definition.tokens if token.fallback is not None]
        names = Names({token.name: token.type for token in tokens}, {}, declared_in="campaign.yml with a fallback")
        usages = []
        for fallbacks in (DEFAULT, *self.definition.locales):
            is_own = fallbacks == DEFAULT
            locale = self.brand["locale"] if is_own else fallbacks
            loader = _Set(self, folder if is_own else folder / locale, locale, names)
            usages += (found := loader.load_all())
            if not self.problems and not self.definition.file.problems:
                printed = set().union(*(usage.names for usage in found))
                shown = tuple(token.in_locale(fallbacks) for token in tokens if token.name in printed)
                self.plain[locale] = TemplateSet(locale, shown, (), (), (), *(loader.templates[n] for n in PROVIDED))
        return usages

    def _unused(self, usages: list[Usage]) -> None:
        names = set().union(*(usage.names for usage in usages))
        list_tokens = set().union(*(usage.list_tokens for usage in usages))
        file = self.definition.file
        for token in self.definition.tokens:
            if token.name not in names:
                file.fault(("tokens", token.name), f"token {token.name!r} is declared but never used")
        for each in self.definition.generated:
            if each.name not in names:
                file.fault(("generated", each.name), f"generated text {each.name!r} is declared but never used")
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


class _Set:
    """The four templates of one locale; what is wrong with them goes to the problems of all."""

    def __init__(self, all_sets: Templates, folder: Path, locale: str, names: Names) -> None:
        self.all, self.folder, self.locale, self.names = all_sets, folder, locale, names
        self.problems = all_sets.problems
        self.templates: dict[str, PageTemplate] = {}

    def load_all(self) -> list[Usage]:
        """What each template uses, of those that can be read."""
        return [usage for name in PROVIDED if (usage := self._load(name)) is not None]

    def _load(self, name: str) -> Usage | None:
        library, brand, names, provided = self.all.library, self.all.brand, self.names, PROVIDED[name]
        inputs = Inputs(library, names, provided, brand, self.all.definition.utm)
        other = self.locale if self.locale != brand["locale"] else None
        try:
            source = read_source(self.folder / name, library, inputs.fill, other)
        except LoadError as error:
            self.problems += error.problems
            return None
        self.all.files |= source.files | inputs.files
        if not source.text.strip():
            self.problems.append(source.problem(1, "is empty: write what it says"))
            return None
        if inputs.problems:
            self.problems += inputs.problems
            return None
        vocabulary = Vocabulary(names.types, names.list_types, provided, brand, {}, names.declared_in, names.slots)
        usage = inspect(source, vocabulary)
        self.problems += usage.problems
        if usage.problems:
            return usage
        if "unsubscribe_url" in provided:
            self._demand(source, usage)
        is_html = name.endswith(".mjml")
        text = self._html(source, usage) if is_html else self._text(source)
        if not self.problems:
            self.templates[name] = page_template(text, is_html, self.locale)
        return usage

    def _html(self, source: Source, usage: Usage) -> str:
        compiler = Compiler(self.all.brand, self.all.definition.utm, self.names)
        html, links = compiler.html(source, usage.loops)
        if html and "unsubscribe_url" not in links:
            self._at_end(source, 'no unsubscribe link: needs <a href="{{ unsubscribe_url }}">')
        language, lang = language_of(self.locale), _LANG.search(source.text)
        if html and (lang is None or language_of(lang.group(1)) != language):
            line = source.text.count("\n", 0, lang.start() if lang else 0) + 1
            self.problems.append(
                source.problem(line, f'these words are read out as of another language: <mjml lang="{language}">')
            )
        self.problems += compiler.problems
        return html

    def _text(self, source: Source) -> str:
        compiler = Compiler(self.all.brand, self.all.definition.utm, self.names)
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
