"""Texts are written for what the published export table holds, once each, and wait for a person."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from copywriting.terms import DEFAULT_TERMS
from exports.approved import TEXTS, read_texts
from orchestration import export_tables
from orchestration.cli import app
from orchestration.export_tables import CAMPAIGNS, Model
from orchestration.generate import GenerateError, Orders, Outcome, declared, generate, wanted
from tests.copywriting.model_server import Answer, completion, serving
from tests.copywriting.model_server import Model as LanguageModel

SECRET = "sk-test-77a1c0ffee"
Rows = list[tuple[str | None, str | None]]
ROWS: Rows = [("Bath", "en"), ("Bath", "de"), ("Bath", "fr"), ("Kitchen", "en"), (" Kitchen ", "en"), (None, "en")]


def publish(path: Path, models: list[Model], rows: Rows) -> Path:
    """A published warehouse with the weekly picks' export table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        columns = ", ".join(f"{c['name']} {c['data_type']}" for c in models[0]["columns"].values())
        connection.execute(f"create schema {models[0]['schema']}")
        connection.execute(f"create table {export_tables.table(models[0])} ({columns})")
        for row in rows:
            insert = f"insert into {export_tables.table(models[0])} by name select ? as top_category, ? as language"
            connection.execute(insert, row)
    return path


