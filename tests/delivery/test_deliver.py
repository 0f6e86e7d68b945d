"""A delivery to a service that misbehaves: what is taken, tried again, refused, held; and what is never done."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from delivery import DeliveryError, Row
from exports import write_outbox
from tests.delivery.conftest import Desk
from tests.delivery.faulty import Answer, Faulty, Received, fine, refused
from tests.delivery.outboxes import AS_OF, SECRET, ids, messages, write
from tests.exports.esp_messages import writer
from tests.exports.export_rows import RUN, load, winback_row
from tests.exports.export_rows import SECRET as EXPORT_SECRET

ALL = ("braze", "klaviyo_events", "klaviyo_profiles", "listmonk", "mailchimp", "mailgun", "postmark", "sendgrid", "ses")


def counts(row: Row) -> tuple[int, int, int, int]:
    """Accepted, dead, unknown, waiting."""
    assert row.accepted + row.dead + row.unknown + row.waiting == row.messages
    return row.accepted, row.dead, row.unknown, row.waiting


def well(received: Received) -> Answer:
    """What every service says when all is well, those with answers to read too."""
    if "ses" in received.path:
        return Answer(200, json.dumps({"BulkEmailEntryResults": [{"Status": "SUCCESS"}] * 3}).encode())
    if "braze" in received.path:
        return Answer(201, b'{"message": "success", "dispatch_id": "1"}')
    return fine(received)


def test_each_service_gets_every_message_once(desk: Desk, service: Faulty) -> None:
    service.script = well
    write(desk.home, ALL, messages(3))
    rows = desk.deliver()
    assert sorted(rows) == sorted(ALL)
    for name, row in rows.items():
        assert counts(row) == (3, 0, 0, 0), name
        assert row.is_well and row.retried == 0
    requests = {name: [r for r in service.received if r.path.startswith(f"/{name}")] for name in ALL}
    assert {name: len(found) for name, found in requests.items() if len(found) > 1} == {"listmonk": 3, "mailchimp": 3}
    before = len(service.received)
    assert {counts(row) for row in desk.deliver().values()} == {(3, 0, 0, 0)}
    assert len(service.received) == before


def test_an_outbox_as_the_exporter_writes_it_is_delivered(desk: Desk, service: Faulty) -> None:
    campaign = replace(load("winback"), writers=(writer("sendgrid", max_items=2),))
    rows = [winback_row(number) for number in range(1, 6)]
    write_outbox(campaign, rows, desk.home / "outbox/winback/2026-03-01", run=RUN, secret=EXPORT_SECRET)
    desk.logged = {row["message_id"] for row in rows}
    assert counts(desk.deliver()["sendgrid"]) == (5, 0, 0, 0)
    assert service.taken == dict.fromkeys(desk.logged, 1)
    assert [len(json.loads(r.body)["personalizations"]) for r in service.received] == [2, 2, 1]


def test_secrets_are_shown_as_each_service_asks_for_them(desk: Desk, service: Faulty) -> None:
    service.script = well
    write(desk.home, ALL, messages(3))
    desk.deliver()
    shown = {r.path.split("/")[1]: r.headers for r in service.received}
    assert shown["sendgrid"]["Authorization"] == f"Bearer {SECRET}"
    assert shown["mailgun"]["Authorization"] == httpx.BasicAuth(*SECRET.split(":"))._auth_header
    assert shown["postmark"]["X-Postmark-Server-Token"] == SECRET
    assert shown["klaviyo_events"]["Authorization"] == f"Klaviyo-API-Key {SECRET}"
    assert shown["klaviyo_events"]["revision"] == "2026-07-15"
    assert shown["klaviyo_events"]["Content-Type"] == "application/vnd.api+json"
    assert shown["sendgrid"]["Content-Type"] == "application/json"
    assert shown["ses"]["Authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=secret-of-the-shop/20260302/eu-west-1/ses/"
    )
    assert SECRET.split(":")[1] not in str(shown["ses"])


@pytest.mark.parametrize(("name", "status"), [("sendgrid", 500), ("klaviyo_events", 500), ("listmonk", 429)])
def test_what_was_not_done_is_tried_again(desk: Desk, service: Faulty, name: str, status: int) -> None:
    write(desk.home, [name], messages(1))
    service.plays(refused(status), refused(503))
    row = desk.deliver()[name]
    assert counts(row) == (1, 0, 0, 0) and row.retried == 2 and row.is_well
    assert service.taken == {ids(1)[0]: 1}


def test_waits_grow_and_are_spread(desk: Desk, service: Faulty) -> None:
    desk.general, desk.changes = {"first_wait_seconds": 8, "longest_wait_seconds": 20}, {"max_attempts": 5}
    write(desk.home, ["sendgrid"], messages(1))
    service.plays(*[refused(503)] * 4)
    desk.deliver()
    first, second, third, fourth = desk.clock.waits
    assert 4 <= first <= 8 and 8 <= second <= 16 and 10 <= third <= 20 and 10 <= fourth <= 20


def test_a_service_that_names_a_time_is_left_alone_until_then(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["sendgrid"], messages(2), max_items=1)
    date = format_datetime(desk.clock.utc() + dt.timedelta(seconds=70), usegmt=True)
    times: list[float] = []
    answers = [refused(429, Retry_After="50"), refused(503, Retry_After=date)]

    def script(received: Received) -> Answer:
        times.append(desk.clock.passed)
        return answers.pop(0) if answers else fine(received)

    service.script = script
    assert counts(desk.deliver()["sendgrid"]) == (2, 0, 0, 0)
    assert times == pytest.approx([0, 50, 70, 70], abs=0.01)


def test_a_service_that_asks_for_longer_is_left_for_the_next_delivery(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["sendgrid"], messages(4), max_items=1)
    service.plays(refused(429, Retry_After="3600"))
    row = desk.deliver()["sendgrid"]
    assert counts(row) == (0, 0, 0, 4) and len(service.received) == 1 and not row.is_well
    assert "left alone for 3,600 seconds" in row.notes[0]
    assert counts(desk.deliver()["sendgrid"]) == (4, 0, 0, 0)


def test_after_so_many_attempts_it_is_a_dead_letter_and_the_rest_waits(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["sendgrid"], messages(4), max_items=1)
    service.plays(*[refused(503)] * 3)
    row = desk.deliver()["sendgrid"]
    assert counts(row) == (0, 1, 0, 3) and len(service.received) == 3
    (letter,) = desk.letters("sendgrid")
    assert (letter["state"], letter["status"], letter["code"]) == ("dead", 503, "attempts_used_up")
    assert counts(desk.deliver()["sendgrid"]) == (3, 1, 0, 0)
    assert counts(desk.deliver(retry_dead=True)["sendgrid"]) == (4, 0, 0, 0)
    assert desk.letters("sendgrid") == []


def test_a_service_that_says_wait_each_time_is_given_up_too(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["sendgrid"], messages(4), max_items=1)
    service.plays(*[refused(429, Retry_After="5")] * 3)
    assert counts(desk.deliver()["sendgrid"]) == (0, 1, 0, 3)
    assert len(service.received) == 3 and desk.clock.passed >= 10


def test_attempts_are_counted_over_deliveries(desk: Desk, service: Faulty) -> None:
    desk.general = {"longest_wait_seconds": 1}
    write(desk.home, ["sendgrid"], messages(1))
    for _ in range(2):
        service.plays(refused(503, Retry_After="60"))
        assert counts(desk.deliver()["sendgrid"]) == (0, 0, 0, 1)
    service.plays(refused(503, Retry_After="60"))
    assert counts(desk.deliver()["sendgrid"]) == (0, 1, 0, 0)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refusal_is_a_dead_letter_and_the_rest_goes_on(desk: Desk, service: Faulty, status: int) -> None:
    write(desk.home, ["sendgrid"], messages(4), max_items=2)
    words = f'{{"errors": [{{"message": "Ada and person1@example.org are not what {SECRET} may do", "field": "to"}}]}}'
    service.plays(refused(status, words.encode()))
    row = desk.deliver()["sendgrid"]
    assert counts(row) == (2, 2, 0, 0) and not row.is_well and not row.is_stopped
    letters = desk.letters("sendgrid")
    assert [(e["message_id"], e["state"], e["status"], e["part"]) for e in letters] == [
        (message_id, "dead", status, "sendgrid/part-0001.json") for message_id in ids(2)
    ]
    assert letters[0]["sha256"] == desk.entries()[0].sha256
    assert "not what" in letters[0]["words"]
    for said in ("Ada", "person1", *SECRET.split(":")):
        assert said not in letters[0]["words"]


@pytest.mark.parametrize("status", [401, 403, 404, 405, 302])
def test_a_wrong_key_or_url_stops_the_run_and_costs_nothing(desk: Desk, service: Faulty, status: int) -> None:
    write(desk.home, ["sendgrid"], messages(5), max_items=1)
    for _ in range(5):
        service.plays(refused(status, Location="/elsewhere"))
        row = desk.deliver()["sendgrid"]
        assert counts(row) == (0, 0, 0, 5) and row.is_stopped and not row.is_well
        assert f"sendgrid answers {status}" in row.notes[0]
    assert len(service.received) == 5 and {r.path for r in service.received} == {"/sendgrid"}
    assert counts(desk.deliver()["sendgrid"]) == (5, 0, 0, 0)


AMBIGUOUS = {
    "time-out": Answer(hangs=True),
    "cut": Answer(cut="instead"),
    "half an answer": Answer(202, b"{", cut="amid"),
    "no end": Answer(202, b"{", drips=True),
    "bad gateway": Answer(502),
    "gateway time-out": Answer(504),
    "of no kind": Answer(299),
}


@pytest.mark.parametrize("how", sorted(AMBIGUOUS))
@pytest.mark.parametrize("is_taken", [True, False])
def test_what_may_have_arrived_is_not_sent_again_by_itself(
    desk: Desk, service: Faulty, how: str, is_taken: bool
) -> None:
    desk.changes = {"timeout_seconds": 0.2}
    write(desk.home, ["sendgrid"], messages(4), max_items=2)
    answer = AMBIGUOUS[how]
    service.plays(replace(answer, is_taken=is_taken))
    desk.clock.is_real = answer.drips
    row = desk.deliver()["sendgrid"]
    assert counts(row) == (0, 0, 2, 2) and row.is_stopped
    assert [(e["message_id"], e["state"]) for e in desk.letters("sendgrid")] == [(i, "unknown") for i in ids(2)]
    for _ in range(2):
        assert counts(desk.deliver()["sendgrid"]) == (2, 0, 2, 0)
    assert len(service.received) == 2
    assert counts(desk.deliver(resend_unknown=True)["sendgrid"]) == (4, 0, 0, 0)
    assert [service.taken[i] for i in ids(4)] == [1 + is_taken] * 2 + [1] * 2
    assert desk.letters("sendgrid") == []


def test_a_connection_closed_before_the_body_is_read_is_held_too(desk: Desk, service: Faulty) -> None:
    cuts = [True]
    service.hangs_up = lambda: bool(cuts) and cuts.pop()
    write(desk.home, ["sendgrid"], messages(2))
    assert counts(desk.deliver()["sendgrid"]) == (0, 0, 2, 0)


def test_without_a_connection_nothing_can_have_arrived(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["sendgrid"], messages(2), max_items=1)
    service.shutdown()
    service.server_close()
    row = desk.deliver()["sendgrid"]
    assert counts(row) == (0, 1, 0, 1) and desk.letters("sendgrid")[0]["code"] == "no_connection"


@pytest.mark.parametrize("how", sorted(AMBIGUOUS))
@pytest.mark.parametrize("name", ["klaviyo_events", "klaviyo_profiles"])
def test_what_does_no_harm_twice_is_sent_again(desk: Desk, service: Faulty, how: str, name: str) -> None:
    desk.changes = {"timeout_seconds": 0.2}
    desk.clock.is_real = AMBIGUOUS[how].drips
    write(desk.home, [name], messages(2))
    service.plays(AMBIGUOUS[how])
    row = desk.deliver()[name]
    assert counts(row) == (2, 0, 0, 0) and row.retried == 1
    first, second = service.received
    assert first.body == second.body


def test_what_stays_unknown_however_often_is_held(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["klaviyo_events"], messages(2))
    service.plays(*[Answer(cut="instead")] * 3)
    assert counts(desk.deliver()["klaviyo_events"]) == (0, 0, 2, 0)
    assert counts(desk.deliver()["klaviyo_events"]) == (0, 0, 2, 0)
    assert len(service.received) == 3
    assert counts(desk.deliver(resend_unknown=True)["klaviyo_events"]) == (2, 0, 0, 0)


def postmark(*codes: int) -> Answer:
    body = [{"ErrorCode": c, "Message": f"Found inactive addresses: person{n}@example.org." if c else "OK"}
            for n, c in enumerate(codes, 1)]  # fmt: skip
    return Answer(200, json.dumps(body).encode(), is_taken=False)


def test_of_a_request_taken_in_part_each_message_goes_its_way(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["postmark"], messages(4))
    service.plays(postmark(0, 406, 429, 100))
    row = desk.deliver()["postmark"]
    assert counts(row) == (3, 1, 0, 0) and row.retried == 1
    assert [r.ids for r in service.received] == [ids(4), ids(2, first=3)]
    (letter,) = desk.letters("postmark")
    assert (letter["message_id"], letter["code"], letter["status"]) == (ids(4)[1], "406", 200)
    assert letter["words"] == "Found inactive addresses: ...."


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"BulkEmailEntryResults": [{}]}', b"[1, 2]", b"null", b""])
@pytest.mark.parametrize("name", ["postmark", "ses", "braze"])
def test_an_answer_that_does_not_tell_leaves_them_unknown(desk: Desk, service: Faulty, name: str, body: bytes) -> None:
    write(desk.home, [name], messages(2))
    service.plays(Answer(200, body))
    assert counts(desk.deliver()[name]) == (0, 0, 2, 0)


def test_ses_tells_of_each_entry(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["ses"], messages(3))
    statuses = ["MESSAGE_REJECTED", "SUCCESS", "TRANSIENT_FAILURE"]
    results = [{"Status": status, "Error": "Ada is not welcome."} for status in statuses]
    service.plays(
        Answer(200, json.dumps({"BulkEmailEntryResults": results}).encode()),
        Answer(200, b'{"BulkEmailEntryResults": [{"Status": "SUCCESS"}]}'),
    )
    assert counts(desk.deliver()["ses"]) == (2, 1, 0, 0)
    (letter,) = desk.letters("ses")
    assert (letter["message_id"], letter["code"], letter["words"]) == (
        ids(1)[0],
        "MESSAGE_REJECTED",
        "... is not welcome.",
    )
    assert len(json.loads(service.received[1].body)["BulkEmailEntries"]) == 1


def test_braze_tells_of_single_recipients_or_of_nobody(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["braze"], messages(3))
    service.plays(Answer(201, b'{"message": "success", "errors": [{"type": "invalid", "index": 1}]}'))
    assert counts(desk.deliver()["braze"]) == (2, 1, 0, 0)
    write(desk.home, ["braze"], messages(3, first=10))
    service.plays(Answer(201, b'{"message": "success", "errors": ["something about somebody"]}'))
    assert counts(desk.deliver()["braze"]) == (0, 0, 3, 0)


def test_a_part_waits_for_its_time(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["postmark", "sendgrid"], [*messages(2), *messages(2, first=3, hours=5)])
    rows = desk.deliver()
    assert counts(rows["postmark"]) == (2, 0, 0, 2) and rows["postmark"].is_well
    assert rows["postmark"].notes == ["1 parts wait for their time, the first until 2026-03-02 05:00 UTC"]
    # It waits by itself, as long as it takes them in advance.
    assert counts(rows["sendgrid"]) == (4, 0, 0, 0)
    desk.clock.passed = 3 * 3600 - 1
    assert counts(desk.deliver()["postmark"]) == (2, 0, 0, 2)
    desk.clock.passed = 3 * 3600
    assert counts(desk.deliver()["postmark"]) == (4, 0, 0, 0)
    assert set(service.taken.values()) == {2}


def test_not_further_ahead_than_a_service_takes_it(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["sendgrid"], messages(1, hours=72))
    desk.clock.start = AS_OF - dt.timedelta(seconds=1)
    assert counts(desk.deliver()["sendgrid"]) == (0, 0, 0, 1)
    desk.clock.start = AS_OF
    assert counts(desk.deliver()["sendgrid"]) == (1, 0, 0, 0)


def test_nothing_leaves_when_any_file_is_not_as_written(desk: Desk, service: Faulty) -> None:
    folder = write(desk.home, ["postmark", "sendgrid"], messages(6), max_items=2)
    changed = folder / "sendgrid/part-0003.json"
    changed.write_bytes(changed.read_bytes().replace(b"person5@", b"someone@"))
    with pytest.raises(DeliveryError, match=r"sendgrid/part-0003.json is not the file that was written"):
        desk.deliver()
    changed.unlink()
    with pytest.raises(DeliveryError, match=r"sendgrid/part-0003.json is missing"):
        desk.deliver()
    assert service.received == [] and not (desk.home / "ledger").exists()


def test_a_message_that_is_not_in_the_send_log_is_not_handed_over(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["sendgrid"], messages(2))
    desk.logged = set(ids(1))
    with pytest.raises(DeliveryError, match="missing from the send log of 2026-03-01"):
        desk.deliver()
    assert service.received == []


def test_a_service_without_url_or_secret_is_named_before_anything_leaves(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["postmark", "sendgrid"], messages(1))
    desk.changes = {"url": "https://api.example.com/{domain}"}
    with pytest.raises(DeliveryError, match="has no url yet"):
        desk.deliver()
    desk.changes, desk.secrets = {}, {"sendgrid": None}
    with pytest.raises(DeliveryError, match="set POSTROOM_SECRET_SENDGRID in the environment"):
        desk.deliver()
    assert service.received == []


def test_customerio_is_not_handed_over_and_says_so(desk: Desk) -> None:
    write(desk.home, ["customerio"], messages(2))
    row = desk.deliver()["customerio"]
    assert counts(row) == (0, 0, 0, 2) and row.is_well and "fetches its file itself" in row.notes[0]


def test_a_rerun_that_cuts_the_parts_anew_sends_what_is_new_alone(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["sendgrid"], messages(5), max_items=2)
    service.plays(Answer(202), refused(401))
    desk.deliver()
    assert sorted(service.taken) == ids(2)
    # One is gone, two are new, and every part is another.
    write(desk.home, ["sendgrid"], [*messages(1), *messages(6, first=3)], max_items=3)
    row = desk.deliver()["sendgrid"]
    assert counts(row) == (7, 0, 0, 0)
    assert {service.taken[i] for i in ids(8)} == {1}


def test_a_look_sends_and_writes_nothing(desk: Desk, service: Faulty) -> None:
    write(desk.home, ["sendgrid", "postmark"], [*messages(3), *messages(2, first=4, hours=5)])
    before = {path: path.read_bytes() for path in desk.home.rglob("*") if path.is_file()}
    rows = desk.look()
    assert rows["postmark"].notes[0] == "3 messages of 1 parts would be handed over now"
    assert counts(rows["postmark"]) == (0, 0, 0, 5)
    assert service.received == []
    after = {path: path.read_bytes() for path in desk.home.rglob("*") if path.is_file()}
    assert after.keys() - before.keys() <= {desk.home / "services.yml"}
    desk.deliver()
    assert "would be handed over" not in str(desk.look()["sendgrid"].notes)


def test_requests_keep_to_their_number_at_a_time_and_a_second(desk: Desk, service: Faulty) -> None:
    desk.changes = {"concurrent": 3, "requests_per_second": 4}
    write(desk.home, ["sendgrid"], messages(12), max_items=1)
    gate, lock = threading.Barrier(3), threading.Lock()
    now, most, times = 0, 0, []

    def script(received: Received) -> Answer:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            times.append(desk.clock.passed)
        # Three come together, or it stays shut.
        gate.wait(10)
        with lock:
            now -= 1
        return fine(received)

    service.script = script
    assert counts(desk.deliver()["sendgrid"]) == (12, 0, 0, 0)
    assert most == 3
    assert max(times) >= 11 / 4 - 0.01


@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_bytes(b"{}")])
def test_a_file_that_changes_meanwhile_stops_all(desk: Desk, service: Faulty, change: Callable[[Path], object]) -> None:
    desk.changes = {"concurrent": 3}
    late = write(desk.home, ["sendgrid"], messages(9), max_items=1) / "sendgrid/part-0007.json"

    def script(received: Received) -> Answer:
        with service.lock:
            if not service.received:
                change(late)
        return fine(received)

    service.script = script
    with pytest.raises(DeliveryError, match="is gone|is not the file that was written"):
        desk.deliver()
    assert set(service.taken.values()) == {1} and ids(9)[6] not in service.taken
