"""How a campaign's export is done."""

from __future__ import annotations

from orchestration.export import SEVERAL_FROM, processes_for
from orchestration.settings import most_processes


def test_several_processes_render_where_it_is_worth_starting_them() -> None:
    assert [processes_for(messages) for messages in (0, SEVERAL_FROM - 1)] == [1, 1]
    assert processes_for(SEVERAL_FROM) == most_processes()
    assert 1 <= most_processes() <= 4
