"""From what is wrong now to what is new of it, and that to whoever listens."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from alerting.book import opened
from alerting.cause import Cause
from alerting.webhook import address_problem, body, post
from alerting.words import plain


@dataclass(frozen=True, slots=True)
class Told:
    """What a look has come to. `problem` is why the webhook was not told; what it was to be told is kept."""

    raised: list[Cause]
    resolved: list[Cause]
    problem: str | None = None


def alert(
    path: Path,
    causes: Sequence[Cause],
    has_gone: Callable[[Cause], bool],
    *,
    webhook: str | None,
    home: str,
    at: dt.datetime,
    wait: Callable[[float], None],
) -> Told:
    """Raise each cause that is not raised already, resolve what `has_gone` of those not among them, and tell the
    webhook of both.

    `home` says whose alerts they are. A cause's text is kept and told as `plain` makes it. What the webhook does not
    take is told the next time; a cause that has gone by then is not.

    Raises OSError: the book at `path` cannot be written.
    """
    with opened(path) as book:
        found = {cause.id: replace(cause, text=plain(cause.text)) for cause in causes}
        lasting = {cause.id: cause for cause in book.lasting}
        raised = [cause for id_, cause in found.items() if id_ not in lasting]
        resolved = [cause for id_, cause in lasting.items() if id_ not in found and has_gone(cause)]
        for cause in raised:
            book.note(cause, "raised", at)
        for cause in resolved:
            book.note(cause, "resolved", at)
        if webhook is None or not (untold := book.untold):
            return Told(raised, resolved)
        problem = address_problem(webhook) or post(webhook, body(untold, home), wait)
        if problem is None:
            book.tell(untold, at)
    return Told(raised, resolved, problem)
