"""`campaign.yml`, read against the columns there are. Templates are not looked at here."""

import keyword
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from exports.approved import TEXTS, read_texts, with_approved
from exports.brand import Brand
from exports.columns import Columns
from exports.fallbacks import (
    STOP,
    WARN_SHARE,
    WHOLE_MESSAGE,
    join_lists,
    read_confidence,
    read_if_unfit,
    read_warn_shares,
)
from exports.generated import GeneratedText, declared_texts
from exports.links import Utm
from exports.lists import TokenList
from exports.locales import DEFAULT, folders
from exports.rules import read_slot_rules
from exports.slots import Slot
from exports.source import fill_brand
from exports.tokens import READERS, ByLocale, Token, Unfit, WrongTypeError
from exports.writers.config import read_names
from exports.yamlfile import Key, read_yaml

# What the renderer provides besides tokens, by template.
PROVIDED = {
    "subject.j2": ("variant",),
    "preheader.j2": ("variant",),
    "body.mjml": ("variant", "subject", "preheader", "unsubscribe_url"),
    "body.txt.j2": ("variant", "subject", "unsubscribe_url"),
}
_NEEDED = ("description", "message_class", "purpose", "utm", "tokens")
_KEYS = (*_NEEDED, "lists", "generated", "slots", "esp", "if_unfit", "warn_fallback_share")
_CLASSES = ("marketing", "transactional")
_SLUG = re.compile(r"[A-Za-z0-9_-]+")


