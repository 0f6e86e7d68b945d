"""`postroom deliver` at the terminal: what it refuses, what it prints, how it stops, and what nobody gets to see."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from delivery import alone
from delivery.words import spellings
from engine import Vault
from exports import Run, write_profiles
from tests.delivery.faulty import Answer, Faulty, Received, fine, refused
from tests.delivery.outboxes import SECRET, ids, log, messages, write
from tests.delivery.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path, service: Faulty) -> Terminal:
    return Terminal(tmp_path, service)


def test_as_shipped_nothing_leaves(terminal: Terminal) -> None:
    terminal.fill(["sendgrid"], 2, general={"enabled": False})
    code, printed = terminal.run()
    assert code == 1 and "Delivery is off" in printed and "services.yml" in printed
    code, printed = terminal.run("--dry-run")
    assert code == 0 and "2 messages of 1 parts would be handed over now" in printed
    assert terminal.service.received == [] and not (terminal.home / "ledger/deliveries").exists()


def test_all_is_handed_over_and_counted(terminal: Terminal) -> None:
    # Not ours to look at: whoever set it may not mean these requests.
    terminal.environment |= {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}
    terminal.fill(["postmark", "sendgrid"], 4, max_items=2)
    terminal.service.plays(refused(503), Answer(200, b'[{"ErrorCode": 406}, {"ErrorCode": 0}]'))
    code, printed = terminal.run()
    rows = [line.split() for line in printed.replace("│", " ").splitlines()]
    assert ["postmark", "2", "4", "3", "1", "1", "0", "0"] in rows
    assert ["sendgrid", "2", "4", "4", "0", "0", "0", "0"] in rows
    assert code == 1 and str(terminal.home / "dead_letters") in printed
    assert terminal.run("--retry-dead")[0] == 0
    assert terminal.run()[0] == 0 and set(terminal.service.taken_of("sendgrid").values()) == {1}


def test_a_campaign_a_day_and_a_service_may_be_chosen(terminal: Terminal) -> None:
    terminal.fill(["postmark", "sendgrid"], 2)
    told = messages(2, first=10, as_of=terminal.as_of, hours=-0.5)
    write(terminal.home, ["sendgrid"], told, day=terminal.day, as_of=terminal.as_of, campaign="welcome")
    log(terminal.home, ids(2, first=10), terminal.day, "welcome")
    assert terminal.run("--campaign", "welcome")[0] == 0
    assert sorted(terminal.service.taken) == ids(2, first=10)
    assert terminal.run("--esp", "postmark", "--day", terminal.day.isoformat())[0] == 0
    assert sorted(terminal.service.taken_of("postmark")) == ids(2)
    assert sorted(terminal.service.taken_of("sendgrid")) == ids(2, first=10)
    for other in (["--campaign", "nothing"], ["--esp", "braze"], ["--day", "2020-01-01"]):
        code, printed = terminal.run(*other)
        assert code == 1 and "Nothing lies in" in printed


def test_a_replay_is_never_delivered(terminal: Terminal) -> None:
    terminal.fill(["sendgrid"], 2)
    replay = terminal.home / "replay" / terminal.day.isoformat() / "outbox"
    replay.parent.mkdir(parents=True)
    (terminal.home / "outbox").rename(replay)
    code, printed = terminal.run("--day", terminal.day.isoformat())
    assert code == 1 and "Nothing lies in" in printed
    # Nor when somebody puts it where the live one belongs: what is in no send log was never to be sent.
    shutil.copytree(replay, terminal.home / "outbox")
    shutil.rmtree(terminal.home / "ledger")
    code, printed = terminal.run()
    assert code == 1 and "missing from the send log" in printed
    assert terminal.service.received == []


def test_a_sync_of_profiles_beside_the_campaigns_is_none_of_its_business(terminal: Terminal) -> None:
    terminal.fill(["sendgrid"], 2)
    run = Run(as_of=terminal.as_of, as_of_date=terminal.day)
    write_profiles(terminal.home / "outbox/sync" / str(terminal.day), ["customer_id"], [{"customer_id": "c1"}], run=run)
    assert terminal.run()[0] == 0 and sorted(terminal.service.taken) == ids(2)


def test_a_copy_that_somebody_has_left_in_the_outbox_is_not_delivered_too(terminal: Terminal) -> None:
    terminal.fill(["sendgrid"], 2)
    (outbox,) = (terminal.home / "outbox").glob("*/*")
    copy = shutil.copytree(outbox, outbox.with_name(f"{outbox.name}.bak"))
    code, printed = terminal.run()
    assert (
        code == 1
        and f"{copy}/manifest.json is of {terminal.day}, and its folder a copy" in printed
        and terminal.service.received == []
    )
    shutil.rmtree(copy)
    assert terminal.run()[0] == 0 and set(terminal.service.taken.values()) == {1}


def test_an_outbox_whose_consents_are_too_old_is_not_delivered(terminal: Terminal) -> None:
    terminal.as_of -= dt.timedelta(hours=49)
    terminal.fill(["sendgrid"], 2)
    code, printed = terminal.run()
    assert code == 1 and "more than 48 hours old" in printed and "Run the daily job" in printed
    assert terminal.run("--day", terminal.day.isoformat())[0] == 1
    assert terminal.service.received == []
    terminal.rules(general={"max_age_hours": 50})
    assert terminal.run()[0] == 0


def test_only_one_at_a_time(terminal: Terminal) -> None:
    terminal.fill(["sendgrid"], 2)
    with alone(terminal.home):
        code, printed = terminal.run()
    assert code == 1 and "at work" in printed and terminal.service.received == []
    assert terminal.run()[0] == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_hand_it_hears_out_what_is_under_way(terminal: Terminal, how: signal.Signals) -> None:
    terminal.fill(["sendgrid"], 60, max_items=1)
    begun, asked = threading.Event(), threading.Event()

    def script(received: Received) -> Answer:
        """The first is answered once the process was asked to stop; when it hears of that is not ours to know."""
        begun.set()
        assert asked.wait(60)
        time.sleep(0.2)
        return fine(received)

    terminal.service.script = script
    process = terminal.start()
    assert begun.wait(60)
    process.send_signal(how)
    asked.set()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "stopped by hand" in out and "Traceback" not in err
    states = terminal.states("sendgrid", 60)
    assert states[0] == "accepted" and states[-1] == "waiting" and "unknown" not in states
    assert sum(terminal.service.taken.values()) == states.count("accepted")
    terminal.service.script = fine
    assert terminal.run()[0] == 0 and set(terminal.service.taken.values()) == {1}


@pytest.mark.parametrize("status", [400, 401, 503, 200])
@pytest.mark.parametrize("is_json", [True, False])
def test_no_secret_and_nobody_s_name_is_shown_or_kept(terminal: Terminal, status: int, is_json: bool) -> None:
    """A service that repeats all it was told: in an error, in an answer that cannot be read, in headers."""
    terminal.fill(["listmonk", "postmark", "sendgrid"], 2, max_attempts=1)

    def script(received: Received) -> Answer:
        shown = " ".join(received.headers.values()).encode() + received.body
        body = json.dumps({"message": shown.decode(), "detail": received.ids}).encode() if is_json else shown
        return Answer(status, body, {"X-Echo": SECRET}, is_taken=False)

    terminal.service.script = script
    code, printed = terminal.run()
    assert code == 1
    kept = [p for folder in ("ledger", "dead_letters") for p in (terminal.home / folder).rglob("*.jsonl")]
    assert len(kept) >= 3
    told = printed + "".join(path.read_text() for path in kept)
    for secret in (*spellings(SECRET), "person1", "example.org", "Ada"):
        assert secret not in told


def test_with_a_key_the_send_log_is_decrypted_and_no_words_are_kept(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.environment["POSTROOM_ENCRYPTION_KEY"] = key = "k" * 40
    terminal.fill(["sendgrid"], 2)
    log(terminal.home, ids(2), terminal.day, vault=Vault(key))
    terminal.service.plays(refused(400, b'{"message": "Try harder."}'))
    code, printed = terminal.run()
    assert code == 1 and "Traceback" not in printed
    assert terminal.states("sendgrid", 2) == ["dead"] * 2
    kept = "".join(p.read_text() for p in terminal.home.rglob("*.jsonl"))
    assert "harder" not in kept and ids(1)[0] in kept
    assert terminal.run("--retry-dead")[0] == 0


def test_without_the_key_that_the_ledger_was_written_with_nothing_leaves(terminal: Terminal) -> None:
    terminal.fill(["sendgrid"], 2)
    log(terminal.home, ids(2), terminal.day, vault=Vault("k" * 40))
    code, printed = terminal.run()
    assert code == 1 and "set POSTROOM_ENCRYPTION_KEY" in printed and terminal.service.received == []


def test_a_fault_in_the_rules_is_shown_by_file_and_line(terminal: Terminal) -> None:
    terminal.fill(["sendgrid"], 2, max_attempts=0)
    code, printed = terminal.run()
    assert code == 1 and "services.yml:" in printed and "sendgrid.max_attempts must be a whole number" in printed


def test_a_secret_that_is_missing_is_asked_for(terminal: Terminal) -> None:
    terminal.fill(["sendgrid"], 2)
    terminal.environment["POSTROOM_SECRET_SENDGRID"] = ""
    code, printed = terminal.run()
    assert code == 1 and "set POSTROOM_SECRET_SENDGRID" in printed and terminal.service.received == []
