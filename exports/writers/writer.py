"""What every writer is: a name, its limits and settings, and messages in, parts out."""

import datetime as dt
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import orjson

from exports.errors import DataError
from exports.writers.address import email_of
from exports.writers.check import check_filled
from exports.writers.part import Item, Part, gather, size_alone

Message = Mapping[str, Any]
Options = Mapping[str, int | str]

# Stands in a frame for what the items fill in. No message can hold it: control characters are cleaned away.
GAP = "\0"
GAPS = [GAP]
# As JSON has it; a backslash before would make it text that somebody typed.
_GAP_AS_JSON = re.compile(rb'"\\u0000"|(?<!\\)\\u0000')


class Writer(ABC):
    """Turns canonical messages into one service's own request bodies. The subclass says what they look like.

    `limits` are the limits it has besides `max_items` and `max_bytes`; `needs` and `may` the texts it has to be, or can
    be, told (a template's id, a stream), by the form they have. All are set in esps.yml and come in as `options`.
    """

    name: ClassVar[str]
    limits: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[Mapping[str, re.Pattern[str]]] = {}
    may: ClassVar[Mapping[str, re.Pattern[str]]] = {}
    # A file of lines, each a request or a row by itself, in place of one body.
    is_lines: ClassVar[bool] = False

    def __init__(self, options: Options) -> None:
        self.options = dict(options)

    @abstractmethod
    def item(self, message: Message) -> object:
        """What a message adds to a part."""

    def frame(self, message: Message) -> object:
        """The body around the items, with GAPS where they go: the same for all messages of a part."""
        return GAP

    def pieces(self, message: Message) -> tuple[bytes, ...]:
        """What a message adds to each gap of the frame, if the frame has more than one."""
        return (orjson.dumps(self.item(message)),)

    def parts(self, messages: Iterable[Message], as_of: dt.datetime) -> Iterator[Part]:
        """The files, in order. The same messages give the same bytes. Raises DataError for what a service would refuse
        or, worse, send.
        """
        return gather(
            (self._item(message, as_of) for message in messages),
            max_items=self.limit("max_items"),
            max_bytes=self.limit("max_bytes"),
            separator=b"\n" if self.is_lines else b",",
            suffix="jsonl" if self.is_lines else "json",
        )

    def limit(self, name: str) -> int:
        """A limit, as esps.yml has it."""
        return int(self.options[name])

    def setting(self, name: str) -> str:
        """A text of `needs`, as esps.yml has it."""
        return str(self.options[name])

    def hold(self, message: Message, limit: str, size: int, part: str) -> None:
        """Raises DataError when `part` is larger than a limit allows."""
        if size > self.limit(limit):
            raise DataError(
                message["message_id"], f"{size} is more than {self.name}'s {limit}: {self.limit(limit)}", part
            )

    def _item(self, message: Message, as_of: dt.datetime) -> Item:
        check_filled(message)
        start, *rest = _GAP_AS_JSON.split(orjson.dumps(self.frame(message)))
        if self.is_lines:
            rest = [b"\n"]
        email = email_of(message["to"], message["message_id"]).lower()
        item = Item((start, *rest), self.pieces(message), email, message["send_at"])
        self.hold(message, "max_bytes", size_alone(item), "message")
        if "max_item_bytes" in self.limits:
            self.hold(message, "max_item_bytes", sum(map(len, item.pieces)), "message")
        if "max_hours_ahead" in self.limits:
            ahead = send_time(message) - as_of
            self.hold(message, "max_hours_ahead", -(-ahead // dt.timedelta(hours=1)), "send_at")
        if "max_id_chars" in self.limits:
            for name, value in message["metadata"].items():
                self.hold(message, "max_id_chars", len(value), f"metadata.{name}")
        return item


def send_time(message: Message) -> dt.datetime:
    """When the message may leave."""
    return dt.datetime.fromisoformat(message["send_at"])


def content(message: Message) -> dict[str, str]:
    """What the reader sees, for a service that puts it into a template of nothing but these."""
    return {part: message[part] for part in ("subject", "preheader", "html", "text")}


def named_headers(message: Message, name: str = "Name", value: str = "Value") -> list[dict[str, str]]:
    """The headers as a list of pairs."""
    return [{name: header, value: text} for header, text in message["headers"].items()]
