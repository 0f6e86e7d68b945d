"""Which services are written for: what may stand in the files that say so, and what the outbox then holds."""

import hashlib
import json
import shutil
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from esp_messages import SETTINGS, writer
from export_rows import COLUMNS, LIST_COLUMNS, RUN, SECRET, winback_row

from exports import Campaign, DataError, LoadError, Manifest, load_brand, load_campaign, remove_customers, write_outbox
from exports.brand import DEFAULT_BRAND
from exports.writers import WRITERS
from exports.writers.config import DEFAULT_ESPS

OWN = ["explain.jsonl", "payloads.jsonl", "recipients.csv"]


def with_writers(campaign: Campaign, *names: str, **options: int | str) -> Campaign:
    return replace(campaign, writers=tuple(writer(name, **options) for name in names))


def write(campaign: Campaign, directory: Path, count: int = 3, **changes: Any) -> Manifest:
    rows = [winback_row(number, **changes) for number in range(1, count + 1)]
    return write_outbox(campaign, rows, directory, run=RUN, secret=SECRET)


def files(directory: Path) -> dict[str, bytes]:
    return {p.relative_to(directory).as_posix(): p.read_bytes() for p in directory.rglob("*") if p.is_file()}


def load(folder: Path, library: Path, brand: str = "", campaign: str = "", esps: str = "") -> Campaign:
    """The campaign winback, with something added to the files that name services."""
    brand_file, esps_file = folder / "brand.yml", folder / "esps.yml"
    brand_file.write_text(DEFAULT_BRAND.read_text() + brand)
    esps_file.write_text(esps or DEFAULT_ESPS.read_text())
    definition = library / "campaigns/winback/campaign.yml"
    definition.write_text(Path(__file__).with_name("plain").joinpath("campaign.yml").read_text() + campaign)
    return load_campaign(
        definition.parent, columns=COLUMNS["winback"], list_columns=LIST_COLUMNS["winback"],
        brand=load_brand(brand_file), library=library, esps=esps_file,
    )  # fmt: skip


def told(name: str, text: str) -> str:
    """esps.yml with a line more in the section of a service."""
    return DEFAULT_ESPS.read_text().replace(f"\n{name}:\n", f"\n{name}:\n  {text}\n")


def test_none_is_written_for_as_shipped(winback: Campaign) -> None:
    assert winback.writers == () and load_brand().esp == ()


def test_the_brand_or_the_campaign_says_who_is_written_for(tmp_path: Path, library: Path) -> None:
    by_brand = load(tmp_path, library, brand="esp: [ses, postmark]\n")
    assert [each.name for each in by_brand.writers] == ["ses", "postmark"]
    by_campaign = load(tmp_path, library, brand="esp: [ses]\n", campaign="esp: [customerio]\n")
    assert [each.name for each in by_campaign.writers] == ["customerio"]
    assert load(tmp_path, library, brand="esp: [ses]\n", campaign="esp: []\n").writers == ()


def test_a_text_may_differ_by_campaign(tmp_path: Path, library: Path) -> None:
    one, other = "0" * 8 + "-0000-0000-0000-" + "0" * 12, "1" * 8 + "-1111-1111-1111-" + "1" * 12
    text = told("braze", f'campaign_id: {{winback: "{one}", cart_reminder: "{other}"}}')
    (braze,) = load(tmp_path, library, campaign="esp: [braze]\n", esps=text).writers
    assert braze.options["campaign_id"] == one
    with pytest.raises(LoadError, match="written for winback, and needs 'campaign_id'"):
        text = told("braze", f'campaign_id: {{cart_reminder: "{other}"}}')
        load(tmp_path, library, campaign="esp: [braze]\n", esps=text)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("ses", "max_item: 3", "unknown key 'max_item'"),
        ("sendgrid", "template_id: 7", "sendgrid.template_id must be text of the form"),
        ("sendgrid", "template_id: marketing", "sendgrid.template_id must be text of the form"),
        ("sendgrid", "template_id:", "sendgrid.template_id must be text of the form"),
        ("braze", "campaign_id: {winback: x}", "braze.campaign_id.winback must be text of the form"),
    ],
)
def test_a_fault_in_the_file_of_services_is_shown(
    tmp_path: Path, library: Path, name: str, text: str, says: str
) -> None:
    content = told(name, text)
    with pytest.raises(LoadError) as error:
        load(tmp_path, library, esps=content)
    (problem,) = error.value.problems
    assert problem.file == tmp_path / "esps.yml" and says in problem.text
    assert content.splitlines()[problem.line - 1].strip() == text


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "true", ""])
def test_a_limit_is_a_whole_number_above_0(tmp_path: Path, library: Path, value: str) -> None:
    content = DEFAULT_ESPS.read_text().replace("max_items: 50\n", f"max_items: {value}\n", 1)
    with pytest.raises(LoadError, match="max_items must be a whole number above 0") as error:
        load(tmp_path, library, esps=content)
    (problem,) = error.value.problems
    assert content.splitlines()[problem.line - 1] == f"  max_items: {value}"


def test_a_limit_may_not_be_left_out(tmp_path: Path, library: Path) -> None:
    content = DEFAULT_ESPS.read_text().replace("  max_header_chars: 995\n", "")
    with pytest.raises(LoadError, match="key 'ses.max_header_chars' is missing"):
        load(tmp_path, library, esps=content)


