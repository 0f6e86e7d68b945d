"""A block alone, with the example its YAML has: what a person who picks blocks looks at."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from exports.blocks import SUFFIXES, Block, load_block
from exports.brand import Brand, load_brand
from exports.campaign import LIBRARY
from exports.compiler import Compiler
from exports.errors import LoadError
from exports.inputs import Inputs
from exports.links import Utm
from exports.lists import TokenList, read_list
from exports.mjml import escape_constant
from exports.source import BLOCKS, hide_tags, source_of
from exports.static_links import Names
from exports.template import Vocabulary, environment, inspect
from exports.tokens import Notes, Token

_UTM = Utm("postroom", "email", "preview")
_PAGE = """<mjml lang="en">
<mj-head><mj-include path="layouts/head.mjml" /></mj-head>
<mj-body background-color="{{{{ brand.colours.background }}}}">{block}</mj-body>
</mjml>"""


@dataclass(frozen=True, slots=True)
class Preview:
    """A block as its example shows it: a page of HTML, and its text counterpart."""

    html: str
    text: str


def preview_block(name: str, *, library: Path = LIBRARY, brand: Brand | None = None) -> Preview:
    """Renders a block with its example. Raises LoadError with every fault of the block, DataError for its example's."""
    brand = brand or load_brand()
    block = load_block(library, name, brand)
    values: dict[str, Any] = {"variant": "preview", "subject": name, "preheader": block.description}
    lists = [_list(block, each, block.example[each]) for each in block.inputs if block.inputs[each].type == "list"]
    for spec, row in lists:
        values[spec.name] = read_list(spec, row, _UTM.query("preview"), Notes(), f"the example of {name}")
    names = Names({}, {spec.name: {token.name: token.type for token in spec.tokens} for spec, _ in lists})
    html, text = (_render(block, suffix, names, values, library, brand) for suffix in SUFFIXES)
    return Preview(html, text)


def _render(block: Block, suffix: str, names: Names, values: Mapping[str, Any], library: Path, brand: Brand) -> str:
    is_html = suffix == ".mjml"
    given = "".join(
        f' {each}="{_quoted(value) if is_html else value}"'
        for each, value in block.example.items()
        if block.inputs[each].type != "list"
    )
    file = f"{BLOCKS}{block.name}{suffix}"
    page = _PAGE.format(block=f'<mj-include path="{file}"{given} />') if is_html else f'{{% include "{file}"{given} %}}'
    provided = ("variant", "subject", "preheader")
    inputs = Inputs(library, names, provided, brand, _UTM)
    source = source_of(page, Path(f"preview{suffix}"), library, inputs.fill)
    usage = inspect(source, Vocabulary(names.types, names.list_types, provided, brand))
    compiler = Compiler(brand, _UTM, names)
    template = compiler.html(source, usage.loops)[0] if is_html else compiler.text(source)
    problems = [*inputs.problems, *usage.problems, *compiler.problems]
    if problems:
        raise LoadError(problems)
    return environment(is_html, brand["locale"]).from_string(template).render(values)


def _list(block: Block, name: str, rows: list[Mapping[str, Any]]) -> tuple[TokenList, dict[str, Any]]:
    """The list of an example as a campaign would declare it, and a row that has it."""
    tokens = tuple(Token(token, kind, None) for token, kind in (block.inputs[name].tokens or {}).items())
    exact = [{k: Decimal(str(v)) if isinstance(v, float) else v for k, v in row.items()} for row in rows]
    return TokenList(name, block.description, len(rows), len(rows), tokens), {name: exact}


def _quoted(value: str) -> str:
    hidden = hide_tags(value)
    return hidden.restore(escape_constant(hidden.text))
