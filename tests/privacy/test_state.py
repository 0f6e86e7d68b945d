"""What history and ledger have of a person, whatever else stands in the same rows."""

from __future__ import annotations

from pathlib import Path

from privacy.person import Person
from privacy.state import remove_from_state
from tests.privacy.zones import zones_of


def test_a_device_that_was_theirs_is_forgotten_as_theirs_and_stays_whose_it_is_now(tmp_path: Path) -> None:
    zones = zones_of(tmp_path)
    days = {
        "2026-01-07": "('email:ann', 'a1'), ('anonymous_id:d', 'a1'), ('email:bob', 'b2')",
        "2026-01-08": "('email:ann', 'a1'), ('anonymous_id:d', 'b2'), ('email:bob', 'b2')",
    }
    files = {day: zones.history / f"dim_identities/as_of_date={day}/part.parquet" for day in days}
    with zones.memory() as connection:
        for day, rows in days.items():
            files[day].parent.mkdir(parents=True)
            zones.rewrite(connection, f"from (values {rows}) as identities (node_id, customer_id)", files[day])
        ann = Person(identifiers=frozenset({("email", "ann")}), customer_ids=frozenset({"a1"}))
        assert remove_from_state(zones, ann) == {"history/dim_identities": 3}
        left = {day: connection.execute(f"from {zones.parquet(file)}").fetchall() for day, file in files.items()}
    assert left == {
        "2026-01-07": [("email:bob", "b2")],
        "2026-01-08": [("anonymous_id:d", "b2"), ("email:bob", "b2")],
    }
