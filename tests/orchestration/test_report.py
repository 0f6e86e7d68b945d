"""What the terminal says of a day."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from rich.console import Console

from orchestration.report import _show_files
from orchestration.site import Site


def test_a_file_s_path_is_printed_as_it_is(tmp_path: Path) -> None:
    site = Site(date(2026, 1, 5), True, tmp_path / "[b] home")
    outbox = site.outbox("winback")
    outbox.mkdir(parents=True)
    (outbox / "manifest.json").write_text(json.dumps({"files": [{"name": "x.csv", "rows": 1, "bytes": 2}]}))
    console = Console(record=True, quiet=False)
    _show_files(site, "winback", console)
    assert str(outbox / "x.csv") in console.export_text()


def test_a_service_s_parts_are_one_line(tmp_path: Path) -> None:
    site = Site(date(2026, 1, 5), True, tmp_path)
    outbox = site.outbox("winback")
    outbox.mkdir(parents=True)
    files = [{"name": f"ses/part-000{number}.json", "rows": 50, "bytes": 1000} for number in (1, 2)]
    (outbox / "manifest.json").write_text(json.dumps({"files": [{"name": "x.csv", "rows": 1, "bytes": 2}, *files]}))
    console = Console(record=True, quiet=False, width=500)
    _show_files(site, "winback", console)
    first, second, *_ = console.export_text().splitlines()
    assert first == f"  {outbox}/x.csv  1 rows, 2 bytes"
    assert second == f"  {outbox}/ses/  2 files, 100 rows, 2,000 bytes"


def test_what_falls_back_too_often_is_a_warning(tmp_path: Path) -> None:
    site = Site(date(2026, 1, 5), True, tmp_path)
    outbox = site.outbox("winback")
    outbox.mkdir(parents=True)
    manifest = {
        "schema_version": 2,
        "messages": 1000,
        "fallbacks": {
            "first_name": {"missing": 200},
            "items.image_url": {"missing": 150, "not an http or https link": 60},
            "opening": {"lacks first_name": 690},
        },
        "warn_fallback_share": {"otherwise": 0.2, "opening": 0.7},
        "files": [],
    }
    (outbox / "manifest.json").write_text(json.dumps(manifest))
    console = Console(record=True, quiet=False, width=500)
    _show_files(site, "winback", console)
    assert console.export_text().splitlines()[:3] == [
        "  fallback of first_name: 200 of 1,000 messages, 20% (missing 200)",
        "  fallback of items.image_url: 210 of 1,000 messages, 21% (missing 150, not an http or https link 60); "
        "warning: more than 20%",
        "  fallback of opening: 690 of 1,000 messages, 69% (lacks first_name 690)",
    ]


def test_a_manifest_of_an_earlier_version_is_shown_without(tmp_path: Path) -> None:
    site = Site(date(2026, 1, 5), True, tmp_path)
    outbox = site.outbox("winback")
    outbox.mkdir(parents=True)
    old = {"schema_version": 1, "messages": 10, "fallbacks": {"first_name": 9}, "files": []}
    (outbox / "manifest.json").write_text(json.dumps(old))
    console = Console(record=True, quiet=False, width=500)
    _show_files(site, "winback", console)
    assert console.export_text().splitlines() == [f"  {outbox}/manifest.json", ""]


def test_a_warning_is_told_with_its_count(tmp_path: Path) -> None:
    site = Site(date(2026, 1, 5), True, tmp_path)
    outbox = site.outbox("winback")
    outbox.mkdir(parents=True)
    (outbox / "manifest.json").write_text(json.dumps({"files": [], "warnings": {"html_bytes": 1200}}))
    console = Console(record=True, quiet=False, width=500)
    _show_files(site, "winback", console)
    assert "  1,200 messages with HTML close to the longest that may be sent" in console.export_text()
