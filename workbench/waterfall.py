"""A segment taken apart: its conditions one after the other, with how many customers each keeps.

They come in the order a reader meets them: where the rows come from, each join that can drop any, each condition of
`where`, of `having` and of `qualify`; first those of the CTE that the final select reads from, then its own. A join to
a CTE over one table is taken apart too: the join as such, then what the CTE asks of its rows. Left joins drop nobody
and are passed over. Nothing in the SQL has to be marked for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb
from sqlglot import exp

from workbench.compiled import CompiledModel
from workbench.errors import WorkbenchError
from workbench.names import DIALECT

CUSTOMER = "customer_id"


@dataclass(frozen=True)
class Step:
    """One condition and what is left after it. `cte` is where it stands, None in the final select.

    `counts` are customers, or rows as long as no customer is joined yet. `dropped` is None where the step before
    counted something else.
    """

    cte: str | None
    text: str
    kept: int
    dropped: int | None
    counts: str = "customers"


@dataclass(frozen=True)
class _Stage:
    """A query of which `customer` names a column, or, with `is_open`, an expression over its sources."""

    cte: str | None
    text: str
    query: exp.Select
    customer: exp.Expr | None
    is_open: bool = False


def waterfall(model: CompiledModel, connection: duckdb.DuckDBPyConnection, as_of: datetime) -> list[Step]:
    """The steps of a model with a `customer_id`; the last is the model itself.

    Raises:
        WorkbenchError: its SQL does not parse, or does not run on this warehouse.
    """
    tree = model.tree()
    with_ = tree.args.get("with_")
    walk = _Walk({cte.alias: cte.this for cte in with_.expressions} if with_ else {}, as_of)
    stages = list(walk.stages(tree, CUSTOMER, None)) if isinstance(tree, exp.Select) else []
    steps: list[Step] = []
    try:
        for stage in stages:
            kept, counts = _count(stage, with_, connection)
            is_like_before = bool(steps) and steps[-1].counts == counts
            steps.append(Step(stage.cte, stage.text, kept, steps[-1].kept - kept if is_like_before else None, counts))
        size = _number(connection, f"select count(distinct {CUSTOMER}) from ({model.sql})")
    except duckdb.Error as error:
        raise WorkbenchError(f"{model.path}: {str(error).splitlines()[0]}") from None
    if not steps:
        return [Step(None, "as it is written", size, None)]
    if steps[-1].kept != size or steps[-1].counts != "customers":
        steps.append(Step(None, "the rest of the select", size, None))
    return steps


class _Walk:
    def __init__(self, ctes: dict[str, exp.Expr], as_of: datetime) -> None:
        self._ctes = ctes
        self._as_of = as_of

    def stages(self, select: exp.Select, column: str, cte: str | None) -> Iterator[_Stage]:
        """The stages of one select, whose output `column` is the customer."""
        customer = _source_of(select, column)
        source = select.args["from_"].this if select.args.get("from_") else None
        body = self._body(source)
        inner = _inner_column(customer, source, bool(select.args.get("joins"))) if customer is not None else None
        if source is not None and body is not None and inner is not None and _source_of(body, inner) is not None:
            yield from self.stages(body, inner, source.alias_or_name)
        elif source is not None:
            yield self._open(cte, f"from {self._text(source)}", select, 0, customer)
        yield from self._joined(select, cte, customer)
        yield from self._filtered(select, cte, column)

    def _joined(self, select: exp.Select, cte: str | None, customer: exp.Expr | None) -> Iterator[_Stage]:
        joins = select.args.get("joins") or []
        for position, join in enumerate(joins, start=1):
            if (
                join.side in ("LEFT", "FULL")
                or join.kind == "CROSS"
                or not (join.args.get("on") or join.args.get("using"))
            ):
                continue
            body = self._body(join.this)
            how = f"{join.kind.lower()} join" if join.kind not in ("", "INNER") else "join"
            text = f"{how} {self._text(join.this)}"
            if conditions := join.args.get("on"):
                text += f" on {self._text(conditions)}"
            elif using := join.args.get("using"):
                text += f" using ({', '.join(self._text(name) for name in using)})"
            partial = list(_partial_filters(body)) if body is not None and join.kind != "ANTI" and not join.side else []
            if not partial or (body is not None and body.args.get("joins")):
                yield self._open(cte, text, select, position, customer)
                continue
            bare, *rest = partial
            yield self._open(cte, text, select, position, customer, bare[1])
            for condition, filtered in rest:
                assert condition is not None
                yield self._open(join.this.alias_or_name, self._text(condition), select, position, customer, filtered)

    def _filtered(self, select: exp.Select, cte: str | None, column: str) -> Iterator[_Stage]:
        for condition, filtered in _partial_filters(select):
            if condition is not None:
                yield _Stage(cte, self._text(condition), filtered, exp.column(column))
        if select.args.get("limit"):
            yield _Stage(cte, self._text(select.args["limit"]), select, exp.column(column))

    def _open(
        self,
        cte: str | None,
        text: str,
        select: exp.Select,
        joins: int,
        customer: exp.Expr | None,
        last: exp.Select | None = None,
    ) -> _Stage:
        """The select's sources up to a join, without its conditions; `last` stands in for what the last join reads."""
        query = exp.Select()
        query.set("from_", select.args["from_"].copy())
        kept = [join.copy() for join in (select.args.get("joins") or [])[:joins]]
        if last is not None:
            alias = exp.TableAlias(this=exp.to_identifier(kept[-1].this.alias_or_name))
            kept[-1].set("this", exp.Subquery(this=last, alias=alias))
        query.set("joins", kept)
        return _Stage(cte, text, query, customer, is_open=True)

    def _body(self, source: exp.Expr | None) -> exp.Select | None:
        """The select behind a source that is a CTE or a subquery."""
        if isinstance(source, exp.Table) and not source.db:
            body = self._ctes.get(source.name)
        elif isinstance(source, exp.Subquery):
            body = source.this
        else:
            body = None
        return body if isinstance(body, exp.Select) else None

    def _text(self, expression: exp.Expr) -> str:
        """As SQL, with tables by their names alone and the clock by its."""

        def plain(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Table) and node.db:
                table = exp.Table(this=exp.to_identifier(node.name))
                return exp.alias_(table, node.alias, table=True) if node.alias else table
            if isinstance(node, exp.Cast) and node.this == exp.Literal.string(f"{self._as_of}"):
                return exp.column("as_of")
            return node

        text: str = expression.copy().transform(plain).sql(dialect=DIALECT, normalize_functions=False)
        return text


