"""Items gathered into parts: as many as one request may hold, by number and by bytes, always cut at the same places.

Knows nothing of any e-mail service. A part is held in memory while it grows, and no more than about one besides.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Part:
    """A file to be: one request's body, or several, one a line. `send_at` is when its messages may leave."""

    name: str
    rows: int
    send_at: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Item:
    """One message as a part takes it.

    `frame` is what stands around the gaps of the part that it goes into, `pieces` what it adds to each gap. Items of
    one frame and `send_at` may share a part, unless they go to the same `recipient`.
    """

    frame: tuple[bytes, ...]
    pieces: tuple[bytes, ...]
    recipient: str
    send_at: str


@dataclass(slots=True)
class _Open:
    """A part that still takes items."""

    frame: tuple[bytes, ...]
    send_at: str
    size: int
    rows: list[tuple[bytes, ...]] = field(default_factory=list)
    recipients: set[str] = field(default_factory=set)

    def body(self, separator: bytes) -> bytes:
        return b"".join(self._chunks(separator))

    def _chunks(self, separator: bytes) -> Iterator[bytes]:
        yield self.frame[0]
        for gap, after in enumerate(self.frame[1:]):
            for number, pieces in enumerate(self.rows):
                if number:
                    yield separator
                yield pieces[gap]
            yield after


def gather(
    items: Iterable[Item], *, max_items: int, max_bytes: int, separator: bytes = b",", suffix: str = "json"
) -> Iterator[Part]:
    """Parts of at most `max_items` items and `max_bytes` bytes; no item may be larger than that by itself."""
    waiting: dict[tuple[tuple[bytes, ...], str], _Open] = {}
    count = 0

    def close(part: _Open) -> Part:
        nonlocal count
        count += 1
        del waiting[part.frame, part.send_at]
        return Part(f"part-{count:04d}.{suffix}", len(part.rows), part.send_at, part.body(separator))

    for item in items:
        key = (item.frame, item.send_at)
        grows = _size(item.pieces) + len(separator) * len(item.pieces)
        part = waiting.get(key)
        if part is not None and (
            len(part.rows) == max_items or part.size + grows > max_bytes or item.recipient in part.recipients
        ):
            yield close(part)
            part = None
        if part is None:
            # The first item brings no separator.
            empty = _size(item.frame) - len(separator) * len(item.pieces)
            part = waiting[key] = _Open(item.frame, item.send_at, empty)
        part.rows.append(item.pieces)
        part.recipients.add(item.recipient)
        part.size += grows
        while len(waiting) > 1 and sum(each.size for each in waiting.values()) > max_bytes:
            yield close(max(waiting.values(), key=lambda each: each.size))
    for part in list(waiting.values()):
        yield close(part)


def size_alone(item: Item) -> int:
    """Bytes of a part with this item alone."""
    return _size(item.frame) + _size(item.pieces)


def _size(pieces: Iterable[bytes]) -> int:
    return sum(map(len, pieces))
