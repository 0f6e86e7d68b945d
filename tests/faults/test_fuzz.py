"""Every parser of input from outside, given what nobody meant: an error of ours or none, no hang, and no row lost."""

from __future__ import annotations

import gzip
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from copywriting.terms import DEFAULT_TERMS, load_terms
from delivery import DeliveryError, load_rules, read_outbox
from delivery.services import SERVICES
from delivery.words import cleaner, said
from exports.brand import DEFAULT_BRAND, load_brand
from exports.errors import LoadError
from exports.personas import DEFAULT_PERSONAS, load_personas
from ingest import Contract, ExtractError, LoadReport, load_partition, read_contracts
from orchestration.journeys import load_journeys
from orchestration.settings import DEFAULT_SERVICES
from tests.conftest import REPO
from tests.delivery.outboxes import messages, write
from tests.faults.fuzz import VALUES, changed, changed_yaml, damaged
from tests.faults.steps import CONTACTS, DAY, export_rows
from workbench import WorkbenchError
from workbench.email_clients import read_lacking
from workbench.persona import clocks_of, read_persona

FUZZ = settings(
    max_examples=20,
    deadline=None,
    database=None,
    derandomize=True,
    # To make a failure small takes longer than to read it.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ROWS = "id,age\n" + "".join(f"{n},{n * 3}\n" for n in range(20)) + '"a ""quoted"" one",7\n"over\ntwo lines",8\n'
EVENTS = "".join(json.dumps({"id": str(n), "age": n, "deep": {"er": [n, None, "x"]}}) + "\n" for n in range(20))


def _parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": [str(n) for n in range(200)], "age": list(range(200))}), out, compression="zstd")
    return out.getvalue()


def _zst(plain: bytes) -> bytes:
    out = io.BytesIO()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(plain)
        stream.flush()
        return out.getvalue()


def _load(root: Path, name: str, content: bytes, contract: Contract = CONTACTS) -> LoadReport | None:
    """What becomes of a landed file: what is loaded, or None for one that cannot be."""
    shutil.rmtree(root / "landing", ignore_errors=True)
    folder = root / "landing/crm/contacts" / str(DAY)
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    try:
        return load_partition(
            contract, DAY, landing=root / "landing", raw=root / "raw", quarantine=root / "quarantine", adapters=REPO
        )
    except ExtractError as error:
        assert str(folder / name) in str(error)
        return None


@FUZZ
@given(content=st.binary(max_size=200) | damaged(ROWS.encode()))
def test_a_csv_of_any_bytes(tmp_path: Path, content: bytes) -> None:
    report = _load(tmp_path, "contacts.csv", content)
    if report and b'"' not in content and b"\r" not in content:
        lines = [line for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
        assert report.rows + report.quarantined == len(lines) - 1


@FUZZ
@given(content=st.binary(max_size=200) | damaged(EVENTS.encode()))
def test_json_lines_of_any_bytes(tmp_path: Path, content: bytes) -> None:
    report = _load(tmp_path, "contacts.jsonl", content)
    if report:
        lines = [line for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
        assert report.rows + report.quarantined == len(lines)


@FUZZ
@given(value=VALUES)
def test_json_lines_of_any_values(tmp_path: Path, value: Any) -> None:
    report = _load(tmp_path, "contacts.jsonl", json.dumps({"id": value, "age": value, "x": value}).encode())
    assert report and report.rows + report.quarantined == 1


@FUZZ
@given(content=st.one_of(damaged(gzip.compress(ROWS.encode(), mtime=0)), st.binary(max_size=60)))
def test_gzip_of_any_bytes(tmp_path: Path, content: bytes) -> None:
    _load(tmp_path, "contacts.csv.gz", content)


@FUZZ
@given(content=st.one_of(damaged(_zst(ROWS.encode())), st.binary(max_size=60)))
def test_zstandard_of_any_bytes(tmp_path: Path, content: bytes) -> None:
    _load(tmp_path, "contacts.csv.zst", content)


@FUZZ
@given(content=damaged(_parquet()) | st.binary(max_size=60))
def test_parquet_of_any_bytes(tmp_path: Path, content: bytes) -> None:
    _load(tmp_path, "contacts.parquet", content)


@FUZZ
@given(
    stem=st.text(st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), max_size=40),
    ending=st.sampled_from([".csv", ".csv.gz", ".jsonl", ".parquet", ".CSV", ""]),
)
def test_a_file_of_any_name(tmp_path: Path, stem: str, ending: str) -> None:
    name = stem + ending
    if name in ("", ".", "..") or len(name.encode()) > 200:
        return
    report = _load(tmp_path, name, ROWS.encode(), replace(CONTACTS, adapters=("vendor",)))
    if report and report.files:
        assert report.files == [name] and report.rows + report.quarantined in (22, 24)
    assert {path.name for path in tmp_path.iterdir()} <= {"landing", "raw", "quarantine"}


@FUZZ
@given(header=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=6))
def test_a_header_of_any_names(tmp_path: Path, header: list[str]) -> None:
    import csv

    text = io.StringIO()
    csv.writer(text).writerows([["id", *header], ["1", *header]])
    _load(tmp_path, "contacts.csv", text.getvalue().encode())


@pytest.fixture
def orders(manifest: dict[str, Any]) -> dict[str, Any]:
    (source,) = [s for s in manifest["sources"].values() if (s["source_name"], s["name"]) == ("shop", "orders")]
    return source


@FUZZ
@given(data=st.data())
def test_a_contract_of_any_values(orders: dict[str, Any], data: st.DataObject) -> None:
    meta = data.draw(changed(orders["config"]["meta"]))
    table = {**orders, "config": {**orders["config"], "meta": meta}}
    try:
        read_contracts({"sources": {"s": table}})
    except ExtractError as error:
        assert "shop.orders" in str(error)


def _refuses(error: type[Exception], load: Callable[[], object], path: Path) -> None:
    """Loads, or says what is wrong and in which file."""
    try:
        load()
    except error as found:
        assert path.name in str(found)


@pytest.mark.parametrize(
    ("load", "usual"),
    [
        (load_rules, DEFAULT_SERVICES),
        (load_brand, DEFAULT_BRAND),
        (load_personas, DEFAULT_PERSONAS),
        (load_terms, DEFAULT_TERMS),
    ],
    ids=["services", "brand", "personas", "terms"],
)
@FUZZ
@given(data=st.data())
def test_settings_in_yaml_of_any_values(
    tmp_path: Path, load: Callable[[Path], object], usual: Path, data: st.DataObject
) -> None:
    path = tmp_path / usual.name
    path.write_bytes(data.draw(changed_yaml(usual.read_text())))
    _refuses(LoadError, lambda: load(path), path)


@pytest.fixture(scope="module")
def contracts(manifest: dict[str, Any]) -> tuple[list[Contract], dict[str, str]]:
    """The contracts, and which of their columns says when a row was new."""
    found = read_contracts(manifest)
    return found, dict(clocks_of(manifest, found))


@FUZZ
@given(content=changed_yaml((REPO / "docs/personas/cart_left_behind.yml").read_text()))
def test_a_persona_of_any_values(
    tmp_path: Path, contracts: tuple[list[Contract], dict[str, str]], content: bytes
) -> None:
    path = tmp_path / "persona.yml"
    path.write_bytes(content)
    _refuses(WorkbenchError, lambda: read_persona(path, *contracts), path)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("library")
    for part in ("layouts", "blocks", "campaigns"):
        shutil.copytree(export_rows.LIBRARY / part, root / part)
    return root


CAMPAIGN = export_rows.LIBRARY / "campaigns/cart_reminder"


@settings(FUZZ, max_examples=10)
@given(content=changed_yaml((CAMPAIGN / "campaign.yml").read_text()))
def test_campaign_yml_of_any_values(library: Path, content: bytes) -> None:
    path = library / "campaigns/cart_reminder/campaign.yml"
    path.write_bytes(content)
    try:
        _refuses(LoadError, lambda: export_rows.load("cart_reminder", library), library)
    finally:
        shutil.copy(CAMPAIGN / "campaign.yml", path)


@pytest.mark.parametrize("name", ["body.mjml", "body.txt.j2", "subject.j2"])
@settings(FUZZ, max_examples=6)
@given(data=st.data())
def test_a_template_of_any_text(library: Path, name: str, data: st.DataObject) -> None:
    path = library / "campaigns/cart_reminder" / name
    path.write_bytes(data.draw(damaged((CAMPAIGN / name).read_bytes())))
    try:
        _refuses(LoadError, lambda: export_rows.load("cart_reminder", library), library)
    finally:
        shutil.copy(CAMPAIGN / name, path)


JOURNEY = REPO / "models/marts/journeys/jrn_cart.yml"


@settings(FUZZ, max_examples=10)
@given(content=changed_yaml(JOURNEY.read_text()))
def test_a_journey_of_any_values(tmp_path: Path, content: bytes) -> None:
    if not (tmp_path / "models").exists():
        shutil.copytree(REPO / "models/marts", tmp_path / "models/marts")
        shutil.copy(REPO / "dbt_project.yml", tmp_path)
    path = tmp_path / JOURNEY.relative_to(REPO)
    path.write_bytes(content)
    _refuses(LoadError, lambda: load_journeys(tmp_path), path)


STATS = {"gmail": {"ios": {"1": "y", "2": "n"}, "android": {"1": "n #1"}}, "outlook": {"windows": {"2019": "n"}}}
CANIEMAIL = {"data": [{"slug": "css-gap", "stats": STATS}, {"slug": "html-video", "stats": STATS}]}


@FUZZ
@given(content=changed(CANIEMAIL).map(orjson.dumps) | damaged(orjson.dumps(CANIEMAIL)))
def test_caniemail_of_any_values(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "caniemail.json"
    path.write_bytes(content)
    _refuses(WorkbenchError, lambda: read_lacking(path, ["gmail", "outlook"]), path)


@pytest.mark.parametrize("name", sorted(SERVICES))
@settings(FUZZ, max_examples=10)
@given(answer=st.binary(max_size=60) | VALUES.map(lambda v: json.dumps({"errors": v, "message": v}).encode()))
def test_an_answer_of_any_bytes(name: str, answer: bytes) -> None:
    clean = cleaner(["the secret"], ["Ann"])
    assert len(clean(said(answer), b"a request")) <= 203
    try:
        failures = SERVICES[name].failures(answer, 3)
    except (ValueError, LookupError, TypeError):
        # So the answer is one that does not tell, and what became of the request is unknown.
        return
    assert set(failures) <= {0, 1, 2}


@FUZZ
@given(data=st.data())
def test_a_manifest_of_any_values(tmp_path: Path, data: st.DataObject) -> None:
    folder = write(tmp_path, ["sendgrid", "klaviyo_events"], messages(2))
    path = folder / "manifest.json"
    whole = json.loads(path.read_text())
    path.write_bytes(data.draw(changed(whole).map(orjson.dumps) | damaged(path.read_bytes())))
    try:
        entries = read_outbox(folder)
    except DeliveryError as error:
        assert str(path) in str(error)
    else:
        assert all(entry.path.parent.parent == folder for entry in entries)
