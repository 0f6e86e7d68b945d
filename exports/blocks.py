"""Blocks: parts that campaigns share. A block is `<name>.mjml`, its text counterpart `<name>.txt.j2`, and `<name>.yml`.

The YAML declares the inputs, and has an example of them for the preview. All three are checked together when a campaign
includes the block; what the campaign gives is looked at in `inputs.py`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exports.brand import Brand
from exports.errors import LoadError, Problem
from exports.source import BLOCKS, TAG, Source, hide_tags, numbered, without_comments
from exports.substitute import tag_tokens, tag_words
from exports.template import Usage, Vocabulary, inspect
from exports.textfile import read_text
from exports.tokens import READERS
from exports.yamlfile import Key, YamlFile, read_yaml

SUFFIXES = (".mjml", ".txt.j2")
TYPES = ("text", "link", "image", "list")
_ATTRIBUTE = re.compile(r"""=\s*(?:"([^"]*)"|'([^']*)')""")


@dataclass(frozen=True, slots=True)
class Input:
    """One thing a block is given.

    A text may hold words and tags; `of` names the list about whose items it is. A list has `tokens`, their types by
    name. What is neither required nor has a default may be left out.
    """

    name: str
    type: str
    description: str
    is_required: bool = False
    default: str | None = None
    of: str = ""
    tokens: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A block that fits its declaration.

    `loops` has the lists each loop variable walks, `attributes` the inputs that are printed into an attribute.
    """

    name: str
    description: str
    inputs: Mapping[str, Input]
    example: Mapping[str, Any]
    loops: Mapping[str, set[str]]
    attributes: frozenset[str]
    files: Mapping[Path, str]


def load_block(library: Path, name: str, brand: Brand) -> Block:
    """The block `name` of a library. Raises LoadError with every fault in its three files."""
    return _Loader(library / BLOCKS, name, brand).block()


def block_names(library: Path) -> list[str]:
    """All blocks of a library, in the order of their names."""
    return sorted(path.stem for path in (library / BLOCKS).glob("*.yml"))


class _Loader:
    def __init__(self, folder: Path, name: str, brand: Brand) -> None:
        self.folder, self.name, self.brand = folder, name, brand
        self.file: YamlFile = read_yaml(folder / f"{name}.yml")
        self.problems: list[Problem] = []

    def block(self) -> Block:
        keys = ("description", "inputs", "example")
        data = self.file.mapping((), self.file.data, keys, keys)
        description = self.file.text(("description",), data.get("description"))
        inputs = self._inputs(data.get("inputs", {}))
        usages, attributes = [], set[str]()
        for suffix in SUFFIXES:
            source = self._source(suffix)
            usages.append(self._inspect(source, inputs))
            if suffix == ".mjml":
                attributes = _in_attributes(source.text)
        loops: dict[str, set[str]] = {}
        for usage in usages:
            loops |= usage.loops
        self._texts_of_lists(inputs, loops)
        if not self.problems:
            self._unused(inputs, usages)
        example = self._example(data.get("example"), inputs)
        self.problems += self.file.problems
        if self.problems:
            raise LoadError(self.problems)
        files = {self.file.path: read_text(self.file.path)}
        return Block(self.name, description, inputs, example, loops, frozenset(attributes), files)

    def _inputs(self, value: object) -> dict[str, Input]:
        options = self.file.mapping(("inputs",), value, value if isinstance(value, dict) else ())
        return {name: self._input(name, option) for name, option in options.items()}

    def _input(self, name: str, value: object) -> Input:
        key = ("inputs", name)
        known = ("type", "description", "required", "default", "of", "tokens")
        data = self.file.mapping(key, value, known, ("type", "description"))
        kind = data.get("type", "text")
        if kind not in TYPES:
            self.file.fault((*key, "type"), f"type must be one of {', '.join(TYPES)}")
        if ("tokens" in data) != (kind == "list"):
            self.file.fault(key, "a list needs `tokens`, and nothing else has them")
        default = data.get("default")
        if default is not None and (not isinstance(default, str) or kind == "list" or "required" in data):
            self.file.fault((*key, "default"), "a default is text, and not for a list or what is required")
            default = None
        if data.get("required", True) is not True:
            self.file.fault((*key, "required"), "write `required: true`, or leave it out")
        tokens = self._tokens((*key, "tokens"), data["tokens"]) if kind == "list" and "tokens" in data else None
        description = self.file.text((*key, "description"), data.get("description"))
        return Input(name, kind, description, "required" in data or kind == "list", default, data.get("of", ""), tokens)

    def _tokens(self, key: Key, value: object) -> dict[str, str]:
        tokens = self.file.mapping(key, value, value if isinstance(value, dict) else ())
        for name, kind in tokens.items():
            if kind not in READERS:
                self.file.fault((*key, name), f"the type of a token must be one of {', '.join(READERS)}")
        return tokens

    def _source(self, suffix: str) -> Source:
        path = self.folder / f"{self.name}{suffix}"
        is_mjml = suffix == ".mjml"
        if not path.exists():
            raise LoadError([Problem(self.file.path, 1, f"the block has no {path.name}")])
        text = without_comments(read_text(path), is_mjml)
        return Source(path, text, tuple((path, number) for _, number in numbered(text)), {})

    def _inspect(self, source: Source, inputs: Mapping[str, Input]) -> Usage:
        usage = inspect(source, self._vocabulary(inputs))
        self.problems += usage.problems
        if not usage.problems:
            self._fragments(source, {name for name, each in inputs.items() if each.type != "list"})
        return usage

    def _vocabulary(self, inputs: Mapping[str, Input], scope: Mapping[str, str] | None = None) -> Vocabulary:
        lists = {name: each.tokens or {} for name, each in inputs.items() if each.type == "list"}
        return Vocabulary(inputs.keys() - lists.keys(), lists, (), self.brand, scope or {}, self.file.path.name)

    def _fragments(self, source: Source, names: set[str]) -> None:
        """Holds texts, links and images to being printed as they are: what is given may be words and tags."""
        for match in TAG.finditer(source.text):
            words = tag_words(match.group())
            read = {text for text, is_name in tag_tokens(match.group()) if is_name} & names
            if read and len(words) > (2 if words[0] == "if" else 1):
                line = source.text.count("\n", 0, match.start()) + 1
                text = "may be words and tags: print it as it is, or ask `if` of it"
                self.problems.append(source.problem(line, f"{', '.join(sorted(read))} {text}"))

    def _texts_of_lists(self, inputs: Mapping[str, Input], loops: Mapping[str, set[str]]) -> None:
        for each in inputs.values():
            key = ("inputs", each.name)
            if each.of and (each.type != "text" or getattr(inputs.get(each.of), "type", "") != "list"):
                self.file.fault((*key, "of"), "`of` is for a text, and names an input of type list")
            if each.default is not None:
                scope = {variable: each.of for variable, lists in loops.items() if each.of in lists}
                self._default((*key, "default"), each.default, inputs, scope)

    def _default(self, key: Key, text: str, inputs: Mapping[str, Input], scope: Mapping[str, str]) -> None:
        source = Source(self.file.path, text, ((self.file.path, self.file.line(*key)),), {})
        lists = {name: each for name, each in inputs.items() if each.type == "list"}
        self.problems += inspect(source, self._vocabulary(lists, scope)).problems

    def _unused(self, inputs: Mapping[str, Input], usages: list[Usage]) -> None:
        used = set().union(*(usage.names for usage in usages))
        for name in inputs.keys() - used:
            self.file.fault(("inputs", name), f"input {name!r} is declared but never used")

    def _example(self, value: object, inputs: Mapping[str, Input]) -> dict[str, Any]:
        needed = [name for name, each in inputs.items() if each.is_required]
        return self.file.mapping(("example",), value, inputs, needed)


def _in_attributes(text: str) -> set[str]:
    """The names printed into an attribute, where no statement may stand."""
    hidden = hide_tags(text)
    values = ("".join(match.groups("")) for match in _ATTRIBUTE.finditer(hidden.text))
    tags = (hidden.tags[placeholder] for value in values for placeholder in hidden.find(value))
    return {text for tag in tags for text, is_name in tag_tokens(tag) if is_name}
