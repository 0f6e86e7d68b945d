"""Text files as numbered records, so that whatever is wrong with a row can be said with its line.

DuckDB parses and types the rows; it does not tell which line a row came from once it is parsed. So each CSV record
gets its line number as a first field before DuckDB sees it, and each JSON line travels beside its number.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from ingest.errors import ExtractError

BOM = b"\xef\xbb\xbf"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
# A quoted field over more lines than this is a quote that was never closed, not a long text.
MOST_LINES = 5_000
# Nobody's event nests this deep, and a parser that recurses can end the whole process over one line that does.
DEEPEST = 500
# Names that no contract declares are looked for in about as much of a file, on disk.
SAMPLE_BYTES = 16 * 1024 * 1024
_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])')


@dataclass(frozen=True)
class Reject:
    """A row that does not fit: where it stood, why, and its own text."""

    file: str
    line: int
    reason: str
    text: str


@dataclass
class Numbered:
    """What numbering a CSV found: its header, what could not be numbered, how many were, and the longest in bytes."""

    header: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    count: int = 0
    longest: int = 0
    has_multiline: bool = False


@contextmanager
def open_lines(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes by line, decompressed.

    Raises:
        ExtractError: the compressed data is cut off or damaged.
    """
    try:
        with _open(path) as stream:
            yield stream
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ExtractError(
            f"{path}: the compressed file is cut off or damaged. Fetch it again and rerun the partition."
        ) from error
    except OSError as error:
        if path.suffix.lower() in (".gz", ".zst") and error.errno is None:
            raise ExtractError(
                f"{path}: the compressed file is cut off or damaged. Fetch it again and rerun the partition."
            ) from error
        raise


