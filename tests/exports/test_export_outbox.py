"""The outbox appears as a whole, is the same for the same input, and is left alone when nothing changed."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from export_rows import LIBRARY, RUN, SECRET, product, slot, winback_row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports import Campaign, DataError, Manifest, attach, write_outbox
from exports.safety import spreadsheet_cell

FILES = ["explain.jsonl", "manifest.json", "payloads.jsonl", "recipients.csv"]


def write(campaign: Campaign, directory: Path, rows: Any = None) -> Manifest:
    rows = [winback_row(number) for number in (1, 2, 3)] if rows is None else rows
    return write_outbox(campaign, rows, directory, run=RUN, secret=SECRET)


def snapshot(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Every file's modification time and content, and the directory's own time."""
    files = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in directory.iterdir()}
    return files | {".": (directory.stat().st_mtime_ns, b"")}


def failing_rows() -> Iterator[dict[str, Any]]:
    yield winback_row(1)
    raise RuntimeError("the reader died")


def test_the_files_hold_what_the_manifest_says(winback: Campaign, tmp_path: Path) -> None:
    rows = [
        winback_row(1, first_name=None),
        winback_row(2, variant="bold"),
        winback_row(3, products=[product(1, title="")], **slot("opening", "discover", "otherwise")),
    ]
    manifest = write(winback, tmp_path / "o", rows)
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == FILES
    written = json.loads((tmp_path / "o/manifest.json").read_bytes())
    assert (tmp_path / "o/manifest.json").read_bytes() == manifest.to_json()
    assert written["messages"] == 3
    assert written["variants"] == {"bold": 1, "control": 2}
    assert written["slots"] == {"opening": {"ordered_before": 2, "otherwise": 1}}
    assert written["fallbacks"] == {"first_name": {"missing": 1}}
    assert written["warn_fallback_share"]["otherwise"] == 0.2
    assert written["dropped_items"] == {"products": 1}
    assert (written["as_of"], written["as_of_date"]) == ("2026-03-02T00:00:00Z", "2026-03-01")
    assert written["template_version"] == winback.template_version
    assert sorted([entry["name"] for entry in written["files"]] + ["manifest.json"]) == FILES
    for entry in written["files"]:
        content = (tmp_path / "o" / entry["name"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert entry["rows"] == 3


def test_every_payload_fits_the_schema(winback: Campaign, tmp_path: Path) -> None:
    write(winback, tmp_path / "o")
    validator = jsonschema.Draft202012Validator(json.loads((LIBRARY / "schemas/message.schema.json").read_bytes()))
    lines = (tmp_path / "o/payloads.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        validator.validate(json.loads(line))
    explained = [json.loads(line) for line in (tmp_path / "o/explain.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [json.loads(line)["message_id"] for line in lines] == [row["message_id"] for row in explained]


def test_the_same_input_gives_the_same_bytes(winback: Campaign, tmp_path: Path) -> None:
    write(winback, tmp_path / "a")
    write(winback, tmp_path / "b", (winback_row(number) for number in (1, 2, 3)))
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_no_rows_are_an_outbox_too(winback: Campaign, tmp_path: Path) -> None:
    manifest = write(winback, tmp_path / "o", [])
    assert manifest.messages == 0 and [entry.rows for entry in manifest.files] == [0, 0, 0]
    assert (tmp_path / "o/payloads.jsonl").read_bytes() == b""
    assert (tmp_path / "o/recipients.csv").read_text().startswith("message_id,")


def test_a_rerun_leaves_the_outbox_untouched(winback: Campaign, tmp_path: Path) -> None:
    write(winback, tmp_path / "o")
    (tmp_path / "o/sendgrid").mkdir()
    (tmp_path / "o/sendgrid/part-0001.json").write_text("{}")
    os.utime(tmp_path / "o", ns=(1, 1))
    files = {name: (tmp_path / "o" / name).stat() for name in FILES}
    write(winback, tmp_path / "o")
    assert (tmp_path / "o").stat().st_mtime_ns == 1
    assert {name: (tmp_path / "o" / name).stat().st_ino for name in FILES} == {
        name: stat.st_ino for name, stat in files.items()
    }
    assert (tmp_path / "o/sendgrid/part-0001.json").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["o"]


@pytest.mark.parametrize("damage", ["change", "delete"])
def test_a_damaged_outbox_is_written_again(winback: Campaign, tmp_path: Path, damage: str) -> None:
    write(winback, tmp_path / "o")
    good = (tmp_path / "o/payloads.jsonl").read_bytes()
    if damage == "change":
        (tmp_path / "o/payloads.jsonl").write_bytes(good[:-2] + b"x\n")
    else:
        (tmp_path / "o/payloads.jsonl").unlink()
    write(winback, tmp_path / "o")
    assert (tmp_path / "o/payloads.jsonl").read_bytes() == good


def test_new_rows_replace_the_outbox_as_a_whole(winback: Campaign, tmp_path: Path) -> None:
    write(winback, tmp_path / "o")
    (tmp_path / "o/sendgrid").mkdir()
    write(winback, tmp_path / "o", [winback_row(9)])
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == FILES
    assert (tmp_path / "o/payloads.jsonl").read_bytes().count(b"\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["o"]


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        (failing_rows, RuntimeError),
        (lambda: [winback_row(1), winback_row(2, to_email=None)], DataError),
        (lambda: [winback_row(1), winback_row(1, to_email="other@example.org")], DataError),
        (lambda: [winback_row(2), winback_row(1)], DataError),
    ],
    ids=["reader dies", "bad row", "same id twice", "out of order"],
)
def test_a_failure_leaves_what_was_there(winback: Campaign, tmp_path: Path, rows: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        write(winback, tmp_path / "o", rows())
    assert list(tmp_path.iterdir()) == []
    write(winback, tmp_path / "o")
    before = snapshot(tmp_path / "o")
    with pytest.raises(error):
        write(winback, tmp_path / "o", rows())
    assert snapshot(tmp_path / "o") == before
    assert [path.name for path in tmp_path.iterdir()] == ["o"]


def test_a_failed_rename_puts_the_old_outbox_back(
    winback: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(winback, tmp_path / "o")
    before = snapshot(tmp_path / "o")
    rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name.endswith(".partial"):
            raise OSError("no space")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no space"):
        write(winback, tmp_path / "o", [winback_row(9)])
    assert snapshot(tmp_path / "o") == before
    assert [path.name for path in tmp_path.iterdir()] == ["o"]


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from export_rows import RUN, SECRET, load, winback_row
from exports import write_outbox

def rows():
    for number in range(1, 200):
        if number == 150 and {when!r} == "writing":
            os._exit(9)
        yield winback_row(number)

rename = Path.rename
def die(path, target):
    if path.name.endswith(".partial"):
        os._exit(9)
    return rename(path, target)
if {when!r} == "renaming":
    Path.rename = die
write_outbox(load("winback"), rows(), Path({directory!r}), run=RUN, secret=SECRET)
"""


@pytest.mark.parametrize("when", ["writing", "renaming"])
def test_a_killed_writer_is_cleaned_up_after(winback: Campaign, tmp_path: Path, when: str) -> None:
    directory = tmp_path / "o"
    write(winback, directory)
    before = (directory / "payloads.jsonl").read_bytes()
    code = KILLED.format(tests=str(Path(__file__).parent), when=when, directory=str(directory))
    assert subprocess.run([sys.executable, "-c", code], cwd=LIBRARY.parent, check=False).returncode == 9
    assert not directory.exists() or (directory / "payloads.jsonl").read_bytes() == before
    with pytest.raises(RuntimeError):
        write(winback, directory, failing_rows())
    assert (directory / "payloads.jsonl").read_bytes() == before
    write(winback, directory)
    assert [path.name for path in tmp_path.iterdir()] == ["o"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30))
def test_the_csv_opens_to_the_same_cells(winback: Campaign, tmp_path: Path, name: str) -> None:
    write(winback, tmp_path / "o", [winback_row(1, to_name=name, first_name=name)])
    message = json.loads((tmp_path / "o/payloads.jsonl").read_bytes())
    with (tmp_path / "o/recipients.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file, strict=True)
    assert row["to_name"] == spreadsheet_cell(message["to"]["name"] or "")
    assert row["subject"] == spreadsheet_cell(message["subject"])
    assert row["to_email"] == message["to"]["email"]
    assert row["unsubscribe_url"] in message["html"]


def test_a_formula_in_a_name_stays_text(winback: Campaign, tmp_path: Path) -> None:
    write(winback, tmp_path / "o", [winback_row(1, to_name='=HYPERLINK("https://evil.example","x")')])
    rows = list(csv.reader(io.StringIO((tmp_path / "o/recipients.csv").read_text(encoding="utf-8"))))
    assert rows[1][rows[0].index("to_name")] == '\'=HYPERLINK("https://evil.example","x")'


def test_memory_does_not_grow_with_the_rows(winback: Campaign, tmp_path: Path) -> None:
    write(winback, tmp_path / "warm")
    tracemalloc.start()
    manifest = write(winback, tmp_path / "o", (winback_row(number) for number in range(1, 801)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(entry.bytes for entry in manifest.files) > 12_000_000
    assert peak < 6_000_000


def test_children_go_to_their_parents() -> None:
    rows = [{"message_id": name} for name in "abd"]
    items = [{"message_id": name, "position": position} for name, position in (("a", 1), ("a", 2), ("d", 1))]
    joined = list(attach(iter(rows), {"items": iter(items), "notes": iter([])}))
    assert [[child["position"] for child in row["items"]] for row in joined] == [[1, 2], [], [1]]
    assert all(row["notes"] == [] for row in joined)
    assert "items" not in rows[0]


@pytest.mark.parametrize("orphan", ["0", "c", "e"])
def test_a_child_without_a_parent_stops_the_campaign(orphan: str) -> None:
    rows = [{"message_id": name} for name in "abd"]
    with pytest.raises(DataError, match=f"'{orphan}', token items: a child row has no parent row"):
        list(attach(rows, {"items": [{"message_id": orphan, "position": 1}]}))


@pytest.mark.parametrize("keys", [[("a", 1), ("a", 1)], [("a", 2), ("a", 1)], [("b", 1), ("a", 1)]])
def test_children_out_of_order_stop_the_campaign(keys: list[tuple[str, int]]) -> None:
    children = [{"message_id": message_id, "position": position} for message_id, position in keys]
    with pytest.raises(DataError, match="given twice or out of order"):
        list(attach([{"message_id": "a"}, {"message_id": "b"}], {"items": children}))


def test_attaching_streams() -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield {"message_id": "a"}
        raise AssertionError("read ahead")

    assert next(attach(rows(), {"items": [{"message_id": "a", "position": 1}]}))["items"][0]["position"] == 1
