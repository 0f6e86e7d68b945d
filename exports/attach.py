"""Child tables merged into their parents while both stream by: nothing is held but one row and its children."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from exports.errors import DataError

Row = Mapping[str, Any]


def attach(rows: Iterable[Row], lists: Mapping[str, Iterable[Row]]) -> Iterator[dict[str, Any]]:
    """Each row with its children as a list under each name of `lists`, in the order of their `position`.

    `rows` come ordered by `message_id`, children by `message_id`, `position`. A row without children gets an empty
    list. Raises DataError for a child without a parent, or one out of order or given twice.
    """
    children = {name: _Children(name, iter(child_rows)) for name, child_rows in lists.items()}
    for row in rows:
        yield {**row, **{name: child.of(row["message_id"]) for name, child in children.items()}}
    for child in children.values():
        child.end()


class _Children:
    """One child table, read as far as its parents have come."""

    def __init__(self, name: str, rows: Iterator[Row]) -> None:
        self.name, self.rows = name, rows
        self.next: Row | None = None
        self.last: tuple[Any, Any] | None = None
        self._advance()

    def of(self, message_id: str) -> list[Row]:
        found = []
        while self.next is not None and self.next["message_id"] <= message_id:
            if self.next["message_id"] != message_id:
                self._orphan()
            found.append(self.next)
            self._advance()
        return found

    def end(self) -> None:
        if self.next is not None:
            self._orphan()

    def _advance(self) -> None:
        self.next = next(self.rows, None)
        if self.next is None:
            return
        key = (self.next["message_id"], self.next["position"])
        if self.last is not None and key <= self.last:
            raise DataError(key[0], f"position {key[1]} is given twice or out of order", self.name)
        self.last = key

    def _orphan(self) -> None:
        assert self.next is not None
        raise DataError(self.next["message_id"], "a child row has no parent row", self.name)
