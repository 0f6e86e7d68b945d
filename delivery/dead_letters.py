"""What a person has to look at: the messages that were refused, and those of which nobody knows.

Made from the ledger, and made anew after each delivery. The bodies stay in the outbox, in the part that a letter names.
"""

from pathlib import Path

from delivery.ledger import Ledger, replace_lines


def write(root: Path, ledger: Ledger) -> None:
    """Puts `<campaign>/<day>/<service>.jsonl` in place, a line for each message; without one the file goes."""
    path = root / ledger.campaign / str(ledger.day) / f"{ledger.service}.jsonl"
    letters = [
        {
            "message_id": message_id,
            "campaign": ledger.campaign,
            "day": str(ledger.day),
            "service": ledger.service,
            "state": standing.verdict.state,
            "status": standing.verdict.status,
            "code": standing.verdict.code,
            "words": standing.verdict.words,
            "attempts": standing.attempts,
            "part": standing.part,
            "sha256": standing.sha256,
            "at": standing.at,
        }
        for message_id, standing in sorted(ledger.standings.items())
        if standing.verdict.state in ("dead", "unknown")
    ]
    if letters:
        replace_lines(path, letters)
    else:
        path.unlink(missing_ok=True)
