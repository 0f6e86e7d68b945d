"""The real command, killed at any moment and started again: nothing is sent twice, and nothing is lost."""

from __future__ import annotations

import itertools
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.delivery.faulty import Answer, Faulty, Received, fine, running
from tests.delivery.outboxes import ids
from tests.delivery.terminal import Terminal

SERVICES = ("klaviyo_events", "listmonk", "postmark", "sendgrid")
COUNT = 60
ITEMS = 4
AT_ONCE = 2
PHASES = ("head", "body", "answer")


class Killer:
    """Kills a process at the so-and-so-many-th time that the service comes to a phase, or after some time."""

    def __init__(self, service: Faulty, random: Random) -> None:
        self._random = random
        self._process: subprocess.Popen[str] | None = None
        self._phase, self._left = "", 0
        self._lock = threading.Lock()
        service.watch = self._at

    def _at(self, phase: str) -> None:
        with self._lock:
            self._left -= phase == self._phase
            if phase == self._phase and self._left == 0 and self._process:
                self._process.kill()

    def kill(self, start: Callable[[], subprocess.Popen[str]]) -> bool:
        """Starts a process, and gives whether it was killed before it came to its own end."""
        is_timed = self._random.random() < 0.3
        with self._lock:
            self._phase = "" if is_timed else self._random.choice(PHASES)
            self._left = self._random.randint(1, 4)
            self._process = process = start()
        if is_timed:
            # From before the first request on: an interpreter takes half a second to be there.
            time.sleep(self._random.uniform(0.3, 1.2))
            process.kill()
        process.communicate(timeout=120)
        with self._lock:
            self._phase = ""
        return process.returncode == -signal.SIGKILL


def kill_and_start_again(home: Path, seed: int, kills: int) -> None:
    """Kills so often; once nothing is left to hand over in a home, it goes on in another."""
    random, killed = Random(seed), 0
    for number in itertools.count():
        killed_here = _kill_in_one_home(home / str(number), random, kills - killed)
        assert killed_here, "nothing of a whole outbox could be killed"
        killed += killed_here
        if killed == kills:
            return


def _kill_in_one_home(home: Path, random: Random, kills: int) -> int:
    """Kills so often, or as long as anything is left to hand over; gives how often it was."""
    home.mkdir()
    with running() as service:
        terminal = Terminal(home, service)
        terminal.fill(SERVICES, COUNT, max_items=ITEMS, concurrent=AT_ONCE, max_attempts=1000)

        def script(received: Received) -> Answer:
            with service.lock:
                pause = random.uniform(0, 0.004)
            time.sleep(pause)
            return fine(received)

        service.script = script
        killer, killed = Killer(service, random), 0
        while killed < kills and (left := [name for name in SERVICES if "waiting" in terminal.states(name, COUNT)]):
            # One after another they would mostly be killed in the first.
            name = random.choice(left)
            killed += killer.kill(lambda name=name: terminal.start("--esp", name))  # type: ignore[misc]
        _, printed = terminal.run()
        unknown = sum(_held_to_what_was_taken(terminal, name, printed) for name in SERVICES)
        # So many requests are on their way at most, whenever it is killed.
        assert unknown <= killed * AT_ONCE * ITEMS
        assert terminal.run("--resend-unknown")[0] == 0
        for name in SERVICES:
            taken = service.taken_of(name)
            assert terminal.states(name, COUNT) == ["accepted"] * COUNT and set(taken) == set(ids(COUNT))
            assert sum(taken.values()) - COUNT <= (killed * AT_ONCE * ITEMS if name == "klaviyo_events" else unknown)
    return killed


def _held_to_what_was_taken(terminal: Terminal, name: str, printed: str) -> int:
    """How many messages are unknown; the others were taken, and none was twice where that would be two e-mails."""
    taken, states = terminal.service.taken_of(name), dict(zip(ids(COUNT), terminal.states(name, COUNT), strict=True))
    is_same_twice = name == "klaviyo_events"
    assert set(states.values()) <= ({"accepted"} if is_same_twice else {"accepted", "unknown"}), printed
    for message_id, state in states.items():
        assert taken[message_id] >= (state == "accepted"), (name, message_id, state)
        assert is_same_twice or taken[message_id] <= 1, (name, message_id, state)
    return list(states.values()).count("unknown")


def test_killed_at_twenty_moments_it_sends_nothing_twice_and_loses_nothing(tmp_path: Path) -> None:
    kill_and_start_again(tmp_path, seed=1, kills=20)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(2, 12))
def test_killed_at_many_moments_it_sends_nothing_twice(tmp_path: Path, seed: int) -> None:
    kill_and_start_again(tmp_path, seed, kills=30)
