"""A select is taken apart in the order in which it is read, and the last step is the select itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest

from workbench import WorkbenchError
from workbench.compiled import CompiledModel
from workbench.evidence import without_personal
from workbench.waterfall import Step, waterfall

AS_OF = datetime(2026, 3, 2)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute(
            """
            create table people as select * from (values ('a', 'f', 20), ('b', 'f', 40), ('c', 'm', 20), ('d', 'f', 25))
                as t (customer_id, gender, age);
            create table views as select * from (values
                ('a', 1, timestamp '2026-03-01'), ('a', 2, timestamp '2026-02-23'), ('b', 1, timestamp '2026-03-01'),
                ('c', 1, timestamp '2026-02-22'), ('d', 1, timestamp '2026-03-01'), ('d', 2, timestamp '2026-03-01'),
                ('x', 1, timestamp '2026-03-01')) as t (customer_id, product_id, viewed_at);
            create table orders as select 'd' as customer_id;
            create table sizes as select 'f' as gender
            """
        )
        yield opened


def _steps(sql: str, connection: duckdb.DuckDBPyConnection) -> list[Step]:
    return waterfall(CompiledModel("seg_x", "models/seg_x.sql", sql), connection, AS_OF)


def test_conditions_come_as_they_are_read_inside_the_ctes_too(connection: duckdb.DuckDBPyConnection) -> None:
    sql = """
        with women as (select customer_id, age from people where gender = 'f' and (age > 0 and age < 99)),
        viewers as (
            select customer_id, count(distinct product_id) as products
            from views
            where viewed_at >= cast('2026-03-02 00:00:00' as timestamp) - interval 7 day
            group by customer_id
            having count(distinct product_id) >= 2
        )
        select women.customer_id, 'e' as evidence
        from women
        inner join viewers on women.customer_id = viewers.customer_id
        left join sizes on true
        anti join orders on women.customer_id = orders.customer_id
        where women.age < 30
        qualify row_number() over (partition by women.customer_id order by women.age nulls last) = 1
    """
    assert [(step.cte, step.kept, step.dropped) for step in _steps(sql, connection)] == [
        ("women", 4, None),
        ("women", 3, 1),
        ("women", 3, 0),
        ("women", 3, 0),
        (None, 3, 0),
        ("viewers", 3, 0),
        ("viewers", 2, 1),
        (None, 1, 1),
        (None, 1, 0),
        (None, 1, 0),
    ]
    texts = [step.text for step in _steps(sql, connection)]
    assert texts[:2] == ["from people", "gender = 'f'"]
    assert "as_of - INTERVAL" in texts[5]
    assert texts[7].startswith("anti join orders on")


def test_rows_are_counted_until_a_customer_is_joined(connection: duckdb.DuckDBPyConnection) -> None:
    sql = "select p.customer_id from sizes as s join people as p on s.gender = p.gender where p.age > 20"
    assert [(step.kept, step.dropped, step.counts) for step in _steps(sql, connection)] == [
        (1, None, "rows"),
        (3, None, "customers"),
        (2, 1, "customers"),
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "select customer_id from people union select customer_id from orders",
        "with all_of_them as (select * from people where age < 30) select * from all_of_them where gender = 'f'",
        "select * from people semi join orders using (customer_id)",
        "select customer_id from (select customer_id, age from people where gender = 'f') as women where age > 20",
        "select p.customer_id from people as p, orders as o where p.customer_id = o.customer_id",
        "select max(customer_id) as customer_id from people where age > 1 group by gender having count(*) > 1",
        "select customer_id from people where age in (select max(age) from people) or gender = 'm' and age < 21",
        "select customer_id, json_object('a', value) as e from (select *, age as value from people) where value > 20",
        "select customer_id from people order by age nulls last limit 2",
        "with m as (select customer_id, gender from people) select m.customer_id from m right join sizes on true",
    ],
)
def test_the_last_step_is_the_select_itself(sql: str, connection: duckdb.DuckDBPyConnection) -> None:
    ((size,),) = connection.execute(f"select count(distinct customer_id) from ({sql})").fetchall()
    assert _steps(sql, connection)[-1].kept == size


def test_sql_that_does_not_parse_or_run_names_its_file(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(WorkbenchError, match=r"models/seg_x\.sql: its SQL does not parse.*line 1"):
        _steps("select customer_id from people where (", connection)
    with pytest.raises(WorkbenchError, match=r"models/seg_x\.sql: .*agee"):
        _steps("select customer_id from people where agee > 1", connection)


def test_evidence_is_shown_without_what_is_personal() -> None:
    assert (
        without_personal('{"segment":"s","city":"Bonn","age":3}', frozenset({"city"})) == '{"segment": "s", "age": 3}'
    )
    assert without_personal("not json Bonn", frozenset()) == ""
    assert without_personal(None, frozenset()) == "{}"
