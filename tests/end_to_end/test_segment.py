"""`postroom segment` tells of each shipped segment who is in it and by which conditions, and names nobody."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import duckdb
import pytest

from orchestration.settings import settings
from tests.conftest import REPO
from tests.end_to_end.conftest import Home
from workbench.compiled import CompiledModel, compile_models
from workbench.published import Published
from workbench.waterfall import waterfall

SEGMENTS = sorted(path.stem for path in (REPO / "models/marts/segments").glob("seg_*.sql"))


@pytest.fixture(scope="module")
def home(two_days: tuple[Home, dict[str, str]]) -> Home:
    return two_days[0]


@pytest.fixture(scope="module")
def compiled(home: Home) -> dict[str, CompiledModel]:
    here = dataclasses.replace(settings(), home=home.path)
    with Published(here) as published:
        return compile_models(SEGMENTS, here, published.as_of)


@pytest.mark.parametrize("segment", SEGMENTS)
def test_the_last_condition_leaves_the_segment(segment: str, home: Home, compiled: dict[str, CompiledModel]) -> None:
    with Published(dataclasses.replace(settings(), home=home.path)) as published:
        steps = waterfall(compiled[segment], published.connection, published.as_of)
    assert len(steps) > 1
    assert steps[-1].text != "the rest of the select"
    assert [steps[-1].kept] == [
        size for (size,) in home.query(f"select count(distinct customer_id) from marts.{segment}")
    ]


def test_all_segments_are_listed_and_one_is_shown_without_who_they_are(home: Home) -> None:
    printed = home.postroom("segment").stdout
    assert [s for s in SEGMENTS if s.removeprefix("seg_") not in printed] == []
    shown = home.postroom("segment", "engaged_non_buyers").stdout
    ((size, customer),) = home.query(
        "select count(distinct customer_id), min(customer_id) from marts.seg_engaged_non_buyers"
    )
    assert f"{size} customers; minimum 100: too small to be targeted" in shown
    assert "anti join buyers" in shown
    assert "2026-01-05" in shown and "2026-01-04" in shown
    assert customer is not None
    assert _personal_values(home) & set(re.findall(r"[^\s\"{}:,]+", shown)) == set()


def test_who_came_and_went_by_redefinition_is_counted_too(home: Home) -> None:
    with duckdb.connect(str(home.path / "published/warehouse.duckdb")) as connection:
        connection.execute(
            "update marts.fct_segment_memberships set cause = cause || '_by_redefinition' where cause <> 'stayed'"
        )
    ((segment, entered, left),) = home.query(
        "select segment, count(*) filter (where is_member) as entered, count(*) filter (where not is_member)"
        " from marts.fct_segment_memberships where cause <> 'stayed' group by segment order by entered desc limit 1"
    )
    assert f"{entered} entered and {left} left on 2026-01-05" in home.postroom("segment", str(segment)).stdout


def _personal_values(home: Home) -> set[Any]:
    people = [json.loads(line) for line in (home.path / "truth/people.jsonl").read_text().splitlines()]
    assert people
    rows = home.query("select email, phone, first_name, last_name, city from marts.dim_customers")
    return {value for row in rows for value in row if value}


def test_a_name_that_is_not_there(home: Home) -> None:
    done = home.postroom("segment", "champion", check=False)
    assert done.returncode == 1
    assert "did you mean champions?" in done.stdout