def _partial_filters(select: exp.Select) -> Iterator[tuple[exp.Expr | None, exp.Select]]:
    """The select without conditions, then with one more each time, with that one."""
    bare = select.copy()
    for clause in ("with_", "where", "having", "qualify", "limit", "order"):
        bare.set(clause, None)
    yield None, bare
    for clause in ("where", "having", "qualify"):
        taken: list[exp.Expr] = []
        for condition in _conditions(select.args.get(clause)):
            taken.append(condition)
            bare = bare.copy()
            bare.set(clause, select.args[clause].__class__(this=exp.and_(*taken, dialect=DIALECT)))
            yield condition, bare


def _conditions(clause: exp.Expr | None) -> list[exp.Expr]:
    """What a clause asks for, one `and` after the other."""
    if clause is None:
        return []
    found: list[exp.Expr] = []
    left = [clause.this]
    while left:
        condition = left.pop()
        inside = condition.unnest()
        if isinstance(inside, exp.And):
            left += [inside.expression, inside.this]
        else:
            found.append(condition)
    return found


def _source_of(select: exp.Select, column: str) -> exp.Expr | None:
    """What a select's output column is made of, as an expression over its sources."""
    for item in select.expressions:
        if item.alias_or_name == column and not item.is_star:
            made_of: exp.Expr = item.unalias()
            return made_of
    stars = [item for item in select.expressions if item.is_star]
    if len(stars) != 1:
        return None
    table = stars[0].table if isinstance(stars[0], exp.Column) else None
    return exp.column(column, table=table or None)


def _inner_column(customer: exp.Expr, source: exp.Expr | None, has_joins: bool) -> str | None:
    """The name of the customer's column in the source, if it is taken from there as it is."""
    if source is None or not isinstance(customer, exp.Column):
        return None
    if customer.table == source.alias_or_name or (not customer.table and not has_joins):
        return customer.name
    return None


def _count(stage: _Stage, with_: exp.With | None, connection: duckdb.DuckDBPyConnection) -> tuple[int, str]:
    if stage.is_open:
        try:
            return _number(connection, _counted(stage, with_, stage.customer)), "customers"
        except duckdb.BinderException:
            # Whose rows these are, only a later join says.
            return _number(connection, _counted(stage, with_, None)), "rows"
    return _number(connection, _counted(stage, with_, stage.customer)), "customers"


def _counted(stage: _Stage, with_: exp.With | None, customer: exp.Expr | None) -> str:
    what = exp.Count(this=exp.Distinct(expressions=[customer.copy()]) if customer is not None else exp.Star())
    if stage.is_open:
        query = stage.query.select(what, append=False)
    else:
        query = (
            exp.Select()
            .select(what)
            .from_(exp.Subquery(this=stage.query, alias=exp.TableAlias(this=exp.to_identifier("stage"))))
        )
    if with_ is not None:
        query.set("with_", with_.copy())
    text: str = query.sql(dialect=DIALECT)
    return text


def _number(connection: duckdb.DuckDBPyConnection, select: str) -> int:
    row = connection.execute(select).fetchone()
    return int(row[0]) if row else 0