@pytest.mark.parametrize("name", [name for name in sorted(WRITERS) if WRITERS[name].needs])
def test_a_service_says_what_it_needs_once_it_is_written_for(tmp_path: Path, library: Path, name: str) -> None:
    (key,) = WRITERS[name].needs
    lines = [line for line in DEFAULT_ESPS.read_text().splitlines(True) if not line.startswith(f"  {key}: ")]
    with pytest.raises(LoadError, match=f"{name} is written for winback, and needs '{key}'") as error:
        load(tmp_path, library, campaign=f"esp: [{name}]\n", esps="".join(lines))
    (problem,) = error.value.problems
    assert lines[problem.line - 1] == f"{name}:\n"
    assert load(tmp_path, library, esps="".join(lines)).writers == ()


@pytest.mark.parametrize(("value", "says"), [("[sendgird]", "'sendgird' is none"), ("[ses, ses]", "given twice")])
def test_a_service_that_does_not_exist_is_shown(tmp_path: Path, library: Path, value: str, says: str) -> None:
    with pytest.raises(LoadError, match=says) as error:
        load(tmp_path, library, brand=f"esp: {value}\n")
    assert error.value.problems[0].line == len(DEFAULT_BRAND.read_text().splitlines()) + 1
    with pytest.raises(LoadError, match=says) as error:
        load(tmp_path, library, campaign=f"esp: {value}\n")
    assert error.value.problems[0].file.name == "campaign.yml"


def test_the_outbox_holds_each_service_and_says_so(winback: Campaign, tmp_path: Path) -> None:
    plain = write(winback, tmp_path / "plain")
    manifest = write(with_writers(winback, *sorted(WRITERS), max_items=2), tmp_path / "o")
    held, written = files(tmp_path / "o"), json.loads((tmp_path / "o/manifest.json").read_bytes())
    assert sorted(entry["name"] for entry in written["files"]) == sorted(held.keys() - {"manifest.json"})
    for entry in written["files"]:
        content = held[entry["name"]]
        assert (entry["bytes"], entry["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert ("send_at" in entry) == ("/" in entry["name"])
    for name in WRITERS:
        own = [entry for entry in written["files"] if entry["name"].startswith(f"{name}/")]
        assert [entry["rows"] for entry in own] == [2, 1]
        assert {entry["send_at"] for entry in own} == {"2026-03-02T09:30:00Z"}
    assert written["esp"]["sendgrid"]["template_id"] == SETTINGS["sendgrid"]["template_id"]
    assert manifest.to_json() == held["manifest.json"]
    assert {name: held[name] for name in OWN} == {name: files(tmp_path / "plain")[name] for name in OWN}
    assert "esp" not in json.loads(plain.to_json())


def test_a_rerun_leaves_it_alone_and_damage_is_mended(winback: Campaign, tmp_path: Path) -> None:
    campaign = with_writers(winback, "ses", "customerio")
    write(campaign, tmp_path / "o")
    before, inode = files(tmp_path / "o"), (tmp_path / "o/ses/part-0001.json").stat().st_ino
    write(campaign, tmp_path / "o")
    assert (tmp_path / "o/ses/part-0001.json").stat().st_ino == inode
    (tmp_path / "o/ses/part-0001.json").write_bytes(b"{}")
    write(campaign, tmp_path / "o")
    assert files(tmp_path / "o") == before
    write(winback, tmp_path / "o")
    assert sorted(files(tmp_path / "o")) == sorted([*OWN, "manifest.json"])


def test_a_refusal_leaves_what_was_there(winback: Campaign, tmp_path: Path) -> None:
    write(winback, tmp_path / "o")
    before = files(tmp_path / "o")
    with pytest.raises(DataError, match="more than ses's max_data_chars"):
        write(replace(winback, writers=(writer("customerio"), writer("ses", max_data_chars=9))), tmp_path / "o")
    assert files(tmp_path / "o") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o"]


def test_who_is_erased_is_in_no_service_s_file(winback: Campaign, tmp_path: Path) -> None:
    campaign = with_writers(winback, *sorted(WRITERS), max_items=2)
    write(campaign, tmp_path / "o")
    assert remove_customers(tmp_path / "o", {"c0002"}) == 1
    left = files(tmp_path / "o")
    assert all(b"person2@" not in content and b"c0002" not in content for content in left.values())
    rows = [winback_row(number) for number in (1, 3)]
    write_outbox(campaign, rows, tmp_path / "anew", run=RUN, secret=SECRET)
    assert left == files(tmp_path / "anew")


def test_no_messages_are_no_parts(winback: Campaign, tmp_path: Path) -> None:
    manifest = write(with_writers(winback, "ses", "listmonk"), tmp_path / "o", count=0)
    assert [entry.name for entry in manifest.files] == ["payloads.jsonl", "recipients.csv", "explain.jsonl"]
    assert not (tmp_path / "o/ses").exists()


def test_memory_grows_with_a_part_and_not_with_the_rows(winback: Campaign, tmp_path: Path) -> None:
    def peak(count: int) -> int:
        rows: Iterator[dict[str, Any]] = (winback_row(number) for number in range(1, count + 1))
        tracemalloc.start()
        write_outbox(with_writers(winback, "ses"), rows, tmp_path / "o", run=RUN, secret=SECRET)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        shutil.rmtree(tmp_path / "o")
        return most

    write(winback, tmp_path / "warm")
    few, many = peak(100), peak(500)
    assert many < few * 1.2


def test_bodies_are_of_the_messages_in_the_outbox(winback: Campaign, tmp_path: Path) -> None:
    write(with_writers(winback, "postmark"), tmp_path / "o")
    sent = [orjson.loads(line) for line in (tmp_path / "o/payloads.jsonl").read_bytes().splitlines()]
    (body,) = [orjson.loads(content) for name, content in files(tmp_path / "o").items() if "postmark/" in name]
    assert [(entry["HtmlBody"], entry["Subject"]) for entry in body] == [(one["html"], one["subject"]) for one in sent]
