"""What every service is: a body taken apart into its messages, a call made of some of them, and an answer read."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson


@dataclass(frozen=True, slots=True)
class Item:
    """One message of a part: what it adds to a request, and how its reader is called in it."""

    message_id: str
    value: Any
    reader: str


@dataclass(frozen=True, slots=True)
class Call:
    """A request to be. `path` goes behind the service's url."""

    content: bytes
    method: str = "POST"
    path: str = ""
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Failure:
    """What a service says of one message it did not take: a code of its own, and words as they came."""

    code: str
    words: str


class Service(ABC):
    """One service. The subclass says where its messages are, and what they are called by."""

    name: ClassVar[str]
    # Where the list of messages is in a body.
    items_at: ClassVar[tuple[str, ...]] = ()
    # Each message is a request by itself.
    is_one_each: ClassVar[bool] = False

    @abstractmethod
    def item(self, value: Any) -> Item:
        """A message as the body has it, with its id."""

    def take_apart(self, body: bytes) -> tuple[Any, list[Item]]:
        """The body without its messages' order lost: what stands around them, and them."""
        frame = orjson.loads(body)
        values = frame
        for key in self.items_at:
            values = values[key]
        return frame, [self.item(value) for value in values]

    def call(self, frame: Any, items: Sequence[Item]) -> Call:
        """The request for some of the messages, in their order."""
        return Call(orjson.dumps(_with(frame, self.items_at, [item.value for item in items])))

    def failures(self, answer: bytes, count: int) -> Mapping[int, Failure]:
        """Which of `count` messages an accepted request did not take, by position: none, for most services.

        Raises ValueError, TypeError or LookupError for an answer that does not tell.
        """
        return {}


def _with(frame: Any, path: tuple[str, ...], values: list[Any]) -> Any:
    return {**frame, path[0]: _with(frame[path[0]], path[1:], values)} if path else values
