"""A campaign's folder, read and checked as a whole before the first row is touched.

A campaign is `campaign.yml`, `subject.j2`, `preheader.j2`, `body.mjml` and `body.txt.j2`. A new one is a new folder: no
name of a campaign, token or list is known to the code.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Template

from exports.brand import Brand, load_brand
from exports.columns import Columns
from exports.definition import PROVIDED, Definition
from exports.errors import LoadError, Problem
from exports.links import STATIC_LINK, Utm, tag_static_link, tag_text_links
from exports.mjml import compile_mjml, escape_constant, plain
from exports.source import Hidden, Source, fill_brand, hide_tags, read_source
from exports.template import Usage, Vocabulary, environment, inspect
from exports.tokens import Token, TokenList
from exports.writers import Writer
from exports.writers.config import DEFAULT_ESPS, Esps

LIBRARY = Path(__file__).parent
_ANCHOR = re.compile(r"""(<a\b[^>]*?\shref=)(["'])(.*?)\2""", re.DOTALL)
_IMAGE = re.compile(r"""(<img\b[^>]*?\ssrc=)(["'])(.*?)\2""", re.DOTALL)
_EXPRESSION = re.compile(r"\{\{-?\s*(.+?)\s*-?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign that has passed every check, with its templates compiled."""

    name: str
    description: str
    message_class: str
    purpose: str
    utm: Utm
    tokens: tuple[Token, ...]
    lists: tuple[TokenList, ...]
    brand: Brand
    template_version: str
    subject: Template
    preheader: Template
    html: Template
    text: Template
    writers: tuple[Writer, ...] = ()


def load_campaign(
    folder: Path,
    *,
    columns: Columns,
    list_columns: Mapping[str, Columns] | None = None,
    brand: Brand | None = None,
    library: Path = LIBRARY,
    esps: Path = DEFAULT_ESPS,
) -> Campaign:
    """Loads the campaign in `folder`; its name is the folder's.

    `columns` are those of the export table, `list_columns` those of its child tables by list name. `library` holds
    `layouts/` and `blocks/`, `esps` is esps.yml.
    Raises LoadError with every fault found, each by file and line.
    """
    brand = brand or load_brand()
    definition = Definition(folder, brand, columns, list_columns or {})
    loader = _Templates(folder, library, definition, brand)
    services = Esps(esps)
    writers = services.writers(definition.esp, folder.name)
    problems = [*definition.file.problems, *loader.problems, *services.problems]
    if problems:
        raise LoadError(problems)
    return Campaign(
        name=folder.name,
        description=definition.description,
        message_class=definition.message_class,
        purpose=definition.purpose,
        utm=definition.utm,
        tokens=definition.tokens,
        lists=definition.lists,
        brand=brand,
        template_version=loader.version(),
        subject=loader.templates["subject.j2"],
        preheader=loader.templates["preheader.j2"],
        html=loader.templates["body.mjml"],
        text=loader.templates["body.txt.j2"],
        writers=writers,
    )


class _Templates:
    """The four templates, checked against the definition and compiled."""

    def __init__(self, folder: Path, library: Path, definition: Definition, brand: Brand) -> None:
        self.folder, self.library, self.definition, self.brand = folder, library, definition, brand
        self.problems: list[Problem] = []
        self.templates: dict[str, Template] = {}
        self.files = {folder / "campaign.yml": (folder / "campaign.yml").read_text(encoding="utf-8")}
        self.types = {token.name: token.type for token in definition.tokens}
        self.list_types = {spec.name: {token.name: token.type for token in spec.tokens} for spec in definition.lists}
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
        vocabulary = Vocabulary(self.types, self.list_types, PROVIDED[name], self.brand)
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
        links = _Links(self, source, hidden, {})
        return hidden.restore(tag_text_links(hidden.text, links.text_link))

    def _html(self, source: Source, usage: Usage) -> str:
        values = self.brand.values
        hidden = hide_tags(fill_brand(source.text, values, escape_constant))
        html, problems = compile_mjml(source, hidden)
        self.problems += problems
        links = _Links(self, source, hidden, usage.loops)
        html = _ANCHOR.sub(lambda match: match.expand(r"\1\2") + links.anchor(match.group(3)) + match.group(2), html)
        for match in _IMAGE.finditer(html):
            links.image(match.group(3))
        if html and "unsubscribe_url" not in links.seen:
            self._at_end(source, 'no unsubscribe link: needs <a href="{{ unsubscribe_url }}">')
        return hidden.restore(html)

    def _unused(self, usages: list[Usage]) -> None:
        names = set().union(*(usage.names for usage in usages))
        list_tokens = set().union(*(usage.list_tokens for usage in usages))
        file = self.definition.file
        for token in self.definition.tokens:
            if token.name not in names:
                file.fault(("tokens", token.name), f"token {token.name!r} is declared but never used")
        for spec in self.definition.lists:
            if spec.name not in names:
                file.fault(("lists", spec.name), f"list {spec.name!r} is declared but never used")
            for token in spec.tokens:
                if (spec.name, token.name) not in list_tokens:
                    key = ("lists", spec.name, "tokens", token.name)
                    file.fault(key, f"token '{spec.name}.{token.name}' is declared but never used")


class _Links:
    """Checks the links of one template and adds the campaign's parameters to the static ones."""

    def __init__(self, templates: _Templates, source: Source, hidden: Hidden, loops: Mapping[str, str]) -> None:
        self.templates, self.source, self.hidden, self.loops = templates, source, hidden, loops
        self.seen: set[str] = set()

    def anchor(self, href: str) -> str:
        """The href of an `<a>` as it goes into the compiled template."""
        expression = self._expression(href)
        if expression is not None:
            self.seen.add(expression)
            if expression != "unsubscribe_url" and self._type(expression) != "link":
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
        if expression is not None and self._type(expression) != "image":
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
        return tag_static_link(url, self.templates.definition.utm, expressions)

    def _expression(self, text: str) -> str | None:
        """The expression, when `text` is nothing but one `{{ }}` tag."""
        placeholders = self.hidden.find(text)
        if len(placeholders) == 1 and placeholders[0] == text.strip() and self._inner(text.strip()):
            return self._inner(text.strip())
        return None

    def _inner(self, placeholder: str) -> str:
        match = _EXPRESSION.fullmatch(self.hidden.tags[placeholder])
        return match.group(1) if match else ""

    def _type(self, expression: str) -> str | None:
        owner, _, name = expression.rpartition(".")
        if owner:
            return self.templates.list_types.get(self.loops.get(owner, ""), {}).get(name)
        return self.templates.types.get(name)

    def _fault(self, part: str, text: str) -> None:
        index = max(self.hidden.text.find(part or '=""'), 0)
        line = self.hidden.text.count("\n", 0, index) + 1
        self.templates.problems.append(self.source.problem(line, text))
