"""Some rows rendered together: their lines of each file of the outbox, and what its manifest counts of them."""

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from exports.errors import DataError
from exports.message import Rendered, Renderer
from exports.safety import spreadsheet_cell

RECIPIENT_COLUMNS = (
    "message_id", "campaign", "variant", "customer_id", "to_email", "to_name", "send_at", "subject", "unsubscribe_url",
)  # fmt: skip
_POSITION = re.compile(r"\.\d+\.")


class Tally:
    """Counts for the manifest."""

    def __init__(self) -> None:
        self.messages = 0
        self.variants: Counter[str] = Counter()
        self.locales: Counter[str] = Counter()
        self.locale_fallbacks: Counter[str] = Counter()
        self.slots: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.fallbacks: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.dropped: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()

    def add(self, explanation: Mapping[str, Any]) -> None:
        """Counts one message, by its explanation."""
        self.messages += 1
        self.variants[explanation["variant"]] += 1
        # An outbox of an earlier version says nothing of locales, slots and warnings.
        if locale := explanation.get("locale"):
            self.locales[locale["used"]] += 1
            if locale["by"] == "default":
                self.locale_fallbacks[locale["language"] or "unknown"] += 1
        for name, slot in explanation.get("slots", {}).items():
            self.slots[name][slot["rule"]] += 1
        for name, reason in _by_part(explanation["fallbacks"]).items():
            self.fallbacks[name][reason] += 1
        self.warnings.update(explanation.get("warnings", {}).keys())
        for name, block in explanation["blocks"].items():
            if block["dropped"]:
                self.dropped[name] += len(block["dropped"])

    def update(self, other: "Tally") -> None:
        """Counts all that another has counted."""
        self.messages += other.messages
        for name in ("variants", "locales", "locale_fallbacks", "dropped", "warnings"):
            getattr(self, name).update(getattr(other, name))
        for name in ("slots", "fallbacks"):
            for part, counts in getattr(other, name).items():
                getattr(self, name)[part].update(counts)

    def counts(self) -> dict[str, Any]:
        """The counts as the manifest has them."""
        return {
            "messages": self.messages,
            "variants": dict(self.variants),
            "locales": dict(self.locales),
            "locale_fallbacks": dict(self.locale_fallbacks),
            "slots": {name: dict(rules) for name, rules in self.slots.items()},
            "fallbacks": {name: dict(reasons) for name, reasons in self.fallbacks.items()},
            "dropped_items": dict(self.dropped),
            "warnings": dict(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """The lines of some messages in `payloads.jsonl`, `recipients.csv` and `explain.jsonl`.

    `first` and `last` are their ids: in a batch they rise.
    """

    first: str
    last: str
    payloads: bytes
    recipients: bytes
    explain: bytes
    tally: Tally


def render_batch(renderer: Renderer, rows: Iterable[Mapping[str, Any]]) -> Batch:
    """The messages of some rows, one at least. Raises DataError for a row that cannot become one."""
    tally, first, last = Tally(), "", ""
    payloads, explain, recipients = [], [], io.StringIO(newline="")
    table = csv.writer(recipients)
    for row in rows:
        rendered = renderer.render(row)
        last = in_order(last, rendered.fields["message_id"])
        first = first or last
        payloads.append(rendered.line())
        explain.append(orjson.dumps(rendered.explanation, option=orjson.OPT_APPEND_NEWLINE))
        table.writerow(map(spreadsheet_cell, _recipient(rendered)))
        tally.add(rendered.explanation)
    return Batch(first, last, b"".join(payloads), recipients.getvalue().encode(), b"".join(explain), tally)


def in_order(last: str, message_id: str) -> str:
    """The id, which comes after the last one: so none can come twice, without remembering them. Raises DataError."""
    if message_id <= last:
        raise DataError(message_id, f"comes twice or out of order (after {last!r})", "message_id")
    return message_id


def _recipient(rendered: Rendered) -> tuple[str, ...]:
    message = rendered.fields
    return (
        message["message_id"],
        message["campaign"],
        message["variant"],
        message["customer_id"],
        message["to"]["email"],
        message["to"]["name"] or "",
        message["send_at"],
        message["subject"],
        rendered.unsubscribe_url,
    )


def _by_part(fallbacks: Mapping[str, str]) -> dict[str, str]:
    """Reasons as they are counted, one for a message: `items.2.image_url` counts as `items.image_url`, and once."""
    found: dict[str, str] = {}
    for name, reason in fallbacks.items():
        found.setdefault(_POSITION.sub(".", name), reason)
    return found
