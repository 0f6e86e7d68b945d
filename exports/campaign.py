"""A campaign's folder, read and checked as a whole before the first row is touched.

A campaign is `campaign.yml`, `subject.j2`, `preheader.j2`, `body.mjml` and `body.txt.j2`. A new one is a new folder: no
name of a campaign, token or list is known to the code.
"""

import hashlib
import keyword
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Template

from exports.brand import Brand, load_brand
from exports.errors import LoadError, Problem
from exports.links import STATIC_LINK, Utm, tag_static_link, tag_text_links
from exports.mjml import compile_mjml, escape_constant, plain
from exports.source import Hidden, Source, fill_brand, hide_tags, read_source
from exports.template import Usage, Vocabulary, environment, inspect
from exports.tokens import READERS, Token, TokenList, Unfit, WrongTypeError
from exports.writers import Writer
from exports.writers.config import DEFAULT_ESPS, Esps, read_names
from exports.yamlfile import Key, read_yaml

LIBRARY = Path(__file__).parent
_KEYS = ("description", "message_class", "purpose", "utm", "tokens", "lists", "esp")
_CLASSES = ("marketing", "transactional")
_SLUG = re.compile(r"[A-Za-z0-9_-]+")
_ANCHOR = re.compile(r"""(<a\b[^>]*?\shref=)(["'])(.*?)\2""", re.DOTALL)
_IMAGE = re.compile(r"""(<img\b[^>]*?\ssrc=)(["'])(.*?)\2""", re.DOTALL)
_EXPRESSION = re.compile(r"\{\{-?\s*(.+?)\s*-?\}\}", re.DOTALL)
# What the renderer provides besides tokens, by template.
_PROVIDED = {
    "subject.j2": ("variant",),
    "preheader.j2": ("variant",),
    "body.mjml": ("variant", "subject", "preheader", "unsubscribe_url"),
    "body.txt.j2": ("variant", "subject", "unsubscribe_url"),
}


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
    columns: Collection[str],
    list_columns: Mapping[str, Collection[str]] | None = None,
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
    definition = _Definition(folder, brand, columns, list_columns or {})
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


