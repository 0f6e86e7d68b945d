"""Values that are odd or do not fit their type: which are loaded, and as what. One test a case."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.ingest.conftest import Loader
from tests.ingest.extracts import CONTACTS, EVENTS, GOOD, HEADER, event


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
    loader.land(EVENTS, "events.jsonl", event(1).replace(b'"1"', b"1"))
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


def test_a_feed_that_writes_in_stock_with_a_space_is_loaded(loader: Loader) -> None:
    loader.land("shop.products", "feed.csv", b"id,title,availability\nP1,Mug,in stock\nP2,Lamp,out of stock\n")
    loader.load("shop.products")
    assert loader.rows("shop.products", "availability") == [("in stock",), ("out of stock",)]


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


@pytest.mark.parametrize("blank", [b"", b"  ", b"\t"])
def test_a_required_value_of_white_space_is_missing(loader: Loader, blank: bytes) -> None:
    loader.land(CONTACTS, "contacts.csv", HEADER + GOOD + blank + b",b@example.com,Bo,2026-01-05\n")
    loader.load(CONTACTS)
    assert [r["reason"] for r in loader.rejects(CONTACTS)] == ["id is missing"]


def test_milliseconds_in_the_place_of_seconds_are_no_time(loader: Loader) -> None:
    loader.land(EVENTS, "events.jsonl", event(1) + b"\n" + event(2).replace(b"1767600000", b"1767600000000"))
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
