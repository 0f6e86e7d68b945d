"""The daily job on sample extracts, started as people start it."""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from pathlib import Path

import duckdb
import jsonschema

from tests.conftest import REPO
from tests.end_to_end.conftest import Home

DAY = "2026-03-01"
STATE = ("raw", "history", "ledger")
Sample = tuple[Home, str]


def _decisions(home: Home) -> dict[tuple[object, ...], int]:
    rows = home.query(
        "select campaign, coalesce(reason, 'sent'), count(*) from marts.fct_campaign_decisions group by all"
    )
    return {(campaign, reason): int(str(count)) for campaign, reason, count in rows}


def _jsonl(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_make_run_prints_candidates_sends_reasons_and_files(sample_home: Sample) -> None:
    home, printed = sample_home
    decisions = _decisions(home)
    for campaign in ("winback", "cart_reminder"):
        part = printed[printed.index(f"{campaign}, {DAY}") :]
        total = sum(count for (name, _), count in decisions.items() if name == campaign)
        assert re.search(rf"candidates\W+{total:,}\b", part)
        assert re.search(rf"sent\W+{decisions[campaign, 'sent']:,}\b", part)
        assert f"outbox/{campaign}/{DAY}/payloads.jsonl" in part
        for (name, reason), count in decisions.items():
            if name == campaign and reason != "sent":
                assert re.search(rf"{reason}\W+{count:,}\b", part)


def test_both_campaigns_send_and_leave_out(sample_home: Sample) -> None:
    decisions = _decisions(sample_home[0])
    for campaign in ("winback", "cart_reminder"):
        assert decisions[campaign, "sent"] > 0
        assert decisions[campaign, "no_consent"] > 0


def test_a_second_make_run_changes_nothing(sample_home: Sample) -> None:
    home, _ = sample_home
    zones = (*STATE, "outbox", "published", "quarantine", "warehouse.duckdb")
    files = [f for zone in zones for f in [home.path / zone, *(home.path / zone).rglob("*")] if f.is_file()]
    before = {f: (f.stat().st_mtime_ns, f.stat().st_size) for f in files}
    printed = home.run("make", "run").stdout
    assert "nothing to do" in printed
    assert f"winback, {DAY}" in printed
    assert {f: (f.stat().st_mtime_ns, f.stat().st_size) for f in files} == before


def test_a_rerun_without_the_warehouse_gives_the_same_bytes(sample_home: Sample) -> None:
    home, _ = sample_home
    before = home.bytes_of("history", "ledger", "outbox")
    assert any("payloads.jsonl" in name for name in before)
    for path in (home.path / "warehouse.duckdb", home.path / "published/warehouse.duckdb"):
        path.unlink()
    home.postroom("run", "--force")
    assert home.bytes_of("history", "ledger", "outbox") == before


def test_exactly_the_dirty_rows_are_in_quarantine(sample_home: Sample) -> None:
    home, _ = sample_home
    must_go = {
        (str(row["file"]), row["line"])
        for row in _jsonl(home.path / "truth/dirty.jsonl")
        if row["outcome"] == "quarantined"
    }
    gone = {
        (
            f"{path.parts[-4]}/{path.parts[-3]}/{path.parts[-2].removeprefix('extract_date=')}/{reject['file']}",
            reject["line"],
        )
        for path in (home.path / "quarantine").rglob("rejects.jsonl")
        for reject in _jsonl(path)
    }
    assert must_go
    assert gone == must_go


def test_payloads_are_as_the_schema_says(sample_home: Sample) -> None:
    home, _ = sample_home
    schema = json.loads((REPO / "exports/schemas/message.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for campaign in ("winback", "cart_reminder"):
        folder = home.path / "outbox" / campaign / DAY
        messages = _jsonl(folder / "payloads.jsonl")
        assert messages
        for message in messages:
            validator.validate(message)
        assert {m["message_id"] for m in messages} == {e["message_id"] for e in _jsonl(folder / "explain.jsonl")}


def test_what_is_exported_is_what_was_decided_and_logged(sample_home: Sample) -> None:
    home, _ = sample_home
    for campaign in ("winback", "cart_reminder"):
        exported = {m["message_id"] for m in _jsonl(home.path / "outbox" / campaign / DAY / "payloads.jsonl")}
        decided = home.query(
            f"select message_id from marts.fct_campaign_decisions where campaign = '{campaign}' and decision = 'send'"
        )
        log = home.path / "ledger/sends" / f"as_of_date={DAY}" / f"{campaign}.parquet"
        logged = home.query(f"select message_id from read_parquet('{log}')")
        assert exported == {m for (m,) in decided} == {m for (m,) in logged}


def test_nobody_who_said_no_gets_a_mail(sample_home: Sample) -> None:
    home, _ = sample_home
    wants = {row["person"]: row for row in _jsonl(home.path / "truth/consents.jsonl")}
    owner = {email: row["person"] for row in _jsonl(home.path / "truth/people.jsonl") for email in row["emails"]}  # type: ignore[attr-defined]
    sent = {
        str(m["to"]["email"]).lower()  # type: ignore[index]
        for payloads in (home.path / "outbox").glob(f"*/{DAY}/payloads.jsonl")
        for m in _jsonl(payloads)
    }
    refused = [email for email in sent if not wants[owner[email]]["may_be_mailed"]]
    assert sent
    assert refused == []


def test_nobody_reads_what_they_did_without_a_consent_to_profiling(sample_home: Sample) -> None:
    home, _ = sample_home
    agreed = {row["person"] for row in _jsonl(home.path / "truth/consents.jsonl") if row["profiling"]}
    people = _jsonl(home.path / "truth/people.jsonl")
    owner = {email: row["person"] for row in people for email in row["emails"]}  # type: ignore[attr-defined]
    household = {row["person"]: row["household"] or row["person"] for row in people}
    told, untold = set(), set()
    for campaign, words in (("winback", "last order"), ("cart_reminder", "in your cart")):
        for message in _jsonl(home.path / "outbox" / campaign / DAY / "payloads.jsonl"):
            (told if words in str(message["text"]) else untold).add(owner[str(message["to"]["email"]).lower()])  # type: ignore[index]
    assert told
    assert untold
    # Who shares a device with the household may be taken for one another, if one of them has no account.
    assert {household[person] for person in told} <= {household[person] for person in agreed}
    assert len(told - agreed) < len(told) * 0.01
    explained = _jsonl(home.path / "outbox" / "winback" / DAY / "explain.jsonl")
    assert {len(e["evidence"]) for e in explained if "days_since_order" in e["fallbacks"]} == {2}  # type: ignore[arg-type,operator]


def test_who_is_who_is_as_it_is_in_truth(sample_home: Sample) -> None:
    home, _ = sample_home
    people = _jsonl(home.path / "truth/people.jsonl")
    person_of = {
        f"{kind}:{value}": row["person"]
        for row in people
        for kind, values in (("crm_id", row["contact_ids"]), ("email", row["emails"]))
        for value in values  # type: ignore[attr-defined]
    }
    people_of = defaultdict(set)
    customers_of = defaultdict(set)
    for node, customer in home.query("select node_id, customer_id from marts.dim_identities"):
        if node in person_of:
            people_of[customer].add(person_of[str(node)])
            customers_of[person_of[str(node)]].add(customer)
    merged = [found for found in people_of.values() if len(found) > 1]
    torn = [person for person, found in customers_of.items() if len(found) > 1]
    assert len(customers_of) > 1900
    assert merged == []
    assert len(torn) < len(customers_of) * 0.02


def test_a_later_day_does_not_send_again(two_days: tuple[Home, dict[str, str]]) -> None:
    home, _ = two_days
    sends = home.query(
        f"select message_id, count(*) from read_parquet('{home.path}/ledger/sends/*/*.parquet') group by message_id"
    )
    assert len(sends) > 10
    assert {count for _, count in sends} == {1}
    reasons = home.query("select count(*) from marts.fct_campaign_decisions where reason = 'already_sent'")
    assert int(str(reasons[0][0])) > 0


def test_what_runs_leave_is_their_owner_s_alone(two_days: tuple[Home, dict[str, str]]) -> None:
    home, _ = two_days
    assert [path for path in home.path.rglob("*") if path.lstat().st_mode & 0o077] == []


def test_a_member_who_stays_keeps_the_day_of_entry(two_days: tuple[Home, dict[str, str]]) -> None:
    home, _ = two_days
    entries = home.query(
        "select count(*) filter (where entered_at = timestamp '2026-01-05'), count(*) "
        "from marts.fct_segment_memberships where is_member and segment in ('champions', 'at_risk', 'lapsed')"
    )
    stayed, members = (int(str(n)) for n in entries[0])
    assert members > 0
    assert stayed > members * 0.8


def test_a_day_that_has_passed_is_replayed_apart_with_the_same_bytes(two_days: tuple[Home, dict[str, str]]) -> None:
    home, first = two_days
    zones = ("history", "ledger", "outbox", "warehouse.duckdb", "published")
    before = home.bytes_of(*zones)
    # The day's occasions are written anew, and nothing is sent for them.
    (home.path / "history/fct_trigger_occasions/as_of_date=2026-01-04/part.parquet").unlink()
    home.postroom("run", "--day", "2026-01-04", "--force")
    assert home.bytes_of(*zones) == before
    replayed = Home(home.path / "replay/2026-01-04").bytes_of("outbox")
    assert replayed == {name: digest for name, digest in first.items() if "2026-01-04" in name}


def test_an_export_alone_does_not_get_past_the_gate(two_days: tuple[Home, dict[str, str]]) -> None:
    home, _ = two_days
    alone = (
        "asset",
        "materialize",
        "-m",
        "orchestration.definitions",
        "--select",
        "outbox/winback",
        "--partition",
        "2026-01-06",
    )
    done = home.dagster(*alone, check=False)
    assert done.returncode
    assert (
        "The published warehouse is as of 2026-01-06 00:00:00, this export is as of 2026-01-07 00:00:00"
        in done.stdout + done.stderr
    )
    assert not (home.path / "outbox/winback/2026-01-06").exists()


def test_a_stale_suppression_feed_stops_the_export(two_days: tuple[Home, dict[str, str]], tmp_path: Path) -> None:
    home = Home(tmp_path / "data")
    shutil.copytree(two_days[0].path, home.path, ignore=shutil.ignore_patterns("replay", "outbox"))
    for day in (3, 4, 5):
        shutil.rmtree(home.path / f"raw/esp/events/extract_date=2026-01-0{day}")
        shutil.rmtree(home.path / f"landing/esp/events/2026-01-0{day}")
    done = home.postroom("run", "--force", check=False)
    assert done.returncode
    assert "suppression_feed_fresh" in done.stdout + done.stderr
    # A terminal wraps long lines.
    said = " ".join((done.stdout + done.stderr).split())
    assert "Put its extract of 2026-01-05 into landing/esp/events/2026-01-05/" in said
    # A campaign with nothing to send has nothing to stop.
    assert not any(payloads.stat().st_size for payloads in (home.path / "outbox").rglob("payloads.jsonl"))


def test_a_failing_data_test_stops_publishing_and_export(two_days: tuple[Home, dict[str, str]], tmp_path: Path) -> None:
    home = Home(tmp_path / "data")
    shutil.copytree(two_days[0].path, home.path, ignore=shutil.ignore_patterns("replay", "outbox"))
    published = home.bytes_of("published")
    # A send log that has lost its message ids: staging's has_no_nulls test must see it.
    log = home.path / "ledger/sends/as_of_date=2026-01-04/winback.parquet"
    duckdb.sql(f"copy (select * replace (null::varchar as message_id) from '{log}') to '{log}.new' (format parquet)")
    Path(f"{log}.new").replace(log)
    done = home.postroom("run", "--force", check=False)
    assert done.returncode
    assert home.bytes_of("published") == published
    assert not list((home.path / "outbox").rglob("payloads.jsonl"))