class _Definition:
    """`campaign.yml`, read against the columns there are."""

    def __init__(
        self, folder: Path, brand: Brand, columns: Collection[str], list_columns: Mapping[str, Collection[str]]
    ) -> None:
        self.file = file = read_yaml(folder / "campaign.yml")
        self.brand = brand
        data = file.mapping((), file.data, _KEYS, _KEYS[:5])
        if not _SLUG.fullmatch(folder.name):
            file.fault((), f"the folder's name {folder.name!r} may only hold letters, digits, - and _")
        self.description = file.text(("description",), data.get("description"))
        self.message_class = file.text(("message_class",), data.get("message_class"))
        if self.message_class not in _CLASSES:
            file.fault(("message_class",), f"message_class must be one of {', '.join(_CLASSES)}")
        self.purpose = self._slug(("purpose",), data.get("purpose"))
        self.utm = self._utm(data.get("utm"))
        self.esp = read_names(file, data["esp"]) if "esp" in data else brand.esp
        self.tokens = tuple(self._tokens(("tokens",), data.get("tokens"), columns))
        self.lists = tuple(self._lists(data.get("lists", {}), list_columns))
        for clash in {token.name for token in self.tokens} & {spec.name for spec in self.lists}:
            file.fault(("lists", clash), f"{clash!r} is declared as a token and as a list")

    def _slug(self, key: Key, value: object) -> str:
        text = self.file.text(key, value)
        if text and not _SLUG.fullmatch(text):
            self.file.fault(key, f"{'.'.join(key)} may only hold letters, digits, - and _")
        return text

    def _utm(self, value: object) -> Utm:
        names = ("source", "medium", "campaign")
        data = self.file.mapping(("utm",), value, names, names)
        return Utm(*(self._slug(("utm", name), data.get(name, "missing")) for name in names))

    def _tokens(self, key: Key, value: object, columns: Collection[str]) -> Iterator[Token]:
        for name, options in self._named(key, value):
            if name not in columns:
                self.file.fault((*key, name), f"the export table has no column {name!r}")
            yield self._token((*key, name), name, options)

    def _named(self, key: Key, value: object) -> list[tuple[str, Any]]:
        if not isinstance(value, dict):
            self.file.fault(key, f"{'.'.join(key)} must be a mapping of names")
            return []
        reserved = {"brand", "loop", *_PROVIDED["body.mjml"]}
        for name in value:
            if not name.isidentifier() or name.startswith("_") or keyword.iskeyword(name) or name in reserved:
                self.file.fault((*key, name), f"{name!r} cannot be used as a name")
        return [(name, options) for name, options in value.items() if name.isidentifier()]

    def _token(self, key: Key, name: str, options: object) -> Token:
        data = self.file.mapping(key, options, ("type", "required", "fallback"))
        kind = data.get("type", "text")
        if kind not in READERS:
            self.file.fault((*key, "type"), f"type must be one of {', '.join(READERS)}")
            kind = "text"
        if ("fallback" in data) == (data.get("required") is True) or data.get("required") not in (None, True):
            self.file.fault(key, f"{name!r} needs either `required: true` or a `fallback`")
        return Token(name, kind, self._fallback(key, kind, data["fallback"]) if "fallback" in data else None)

    def _fallback(self, key: Key, kind: str, value: object) -> object:
        if isinstance(value, str):
            value = fill_brand(value, self.brand.values)
            if "{" in value or "}" in value:
                self.file.fault((*key, "fallback"), "a fallback may hold no tag but {{ brand.<key> }} of brand.yml")
        try:
            fallback = READERS[kind](value)
        except WrongTypeError as error:
            self.file.fault((*key, "fallback"), f"the fallback of a {kind} token: {error}")
            return None
        if isinstance(fallback, Unfit):
            self.file.fault((*key, "fallback"), f"the fallback is {fallback.value}")
        return fallback

    def _lists(self, value: object, list_columns: Mapping[str, Collection[str]]) -> Iterator[TokenList]:
        names = ("rule", "minimum", "maximum", "tokens")
        for name, options in self._named(("lists",), value):
            key = ("lists", name)
            if name not in list_columns:
                self.file.fault(key, f"the export has no child table {name!r}")
            data = self.file.mapping(key, options, names, names)
            minimum, maximum = data.get("minimum"), data.get("maximum")
            if not (type(minimum) is int and type(maximum) is int and 0 <= minimum <= maximum and maximum > 0):
                self.file.fault(key, "minimum and maximum must be whole numbers, 0 <= minimum <= maximum, maximum > 0")
                continue
            tokens = tuple(self._tokens((*key, "tokens"), data.get("tokens"), list_columns.get(name, ())))
            yield TokenList(name, self.file.text((*key, "rule"), data.get("rule")), minimum, maximum, tokens)


class _Templates:
    """The four templates, checked against the definition and compiled."""

    def __init__(self, folder: Path, library: Path, definition: _Definition, brand: Brand) -> None:
        self.folder, self.library, self.definition, self.brand = folder, library, definition, brand
        self.problems: list[Problem] = []
        self.templates: dict[str, Template] = {}
        self.files = {folder / "campaign.yml": (folder / "campaign.yml").read_text(encoding="utf-8")}
        self.types = {token.name: token.type for token in definition.tokens}
        self.list_types = {spec.name: {token.name: token.type for token in spec.tokens} for spec in definition.lists}
        usages = [usage for name in _PROVIDED if (usage := self._load(name)) is not None]
        if len(usages) == len(_PROVIDED) and not self.problems:
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
        vocabulary = Vocabulary(self.types, self.list_types, _PROVIDED[name], self.brand)
        usage = inspect(source, vocabulary)
        self.problems += usage.problems
        if usage.problems:
            return usage
        if "unsubscribe_url" in _PROVIDED[name]:
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