@pytest.fixture
def models(manifest: dict[str, Any]) -> list[Model]:
    return export_tables.export_models(manifest, "weekly_picks")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the weekly picks without texts, that asks a language model."""
    folder = tmp_path / "weekly_picks"
    shutil.copytree(CAMPAIGNS / "weekly_picks", folder)
    (folder / TEXTS).unlink()
    return folder


def ask_a_model(folder: Path) -> None:
    path = folder / "campaign.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("generator: offline", "generator: openai"), "utf-8")


Ordered = Callable[..., Orders]


@pytest.fixture
def ordered(folder: Path, models: list[Model], manifest: dict[str, Any], tmp_path: Path) -> Ordered:
    """What is wanted for these rows."""

    def order(rows: Rows = ROWS, most: int = 100) -> Orders:
        campaign = export_tables.load(folder, models, manifest)
        path = publish(tmp_path / "warehouse.duckdb", models, rows)
        with duckdb.connect(str(path), read_only=True) as connection:
            return [(text, wanted(connection, campaign, text, models, most)) for text in declared(campaign)]

    return order


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_SECRET_OPENAI", SECRET)


def terms(tmp_path: Path, model: LanguageModel, **changes: Any) -> Path:
    text = yaml.safe_load(DEFAULT_TERMS.read_text())
    path = tmp_path / "openai.yml"
    quick = {"enabled": True, "base_url": model.url, "timeout_seconds": 0.5, "max_retries": 0, "pause_seconds": 0}
    path.write_text(yaml.safe_dump(text | quick | changes))
    return path


def texts(folder: Path) -> dict[tuple[str, str], str]:
    """The texts there are by locale and category; none is approved."""
    file, found = read_texts(folder / TEXTS)
    assert file is None or file.problems == []
    candidates = list(found.get("intro", {}).values())
    assert not any(candidate.approved for candidate in candidates)
    return {(candidate.locale, candidate.inputs["top_category"]): candidate.text for candidate in candidates}


def test_each_combination_is_wanted_once_in_each_locale_it_is_read_in(ordered: Ordered) -> None:
    ((_, orders),) = ordered()
    assert [(order.locale, order.inputs) for order in orders] == [
        ("en-GB", {"top_category": "Kitchen"}),
        ("de", {"top_category": "Bath"}),
        ("en-GB", {"top_category": "Bath"}),
    ]
    assert {order.max_chars for order in orders} == {160}


def test_more_combinations_than_are_allowed_are_refused(ordered: Ordered) -> None:
    ordered(most=3)
    with pytest.raises(GenerateError, match="intro: its inputs, top_category, have more than 2 combinations"):
        ordered(most=2)


def test_an_empty_table_wants_nothing(ordered: Ordered, folder: Path) -> None:
    assert generate(folder, ordered([])) == {"intro": Outcome(0)}
    assert not (folder / TEXTS).exists()


def test_a_table_that_is_not_as_the_models_are_is_told(
    ordered: Ordered, models: list[Model], manifest: dict[str, Any], tmp_path: Path
) -> None:
    ordered()
    campaign = export_tables.load(CAMPAIGNS / "weekly_picks", models, manifest)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(f"alter table {export_tables.table(models[0])} drop column top_category")
        with pytest.raises(GenerateError, match="is not published as the models are now: postroom run"):
            wanted(connection, campaign, declared(campaign)[0], models, 10)


def test_phrases_are_filled_once_and_the_same_every_time(ordered: Ordered, folder: Path) -> None:
    outcome = generate(folder, ordered())["intro"]
    assert (outcome.wanted, outcome.there, len(outcome.written), outcome.left_out) == (3, 0, 3, [])
    first = (folder / TEXTS).read_bytes()
    assert all(category in text for (_, category), text in texts(folder).items())
    assert generate(folder, ordered())["intro"].written == {}
    assert (folder / TEXTS).read_bytes() == first
    (folder / TEXTS).unlink()
    generate(folder, ordered())
    assert (folder / TEXTS).read_bytes() == first


def test_what_a_person_has_approved_or_edited_stays(ordered: Ordered, folder: Path) -> None:
    generate(folder, ordered([("Bath", "en")]))
    path = folder / TEXTS
    _, before = read_texts(path)
    (text,) = (candidate.text for candidate in before["intro"].values())
    edited = (
        path.read_text(encoding="utf-8").replace(text, "a better one.").replace("approved: false", "approved: true")
    )
    path.write_text(edited, encoding="utf-8")
    outcome = generate(folder, ordered())["intro"]
    assert (outcome.there, len(outcome.written)) == (1, 2)
    _, after = read_texts(path)
    kept, *others = after["intro"].values()
    assert (kept.text, kept.approved) == ("a better one.", True)
    assert [other.approved for other in others] == [False, False]


@pytest.mark.usefixtures("secret")
def test_a_model_writes_what_is_missing(ordered: Ordered, folder: Path, tmp_path: Path) -> None:
    ask_a_model(folder)
    with serving(completion("a week in the kitchen."), completion("zwei."), completion("three.")) as model:
        outcome = generate(folder, ordered(), terms(tmp_path, model))["intro"]
        assert len(outcome.written) == 3 and len(model.asked) == 3
        generate(folder, ordered(), terms(tmp_path, model))
        assert len(model.asked) == 3
    assert texts(folder) == {
        ("en-GB", "Kitchen"): "a week in the kitchen.",
        ("de", "Bath"): "zwei.",
        ("en-GB", "Bath"): "three.",
    }


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(500), "the answer was 500"),
        (Answer(401, SECRET.encode()), "the answer was 401"),
        (Answer(seconds=2), "no answer within 0.5 seconds"),
        (Answer(body=b"{"), "the answer is no chat completion"),
        (completion("hello {{ first_name }}"), "the text holds braces or markup"),
        (completion("see https://evil.example"), "the text holds a link or an address"),
        (completion("x" * 161), "the text has 161 characters, more than 160"),
        (completion("one\n\ntwo"), "the text is more than one paragraph"),
        (completion(" "), "the text is blank"),
    ],
)
def test_what_a_model_fails_at_is_left_out_and_told(
    ordered: Ordered, folder: Path, tmp_path: Path, answer: Answer, why: str
) -> None:
    ask_a_model(folder)
    with serving(answer, completion("good.")) as model:
        outcome = generate(folder, ordered(), terms(tmp_path, model))["intro"]
    ((order, told),) = outcome.left_out
    assert (order.inputs, told) == ({"top_category": "Kitchen"}, why)
    assert texts(folder) == {("de", "Bath"): "good.", ("en-GB", "Bath"): "good."}
    assert SECRET not in told + (folder / TEXTS).read_text(encoding="utf-8")


@pytest.mark.usefixtures("secret")
def test_a_service_that_keeps_failing_is_left_alone(ordered: Ordered, folder: Path, tmp_path: Path) -> None:
    ask_a_model(folder)
    rows: Rows = [(f"category {number}", "en") for number in range(8)]
    with serving(Answer(500)) as model:
        outcome = generate(folder, ordered(rows), terms(tmp_path, model))["intro"]
    assert len(model.asked) == 3 and len(outcome.left_out) == 8
    assert outcome.left_out[-1][1] == "not asked for, after so many failures"
    assert not (folder / TEXTS).exists()


@pytest.mark.usefixtures("secret")
def test_what_was_written_is_kept_when_the_rest_is_broken_off(
    ordered: Ordered, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from copywriting import ChatModel

    ask_a_model(folder)
    write = ChatModel.write

    def once(self: ChatModel, order: Any) -> str:
        if order.inputs["top_category"] == "Bath":
            raise KeyboardInterrupt
        return write(self, order)

    monkeypatch.setattr(ChatModel, "write", once)
    with serving(completion("good.")) as model, pytest.raises(KeyboardInterrupt):
        generate(folder, ordered(), terms(tmp_path, model))
    assert texts(folder) == {("en-GB", "Kitchen"): "good."}


def test_a_model_that_is_off_or_has_no_secret_is_not_asked(
    ordered: Ordered, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_a_model(folder)
    with pytest.raises(GenerateError, match="the model is off: to turn it on, set enabled to true in"):
        generate(folder, ordered())
    monkeypatch.delenv("POSTROOM_SECRET_OPENAI", raising=False)
    with serving(completion("good.")) as model:
        with pytest.raises(GenerateError, match="POSTROOM_SECRET_OPENAI is not set"):
            generate(folder, ordered(), terms(tmp_path, model))
        assert model.asked == []


@pytest.fixture
def typed(home: Path, manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """The command as it is typed. The manifest is the session's: to parse the project anew takes long."""
    monkeypatch.setattr("orchestration.generate.manifest", lambda: manifest)
    yield lambda *arguments: CliRunner().invoke(app, ["generate", *arguments])


