"""Files that are damaged, cut off or written oddly: what of them is loaded, and what is said. One test a case."""

from __future__ import annotations

import gzip
import json
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest import ExtractError
from tests.ingest.conftest import Loader
from tests.ingest.extracts import CONTACTS, EVENTS, GOOD, HEADER, contact, event


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_compressed_files_are_read(loader: Loader, ending: str) -> None:
    compress = gzip.compress if ending == ".gz" else pa.Codec("zstd").compress
    loader.land(CONTACTS, f"contacts.csv{ending}", bytes(compress(HEADER + GOOD)))
    assert loader.load(CONTACTS).rows == 1


@pytest.mark.parametrize("ending", [".gz", ".zst", ".GZ", ".ZST"])
def test_a_cut_off_compressed_file_fails_and_leaves_the_last_good_load(loader: Loader, ending: str) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD)
    loader.load(CONTACTS)
    (loader.folder(CONTACTS) / "contacts.csv").unlink()
    compress = gzip.compress if ending.lower() == ".gz" else pa.Codec("zstd").compress
    whole = bytes(compress(HEADER + b"".join(contact(i, f"name{i * 7919}") for i in range(5000))))
    loader.land(CONTACTS, f"contacts.csv{ending}", whole[: len(whole) // 2])
    with pytest.raises(ExtractError, match="contacts.csv.* cut off or damaged"):
        loader.load(CONTACTS)
    assert [row[0] for row in loader.rows(CONTACTS, "id")] == ["1"]


def test_invalid_utf8_costs_its_row_only(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD + b"2,\xff@example.com,Bo,2026-01-05\n" + contact(3))
    assert loader.load(CONTACTS).rows == 2
    assert loader.rejects(CONTACTS) == [
        {"file": "contacts.csv", "line": 3, "reason": "not valid UTF-8", "text": "2,\\xff@example.com,Bo,2026-01-05"}
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_name(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", b"\xef\xbb\xbf" + HEADER + GOOD)
    report = loader.load(CONTACTS)
    assert (report.rows, report.undeclared_columns) == (1, [])


def test_utf16_is_refused_by_name(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", (HEADER + GOOD).decode().encode("utf-16"))
    with pytest.raises(ExtractError, match="UTF-16"):
        loader.load(CONTACTS)


def test_a_quoted_newline_stays_in_its_value_and_lines_are_counted_on(loader: Loader) -> None:
    loader.land(
        CONTACTS,
        "contacts.csv",
        HEADER + b'1,a@example.com,"Ada\nLovelace",2026-01-05\n' + b"x,b,Bo,never\n" + contact(3),
    )
    loader.load(CONTACTS)
    assert loader.rows(CONTACTS, "firstname, source_line")[0] == ("Ada\nLovelace", 2)
    assert [(r["line"], r["text"]) for r in loader.rejects(CONTACTS)] == [(4, "x,b,Bo,never")]


def test_a_quote_that_is_never_closed_costs_its_row_only(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + b'1,a@example.com,"Ada,2026-01-05\n' + contact(2) + contact(3))
    assert loader.load(CONTACTS).rows == 2
    assert [(r["line"], r["reason"]) for r in loader.rejects(CONTACTS)] == [(2, "a quote is opened and never closed")]


def test_a_field_of_20_mb_is_loaded_whole(loader: Loader) -> None:
    loader.land(
        CONTACTS, "contacts.csv", HEADER + b"1,a@example.com," + b"x" * 20_000_000 + b",2026-01-05\n" + contact(2)
    )
    assert loader.load(CONTACTS).rows == 2
    assert loader.rows(CONTACTS, "length(firstname)") == [(20_000_000,), (3,)]


def test_an_empty_csv_fails_since_it_lacks_even_a_header(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", b"")
    with pytest.raises(ExtractError, match="empty, without even a header"):
        loader.load(CONTACTS)


def test_an_empty_jsonl_is_a_day_without_events(loader: Loader) -> None:
    loader.land(EVENTS, "events.jsonl", b"")
    report = loader.load(EVENTS)
    assert (report.is_loaded, report.rows) == (True, 0)


def test_a_header_only_is_a_day_without_rows(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER)
    report = loader.load(CONTACTS)
    assert (report.is_loaded, report.rows) == (True, 0)
    assert loader.rows(CONTACTS) == []


def test_json_that_breaks_off_in_its_last_line_loses_that_line_only(loader: Loader) -> None:
    loader.land(EVENTS, "events.jsonl", event(1) + b"\n" + event(2) + b"\n" + event(3)[:20])
    assert loader.load(EVENTS).rows == 2
    rejects = loader.rejects(EVENTS)
    assert [(r["line"], r["reason"], r["text"]) for r in rejects] == [(3, "not a JSON object", event(3)[:20].decode())]


def test_too_few_and_too_many_fields_go_to_quarantine(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD + b"2,b@example.com\n3,c@example.com,C,2026-01-05,more\n")
    assert loader.load(CONTACTS).rows == 1
    assert [(r["line"], r["reason"]) for r in loader.rejects(CONTACTS)] == [
        (3, "missing columns"),
        (4, "too many columns"),
    ]


def test_a_format_that_cannot_be_read_is_named(loader: Loader) -> None:
    loader.land(EVENTS, "events.xlsx", b"PK")
    with pytest.raises(ExtractError, match=r"events.xlsx: cannot tell the format"):
        loader.load(EVENTS)


def test_parquet_is_read_and_its_misfits_are_quarantined(loader: Loader) -> None:
    table = pa.table(
        {
            "id": ["1", None],
            "lastmodifieddate": pa.array([datetime(2026, 1, 5, 10), datetime(2026, 1, 5)], pa.timestamp("us")),
        }
    )
    pq.write_table(table, loader.folder(CONTACTS) / "contacts.parquet")
    assert loader.load(CONTACTS).rows == 1
    assert loader.rows(CONTACTS, "id, lastmodifieddate, source_line") == [("1", datetime(2026, 1, 5, 10), 1)]
    (reject,) = loader.rejects(CONTACTS)
    assert (reject["line"], reject["reason"]) == (2, "id is missing")
    assert json.loads(reject["text"])["id"] is None


def test_a_broken_parquet_file_fails(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.parquet", b"PAR1 but no more")
    with pytest.raises(ExtractError, match="not a whole Parquet file"):
        loader.load(CONTACTS)


def test_messages_of_a_broken_file_hold_no_values(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + b"9,secret@example.com,Secret,never\n" * 20)
    report = loader.load(CONTACTS)
    assert report.problem is not None
    assert "secret" not in (report.problem + str(report.reasons) + str(report.expectations)).lower()


def test_gzip_damaged_in_the_middle_fails(loader: Loader) -> None:
    whole = gzip.compress(HEADER + b"".join(contact(i, f"name{i * 7919}") for i in range(500)))
    loader.land(CONTACTS, "contacts.csv.gz", whole[:30] + b"\xff\xff\xff\xff" + whole[34:])
    with pytest.raises(ExtractError, match="contacts.csv.gz.* cut off or damaged"):
        loader.load(CONTACTS)


def test_lines_that_end_in_a_carriage_return_alone_are_refused_by_name(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", (HEADER + GOOD).replace(b"\n", b"\r"))
    with pytest.raises(ExtractError, match="the header cannot be read: a line ends in a carriage return alone"):
        loader.load(CONTACTS)


def test_a_carriage_return_is_part_of_a_quoted_value_and_costs_its_row_elsewhere(loader: Loader) -> None:
    rows = b'1,a@example.com,"Ada\rL",2026-01-05\n2,b@example.com,B\rb,2026-01-05\n'
    loader.land(CONTACTS, "contacts.csv", HEADER + rows + contact(3))
    loader.load(CONTACTS)
    assert loader.rows(CONTACTS, "firstname, source_line") == [("Ada\nL", 2), ("Ada", 4)]
    assert [r["line"] for r in loader.rejects(CONTACTS)] == [3]


def test_a_quote_opened_behind_a_space_and_never_closed_costs_its_row_only(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + b'1,a@example.com, "Ada,2026-01-05\n' + contact(2) + contact(3))
    assert loader.load(CONTACTS).rows == 2
    assert [r["line"] for r in loader.rejects(CONTACTS)] == [2]


def test_no_row_is_lost_without_a_word_where_the_parser_cannot_tell_rows_apart(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + b'1,a@example.com,"A" "b,2026-01-05\n' + contact(2) + contact(3))
    with pytest.raises(ExtractError, match="its rows cannot be told apart"):
        loader.load(CONTACTS)


@pytest.mark.parametrize("header", [b"id,email\xff,lastmodifieddate\n", b'"id,email,lastmodifieddate\n'])
def test_a_header_that_cannot_be_read_is_not_replaced_by_a_row(loader: Loader, header: bytes) -> None:
    loader.land(CONTACTS, "contacts.csv", header + b"9,secret@example.com,2026-01-05\n")
    with pytest.raises(ExtractError, match="the header cannot be read") as error:
        loader.load(CONTACTS)
    assert "secret" not in str(error.value)


def test_a_file_without_a_header_does_not_have_its_first_row_quoted(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", b"9,secret@example.com,Secret,2026-01-05\n")
    with pytest.raises(ExtractError, match=r"Is line 1 a header at all\?") as error:
        loader.load(CONTACTS)
    assert "secret" not in str(error.value).lower()


@pytest.mark.parametrize(
    ("header", "said"),
    [(b"id,email,Email,lastmodifieddate", "twice"), (b"id,email,SOURCE_LINE,lastmodifieddate", "source_line")],
)
def test_a_header_with_a_name_twice_or_a_reserved_one_is_refused(loader: Loader, header: bytes, said: str) -> None:
    loader.land(CONTACTS, "contacts.csv", header + b"\n1,a@example.com,x,2026-01-05\n")
    with pytest.raises(ExtractError, match=said):
        loader.load(CONTACTS)


@pytest.mark.parametrize("name", ["source_line", "file_row_number"])
def test_a_parquet_column_with_a_reserved_name_is_refused(loader: Loader, name: str) -> None:
    table = pa.table({"id": ["1"], "lastmodifieddate": ["2026-01-05"], name: [7]})
    pq.write_table(table, loader.folder(CONTACTS) / "contacts.parquet")
    with pytest.raises(ExtractError, match=f"{name} has a name that the loader needs"):
        loader.load(CONTACTS)


def test_columns_without_a_name_are_reported_by_their_place(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", b"id,lastmodifieddate,,\n1,2026-01-05,,\n")
    report = loader.load(CONTACTS)
    assert (report.rows, report.undeclared_columns) == (1, ["(column 3)", "(column 4)"])


def test_the_delimiter_is_found_in_a_header_below_blank_lines(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", b"\n" + (HEADER + GOOD).replace(b",", b";"))
    loader.load(CONTACTS)
    assert loader.rows(CONTACTS, "id, source_line") == [("1", 3)]


def test_json_nested_beyond_reason_costs_its_line_only(loader: Loader) -> None:
    deep = event(1)[:-1] + b', "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    text = event(2)[:-1] + b', "reason": "' + b"[" * 600 + b'"}'
    loader.land(EVENTS, "events.jsonl", deep + b"\n" + text + b"\n")
    assert loader.load(EVENTS).rows == 1
    assert [(r["line"], r["reason"]) for r in loader.rejects(EVENTS)] == [(1, "nested over 500 levels")]


# Each costs the file its one scan: a line that is none of its rows, and a row that is not just so.
ASIDE = [b"", b"null", b"[1]", b"no JSON", b'{"a": 1} {"a": 2}', b"\xff", b'{"id": "x", "id": "y"}', b' {"id": "y"}',
         b'{"context": "none"}', b'{"more": %s}' % (b"[" * 600 + b"]" * 600)]  # fmt: skip


@pytest.mark.parametrize("aside", ASIDE)
def test_a_line_at_fault_changes_nothing_about_the_others(loader: Loader, aside: bytes) -> None:
    events = [
        json.dumps(
            {
                "messageId": str(number),
                "type": "track",
                "anonymousId": " a\t" if number % 2 else "b",
                "timestamp": ["2026-01-05T10:00:00.250Z", "2026-01-05 10:00:00 +0100", "1767600000000"][number % 3],
                "context": {"page": {"path": f"/{number}"}, "ip": "192.0.2.1"},
                "properties": {"price": 1.5 * number, "quantity": number},
            }
        ).encode()
        for number in range(40)
    ]
    name, columns = "web.events", "* exclude (load_id, quarantined_count, source_line)"
    loader.land(name, "events.jsonl", b"\n".join(events))
    whole, rows = loader.load(name), loader.rows(name, columns)
    assert [line for (line,) in loader.rows(name, "source_line")] == list(range(1, 41))
    loader.land(name, "events.jsonl", b"\n".join([*events[:7], aside, *events[7:]]))
    report = loader.load(name)
    assert loader.rows(name, columns) == rows
    assert [line for (line,) in loader.rows(name, "source_line")] == [*range(1, 8), *range(9, 42)]
    assert report.quarantined == (aside != b"") and set(whole.undeclared_columns) == {"context.ip"}
    assert set(report.undeclared_columns) >= {"context.ip"}
