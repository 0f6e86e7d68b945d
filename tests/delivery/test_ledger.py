"""The ledger: what it holds after a crash, what it refuses to guess, and what is taken out of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from delivery import DeliveryError, forget, standings_of
from delivery.ledger import Ledger, Verdict
from tests.delivery.outboxes import CAMPAIGN, DAY

AT = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def ledger(root: Path, **how: bool) -> Ledger:
    return Ledger(root, DAY, CAMPAIGN, "sendgrid", **how)


def states(found: Ledger, *message_ids: str) -> list[str]:
    return [found.state(message_id) for message_id in message_ids]


def filled(root: Path) -> Ledger:
    """`a` accepted, `b` dead, `c` unknown, `d` waiting after an attempt, `e` waiting after one that does not count."""
    made = ledger(root)
    first = made.intend("sendgrid/part-0001.json", "f0", ["a", "b", "d"], AT)
    others = {"b": Verdict("dead", 200, "406", "no such address"), "d": Verdict("waiting", 200, "429")}
    made.settle(first, Verdict("accepted", 200), others, AT)
    made.settle(made.intend("sendgrid/part-0002.json", "f1", ["e"], AT), Verdict("waiting", 401, counts=False), {}, AT)
    made.intend("sendgrid/part-0003.json", "f2", ["c"], AT)
    return made


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    made = filled(tmp_path)
    read = ledger(tmp_path)
    assert read.path == tmp_path / "deliveries/as_of_date=2026-03-01/winback.sendgrid.jsonl"
    assert (read.standings, read.parts) == (made.standings, made.parts)
    assert states(read, *"abcdex") == ["accepted", "dead", "unknown", "waiting", "waiting", "waiting"]
    assert [read.attempts(m) for m in "cdex"] == [1, 1, 0, 0]
    assert read.standings["b"].verdict == Verdict("dead", 200, "406", "no such address")
    assert read.parts == {"f0": {"a", "b", "d"}, "f1": {"e"}, "f2": {"c"}}


def test_a_line_that_a_crash_cut_off_is_none(tmp_path: Path) -> None:
    """Cut anywhere, the file is read as its whole lines, and the next line stands by itself."""
    content = filled(tmp_path).path.read_bytes()
    path = ledger(tmp_path).path
    ends = [position + 1 for position, byte in enumerate(content) if byte == 10]
    for cut in range(0, len(content), 7):
        path.write_bytes(content[:cut])
        whole = sum(end <= cut for end in ends)
        found = ledger(tmp_path)
        assert path.read_bytes() == content[:cut]
        found.intend("sendgrid/part-0009.json", "f9", ["z"], AT)
        lines = path.read_bytes().splitlines()
        assert len(lines) == whole + 1 and lines[:whole] == content.splitlines()[:whole]
        assert ledger(tmp_path).state("z") == "unknown"


def test_a_line_that_cannot_be_read_stops_everything(tmp_path: Path) -> None:
    path = filled(tmp_path).path
    lines = path.read_bytes().splitlines(keepends=True)
    for broken in (b"{}\n", b"not JSON\n", b'{"outcome": 99, "state": "accepted", "others": {}}\n'):
        path.write_bytes(b"".join([*lines[:2], broken, *lines[2:]]))
        with pytest.raises(DeliveryError, match=r"winback.sendgrid.jsonl:3: cannot be read"):
            ledger(tmp_path)


def test_who_is_let_go_begins_anew(tmp_path: Path) -> None:
    filled(tmp_path).release("unknown", AT)
    found = ledger(tmp_path)
    assert states(found, *"abc") == ["accepted", "dead", "waiting"]
    assert found.attempts("c") == 0
    assert found.release("dead", AT) == 1 and found.release("dead", AT) == 0
    assert states(ledger(tmp_path), *"abc") == ["accepted", "waiting", "waiting"]


def test_beside_encrypted_files_nothing_that_a_service_said_is_kept(tmp_path: Path) -> None:
    made = ledger(tmp_path, keeps_words=False)
    made.settle(made.intend("p", "f", ["a"], AT), Verdict("dead", 400, "x1", "words"), {}, AT)
    assert b"words" not in made.path.read_bytes()
    assert made.standings["a"].verdict == Verdict("dead", 400, "x1")


def test_who_is_erased_is_in_no_line(tmp_path: Path) -> None:
    made = filled(tmp_path)
    made.release("dead", AT)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/x.jsonl").write_bytes(b'{"message_id":"b"}\n{"message_id":"c"}\n')
    assert [s["verdict"]["state"] for s in standings_of(tmp_path, {"a", "c", "nobody"})] == ["accepted", "unknown"]
    assert forget(tmp_path, {"b", "c", "nobody"}) == 2
    assert forget(tmp_path, {"b", "c"}) == 0
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*.jsonl"))
    assert b'"b"' not in left and b'"c"' not in left
    found = ledger(tmp_path)
    assert states(found, *"ade") == ["accepted", "waiting", "waiting"] and found.attempts("d") == 1
    assert standings_of(tmp_path, {"b", "c"}) == []
