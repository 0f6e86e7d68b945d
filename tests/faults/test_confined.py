"""What may be reached: by names in what lands and in what is delivered, and over the network."""

from __future__ import annotations

import ast
import copy
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from delivery import DeliveryError, read_outbox
from exports import DataError, write_outbox
from exports.errors import LoadError
from ingest import Contract, ExtractError, load_partition, read_contracts
from orchestration.cli import app
from tests.conftest import REPO
from tests.delivery.outboxes import messages, write
from tests.faults.steps import CONTACTS, DAY, export_rows

SECRET = "id,age\n7,42\n"


def _load(root: Path, contract: Contract = CONTACTS) -> None:
    load_partition(
        contract, DAY, landing=root / "landing", raw=root / "raw", quarantine=root / "quarantine", adapters=REPO
    )


def _landed(root: Path) -> Path:
    folder = root / "landing/crm/contacts" / str(DAY)
    folder.parent.mkdir(parents=True)
    return folder


def test_a_link_out_of_its_table_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(SECRET)
    folder = _landed(tmp_path)
    folder.mkdir()
    (folder / "contacts.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(ExtractError, match="contacts.csv: a link that leads out.*Put the file itself there"):
        _load(tmp_path)


def test_a_day_that_is_a_link_out_of_its_table_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/secret.csv").write_text(SECRET)
    _landed(tmp_path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ExtractError, match="a link that leads out"):
        _load(tmp_path)
    assert not list((tmp_path / "raw").rglob("*.parquet"))


def test_a_link_to_the_same_extract_of_another_day_and_a_landing_elsewhere_are_read(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "landing").symlink_to(tmp_path / "disk")
    folder = _landed(tmp_path)
    (folder.parent / "2026-02-01").mkdir()
    (folder.parent / "2026-02-01/contacts.csv").write_text(SECRET)
    folder.mkdir()
    (folder / "contacts.csv").symlink_to("../2026-02-01/contacts.csv")
    _load(tmp_path)
    assert list((tmp_path / "raw").rglob("*.parquet"))


def test_a_pipe_in_landing_keeps_nobody_waiting(tmp_path: Path) -> None:
    folder = _landed(tmp_path)
    folder.mkdir()
    os.mkfifo(folder / "contacts.csv")
    _load(tmp_path)


@pytest.mark.parametrize("where", ["source_name", "name", "adapters"])
@pytest.mark.parametrize("name", ["../../etc", "a/b", "..", "it's", ""])
def test_a_source_table_or_adapter_is_called_as_a_folder_can_be(
    manifest: dict[str, Any], where: str, name: str
) -> None:
    (source,) = [s for s in manifest["sources"].values() if (s["source_name"], s["name"]) == ("crm", "contacts")]
    changed = copy.deepcopy(source)
    if where == "adapters":
        changed["config"]["meta"]["adapters"] = [name]
    else:
        changed[where] = name
    with pytest.raises(ExtractError, match="is no name of a source, table or adapter"):
        read_contracts({"sources": {"s": changed}})


def test_the_outbox_of_a_pulse_is_named_by_its_time_as_well(tmp_path: Path) -> None:
    folder = write(tmp_path, ["sendgrid"], messages(1))
    pulse = folder.rename(folder.with_name(f"{folder.name}T101500"))
    assert [entry.path.parent.parent for entry in read_outbox(pulse)] == [pulse]


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["files"][0].update(name="../../../../secret.json"),
        lambda m: m["files"][0].update(name="sendgrid/../../secret.json"),
        lambda m: m["files"][0].update(name="/etc/passwd"),
        lambda m: m["files"][0].update(name="sendgrid/.."),
        lambda m: m.update(campaign="../../secret"),
        lambda m: m.update(as_of_date="2026-03-02"),
    ],
)
def test_a_manifest_leads_nowhere_but_to_the_files_beside_it(tmp_path: Path, change: Any) -> None:
    folder = write(tmp_path, ["sendgrid"], messages(1))
    assert [entry.path.parent.parent for entry in read_outbox(folder)] == [folder]
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DeliveryError, match="Run the day's export again"):
        read_outbox(folder)


