"""What the loader does with each thing that can land. One test a case; the names say the case."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest import ExtractError, StillBeingWrittenError
from ingest.landing import landed_days
from tests.ingest.conftest import DAY, Loader

CONTACTS = "crm.contacts"
EVENTS = "esp.events"
HEADER = b"id,email,firstname,lastmodifieddate\n"
GOOD = b"1,ada@example.com,Ada,2026-01-05 10:00:00\n"


def _contact(number: int, name: str = "Ada") -> bytes:
    return f"{number},p{number}@example.com,{name},2026-01-05 10:00:00\n".encode()


def _event(number: int) -> bytes:
    return json.dumps(
        {"sg_event_id": str(number), "email": "a@example.com", "event": "open", "timestamp": 1767600000}
    ).encode()


def test_a_csv_is_loaded_typed_with_its_lineage(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD)
    report = loader.load(CONTACTS)
    assert (report.is_loaded, report.rows, report.quarantined) == (True, 1, 0)
    assert loader.rows(CONTACTS, "id, lastmodifieddate, source_file, source_line") == [
        ("1", datetime(2026, 1, 5, 10), "contacts.csv", 2)
    ]


def test_nothing_landed_leaves_the_partition_as_it_is(loader: Loader) -> None:
    path = loader.land(CONTACTS, "contacts.csv", HEADER + GOOD)
    loader.load(CONTACTS)
    path.unlink()
    report = loader.load(CONTACTS)
    assert not report.is_loaded
    assert report.problem is None
    assert len(loader.rows(CONTACTS)) == 1


def test_loading_again_replaces_the_partition_and_its_quarantine(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD + b",no.id@example.com,No,2026-01-05\n")
    loader.load(CONTACTS)
    assert len(loader.rejects(CONTACTS)) == 1
    loader.land(CONTACTS, "contacts.csv", HEADER + _contact(2) + _contact(3))
    loader.load(CONTACTS)
    assert [row[0] for row in loader.rows(CONTACTS, "id")] == ["2", "3"]
    assert loader.rejects(CONTACTS) == []


def test_a_missing_required_column_fails_and_says_which_and_where(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD)
    loader.load(CONTACTS)
    loader.land(CONTACTS, "contacts.csv", b"id,email\n2,b@example.com\n")
    with pytest.raises(
        ExtractError, match=r"contacts.csv: line 1: required columns are missing: lastmodifieddate .*_crm__sources.yml"
    ):
        loader.load(CONTACTS)
    assert len(loader.rows(CONTACTS)) == 1, "the last good load stays"


def test_an_extra_column_is_not_loaded_and_its_name_is_reported(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", b"id,lastmodifieddate,hubspot_owner_id\n1,2026-01-05,77\n")
    report = loader.load(CONTACTS)
    assert report.undeclared_columns == ["hubspot_owner_id"]
    assert "77" not in map(str, loader.rows(CONTACTS)[0])


def test_an_undeclared_json_key_is_reported_by_its_path(loader: Loader) -> None:
    line = {
        "messageId": "1",
        "anonymousId": "a",
        "timestamp": "2026-01-05T10:00:00Z",
        "context": {"ip": "192.0.2.1", "page": {"path": "/"}},
    }
    loader.land("web.events", "events.jsonl", json.dumps(line).encode())
    assert loader.load("web.events").undeclared_columns == ["context.ip"]


def test_a_renamed_column_is_found_by_its_alias(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", b"Record ID,Email,Last Modified Date\n7,a@example.com,2026-01-05\n")
    loader.load(CONTACTS)
    assert loader.rows(CONTACTS, "id, email") == [("7", "a@example.com")]


def test_a_nested_key_is_found_by_its_path(loader: Loader) -> None:
    line = {
        "messageId": "1",
        "anonymousId": "a",
        "timestamp": "2026-01-05T10:00:00Z",
        "properties": {"cart_id": "c", "price": 12.5},
    }
    loader.land("web.events", "events.jsonl", json.dumps(line).encode())
    loader.load("web.events")
    assert [tuple(map(str, row)) for row in loader.rows("web.events", "id, cart_id, price")] == [("1", "c", "12.50")]


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
    whole = bytes(compress(HEADER + b"".join(_contact(i, f"name{i * 7919}") for i in range(5000))))
    loader.land(CONTACTS, f"contacts.csv{ending}", whole[: len(whole) // 2])
    with pytest.raises(ExtractError, match="contacts.csv.* cut off or damaged"):
        loader.load(CONTACTS)
    assert [row[0] for row in loader.rows(CONTACTS, "id")] == ["1"]


def test_invalid_utf8_costs_its_row_only(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD + b"2,\xff@example.com,Bo,2026-01-05\n" + _contact(3))
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
        HEADER + b'1,a@example.com,"Ada\nLovelace",2026-01-05\n' + b"x,b,Bo,never\n" + _contact(3),
    )
    loader.load(CONTACTS)
    assert loader.rows(CONTACTS, "firstname, source_line")[0] == ("Ada\nLovelace", 2)
    assert [(r["line"], r["text"]) for r in loader.rejects(CONTACTS)] == [(4, "x,b,Bo,never")]


def test_a_quote_that_is_never_closed_costs_its_row_only(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + b'1,a@example.com,"Ada,2026-01-05\n' + _contact(2) + _contact(3))
    assert loader.load(CONTACTS).rows == 2
    assert [(r["line"], r["reason"]) for r in loader.rejects(CONTACTS)] == [(2, "a quote is opened and never closed")]


def test_a_field_of_20_mb_is_loaded_whole(loader: Loader) -> None:
    loader.land(
        CONTACTS, "contacts.csv", HEADER + b"1,a@example.com," + b"x" * 20_000_000 + b",2026-01-05\n" + _contact(2)
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


def test_a_duplicate_key_is_loaded_and_warned_of(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD + GOOD)
    report = loader.load(CONTACTS)
    assert report.rows == 2
    warned = [e for e in report.expectations if not e.is_met]
    assert [(e.type, e.column, e.severity) for e in warned] == [("expect_column_values_to_be_unique", "id", "warning")]


def test_a_timestamp_in_2199_goes_to_quarantine(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD + b"2,b@example.com,Bo,2199-01-01 00:00:00\n")
    assert loader.load(CONTACTS).rows == 1
    assert loader.rejects(CONTACTS)[0]["reason"] == "lastmodifieddate is after the extract's day"


def test_a_consent_may_end_in_the_future(loader: Loader) -> None:
    loader.land(
        "crm.consents",
        "consents.csv",
        b"consent_id,purpose,status,obtained_at,expires_at\n1,marketing_email,granted,2026-01-05,2199-01-01\n",
    )
    assert loader.load("crm.consents").rows == 1


def test_a_number_where_text_is_due_is_text(loader: Loader) -> None:
    loader.land(EVENTS, "events.jsonl", _event(1).replace(b'"1"', b"1"))
    loader.load(EVENTS)
    assert loader.rows(EVENTS, "sg_event_id") == [("1",)]


@pytest.mark.parametrize(
    ("quantity", "fits"), [("3", True), ("3.0", True), ("-3", True), ("3.4", False), ("three", False), ("1e3", False)]
)
def test_a_whole_number_is_never_rounded_into(loader: Loader, quantity: str, fits: bool) -> None:
    line = f"1,o1,{quantity},2.50\n2,o1,1,2.50\n"
    loader.land("shop.order_lines", "lines.csv", b"id,order_id,quantity,price\n" + line.encode())
    assert loader.load("shop.order_lines").quarantined == (0 if fits else 1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05 10:00:00",
        "2026-01-05 11:00:00 +0100",
        "2026-01-05T10:00:00.000Z",
        "2026-01-05 05:00:00-05:00",
        "1767607200000",
    ],
)
def test_timestamps_of_all_stock_forms_are_utc(loader: Loader, text: str) -> None:
    loader.land(CONTACTS, "contacts.csv", f"id,lastmodifieddate\n1,{text}\n".encode())
    loader.load(CONTACTS)
    assert loader.rows(CONTACTS, "lastmodifieddate") == [(datetime(2026, 1, 5, 10),)]


def test_json_that_breaks_off_in_its_last_line_loses_that_line_only(loader: Loader) -> None:
    loader.land(EVENTS, "events.jsonl", _event(1) + b"\n" + _event(2) + b"\n" + _event(3)[:20])
    assert loader.load(EVENTS).rows == 2
    rejects = loader.rejects(EVENTS)
    assert [(r["line"], r["reason"], r["text"]) for r in rejects] == [(3, "not a JSON object", _event(3)[:20].decode())]


def test_too_few_and_too_many_fields_go_to_quarantine(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD + b"2,b@example.com\n3,c@example.com,C,2026-01-05,more\n")
    assert loader.load(CONTACTS).rows == 1
    assert [(r["line"], r["reason"]) for r in loader.rejects(CONTACTS)] == [
        (3, "missing columns"),
        (4, "too many columns"),
    ]


def test_a_file_of_mostly_broken_rows_is_not_put_in_place(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD)
    loader.load(CONTACTS)
    loader.land(CONTACTS, "contacts.csv", HEADER + _contact(5) * 40 + b"9,x,y,never\n" * 20)
    report = loader.load(CONTACTS)
    assert not report.is_loaded
    assert report.problem is not None
    assert "20 of 60 rows" in report.problem
    assert "20 x lastmodifieddate is no timestamp" in report.problem
    assert [row[0] for row in loader.rows(CONTACTS, "id")] == ["1"]


def test_a_failed_expectation_keeps_the_partition_out(loader: Loader) -> None:
    loader.land(EVENTS, "events.jsonl", _event(1).replace(b'"open"', b'"teleport"'))
    report = loader.load(EVENTS)
    assert not report.is_loaded
    assert (
        report.problem
        == "expect_column_values_to_be_in_set event not met (element count 1; unexpected count 1; missing count 0)"
    )
    assert not (loader.root / "raw/esp/events" / f"extract_date={DAY}" / "part.parquet").exists()


def test_a_feed_that_writes_in_stock_with_a_space_is_loaded(loader: Loader) -> None:
    loader.land("shop.products", "feed.csv", b"id,title,availability\nP1,Mug,in stock\nP2,Lamp,out of stock\n")
    loader.load("shop.products")
    assert loader.rows("shop.products", "availability") == [("in stock",), ("out of stock",)]


def test_an_unknown_expectation_names_the_contract(loader: Loader, with_contract: Callable[..., None]) -> None:
    with_contract(EVENTS, expectations=({"type": "expect_the_spanish_inquisition", "column": "event"},))
    loader.land(EVENTS, "events.jsonl", _event(1))
    with pytest.raises(
        ExtractError, match=r"_esp__sources.yml: esp.events: Great Expectations has no expect_the_spanish_inquisition"
    ):
        loader.load(EVENTS)


def test_a_file_that_grows_while_it_settles_is_still_being_written(loader: Loader) -> None:
    path = loader.land(EVENTS, "events.jsonl", _event(1) + b"\n")

    def grow() -> None:
        time.sleep(0.3)
        with path.open("ab") as stream:
            stream.write(_event(2) + b"\n")

    writer = threading.Thread(target=grow)
    writer.start()
    with pytest.raises(StillBeingWrittenError, match="events.jsonl: still being written"):
        loader.load(EVENTS, settle_seconds=1.0)
    writer.join()
    assert loader.load(EVENTS).rows == 2


@pytest.mark.parametrize("name", ["events.jsonl.tmp", "events.jsonl.part", ".events.jsonl", "_SUCCESS"])
def test_the_names_that_uploads_use_are_passed_over(loader: Loader, name: str) -> None:
    loader.land(EVENTS, name, _event(1))
    assert loader.load(EVENTS).files == []


def test_a_format_that_cannot_be_read_is_named(loader: Loader) -> None:
    loader.land(EVENTS, "events.xlsx", b"PK")
    with pytest.raises(ExtractError, match=r"events.xlsx: cannot tell the format"):
        loader.load(EVENTS)


def test_several_files_of_a_day_are_one_partition(loader: Loader) -> None:
    loader.land(CONTACTS, "a.csv", HEADER + _contact(1))
    loader.land(CONTACTS, "b.csv", HEADER.replace(b",", b";") + _contact(2).replace(b",", b";"))
    loader.land(CONTACTS, "c.tsv", HEADER.replace(b",", b"\t") + _contact(3).replace(b",", b"\t"))
    loader.load(CONTACTS)
    assert loader.rows(CONTACTS, "id, source_file") == [("1", "a.csv"), ("2", "b.csv"), ("3", "c.tsv")]


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


def test_the_same_extract_has_the_same_load_id_and_another_has_another(loader: Loader) -> None:
    ids = []
    for content in (GOOD, GOOD, _contact(2)):
        loader.land(CONTACTS, "contacts.csv", HEADER + content)
        loader.load(CONTACTS)
        ids.append(loader.rows(CONTACTS, "load_id")[0][0])
    assert ids[0] == ids[1] != ids[2]


def test_nothing_temporary_is_left(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", b"id,email\n")
    with pytest.raises(ExtractError):
        loader.load(CONTACTS)
    assert [p for p in Path(loader.root / "raw").rglob("*") if p.is_file() or p.name.startswith(".")] == []


def test_an_adapter_reads_a_stock_file(loader: Loader) -> None:
    stock = (
        b"InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        b"536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
        b"536365,71053,LANTERN,6,2010-12-01 08:26:00,3.39,17850.0,United Kingdom\n"
        b"C536379,D,Discount,-1,2010-12-01 09:41:00,27.50,,United Kingdom\n"
    )
    day = date(2010, 12, 1)
    for table in ("shop.orders", "shop.order_lines"):
        loader.land(table, "online_retail-2010-12-01.csv", stock, day)
        loader.load(table, day)
    assert loader.rows("shop.orders", "id, customer_id, source_line") == [("536365", "17850", 2), ("C536379", None, 4)]
    assert loader.rows("shop.order_lines", "order_id, quantity, source_line") == [
        ("536365", 6, 2),
        ("536365", 6, 3),
        ("C536379", -1, 4),
    ]


def test_an_adapter_that_does_not_fit_the_file_says_so(loader: Loader) -> None:
    loader.land("shop.orders", "online_retail-x.csv", b"a,b\n1,2\n")
    with pytest.raises(ExtractError, match="online_retail-x.csv: the adapter online_retail cannot read it"):
        loader.load("shop.orders")


def test_gzip_damaged_in_the_middle_fails(loader: Loader) -> None:
    whole = gzip.compress(HEADER + b"".join(_contact(i, f"name{i * 7919}") for i in range(500)))
    loader.land(CONTACTS, "contacts.csv.gz", whole[:30] + b"\xff\xff\xff\xff" + whole[34:])
    with pytest.raises(ExtractError, match="contacts.csv.gz.* cut off or damaged"):
        loader.load(CONTACTS)


def test_names_mean_what_they_say_in_paths_with_quotes_and_wildcards(loader: Loader) -> None:
    loader.root = loader.root / "it's a [b]* {c} 100% \u00fc"
    stamp = pa.array([datetime(2026, 1, 5, 10)], pa.timestamp("us"))
    for name, number in (("a[1]*.parquet", "1"), ("a1x.parquet", "2")):
        table = pa.table({"id": [number], "lastmodifieddate": stamp})
        pq.write_table(table, loader.folder(CONTACTS) / name)
    loader.land(CONTACTS, "b.csv", HEADER + _contact(3) + b",x,No id,2026-01-05\n")
    report = loader.load(CONTACTS)
    assert (report.rows, report.quarantined) == (3, 1)
    (part,) = (loader.root / "raw/crm/contacts").glob("*/part.parquet")
    assert sorted(pq.read_table(part, partitioning=None)["id"].to_pylist()) == ["1", "2", "3"]


def test_lines_that_end_in_a_carriage_return_alone_are_refused_by_name(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", (HEADER + GOOD).replace(b"\n", b"\r"))
    with pytest.raises(ExtractError, match="the header cannot be read: a line ends in a carriage return alone"):
        loader.load(CONTACTS)


def test_a_carriage_return_is_part_of_a_quoted_value_and_costs_its_row_elsewhere(loader: Loader) -> None:
    rows = b'1,a@example.com,"Ada\rL",2026-01-05\n2,b@example.com,B\rb,2026-01-05\n'
    loader.land(CONTACTS, "contacts.csv", HEADER + rows + _contact(3))
    loader.load(CONTACTS)
    assert loader.rows(CONTACTS, "firstname, source_line") == [("Ada\nL", 2), ("Ada", 4)]
    assert [r["line"] for r in loader.rejects(CONTACTS)] == [3]


def test_a_quote_opened_behind_a_space_and_never_closed_costs_its_row_only(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + b'1,a@example.com, "Ada,2026-01-05\n' + _contact(2) + _contact(3))
    assert loader.load(CONTACTS).rows == 2
    assert [r["line"] for r in loader.rejects(CONTACTS)] == [2]


def test_no_row_is_lost_without_a_word_where_the_parser_cannot_tell_rows_apart(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + b'1,a@example.com,"A" "b,2026-01-05\n' + _contact(2) + _contact(3))
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


def test_a_zone_named_in_one_row_shifts_no_other_row(loader: Loader) -> None:
    stamps = (b"2026-01-05 10:00:00 EST", b"2026-01-05 10:00:00", b"2026-01-05")
    loader.land(CONTACTS, "contacts.csv", b"id,lastmodifieddate\n" + b"".join(b"1,%s\n" % stamp for stamp in stamps))
    loader.load(CONTACTS)
    assert [hour for (hour,) in loader.rows(CONTACTS, "hour(lastmodifieddate)")] == [15, 10, 0]


@pytest.mark.parametrize("text", ["infinity", "-infinity", "294247-01-10 04:00:54+00", "0044-03-15 (BC)"])
def test_a_time_beyond_the_calendar_costs_its_row_only(loader: Loader, text: str) -> None:
    rows = f"1,marketing_email,granted,2026-01-05,{text}\n2,marketing_email,granted,2026-01-05,9999-12-31\n"
    header = b"consent_id,purpose,status,obtained_at,expires_at\n"
    loader.land("crm.consents", "consents.csv", header + rows.encode())
    report = loader.load("crm.consents")
    assert (report.rows, report.misfits) == (2, {"expires_at is no timestamp": 1})


def test_json_nested_beyond_reason_costs_its_line_only(loader: Loader) -> None:
    deep = _event(1)[:-1] + b', "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    text = _event(2)[:-1] + b', "reason": "' + b"[" * 600 + b'"}'
    loader.land(EVENTS, "events.jsonl", deep + b"\n" + text + b"\n")
    assert loader.load(EVENTS).rows == 1
    assert [(r["line"], r["reason"]) for r in loader.rejects(EVENTS)] == [(1, "nested over 500 levels")]


def test_an_adapter_that_fails_on_a_row_does_not_quote_it(loader: Loader, tmp_path: Path) -> None:
    adapters = tmp_path / "adapters"
    (adapters / "online_retail").mkdir(parents=True)
    (adapters / "online_retail/shop.orders.sql").write_text("select a::int as id, source_line from stock")
    loader.adapters = adapters
    loader.land("shop.orders", "online_retail-x.csv", b"a\nsecret@example.com\n")
    with pytest.raises(ExtractError, match="fails on a row of it: ConversionException") as error:
        loader.load("shop.orders")
    assert "secret" not in str(error.value)


def test_a_file_taken_away_while_it_is_read_is_worth_another_try(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = loader.land(CONTACTS, "contacts.csv", HEADER + GOOD)
    monkeypatch.setattr("ingest.load.wait_until_settled", lambda *_: path.unlink())
    with pytest.raises(StillBeingWrittenError, match="contacts.csv: taken away"):
        loader.load(CONTACTS)


def test_only_folders_named_as_they_are_looked_for_are_landed_days(tmp_path: Path) -> None:
    for name in ("2026-01-05", "20260106", "2026-W02-3", "notes"):
        (tmp_path / name).mkdir()
    assert landed_days(tmp_path) == [DAY]


@pytest.mark.parametrize("blank", [b"", b"  ", b"\t"])
def test_a_required_value_of_white_space_is_missing(loader: Loader, blank: bytes) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD + blank + b",b@example.com,Bo,2026-01-05\n")
    loader.load(CONTACTS)
    assert [r["reason"] for r in loader.rejects(CONTACTS)] == ["id is missing"]


def test_milliseconds_in_the_place_of_seconds_are_no_time(loader: Loader) -> None:
    loader.land(EVENTS, "events.jsonl", _event(1) + b"\n" + _event(2).replace(b"1767600000", b"1767600000000"))
    assert loader.load(EVENTS).misfits == {"timestamp is after the extract's day": 1}
    assert loader.rows(EVENTS, "sg_event_id, timestamp") == [("1", 1767600000), ("2", None)]


CONSENT_HEADER = b"consent_id,email,purpose,status,obtained_at,expires_at\n"
THEN = datetime(2026, 1, 5)


@pytest.mark.parametrize(
    ("row", "loaded", "misfit"),
    [
        (b"1,a@b.example,p,withdrawn,,", ("1", "p", "withdrawn", None, None), "obtained_at is missing"),
        (b"1,a@b.example,p,withdrawn,soon,", ("1", "p", "withdrawn", None, None), "obtained_at is no timestamp"),
        (
            b"1,a@b.example,p,withdrawn,2199-12-31,",
            ("1", "p", "withdrawn", None, None),
            "obtained_at is after the extract's day",
        ),
        (b",a@b.example,p,withdrawn,2026-01-05,", (None, "p", "withdrawn", THEN, None), "consent_id is missing"),
        (b"1,a@b.example,,withdrawn,2026-01-05,", ("1", None, "withdrawn", THEN, None), "purpose is missing"),
        (b"1,a@b.example,p,,2026-01-05,", ("1", "p", "denied", THEN, None), "status is missing"),
        (
            b"1,a@b.example,p,granted,2026-01-05,some day",
            ("1", "p", "granted", THEN, datetime(1970, 1, 1)),
            "expires_at is no timestamp",
        ),
    ],
)
def test_a_no_is_loaded_whatever_of_it_cannot_be_read(
    loader: Loader, row: bytes, loaded: tuple[object, ...], misfit: str
) -> None:
    loader.land("crm.consents", "consents.csv", CONSENT_HEADER + row + b"\n")
    report = loader.load("crm.consents")
    assert (report.rows, report.quarantined, report.misfits) == (1, 0, {misfit: 1})
    assert loader.rows("crm.consents", "consent_id, purpose, status, obtained_at, expires_at") == [loaded]


def test_a_file_of_mostly_misfits_is_not_put_in_place(loader: Loader) -> None:
    loader.land("crm.consents", "consents.csv", CONSENT_HEADER + b"1,a@b.example,p,withdrawn,05.01.,\n" * 20)
    report = loader.load("crm.consents")
    assert report.problem is not None
    assert "20 of 20 rows do not fit" in report.problem
    assert "20 x obtained_at is no timestamp" in report.problem
    assert not report.is_loaded


def test_an_opt_out_that_cannot_be_read_is_one(loader: Loader) -> None:
    rows = b"1,2026-01-05,Opted out\n2,2026-01-05,No\n3,2026-01-05,\n"
    loader.land(CONTACTS, "contacts.csv", b"id,lastmodifieddate,hs_email_optout\n" + rows)
    assert loader.load(CONTACTS).misfits == {"hs_email_optout is no boolean": 1}
    assert loader.rows(CONTACTS, "hs_email_optout") == [(True,), (False,), (None,)]


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
