"""Checked templates made into code that fills them fast: what is the same for everybody is made ready when they load.

The code is Jinja's own, but for shorter ways to what a campaign's template may hold; what that is, `template` sees to.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Self

import orjson
from jinja2 import Template, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, missing  # type: ignore[attr-defined]
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import escape

from exports.checks import abridged

# What may look different as HTML; most values hold none of it.
_SPECIAL = re.compile(r"[&<>\"'{}]")


class Static(str):
    """A part of a template that is the same in every message: as JSON too, and with what the checks need of it."""

    __slots__ = ("abridged", "json")
    abridged: str
    json: bytes

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, text)
        made.abridged, made.json = abridged(text), orjson.dumps(text)[1:-1]
        return made


class Page:
    """A filled HTML template, as JSON: of its parts those that are the same for everybody were encoded beforehand."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces
        self.json = b'"%b"' % b"".join(
            [piece.json if type(piece) is Static else orjson.dumps(piece)[1:-1] for piece in pieces]
        )

    def abridged(self) -> str:
        """The page without what the checks have no need to see again in every message."""
        return "".join([piece.abridged if type(piece) is Static else piece for piece in self._pieces])

    def size(self) -> int:
        """Bytes of the HTML."""
        return len("".join(self._pieces).encode())


class PageTemplate(Template):
    """A template that is filled without the overhead of Jinja's contexts.

    `recipe` is the function that made it with its arguments: handed to another process, it is compiled again there.
    """

    recipe: tuple[Callable[..., Self], tuple[Any, ...]]

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[Any, ...]]:
        return self.recipe

    def text(self, values: Mapping[str, Any]) -> str:
        """The template filled with values by their names. Raises what Jinja raises."""
        return "".join(self.root_render_func(_Context(values)))  # type: ignore[arg-type]

    def page(self, values: Mapping[str, Any]) -> Page:
        """The same as a page."""
        return Page(list(self.root_render_func(_Context(values))))  # type: ignore[arg-type]


class _Context:
    """All that generated code asks of a context."""

    __slots__ = ("values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def resolve_or_missing(self, name: str) -> Any:
        return self.values.get(name, missing)


class _Code(CodeGenerator):
    """Generates the code of a template, which reads `statics` and calls `printed` of its environment."""

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802
        """Items of lists are plain dicts, and hold every token that is declared; else there is only `loop`."""
        self.visit(node.node, frame)
        is_loop = isinstance(node.node, nodes.Name) and node.node.name == "loop"
        self.write(f".{node.attr}" if is_loop else f"[{node.attr!r}]")

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        statics = self.environment.statics  # type: ignore[attr-defined]
        statics.append(Static("".join(group)))
        return f"environment.statics[{len(statics) - 1}]"

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: object) -> None:
        self.write("environment.printed(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: object) -> None:
        self.write(")")


class PageEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox whose templates are PageTemplates. What is printed goes through `finalize`, which it needs."""

    # A text times a number fills the memory.
    intercepted_binops = frozenset({"*"})
    code_generator_class = _Code
    template_class = PageTemplate

    def __init__(self, *, autoescape: bool, finalize: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(autoescape=autoescape, finalize=finalize, **options)
        self.statics: list[Static] = []

        def as_html(value: Any) -> str:
            text = str(finalize(value))
            return str(escape(value)) if _SPECIAL.search(text) else text

        def as_text(value: Any) -> str:
            return str(finalize(value))

        self.printed = as_html if autoescape else as_text

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiplies numbers. Raises TypeError for anything else."""
        if not all(isinstance(each, int | float | Decimal | Undefined) for each in (left, right)):
            raise TypeError("numbers alone can be multiplied")
        return super().call_binop(context, operator, left, right)