@pytest.mark.parametrize(
    "text",
    [
        "{{ first_name.__class__.__mro__ }}",
        "{{ ''.join.__globals__ }}",
        "{{ first_name|attr('__class__') }}",
        "{% include '/etc/passwd' %}",
        '{% include "../../../secret.txt" %}',
        "{% import 'os' as os %}",
        "{% set x = first_name.format %}{{ x }}",
        "{{ range(999999999) }}",
        "{{ self }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ 'a' * 999999999 }}",
        "{{ 9 ** 9 ** 9 }}",
    ],
)
def test_a_template_reaches_nothing_but_its_tokens(tmp_path: Path, text: str) -> None:
    for part in ("layouts", "blocks", "campaigns"):
        shutil.copytree(export_rows.LIBRARY / part, tmp_path / part)
    subject = tmp_path / "campaigns/winback/subject.j2"
    subject.write_text(text + "\n")
    with pytest.raises(LoadError, match=re.escape(str(subject)) + ":1"):
        export_rows.load("winback", tmp_path)


def test_a_template_cannot_fill_the_memory_with_a_name(tmp_path: Path) -> None:
    for part in ("layouts", "blocks", "campaigns"):
        shutil.copytree(export_rows.LIBRARY / part, tmp_path / part)
    (tmp_path / "campaigns/winback/subject.j2").write_text("{{ first_name * 999999999 }}\n")
    campaign = export_rows.load("winback", tmp_path)
    with pytest.raises(DataError, match="cannot be filled: TypeError"):
        write_outbox(
            campaign, [export_rows.winback_row(1)], tmp_path / "o", run=export_rows.RUN, secret=export_rows.SECRET
        )


@pytest.mark.parametrize(("arguments", "host"), [([], "127.0.0.1"), (["--host", "0.0.0.0"], "0.0.0.0")])
def test_the_ui_listens_to_this_machine_alone_unless_told_otherwise(
    home: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], host: str
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, command: started.append(command))
    monkeypatch.setattr(os, "chdir", lambda path: None)
    result = CliRunner().invoke(app, ["ui", *arguments])
    (command,) = started
    assert command[command.index("--host") + 1] == host
    assert ("asks for no password" in result.output) == (host != "127.0.0.1")


def test_yaml_is_loaded_safely_and_nothing_evaluates_text_or_calls_a_shell() -> None:
    wrong = []
    for path in (p for room in REPO.iterdir() if (room / "__init__.py").exists() for p in room.rglob("*.py")):
        if path.is_relative_to(REPO / "tests"):
            continue
        tree = ast.parse(path.read_text())
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        safe = {"SafeLoader"} | {each.name for each in classes if "SafeLoader" in _names(each.bases)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                given = {k.arg: ast.unparse(k.value) for k in node.keywords}
                is_unsafe = called in _UNSAFE or given.get("shell") == "True"
                if called in ("yaml.load", "yaml.compose", "yaml.load_all"):
                    is_unsafe = re.split(r"\W+", given.get("Loader", "").strip(")"))[-1] not in safe
                if is_unsafe and (path.relative_to(REPO).as_posix(), called) not in _OWN:
                    wrong.append(f"{path.relative_to(REPO)}:{node.lineno}: {called}")
    assert wrong == []


_UNSAFE = {"eval", "exec", "os.system", "os.popen", "pickle.load", "pickle.loads", "yaml.unsafe_load", "yaml.full_load",
           "marshal.loads", "subprocess.getoutput"}  # fmt: skip
# Between a process and those it has started, through pipes that are theirs alone.
_OWN = {("exports/processes.py", "pickle.load")}


def _names(bases: list[ast.expr]) -> set[str]:
    return {ast.unparse(base).rpartition(".")[2] for base in bases}
