"""Erasing somebody from an outbox that a killed export has left half-written."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from exports import write_outbox
from privacy import Erasure, access
from privacy.person import Person
from tests.faults.steps import CAMPAIGN, export_rows
from tests.privacy.zones import zones_of


def test_what_an_export_that_was_killed_has_left_keeps_nobody_from_being_erased(tmp_path: Path) -> None:
    zones, rows = zones_of(tmp_path), [export_rows.winback_row(number) for number in range(1, 9)]
    whole = tmp_path / "outbox/winback/2026-03-01"
    write_outbox(CAMPAIGN, rows, whole, run=export_rows.RUN, secret=export_rows.SECRET)
    half = shutil.copytree(whole, whole.with_name(".2026-03-02.partial"))
    (half / "manifest.json").unlink()
    (half / "explain.jsonl").write_bytes((whole / "explain.jsonl").read_bytes()[:-40])
    shutil.copytree(whole, whole.with_name(".2026-03-03.previous"))
    ann = Person(frozenset(), customer_ids=frozenset({rows[0]["customer_id"]}))

    assert access(rows[0]["to_email"], zones)["payloads"] == []
    removed = Erasure(zones, ann, None, []).remove(datetime(2026, 3, 4, tzinfo=UTC))[1]
    assert [(item.table, item.rows) for item in removed if item.zone == "outbox"] == [("winback", 2)]
    assert sorted(path.name for path in whole.parent.iterdir()) == ["2026-03-01", "2026-03-03"]
    texts = [path.read_text() for path in whole.parent.rglob("*") if path.is_file()]
    assert texts and not any(rows[0]["customer_id"] in text for text in texts)
    assert all(rows[1]["customer_id"] in (day / "recipients.csv").read_text() for day in whole.parent.iterdir())