def _open(path: Path) -> BinaryIO:
    if path.suffix.lower() == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if path.suffix.lower() == ".zst":
        return cast(BinaryIO, io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"), 1 << 20))
    return path.open("rb", buffering=1 << 20)


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each physical line with its number from 1, without its line end and without a byte order mark.

    Raises:
        ExtractError: the file is UTF-16, or its compression is damaged.
    """
    with open_lines(path) as stream:
        for number, line in enumerate(stream, start=1):
            if number == 1:
                if line.startswith(UTF16):
                    raise ExtractError(f"{path}: the file is UTF-16. Export it as UTF-8.")
                line = line.removeprefix(BOM)
            yield number, line.rstrip(b"\r\n")


def csv_records(path: Path, delimiter: bytes, rejects: list[Reject]) -> Iterator[tuple[int, bytes]]:
    """Each CSV record with the number of the line it starts on; a quoted field may span lines.

    A quote that is never closed costs its own line, which goes to `rejects`, and not the rest of the file.
    """
    source = lines(path)
    pending: deque[tuple[int, bytes]] = deque()
    held: list[tuple[int, bytes]] = []
    inside = False
    while True:
        item = pending.popleft() if pending else next(source, None)
        if item is not None:
            held.append(item)
            inside = _ends_inside_quotes(item[1], delimiter, inside)
            if inside and len(held) < MOST_LINES:
                continue
        elif not held:
            return
        if inside:
            (number, line), *rest = held
            rejects.append(Reject(path.name, number, "a quote is opened and never closed", _show(line)))
            pending.extendleft(reversed(rest))
        else:
            yield held[0][0], b"\n".join(line for _, line in held)
        held, inside = [], False


def _ends_inside_quotes(line: bytes, delimiter: bytes, inside: bool) -> bool:
    """Whether a quoted field is open at the end of the line, given whether one was open at its start (RFC 4180)."""
    if b'"' not in line:
        return inside
    position = 0
    while True:
        if not inside:
            # DuckDB takes a quote after spaces for an opening one.
            while line[position : position + 1] == b" " != delimiter:
                position += 1
            if line[position : position + 1] != b'"':
                position = line.find(delimiter, position) + 1
                if position == 0:
                    return False
                continue
            position += 1
        closing = _closing_quote(line, position)
        if closing < 0:
            return True
        inside = False
        position = line.find(delimiter, closing + 1) + 1
        if position == 0:
            return False


def _closing_quote(line: bytes, start: int) -> int:
    """Where the quoted field that is open at `start` closes, passing doubled quotes; -1 where it does not."""
    while True:
        quote = line.find(b'"', start)
        if quote < 0 or line[quote + 1 : quote + 2] != b'"':
            return quote
        start = quote + 2


def number_csv(path: Path, target: Path, delimiter: bytes) -> Numbered:
    """Write the file's records to `target` with their line number as first field, header left out, UTF-8, plain.

    Raises:
        ExtractError: the file is empty or its header is not text.
    """
    found = Numbered()
    records = ((n, r) for n, r in csv_records(path, delimiter, found.rejects) if r.strip())
    with target.open("wb") as out:
        found.header = _header(path, next(records, (0, b""))[1], delimiter, found.rejects)
        for number, record in records:
            if problem := _problem(record, delimiter):
                found.rejects.append(Reject(path.name, number, problem, _show(record)))
                continue
            prefixed = b"%d%s%s\n" % (number, delimiter, record.replace(b"\r", b"\n"))
            found.count += 1
            found.longest = max(found.longest, len(prefixed))
            found.has_multiline = found.has_multiline or b"\n" in prefixed[:-1]
            out.write(prefixed)
    return found


def _header(path: Path, record: bytes, delimiter: bytes, rejects: Sequence[Reject]) -> list[str]:
    """The names in the first record, a blank one called by its place; a header rejected before it is none to skip."""
    if not record and not rejects:
        raise ExtractError(f"{path}: the file is empty, without even a header. Was the upload cut off? Fetch it again.")
    problem = rejects[0].reason if rejects else _problem(record, delimiter)
    if problem:
        raise ExtractError(f"{path}: the header cannot be read: {problem}.")
    names = _fields(record.decode("utf-8"), delimiter)
    return [name or f"(column {place})" for place, name in enumerate(names, start=1)]


def _problem(record: bytes, delimiter: bytes) -> str | None:
    """Why the record cannot be handed to the parser, or None."""
    if _decode(record) is None:
        return "not valid UTF-8"
    inside = False
    for part in record.split(b"\r")[:-1]:
        inside = _ends_inside_quotes(part, delimiter, inside)
        if not inside:
            return "a line ends in a carriage return alone"
    return None


def guess_delimiter(path: Path, known_names: Iterable[str]) -> bytes:
    """The delimiter (`,` `;` tab `|`) under which the header holds the most names of the contract."""
    known = {name.lower() for name in known_names}
    header = next((line for _, line in lines(path) if line.strip()), b"").decode("utf-8", "replace")

    def matches(delimiter: bytes) -> int:
        return sum(name.strip(' "').lower() in known for name in header.split(delimiter.decode()))

    return max((b",", b";", b"\t", b"|"), key=matches)


def json_lines(path: Path, rejects: list[Reject]) -> Iterator[pa.RecordBatch]:
    """The file's lines as batches of (source_line int64, text string); blank lines are passed over."""
    schema = pa.schema([("source_line", pa.int64()), ("text", pa.string())])
    numbers: list[int] = []
    texts: list[str] = []
    size = 0
    for number, line in lines(path):
        if not line.strip():
            continue
        text = _decode(line)
        if text is None or _is_too_deep(line):
            reason = "not valid UTF-8" if text is None else f"nested over {DEEPEST} levels"
            rejects.append(Reject(path.name, number, reason, _show(line)))
            continue
        numbers.append(number)
        texts.append(text)
        size += len(text)
        if size > 16 * 1024 * 1024:
            yield pa.record_batch([numbers, texts], schema=schema)
            numbers, texts, size = [], [], 0
    yield pa.record_batch([numbers, texts], schema=schema)


@dataclass
class Skimmed:
    """How many lines a JSON file has, and some of them, evenly spread: all of them where it is small."""

    count: int = 0
    sample: list[bytes] = field(default_factory=list)


def skim_json(path: Path) -> Skimmed | None:
    """What there is to say of a file of which every line begins as an object and nests no deeper than DEEPEST; else
    None, and then its lines must be looked at one by one.
    """
    found = Skimmed()
    step = 1 + path.stat().st_size // SAMPLE_BYTES
    with open_lines(path) as stream:
        for number, line in enumerate(stream):
            # What nests so deep opens and closes as often: few lines are long enough to be looked at.
            if not line.startswith(b"{") or (len(line) > 2 * DEEPEST and _is_too_deep(line)):
                return None
            if number % step == 0:
                found.sample.append(line)
            found.count += 1
    return found


def _is_too_deep(line: bytes) -> bool:
    if line.count(b"[") + line.count(b"{") <= DEEPEST:
        return False
    depth = 0
    for found in _NESTING.finditer(line):
        depth += (found[1] is not None) - (found[2] is not None)
        if depth > DEEPEST:
            return True
    return False


def texts_of(path: Path, file_format: str, delimiter: bytes, wanted: set[int]) -> dict[int, str]:
    """The own text of the records that start on the wanted lines."""
    records = csv_records(path, delimiter, []) if file_format == "csv" else lines(path)
    return {number: _show(record) for number, record in records if number in wanted}


def _decode(record: bytes) -> str | None:
    try:
        text = record.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


def _fields(text: str, delimiter: bytes) -> list[str]:
    rows = csv.reader(io.StringIO(text), delimiter=delimiter.decode())
    return [name.strip() for name in next(rows, [])]


def _show(record: bytes) -> str:
    return record.decode("utf-8", "backslashreplace")
