"""An alert is raised once for a cause, told to a real server, kept when that fails, and names nobody."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alerting import Cause, Told, alert, plain
from tests.delivery.faulty import Answer, Faulty, refused, running

AT = dt.datetime(2026, 3, 2, 2, 30, tzinfo=dt.UTC)
FAILED = Cause("failed_run", "daily, models", "A model is broken.", "2026-03-01", run="r1", step="models")
LATE = Cause("stale_source", "esp.events", "It is late.")


@dataclass
class Desk:
    """A home with its book, and the service that its webhook reaches."""

    path: Path
    service: Faulty
    waits: list[float] = field(default_factory=list)

    def alert(self, *causes: Cause, gone: Sequence[Cause] = (), webhook: str | None = "") -> Told:
        return alert(
            self.path,
            causes,
            lambda cause: cause in gone,
            webhook=f"{self.service.url}/hook/s3cret" if webhook == "" else webhook,
            home="production",
            at=AT,
            wait=self.waits.append,
        )

    @property
    def lines(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    @property
    def texts(self) -> list[str]:
        return [json.loads(received.body)["text"] for received in self.service.received]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with running() as service:
        service.script = lambda received: Answer(200, b"ok")
        yield Desk(tmp_path / "home" / "alerts.jsonl", service)


def test_a_cause_is_told_once_while_it_lasts_and_again_when_it_is_back(desk: Desk) -> None:
    assert desk.alert(FAILED, LATE).raised == [FAILED, LATE]
    assert desk.alert(FAILED, LATE) == Told([], [])
    assert desk.alert(LATE, gone=[FAILED, LATE]).resolved == [FAILED], "what is still found has not gone"
    assert desk.alert(LATE) == Told([], [])
    assert desk.alert(FAILED, LATE).raised == [FAILED]
    assert desk.texts == [
        "Postroom, production\nALERT: failed run, daily, models, 2026-03-01: A model is broken.\n"
        "ALERT: stale source, esp.events: It is late.",
        "Postroom, production\nResolved: failed run, daily, models, 2026-03-01: A model is broken.",
        "Postroom, production\nALERT: failed run, daily, models, 2026-03-01: A model is broken.",
    ]
    states = [(line["id"], line["state"]) for line in desk.lines if "state" in line]
    failed = "failed_run/daily, models/2026-03-01"
    assert states == [
        (failed, "raised"), ("stale_source/esp.events", "raised"), (failed, "resolved"), (failed, "raised"),
    ]  # fmt: skip


def test_what_is_not_found_and_has_not_gone_lasts(desk: Desk) -> None:
    desk.alert(FAILED)
    assert desk.alert() == Told([], []), "whoever looks may not see all kinds"
    assert desk.alert(FAILED) == Told([], [])


def test_what_is_posted_is_json_for_chats_and_for_machines(desk: Desk) -> None:
    desk.alert(FAILED)
    (received,) = desk.service.received
    assert (received.method, received.path, received.headers["Content-Type"]) == (
        "POST", "/hook/s3cret", "application/json",
    )  # fmt: skip
    assert json.loads(received.body)["alerts"] == [
        {
            "id": FAILED.id, "state": "raised", "at": "2026-03-02T02:30:00Z", "kind": "failed_run",
            "subject": "daily, models", "day": "2026-03-01", "text": "A model is broken.",
        }
    ]  # fmt: skip


def test_more_than_a_chat_shows_are_counted(desk: Desk) -> None:
    desk.alert(*(Cause("doctor", f"check {number}", "Broken.") for number in range(25)))
    assert desk.texts[0].count("ALERT") == 20 and desk.texts[0].endswith("and 5 more, in alerts.jsonl")
    assert desk.alert() == Told([], []) and len(desk.service.received) == 1


def test_without_a_webhook_the_file_alone_is_written_and_a_later_one_hears_of_what_lasts(desk: Desk) -> None:
    desk.alert(FAILED, LATE, webhook=None)
    desk.alert(LATE, gone=[FAILED], webhook=None)
    assert [line["id"] for line in desk.lines] == [FAILED.id, LATE.id, FAILED.id]
    desk.alert(LATE)
    assert desk.texts == ["Postroom, production\nALERT: stale source, esp.events: It is late."]


def test_a_webhook_that_is_down_for_a_moment_is_tried_again(desk: Desk) -> None:
    answers = [refused(503), Answer(cut="instead"), Answer(200)]
    desk.service.script = lambda received: answers.pop(0)
    assert desk.alert(FAILED).problem is None
    assert desk.waits == [2.0, 4.0] and len(desk.service.received) == 3


@pytest.mark.parametrize(("answer", "requests"), [(404, 1), (302, 1), (429, 3), (500, 3)])
def test_what_a_webhook_does_not_take_is_told_the_next_time(desk: Desk, answer: int, requests: int) -> None:
    desk.service.script = lambda received: refused(answer, Location="/elsewhere")
    problem = desk.alert(FAILED, LATE).problem
    assert problem == f"it answers {answer}" and len(desk.service.received) == requests
    desk.service.script = lambda received: Answer(204)
    assert desk.alert(LATE, gone=[FAILED]).problem is None
    assert desk.texts[-1] == "Postroom, production\nALERT: stale source, esp.events: It is late.", "one has gone untold"
    assert desk.alert(LATE).problem is None and len(desk.service.received) == requests + 1


def test_a_webhook_that_is_not_there_is_said_without_its_address(desk: Desk) -> None:
    gone = "http://127.0.0.1:9/hook/s3cret"
    assert desk.alert(FAILED, webhook=gone).problem == "it cannot be reached (ConnectError)"
    for wrong in ("http://example.com/hook/s3cret", "ftp://127.0.0.1/s3cret", "s3cret"):
        problem = desk.alert(FAILED, webhook=wrong).problem
        assert problem and "https://" in problem and "s3cret" not in problem
    assert "s3cret" not in desk.path.read_text()


def test_a_line_cut_off_by_a_crash_costs_that_line_alone(desk: Desk) -> None:
    desk.alert(FAILED)
    with desk.path.open("ab") as file:
        file.write(b'{"at":"2026-03-02T02:30:00Z","state":"raised","id":"stale_so')
    assert desk.alert(FAILED, LATE).raised == [LATE]
    assert desk.alert(FAILED, LATE) == Told([], [])


def test_two_at_once_tell_one_thing_once(desk: Desk) -> None:
    threads = [threading.Thread(target=desk.alert, args=(FAILED, LATE)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk.service.received) == 1 and len(desk.lines) == 4


HOSTILE = [
    'Conversion Error: Could not convert string "Ann O\'Neil" to INT32',
    "ann.oneil@example.org is no date",
    "no row for 'Ann O'Neil'",
    "call +49 (151) 234-567 89 back",
    "Ann\u202e\x1b[2J is `Ann O'Neil`",
    "see https://shop.example/u/ann-oneil-token",
    "'Ann O'Neil",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nobody_is_named_whatever_an_error_quotes(desk: Desk, text: str) -> None:
    desk.alert(Cause("failed_run", "load, crm__contacts", text, "2026-03-01"))
    for told in (desk.path.read_text(), desk.texts[0]):
        assert not [trace for trace in ("O'Neil", "oneil", "234-567", "\u202e", "\x1b") if trace in told]


def test_a_chat_makes_nothing_of_a_text() -> None:
    assert plain("<!channel> <https://a.b|here> @everyone a & b") == "(!channel) (... ... a + b"


def test_days_names_and_numbers_that_tell_what_to_mend_stay() -> None:
    text = "crm.contacts 2026-03-01: 30 of 41 rows do not fit; column 'lastmodifieddate' at 2026-03-02 00:00:00"
    assert plain(text) == text
    assert len(plain("word " * 1000)) == 603
