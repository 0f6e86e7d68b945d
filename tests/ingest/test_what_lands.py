"""What becomes of each thing that can land: its columns, its names, its partition. One test a case."""

from __future__ import annotations

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
from tests.ingest.extracts import CONTACTS, EVENTS, GOOD, HEADER, contact, event


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
    loader.land(CONTACTS, "contacts.csv", HEADER + contact(2) + contact(3))
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


def test_a_duplicate_key_is_loaded_and_warned_of(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD + GOOD)
    report = loader.load(CONTACTS)
    assert report.rows == 2
    warned = [e for e in report.expectations if not e.is_met]
    assert [(e.type, e.column, e.severity) for e in warned] == [("expect_column_values_to_be_unique", "id", "warning")]


def test_a_file_of_mostly_broken_rows_is_not_put_in_place(loader: Loader) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD)
    loader.load(CONTACTS)
    loader.land(CONTACTS, "contacts.csv", HEADER + contact(5) * 40 + b"9,x,y,never\n" * 20)
    report = loader.load(CONTACTS)
    assert not report.is_loaded
    assert report.problem is not None
    assert "20 of 60 rows" in report.problem
    assert "20 x lastmodifieddate is no timestamp" in report.problem
    assert [row[0] for row in loader.rows(CONTACTS, "id")] == ["1"]


def test_a_failed_expectation_keeps_the_partition_out(loader: Loader) -> None:
    loader.land(EVENTS, "events.jsonl", event(1).replace(b'"open"', b'"teleport"'))
    report = loader.load(EVENTS)
    assert not report.is_loaded
    assert (
        report.problem
        == "expect_column_values_to_be_in_set event not met (element count 1; unexpected count 1; missing count 0)"
    )
    assert not (loader.root / "raw/esp/events" / f"extract_date={DAY}" / "part.parquet").exists()


def test_an_unknown_expectation_names_the_contract(loader: Loader, with_contract: Callable[..., None]) -> None:
    with_contract(EVENTS, expectations=({"type": "expect_the_spanish_inquisition", "column": "event"},))
    loader.land(EVENTS, "events.jsonl", event(1))
    with pytest.raises(
        ExtractError, match=r"_esp__sources.yml: esp.events: Great Expectations has no expect_the_spanish_inquisition"
    ):
        loader.load(EVENTS)


def test_a_file_that_grows_while_it_settles_is_still_being_written(loader: Loader) -> None:
    path = loader.land(EVENTS, "events.jsonl", event(1) + b"\n")

    def grow() -> None:
        time.sleep(0.3)
        with path.open("ab") as stream:
            stream.write(event(2) + b"\n")

    writer = threading.Thread(target=grow)
    writer.start()
    with pytest.raises(StillBeingWrittenError, match="events.jsonl: still being written"):
        loader.load(EVENTS, settle_seconds=1.0)
    writer.join()
    assert loader.load(EVENTS).rows == 2


@pytest.mark.parametrize("name", ["events.jsonl.tmp", "events.jsonl.part", ".events.jsonl", "_SUCCESS"])
def test_the_names_that_uploads_use_are_passed_over(loader: Loader, name: str) -> None:
    loader.land(EVENTS, name, event(1))
    assert loader.load(EVENTS).files == []


def test_several_files_of_a_day_are_one_partition(loader: Loader) -> None:
    loader.land(CONTACTS, "a.csv", HEADER + contact(1))
    loader.land(CONTACTS, "b.csv", HEADER.replace(b",", b";") + contact(2).replace(b",", b";"))
    loader.land(CONTACTS, "c.tsv", HEADER.replace(b",", b"\t") + contact(3).replace(b",", b"\t"))
    loader.load(CONTACTS)
    assert loader.rows(CONTACTS, "id, source_file") == [("1", "a.csv"), ("2", "b.csv"), ("3", "c.tsv")]


def test_the_same_extract_has_the_same_load_id_and_another_has_another(loader: Loader) -> None:
    ids = []
    for content in (GOOD, GOOD, contact(2)):
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


def test_names_mean_what_they_say_in_paths_with_quotes_and_wildcards(loader: Loader) -> None:
    loader.root = loader.root / "it's a [b]* {c} 100% \u00fc"
    stamp = pa.array([datetime(2026, 1, 5, 10)], pa.timestamp("us"))
    for name, number in (("a[1]*.parquet", "1"), ("a1x.parquet", "2")):
        table = pa.table({"id": [number], "lastmodifieddate": stamp})
        pq.write_table(table, loader.folder(CONTACTS) / name)
    loader.land(CONTACTS, "b.csv", HEADER + contact(3) + b",x,No id,2026-01-05\n")
    report = loader.load(CONTACTS)
    assert (report.rows, report.quarantined) == (3, 1)
    (part,) = (loader.root / "raw/crm/contacts").glob("*/part.parquet")
    assert sorted(pq.read_table(part, partitioning=None)["id"].to_pylist()) == ["1", "2", "3"]


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
