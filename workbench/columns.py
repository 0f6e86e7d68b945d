"""Which columns a select names that are not there, and which it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

# What a table has, by its name; None where nobody has said.
Schema = Mapping[str, frozenset[str] | None]


@dataclass(frozen=True)
class Unknown:
    """A name that is not there: a column of `table`, or of anything read there where that is None.

    `known` are the names that are there; with `is_table` it is the table that is not, and they are tables.
    """

    line: int
    column: str
    table: str | None
    known: frozenset[str]
    is_table: bool = False


class Columns:
    """The names of one query, resolved against what the tables it reads have."""

    def __init__(self, tree: exp.Expr, schema: Schema) -> None:
        self._schema = schema
        self._outputs: dict[int, frozenset[str] | None] = {}
        self._scopes = list(traverse_scope(tree))

    def returned(self) -> list[tuple[str, int]] | None:
        """The columns that the query gives, with the line of each; None where a star hides them."""
        select = self._scopes[-1].expression if self._scopes else None
        while isinstance(select, exp.SetOperation):
            select = select.left
        if not isinstance(select, exp.Select):
            return None
        found = []
        for item in select.expressions:
            if item.is_star:
                names = self._star(item, self._scopes[-1])
                if names is None:
                    return None
                found += [(name, 1) for name in sorted(names)]
            else:
                found.append((item.alias_or_name, _line(item)))
        return found

    def unknown(self) -> list[Unknown]:
        """Every column that is not there, in the order of the lines."""
        found = []
        for scope in self._scopes:
            own = {name.lower() for name in _named(scope)}
            for column in scope.columns:
                if isinstance(column.this, exp.Star) or (not column.table and column.name.lower() in own):
                    continue
                if problem := self._missing(column, scope):
                    found.append(problem)
        unique = {(p.line, p.column, p.table): p for p in found}
        return sorted(unique.values(), key=lambda p: (p.line, p.column))

    def _missing(self, column: exp.Column, scope: Scope) -> Unknown | None:
        name = column.name.lower()
        readable = self._readable(scope)
        if column.table:
            if column.table not in readable:
                # A field of a struct reads like a column of a table.
                if any(columns is None or column.table.lower() in columns for columns in readable.values()):
                    return None
                return Unknown(_line(column), column.name, column.table, frozenset(readable), is_table=True)
            known = readable[column.table]
            return None if known is None or name in known else Unknown(_line(column), column.name, column.table, known)
        if any(columns is None or name in columns for columns in readable.values()):
            return None
        known = frozenset(name for columns in readable.values() if columns for name in columns)
        return Unknown(_line(column), column.name, None, known)

    def _readable(self, scope: Scope) -> dict[str, frozenset[str] | None]:
        """The columns of everything a scope reads, and of what surrounds it where it is a subquery."""
        found: dict[str, frozenset[str] | None] = {}
        around: Scope | None = scope
        while around is not None:
            for name, source in _sources(around).items():
                found.setdefault(name, self._of(source))
            around = around.parent if around.is_subquery else None
        return found

    def _of(self, source: exp.Expr | Scope) -> frozenset[str] | None:
        if isinstance(source, exp.Table):
            return self._schema.get(source.name)
        if not isinstance(source, Scope):
            return None
        key = id(source)
        if key not in self._outputs:
            self._outputs[key] = self._given(source)
        return self._outputs[key]

    def _given(self, scope: Scope) -> frozenset[str] | None:
        select = scope.expression
        if isinstance(select, exp.SetOperation):
            return self._given(scope.set_operation_scopes[0]) if scope.set_operation_scopes else None
        if not isinstance(select, exp.Select):
            return None
        names: set[str] = set()
        for item in select.expressions:
            if item.is_star:
                starred = self._star(item, scope)
                if starred is None:
                    return None
                names |= starred
            else:
                names.add(item.alias_or_name.lower())
        return frozenset(names)

    def _star(self, item: exp.Expr, scope: Scope) -> frozenset[str] | None:
        table = item.table if isinstance(item, exp.Column) else ""
        names: set[str] = set()
        for name, (_, source) in scope.selected_sources.items():
            if table and name != table:
                continue
            columns = self._of(source)
            if columns is None:
                return None
            names |= columns
        return frozenset(names)


def _sources(scope: Scope) -> dict[str, exp.Expr | Scope]:
    """What a scope reads, by the name it has there; of semi and anti joins too, whose columns the condition names."""
    found: dict[str, exp.Expr | Scope] = {name: source for name, (_, source) in scope.selected_sources.items()}
    for join in scope.expression.args.get("joins") or ():
        table = join.this
        if isinstance(table, exp.Table):
            is_cte = not table.db and table.name in scope.cte_sources
            found.setdefault(table.alias_or_name, scope.cte_sources[table.name] if is_cte else table)
    return found


def _named(scope: Scope) -> list[str]:
    """The names that a select gives its own columns, which its later clauses may use."""
    select = scope.expression
    return [item.alias for item in select.expressions if item.alias] if isinstance(select, exp.Select) else []


def _line(expression: exp.Expr) -> int:
    """The line of the last name in an expression, or 1."""
    if isinstance(expression, exp.Alias):
        return int(expression.args["alias"].meta.get("line", 1))
    lines = [int(i.meta["line"]) for i in expression.find_all(exp.Identifier) if "line" in i.meta]
    return max(lines, default=1)
