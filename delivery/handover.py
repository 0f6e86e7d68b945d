"""Handing over the parts of one service: several requests at once, at its pace, until there is no more to be done."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from queue import SimpleQueue
from random import Random
from threading import Event, Lock, Thread
from typing import Any

import orjson

from delivery.errors import DeliveryError
from delivery.ledger import Ledger, State, Verdict
from delivery.outbox import Entry
from delivery.pace import Clock, Pace, backoff
from delivery.sending import Reply, Sender, connected
from delivery.services import SERVICES, Item
from delivery.terms import Rules, Terms
from delivery.words import cleaner, code_of, spellings


@dataclass(frozen=True, slots=True)
class _Batch:
    """The messages of one request, and of those that are made after it for what is left of them."""

    entry: Entry
    ledger: Ledger
    frame: Any
    items: Sequence[Item]


class Handover:
    """One service's parts on their way.

    `why_stopped` says why not all was tried, if so; `retried` counts the requests made again. `told` hears how many
    messages have come to rest.
    """

    def __init__(
        self, name: str, rules: Rules, secret: str, *, logged: Callable[[Entry], Set[str]], clock: Clock,
        random: Random, told: Callable[[int], None],
    ) -> None:  # fmt: skip
        self.retried = 0
        self.why_stopped = ""
        self.is_interrupted = False
        self._service, self._rules, self._terms = SERVICES[name], rules, rules.services[name]
        self._secret, self._logged, self._clock, self._random, self._told = secret, logged, clock, random, told
        self._secrets = spellings(secret)
        self._pace = Pace(self._terms.requests_per_second, clock)
        self._stop = Event()
        self._done: SimpleQueue[None] = SimpleQueue()
        self._lock = Lock()
        self._error: BaseException | None = None

    def run(self, parts: Sequence[tuple[Entry, Ledger]]) -> None:
        """Hands over what can be. Interrupted, it makes no further request, and waits for those under way.

        Raises DeliveryError: a file is not as it was, or holds what is not in the send log.
        """
        batches = self._batches(parts)
        with connected(self._terms) as client:
            sender = Sender(self._terms, self._secret, self._clock, client)
            workers = [
                Thread(target=self._work, args=(batches, sender), daemon=True) for _ in range(self._terms.concurrent)
            ]
            for worker in workers:
                worker.start()
            self._wait(len(workers))
        if self._error:
            raise self._error

    def _wait(self, workers: int) -> None:
        """Waits for as many workers to be done; interrupted, too. An interrupted `Thread.join` would take a thread for
        dead that is at work (https://github.com/python/cpython/issues/90882).
        """
        done = 0
        while done < workers:
            try:
                self._done.get()
                done += 1
            except KeyboardInterrupt:
                if self.is_interrupted:
                    raise
                self.is_interrupted = True
                self._halt("stopped by hand")

    def _batches(self, parts: Sequence[tuple[Entry, Ledger]]) -> Iterator[_Batch]:
        """What is to be requested, a part in memory at a time."""
        for entry, ledger in parts:
            frame, items = self._take_apart(entry)
            ledger.parts[entry.sha256] = {item.message_id for item in items}
            if not ledger.parts[entry.sha256] <= self._logged(entry):
                raise DeliveryError(
                    f"{entry.path} holds messages missing from the send log of {entry.day}: it is a replay's, or was "
                    "put there by hand. Nothing of it is handed over."
                )
            due = [item for item in items if is_due(ledger, item.message_id, self._terms)]
            groups = [[item] for item in due] if self._service.is_one_each else [due] if due else []
            yield from (_Batch(entry, ledger, frame, group) for group in groups)

    def _take_apart(self, entry: Entry) -> tuple[Any, list[Item]]:
        content = entry.read()
        try:
            return self._service.take_apart(content)
        except (ValueError, LookupError, TypeError):
            raise DeliveryError(
                f"{entry.path} is not as this version writes {entry.service}'s files. Run the day's export again."
            ) from None

    def _work(self, batches: Iterator[_Batch], sender: Sender) -> None:
        try:
            while not self._stop.is_set():
                with self._lock:
                    batch = next(batches, None)
                if batch is None:
                    return
                self._hand_over(batch, sender)
        except BaseException as error:
            # Whatever it is, the thread that waits for this one raises it.
            self._error = self._error or error
            self._halt("an error")
        finally:
            self._done.put(None)

    def _hand_over(self, batch: _Batch, sender: Sender) -> None:
        """Requests for the batch's messages until none is left to be tried, or nothing more is to be."""
        entry, ledger, items = batch.entry, batch.ledger, list(batch.items)
        url, is_first = address(self._terms, entry), True
        while items and self._pace.turn(self._stop):
            if not is_first:
                self._count_retry()
            call = self._service.call(batch.frame, items)
            ids = [item.message_id for item in items]
            number = ledger.intend(entry.name, entry.sha256, ids, self._clock.utc())
            reply = sender.send(self._service, url, call, len(items))
            verdict, others = self._judge(ledger, items, call.content, reply)
            ledger.settle(number, verdict, others, self._clock.utc())
            left = [item for item in items if is_due(ledger, item.message_id, self._terms)]
            self._told(len(items) - len(left))
            self._heed(reply, left, ledger)
            items, is_first = left, False

    def _judge(
        self, ledger: Ledger, items: Sequence[Item], request: bytes, reply: Reply
    ) -> tuple[Verdict, Mapping[str, Verdict]]:
        """How the messages stand after a reply: all of them, and those of them that stand otherwise."""
        clean = cleaner(self._secrets, [item.reader for item in items])
        verdict = replace(reply.verdict, words=clean(reply.verdict.words, request))
        others = {}
        for position, item in enumerate(items):
            own = verdict
            if failure := reply.failures.get(position):
                state: State = "waiting" if failure.code in self._terms.transient_codes else "dead"
                own = Verdict(
                    state, verdict.status, code_of(failure.code), clean(failure.words, orjson.dumps(item.value))
                )
            is_last = ledger.attempts(item.message_id) >= self._terms.max_attempts
            if own.state == "waiting" and own.counts and is_last:
                own = replace(own, state="dead", code=own.code or "attempts_used_up")
            if own != verdict:
                others[item.message_id] = own
        return verdict, others

    def _heed(self, reply: Reply, left: Sequence[Item], ledger: Ledger) -> None:
        """Waits as the reply asks for, or makes it the last one."""
        if reply.stops:
            self._halt(reply.stops)
        elif not left and reply.verdict.state in ("waiting", "unknown"):
            # It would go on with all the rest, and make many dead, or unknown, of what may well be sent in an hour.
            why = reply.verdict.status or reply.verdict.code.replace("_", " ")
            self._halt(f"does not take what it is sent ({why}): see that it is up, and deliver again")
        elif reply.wait is not None and reply.wait > self._rules.longest_wait_seconds:
            self._halt(f"asks to be left alone for {reply.wait:,.0f} seconds")
        elif reply.wait is not None:
            self._pace.hold(reply.wait)
        elif left:
            tried = max(ledger.attempts(item.message_id) for item in left)
            first, longest = self._rules.first_wait_seconds, self._rules.longest_wait_seconds
            with self._lock:
                wait = backoff(tried, first, longest, self._random)
            self._clock.wait(wait, self._stop)

    def _halt(self, why: str) -> None:
        with self._lock:
            self.why_stopped = self.why_stopped or why
        self._stop.set()

    def _count_retry(self) -> None:
        with self._lock:
            self.retried += 1


def is_due(ledger: Ledger, message_id: str, terms: Terms) -> bool:
    """Whether a message may be in a request: nobody has it yet or, where it does no harm, nobody knows."""
    state = ledger.state(message_id)
    may_repeat = terms.retry_unknown and ledger.attempts(message_id) < terms.max_attempts
    return state == "waiting" or (state == "unknown" and may_repeat)


def address(terms: Terms, entry: Entry) -> str:
    """The service's url for a part. Raises DeliveryError where the shop has not given all of it."""
    url = terms.url
    for name, value in entry.options.items():
        url = url.replace(f"{{{name}}}", str(value))
    if not url or "{" in url:
        raise DeliveryError(
            f"{terms.name} has no url yet, or one with a name that esps.yml lacks: give it in services.yml."
        )
    return url
