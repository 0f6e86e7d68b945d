"""A model's source as SQL that a parser can read: what is Jinja stands in for itself, every line where it was.

`{{ ref('x') }}` becomes `x`. Another macro becomes a call `jinja(...)` of those of its arguments that are SQL with
columns in it, so that these are looked at where they stand. Blocks and comments become blanks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import jinja2
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from workbench.names import DIALECT

_SPACE = ("whitespace", "comment", "linecomment")


@dataclass
class Masked:
    """`refs` are the models it names, with their lines."""

    sql: str = ""
    refs: list[tuple[str, int]] = field(default_factory=list)
    has_blocks: bool = False


@dataclass(frozen=True)
class _Token:
    line: int
    kind: str
    value: str


def masked(source: str) -> Masked:
    """Raises jinja2.TemplateSyntaxError (with `lineno`) where the Jinja is none."""
    result = Masked()
    inside: list[_Token] | None = None
    for line, kind, value in jinja2.Environment().lex(source):
        if kind == "data":
            _add(result, line, value)
        elif kind == "block_begin":
            result.has_blocks = True
            inside = []
        elif kind == "variable_begin":
            inside = []
        elif kind == "block_end":
            result.refs += _refs(inside or [])
            inside = None
        elif kind == "variable_end":
            _replace(result, inside or [])
            inside = None
        elif inside is not None and kind not in _SPACE:
            inside.append(_Token(line, kind, value))
    return result


def _add(result: Masked, line: int, text: str) -> None:
    """Append, on the line where it stands: whitespace control takes line ends away."""
    result.sql += "\n" * (line - 1 - result.sql.count("\n")) + text


def _refs(tokens: list[_Token]) -> list[tuple[str, int]]:
    """The models of `ref('model')` and of `ref('package', 'model')`, where they are plain texts."""
    found = []
    for position, token in enumerate(tokens):
        if (token.kind, token.value) == ("name", "ref"):
            call = list(_until_closed(tokens[position + 1 :]))
            if call and all(t.kind == "string" or t.value in ("(", ",", ")") for t in call):
                texts = [t for t in call if t.kind == "string"]
                found += [(texts[-1].value[1:-1], texts[-1].line)] if texts else []
    return found


def _until_closed(tokens: list[_Token]) -> Iterator[_Token]:
    depth = 0
    for token in tokens:
        yield token
        depth += {"(": 1, ")": -1}.get(token.value, 0) if token.kind == "operator" else 0
        if depth == 0:
            return


def _replace(result: Masked, tokens: list[_Token]) -> None:
    refs = _refs(tokens)
    result.refs += refs
    if refs and tokens[0].value == "ref":
        _add(result, refs[0][1], refs[0][0])
        return
    line = tokens[0].line if tokens else 1
    names = [token.value for token in tokens if token.kind == "name"]
    before = re.sub(r"--[^\n]*", "", result.sql).rstrip()
    if "loop" in names or names[:1] == ["config"]:
        return
    if before.endswith("'"):
        _add(result, line, "jinja")
        return
    if re.search(r"(?:\bwith|\),)\s+\w+\s+as$", before):
        _add(result, line, "(select * from jinja_rows)")
        return
    if not before or before.endswith(")") or re.search(r"\bas \($", before):
        # The macro writes a whole select.
        _add(result, line, "select * from jinja_rows")
        return
    _add(result, line, " jinja(")
    for position, (at, fragment) in enumerate(_fragments(tokens)):
        _add(result, at, (", " if position else "") + fragment)
    result.sql += ")"


def _fragments(tokens: list[_Token]) -> Iterator[tuple[int, str]]:
    """The arguments that are SQL: with a column in it, or the value of a mapping."""
    piece: list[_Token] = []
    is_value = False
    for token in [*tokens, _Token(0, "operator", ",")]:
        if token.kind != "operator" or token.value not in ("(", ")", "[", "]", "{", "}", ",", ":"):
            piece.append(token)
            continue
        texts = [t for t in piece if t.kind == "string"]
        if texts and token.value != ":":
            written = "".join(
                t.value[1:-1] if t.kind == "string" else "null" for t in piece if (t.kind, t.value) != ("operator", "~")
            )
            if _is_sql(written, is_value):
                yield texts[0].line, written
        if token.value != "(" or not piece or piece[-1].kind != "name":
            is_value = token.value == ":"
            piece = []
        else:
            # A call within a concatenation stands for one value.
            piece = piece[:-1]


def _is_sql(text: str, is_value: bool) -> bool:
    try:
        tree = sqlglot.parse_one(text, dialect=DIALECT)
    except (SqlglotError, ValueError):
        return False
    if isinstance(tree, exp.Column) and not tree.table:
        return is_value
    return any(True for _ in tree.find_all(exp.Column))
