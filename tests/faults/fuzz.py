"""Input that nobody meant: good files with something wrong at a random place, in bytes, in text and in values."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from hypothesis import strategies as st

_MARKS = (b'"', b"\x00", b"\r", b"\n", b"\xff", b"{{", b"%}", b"\xef\xbb\xbf")
# What a value may be in place of another, whatever was meant.
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False),
        st.text(max_size=12),
        st.sampled_from(
            ["", "../../etc/passwd", "'; drop table x; --", "{{ x }}", "{% x %}", "\x00", "a" * 5000, "=1+1"]
        ),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with some overwritten, taken out, doubled or cut off."""

    def damage(draw: st.DrawFn) -> bytes:
        found = bytearray(whole)
        for _ in range(draw(st.integers(1, 4))):
            at = draw(st.integers(0, max(len(found) - 1, 0)))
            match draw(st.sampled_from(["write", "take", "double", "cut", "insert"])):
                case "write":
                    found[at : at + 8] = draw(st.binary(min_size=1, max_size=8))
                case "take":
                    del found[at : at + draw(st.integers(1, 40))]
                case "double":
                    found[at:at] = found[at : at + draw(st.integers(1, 40))]
                case "cut":
                    del found[at:]
                case "insert":
                    found[at:at] = draw(
                        st.sampled_from([b'"', b"\x00", b"\r", b"\n", b"\xff", b"{{", b"%}", b"\xef\xbb\xbf"])
                    )
        return bytes(found)

    return st.composite(damage)()


def changed(document: Any) -> st.SearchStrategy[Any]:
    """The document with one value, anywhere in it, replaced by any other, taken out, or joined by a strange key."""

    def change(draw: st.DrawFn) -> Any:
        found = copy.deepcopy(document)
        holder, key = draw(st.sampled_from([(at, key) for at, key in _places(found)]))
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                holder[key] = draw(VALUES)
            case "remove":
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[draw(st.text(max_size=8))] = draw(VALUES)
            case _:
                holder.append(draw(VALUES))
        return found

    return st.composite(change)()


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    keys = document if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    for key in list(keys):
        yield document, key
        yield from _places(document[key])


def changed_yaml(text: str) -> st.SearchStrategy[bytes]:
    """A YAML file with a value changed, or its own bytes damaged."""
    dump: Callable[[Any], bytes] = lambda value: yaml.safe_dump(value, allow_unicode=True).encode()  # noqa: E731
    return changed(yaml.safe_load(text)).map(dump) | damaged(text.encode())
