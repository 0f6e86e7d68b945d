"""What a writer is asked for, and how it says that it cannot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class CopywritingError(Exception):
    """A text that could not be had. The message holds no secret and nothing of what a service answered."""


@dataclass(frozen=True, slots=True)
class Order:
    """One text that is wanted: its name in campaign.yml, its locale, and what it is to be made of.

    `inputs` are data, and to be treated so. `digest` is 64 hexadecimal digits, the same for the same order.
    """

    name: str
    locale: str
    prompt: str
    inputs: Mapping[str, Any]
    max_chars: int
    digest: str


class Writer(Protocol):
    """Whoever writes texts."""

    def write(self, order: Order) -> str:
        """The text, unchecked. Raises CopywritingError."""
        ...
