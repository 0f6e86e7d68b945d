"""What a template gives to the blocks it includes, held to what they ask for, and put there.

A fault is told where the include stands, in the line of the input it is about.
"""

import re
from pathlib import Path

from exports.blocks import Block, Input, load_block
from exports.brand import Brand
from exports.errors import LoadError, Problem
from exports.links import Utm
from exports.mjml import escape_constant
from exports.source import BLOCKS, TAG, Argument, Include, Lines, Source, fill_brand, hide_tags
from exports.static_links import Links, Names
from exports.substitute import substitute, tag_words
from exports.template import Vocabulary, inspect

_BARE = re.compile(r"<|&(?!#?\w+;)")


class Inputs:
    """Fills the blocks of one template. `problems` gathers what does not fit, `files` what the blocks are made of.

    `names` are the campaign's tokens and lists with their types, `provided` what the renderer adds.
    """

    def __init__(self, library: Path, names: Names, provided: tuple[str, ...], brand: Brand, utm: Utm) -> None:
        self.library, self.names, self.provided, self.brand, self.utm = library, names, provided, brand, utm
        self.problems: list[Problem] = []
        self.files: dict[Path, str] = {}
        self._blocks: dict[str, Block] = {}

    def fill(self, include: Include, text: str) -> Lines:
        """The text of a block with its inputs in place; nothing when something is wrong with them."""
        try:
            block = self._block(include)
        except LoadError as error:
            self.problems += error.problems
            return []
        return _Filling(self, block, include).lines(text)

    def _block(self, include: Include) -> Block:
        name = include.name.removeprefix(BLOCKS).split(".")[0]
        if name not in self._blocks:
            if not (self.library / BLOCKS / f"{name}.yml").is_file():
                text = f"{include.name} is no block: there is no {name}.yml beside it that declares its inputs"
                raise LoadError([Problem(include.file, include.line, text)])
            self._blocks[name] = block = load_block(self.library, name, self.brand)
            self.files |= block.files
        return self._blocks[name]


class _Filling:
    """One include: what it gives to each input, checked."""

    def __init__(self, inputs: Inputs, block: Block, include: Include) -> None:
        self.inputs, self.names, self.block, self.include = inputs, inputs.names, block, include
        self.is_mjml = include.name.endswith(".mjml")
        self.is_whole = True

    def lines(self, text: str) -> Lines:
        for name, argument in self.include.arguments.items():
            if name not in self.block.inputs:
                known = ", ".join(self.block.inputs)
                self._fault(argument.line, f"block {self.block.name} has no input {name!r}; it has {known}")
        lists = {each.name: self._list(each) for each in self.block.inputs.values() if each.type == "list"}
        fragments = {
            each.name: self._fragment(each, lists.get(each.of, ""))
            for each in self.block.inputs.values()
            if each.type != "list"
        }
        return substitute(text, fragments, lists) if self.is_whole else []

    def _list(self, each: Input) -> str:
        given = self._given(each)
        name = "".join(words) if given and len(words := _only_tag(given.value)) == 1 else ""
        if given is None or not name:
            self._lacks(each, given)
            return each.name
        if name not in self.names.list_types:
            self._fault(given.line, f"{each.name} is a list, and campaign.yml declares no list {name!r}")
            return each.name
        self._tokens(each, name, given.line)
        return name

    def _tokens(self, each: Input, name: str, line: int) -> None:
        declared = self.names.list_types[name]
        for token, kind in (each.tokens or {}).items():
            needs = f"block {self.block.name} needs '{name}.{token}' as a {kind}"
            if token not in declared:
                self._fault(line, f"{needs}: declare it in campaign.yml")
            elif declared[token] != kind:
                self._fault(line, f"{needs}, and in campaign.yml it is a {declared[token]}")

    def _fragment(self, each: Input, of: str) -> str | None:
        given = self._given(each)
        if given is None:
            if each.is_required:
                self._lacks(each, None)
            return each.default
        source = Source(self.include.file, given.value, ((self.include.file, given.line),), {})
        self._check(each, source, of)
        return self._fitted(given.value)

    def _given(self, each: Input) -> Argument | None:
        """What the include says, or the token or list of the input's own name."""
        if each.name in self.include.arguments:
            return self.include.arguments[each.name]
        of_its_name = self.names.list_types if each.type == "list" else self.names.types
        return Argument(f"{{{{ {each.name} }}}}", self.include.line) if each.name in of_its_name else None

    def _check(self, each: Input, source: Source, of: str) -> None:
        inputs, line = self.inputs, source.origins[0][1]
        scope = {variable: of for variable, lists in self.block.loops.items() if each.of in lists}
        names = self.names
        vocabulary = Vocabulary(
            names.types, names.list_types, inputs.provided, inputs.brand, scope, names.declared_in, names.slots
        )
        problems = inspect(source, vocabulary).problems
        hidden = hide_tags(source.text)
        if self.is_mjml and _BARE.search(hidden.text):
            self._fault(line, f"{each.name} holds a bare < or &: write &lt; or &amp;")
        if "{%" in source.text and (each.type != "text" or (self.is_mjml and each.name in self.block.attributes)):
            self._fault(line, f"a {{% %}} tag may not stand in {each.name}")
        elif each.type != "text" and not problems:
            filled = hide_tags(fill_brand(source.text, inputs.brand.values, escape_constant))
            links = Links(source, filled, inputs.utm, self.names, problems)
            (links.anchor if each.type == "link" else links.image)(filled.text)
        self.is_whole = self.is_whole and not problems
        inputs.problems += problems

    def _fitted(self, value: str) -> str:
        if self.is_mjml:
            hidden = hide_tags(value)
            return hidden.restore(hidden.text.replace('"', "&quot;"))
        # A statement that begins or ends a line would take the white space there with it.
        value = "{%+" + value[2:] if value.startswith("{%") and value[2] not in "+-" else value
        return value[:-2] + "+%}" if value.endswith("%}") and value[-3] not in "+-" else value

    def _lacks(self, each: Input, given: Argument | None) -> None:
        value = "{{ <list> }}" if each.type == "list" else "..."
        line = given.line if given else self.include.line
        needs = f"block {self.block.name} needs {each.name} ({each.description.rstrip('.')})"
        self._fault(line, f'{needs}: write {each.name}="{value}"')

    def _fault(self, line: int, text: str) -> None:
        self.is_whole = False
        self.inputs.problems.append(Problem(self.include.file, line, text))


def _only_tag(value: str) -> list[str]:
    """The words of a value that is one `{{ }}` tag; none of any other."""
    return tag_words(value) if value.startswith("{{") and TAG.fullmatch(value) else []