def test_the_command_tells_what_it_did(typed: Callable[..., Any], home: Path, models: list[Model]) -> None:
    assert "No warehouse has been published yet" in str(typed("weekly_picks").exception)
    assert "There is no campaign spring" in str(typed("spring").exception)
    assert "winback declares no generated texts" in str(typed("winback").exception)
    publish(home / "published/warehouse.duckdb", models, [("Bath", "en"), ("Bath", "de")])
    before = (CAMPAIGNS / "weekly_picks" / TEXTS).read_bytes()
    result = typed("weekly_picks")
    assert (result.exit_code, result.exception) == (0, None)
    assert (CAMPAIGNS / "weekly_picks" / TEXTS).read_bytes() == before


@pytest.mark.usefixtures("secret")
def test_the_secret_is_in_no_output_and_no_file(
    ordered: Ordered, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestration.generate import _show

    ask_a_model(folder)
    echo = json.dumps({"error": {"message": f"Incorrect API key provided: {SECRET}"}}).encode()
    with serving(completion("good."), Answer(401, echo), Answer(500, echo)) as model:
        _show(folder, generate(folder, ordered(), terms(tmp_path, model)))
    printed = "".join(capsys.readouterr())
    assert "weekly_picks, intro: 3 wanted, 0 there, 1 written, 2 left out" in printed
    assert 'left out: de, {"top_category":"Bath"}: the answer was 401' in printed
    assert "1 texts wait in" in printed
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert SECRET not in printed and SECRET.encode() not in files
