"""Jinja as campaigns may use it: a small sandboxed language, and the rules a template must keep.

The rules look at the syntax tree, so each fault comes with its line. Nothing here renders a row or knows MJML.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from jinja2 import Environment, StrictUndefined, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.filters import FILTERS
from jinja2.tests import TESTS
from markupsafe import Markup

from exports import formats
from exports.brand import Brand
from exports.errors import Problem
from exports.links import url_part
from exports.pages import PageEnvironment, PageTemplate
from exports.safety import Text
from exports.source import Source

DEEPEST_CONDITION = 3
_LOOP = ("index", "index0", "first", "last", "length")
_SAFE_FILTERS = ("capitalize", "first", "last", "length", "lower", "round", "title", "upper")
_SAFE_TESTS = ("even", "odd", "divisibleby")
_PRINTABLE = frozenset({str, Text, Markup, int, Decimal, float, dt.date})
_EXPRESSIONS = (
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div,
    nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Concat, nodes.Const, nodes.Test, nodes.Filter,
)  # fmt: skip
_STATEMENTS = (nodes.Template, nodes.Output, nodes.TemplateData)


def _printable(value: object) -> object:
    """Last guard before a value becomes text: a list, None, NaN or truth value has nothing to say to a reader."""
    if type(value) in _PRINTABLE or isinstance(value, StrictUndefined):
        return value
    raise TypeError(f"a value of type {type(value).__name__} cannot be printed")


_KNOWN_FILTERS = (*_SAFE_FILTERS, *formats.FILTERS)


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)


def environment(autoescape: bool, locale: str) -> PageEnvironment:
    """The sandbox templates run in: strict about names, no functions, only filters that cannot switch escaping off.

    `locale` is whose amounts, dates and numbers the filters write.
    """
    env = PageEnvironment(
        autoescape=autoescape,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[],
    )
    env.globals = {}
    env.filters = {**{name: FILTERS[name] for name in _SAFE_FILTERS}, **formats.filters(locale), "url_part": url_part}
    env.tests = {name: TESTS[name] for name in _SAFE_TESTS}
    return env


def page_template(text: str, autoescape: bool, locale: str) -> PageTemplate:
    """The template with this text, in an environment of its own."""
    template = environment(autoescape, locale).from_string(text)
    assert isinstance(template, PageTemplate)
    template.recipe = (page_template, (text, autoescape, locale))
    return template


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names a template may use: tokens, lists with their tokens, slots with their values, what else is there.

    `provided` has the names the renderer adds, `scope` the loop variables a part of a template stands in, `declared_in`
    the file that declares the names.
    """

    tokens: Collection[str]
    lists: Mapping[str, Collection[str]]
    provided: Collection[str]
    brand: Brand | None = None
    scope: Mapping[str, str] = field(default_factory=dict)
    declared_in: str = "campaign.yml"
    slots: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Usage:
    """What a template uses.

    `always` has what it prints whatever the row, `loops` the lists that each loop variable walks.
    """

    names: set[str] = field(default_factory=set)
    list_tokens: set[tuple[str, str]] = field(default_factory=set)
    always: set[str] = field(default_factory=set)
    loops: dict[str, set[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def inspect(source: Source, vocabulary: Vocabulary) -> Usage:
    """Checks a template against the rules; faults are in the result, by the file and line they stand in."""
    usage = Usage()
    try:
        tree = Environment(trim_blocks=True, lstrip_blocks=True).parse(source.text)
    except TemplateSyntaxError as error:
        usage.problems.append(source.problem(error.lineno, f"not a valid template: {error.message}"))
        return usage
    _Inspector(source, vocabulary, usage).visit(tree, dict(vocabulary.scope), 0)
    return usage


class _Inspector:
    """Walks the tree with the loop variables in scope (`scope`: variable to list) and the depth of conditions."""

    def __init__(self, source: Source, vocabulary: Vocabulary, usage: Usage) -> None:
        self.source, self.vocabulary, self.usage = source, vocabulary, usage
        self.declared = vocabulary.declared_in

    def visit(self, node: nodes.Node, scope: dict[str, str], depth: int, conditional: bool = False) -> None:
        match node:
            case nodes.If():
                self._if(node, scope, depth + 1)
            case nodes.For():
                self._for(node, scope, depth)
            case nodes.CondExpr():
                self._deep(node, depth + 1)
                self._children(node, scope, depth + 1, True)
            case nodes.Output():
                for child in node.nodes:
                    self._output(child, scope, depth, conditional)
            case nodes.Name() | nodes.Getattr() | nodes.Getitem():
                self._reference(node, scope)
            case nodes.Filter() if node.name not in _KNOWN_FILTERS:
                self._fault(node, f"unknown filter {node.name!r}; for a missing value give the token a fallback")
            case nodes.Compare():
                self._compare(node)
                self._children(node, scope, depth, conditional)
            case nodes.Test() if node.name not in _SAFE_TESTS:
                self._fault(node, f"unknown test {node.name!r}; known are {', '.join(_SAFE_TESTS)}")
            case nodes.Mul() if any(_is_text(factor) for factor in (node.left, node.right)):
                self._fault(node, "text cannot be multiplied: numbers can")
            case _ if isinstance(node, _EXPRESSIONS + _STATEMENTS):
                self._children(node, scope, depth, conditional)
            case _:
                self._fault(node, f"{type(node).__name__.lower()} may not be used in a template")

    def _children(self, node: nodes.Node, scope: dict[str, str], depth: int, conditional: bool) -> None:
        for child in node.iter_child_nodes():
            self.visit(child, scope, depth, conditional)

    def _if(self, node: nodes.If, scope: dict[str, str], depth: int) -> None:
        self._deep(node, depth)
        branches = [node, *node.elif_]
        for branch in branches:
            self.visit(branch.test, scope, depth, True)
            for child in branch.body:
                self.visit(child, scope, depth, True)
        for child in node.else_:
            self.visit(child, scope, depth, True)

    def _for(self, node: nodes.For, scope: dict[str, str], depth: int) -> None:
        name = self._list(node.iter)
        if name is None or not isinstance(node.target, nodes.Name) or node.test or node.recursive:
            self._fault(node, f"a loop must read `for <name> in <list>`, the list declared in {self.declared}")
            return
        variable = node.target.name
        self.usage.loops.setdefault(variable, set()).add(name)
        self.usage.names.add(name)
        for child in [*node.body, *node.else_]:
            self.visit(child, {**scope, variable: name, "loop": ""}, depth, True)

    def _output(self, node: nodes.Node, scope: dict[str, str], depth: int, conditional: bool) -> None:
        key = _brand_key(node)
        if key is None:
            self.visit(node, scope, depth, conditional)
            if isinstance(node, nodes.Name) and not conditional:
                self.usage.always.add(node.name)
        elif self.vocabulary.brand is None or key not in self.vocabulary.brand.values:
            self._fault(node, f"brand.yml has no {key!r}, or it may not be used here")
        elif not conditional:
            self.usage.always.add(f"brand.{key}")

    def _reference(self, node: nodes.Node, scope: dict[str, str]) -> None:
        if isinstance(node, nodes.Name):
            self._name(node, scope)
        elif isinstance(node, nodes.Getattr):
            self._attribute(node, scope)
        else:
            self._fault(node, "write a loop or a name with a dot: square brackets may not be used in a template")

    def _name(self, node: nodes.Name, scope: dict[str, str]) -> None:
        vocabulary = self.vocabulary
        known = (*vocabulary.tokens, *vocabulary.lists, *vocabulary.slots, *vocabulary.provided, *scope)
        if node.name == "brand":
            self._fault(node, "brand values can only be printed, as {{ brand.<key> }}")
        elif node.name not in known:
            self._fault(node, f"token {node.name!r} is not declared in {self.declared}")
        self.usage.names.add(node.name)

    def _compare(self, node: nodes.Compare) -> None:
        """A slot is compared with the values it can have: a misspelt one would never be shown."""
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        for slot in (side.name for side in sides if isinstance(side, nodes.Name)):
            values = self.vocabulary.slots.get(slot)
            for side in sides:
                if values is not None and isinstance(side, nodes.Const) and side.value not in values:
                    self._fault(node, f"slot {slot!r} is never {side.value!r}; its values are {', '.join(values)}")

    def _attribute(self, node: nodes.Getattr, scope: dict[str, str]) -> None:
        owner = node.node
        if _brand_key(node) is not None:
            self._fault(node, "brand values can only be printed, as {{ brand.<key> }}")
        elif isinstance(owner, nodes.Name) and owner.name == "loop" and "loop" in scope:
            if node.attr not in _LOOP:
                self._fault(node, f"loop has no {node.attr!r}; known are {', '.join(_LOOP)}")
        elif (name := self._item(owner, scope)) is None:
            self._fault(node, f"{node.attr!r} is read from something that is not an item of a list")
        elif node.attr not in self.vocabulary.lists[name]:
            self._fault(node, f"token '{name}.{node.attr}' is not declared in {self.declared}")
        else:
            self.usage.names.add(name)
            self.usage.list_tokens.add((name, node.attr))

    def _item(self, node: nodes.Node, scope: dict[str, str]) -> str | None:
        """The list that `node` is an item of: a loop variable, or `(products | first)`."""
        if isinstance(node, nodes.Name):
            return scope.get(node.name) or None
        if isinstance(node, nodes.Filter) and node.name in ("first", "last") and node.node is not None:
            return self._list(node.node)
        return None

    def _list(self, node: nodes.Node) -> str | None:
        return node.name if isinstance(node, nodes.Name) and node.name in self.vocabulary.lists else None

    def _deep(self, node: nodes.Node, depth: int) -> None:
        if depth > DEEPEST_CONDITION:
            text = f"conditions are nested deeper than {DEEPEST_CONDITION}; decide it in the export model instead"
            self._fault(node, text)

    def _fault(self, node: nodes.Node, text: str) -> None:
        # A node jinja2 makes up itself has no line: the first of its parts that has one tells it.
        lines = (part.lineno for part in (node, *node.find_all(nodes.Node)) if part.lineno)
        self.usage.problems.append(self.source.problem(next(lines, 1), text))


def _brand_key(node: nodes.Node) -> str | None:
    """`colours.accent` for the node of `brand.colours.accent`; None for anything else."""
    keys: list[str] = []
    while isinstance(node, nodes.Getattr):
        keys.insert(0, node.attr)
        node = node.node
    return ".".join(keys) if keys and isinstance(node, nodes.Name) and node.name == "brand" else None
