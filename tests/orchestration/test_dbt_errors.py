"""What dbt may say of a failed query."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.dbt_errors import said

VALUE = 'O\'Person "Poison"\npoison@example.org'


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("select cast(v as int) from t", "Could not convert string '...' to INT32"),
        ("select cast(v as date) from t", "invalid date field format: '...'"),
        ("select cast(v as decimal(9, 2)) from t", "Could not convert string '...'"),
        ("select strptime(v, '%Y') from t", "Could not parse string '...'"),
        ("select v::json -> 'a' from t", "Malformed JSON"),
        ("insert into t select * from t", "Duplicate key '...' violates primary key"),
    ],
)
def test_no_value_is_quoted(query: str, says: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table t (v varchar primary key)")
        connection.execute("insert into t values ($value)", {"value": VALUE})
        with pytest.raises(duckdb.Error) as raised:
            connection.execute(query).fetchall()
    message = said(raised.value)
    assert says in message
    assert "oison" not in message and "erson" not in message


def test_what_is_wrong_with_a_query_is_said_in_full() -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as raised:
        connection.execute("select frist_name from (select 1 as first_name)")
    assert said(raised.value) == str(raised.value)
    assert '"frist_name"' in said(raised.value)