class Definition:
    """`campaign.yml`, read against the columns there are."""

    def __init__(self, folder: Path, brand: Brand, columns: Columns, list_columns: Mapping[str, Columns]) -> None:
        self.file = file = read_yaml(folder / "campaign.yml")
        self.brand = brand
        # Beside the brand's own, whose templates are in the folder itself.
        self.locales = tuple(sub.name for sub in folders(folder))
        data = file.mapping((), file.data, _KEYS, _NEEDED)
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
        self.lists = self._lists(data.get("lists", {}), list_columns)
        self.texts, candidates = read_texts(folder / TEXTS)
        self.generated = with_approved(self._generated(data.get("generated", {}), columns), self.texts, candidates)
        self.slots = tuple(self._slots(data.get("slots", {}), columns))
        self.has_plain = read_if_unfit(file, data.get("if_unfit", STOP))
        self.warn_fallback_share = read_warn_shares(file, data.get("warn_fallback_share", WARN_SHARE), self._parts())
        taken: set[str] = set()
        for section in ("tokens", "lists", "generated", "slots"):
            names = set(data.get(section) or ())
            for clash in taken & names:
                file.fault((section, clash), f"{clash!r} is declared above already, as something else")
            taken |= names

    def _slug(self, key: Key, value: object) -> str:
        text = self.file.text(key, value)
        if text and not _SLUG.fullmatch(text):
            self.file.fault(key, f"{'.'.join(key)} may only hold letters, digits, - and _")
        return text

    def _utm(self, value: object) -> Utm:
        names = ("source", "medium", "campaign")
        data = self.file.mapping(("utm",), value, names, names)
        return Utm(*(self._slug(("utm", name), data.get(name, "missing")) for name in names))

    def _tokens(self, key: Key, value: object, columns: Columns) -> Iterator[Token]:
        for name, options in self._named(key, value):
            if name not in columns:
                self.file.fault((*key, name), f"the export table has no column {name!r}")
            yield self._token((*key, name), name, options, columns)

    def _named(self, key: Key, value: object) -> list[tuple[str, Any]]:
        if not isinstance(value, dict):
            self.file.fault(key, f"{'.'.join(key)} must be a mapping of names")
            return []
        reserved = {"brand", "loop", *PROVIDED["body.mjml"]}
        for name in value:
            if not name.isidentifier() or name.startswith("_") or keyword.iskeyword(name) or name in reserved:
                self.file.fault((*key, name), f"{name!r} cannot be used as a name")
        return [(name, options) for name, options in value.items() if name.isidentifier()]

    def _token(self, key: Key, name: str, options: object, columns: Columns) -> Token:
        data = self.file.mapping(key, options, ("type", "required", "fallback", "confidence"))
        kind = data.get("type", "text")
        if kind not in READERS:
            self.file.fault((*key, "type"), f"type must be one of {', '.join(READERS)}")
            kind = "text"
        if ("fallback" in data) == (data.get("required") is True) or data.get("required") not in (None, True):
            self.file.fault(key, f"{name!r} needs either `required: true` or a `fallback`")
        confidence = None
        if "confidence" in data:
            confidence = read_confidence(self.file, (*key, "confidence"), data["confidence"], columns)
            if "fallback" not in data:
                self.file.fault((*key, "confidence"), "needs a `fallback`, for what is not sure enough to be shown")
        fallback = self._fallbacks((*key, "fallback"), kind, data["fallback"]) if "fallback" in data else None
        return Token(name, kind, fallback, confidence)

    def _fallbacks(self, key: Key, kind: str, value: object) -> object:
        """The fallback; of words one for each locale."""
        names = (DEFAULT, *self.locales)
        if isinstance(value, dict):
            given = self.file.mapping(key, value, names, names)
            return ByLocale({name: self._fallback((*key, name), kind, given[name]) for name in given})
        fallback = self._fallback(key, kind, value)
        if (
            self.locales
            and kind == "text"
            and any(map(str.isalpha, fill_brand(str(value), dict.fromkeys(self.brand.values, ""))))
        ):
            words = ", ".join(f"{name}: ..." for name in names)
            self.file.fault(key, f"these words are of one locale: write fallback: {{{words}}}")
        return fallback

    def _fallback(self, key: Key, kind: str, value: object) -> object:
        if isinstance(value, str):
            value = fill_brand(value, self.brand.values)
            if "{" in value or "}" in value:
                self.file.fault(key, "a fallback may hold no tag but {{ brand.<key> }} of brand.yml")
        try:
            fallback = READERS[kind](value)
        except WrongTypeError as error:
            self.file.fault(key, f"the fallback of a {kind} token: {error}")
            return None
        if isinstance(fallback, Unfit):
            self.file.fault(key, f"the fallback is {fallback.value}")
        return fallback

    def _lists(self, value: object, list_columns: Mapping[str, Columns]) -> tuple[TokenList, ...]:
        names = ("rule", "minimum", "maximum", "tokens")
        specs: dict[str, TokenList] = {}
        fallbacks: dict[str, object] = {}
        for name, options in self._named(("lists",), value):
            key = ("lists", name)
            if name not in list_columns:
                self.file.fault(key, f"the export has no child table {name!r}")
            data = self.file.mapping(key, options, (*names, "explain", "fallback"), names)
            minimum, maximum = data.get("minimum"), data.get("maximum")
            if not (type(minimum) is int and type(maximum) is int and 0 <= minimum <= maximum and maximum > 0):
                self.file.fault(key, "minimum and maximum must be whole numbers, 0 <= minimum <= maximum, maximum > 0")
                continue
            tokens = tuple(self._tokens((*key, "tokens"), data.get("tokens"), list_columns.get(name, {})))
            explain = tuple(self._explain((*key, "explain"), data.get("explain", []), list_columns.get(name, {})))
            rule = self.file.text((*key, "rule"), data.get("rule"))
            specs[name] = TokenList(name, rule, minimum, maximum, tokens, explain)
            if "fallback" in data:
                fallbacks[name] = data["fallback"]
        return join_lists(self.file, specs, fallbacks)

    def _explain(self, key: Key, value: object, columns: Columns) -> Iterator[str]:
        if not isinstance(value, list):
            self.file.fault(key, "explain must be a list of columns")
            return
        for position, name in enumerate(value):
            if name not in columns:
                self.file.fault((*key, str(position)), f"the export's child table has no column {name!r}")
            yield str(name)

    def _generated(self, value: object, columns: Columns) -> list[GeneratedText]:
        named = self._named(("generated",), value)
        fallbacks = {
            name: self._fallbacks(("generated", name, "fallback"), "text", options["fallback"])
            for name, options in named
            if isinstance(options, dict) and "fallback" in options
        }
        return declared_texts(self.file, named, columns, fallbacks)

    def _slots(self, value: object, columns: Columns) -> Iterator[Slot]:
        parts = [*self._token_names(), *(spec.name for spec in self.lists)]
        for name, options in self._named(("slots",), value):
            slot = read_slot_rules(self.file, ("slots", name), name, options, columns, parts)
            if slot is not None:
                yield slot

    def _parts(self) -> list[str]:
        """All that can fall back, by the name under which it is counted."""
        lists = [*self.lists, *(spec.fallback for spec in self.lists if spec.fallback)]
        names = [*self._token_names(), *(spec.name for spec in lists), *(slot.name for slot in self.slots)]
        return [*names, WHOLE_MESSAGE, *(f"{spec.name}.{token.name}" for spec in lists for token in spec.tokens)]

    def _token_names(self) -> list[str]:
        return [*(token.name for token in self.tokens), *(text.name for text in self.generated)]
