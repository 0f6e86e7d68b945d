"""`postroom generate`: the room copywriting/ at the terminal. It puts texts before people, and approves none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import duckdb
import orjson
import typer
from rich.console import Console

from copywriting import DEFAULT_TERMS, ChatModel, CopywritingError, Order, Phrases, Writer, load_terms
from exports import Campaign, LoadError
from exports.approved import TEXTS, Candidate, fault_in, read_texts, write_texts
from exports.generated import GeneratedText
from exports.locales import choose
from orchestration import export_tables
from orchestration.dbt_project import manifest
from orchestration.settings import service_secret, settings
from orchestration.site import Site

# What is declared, with what is wanted of it.
Orders = Sequence[tuple[GeneratedText, Sequence[Order]]]
console = Console()
# A service that fails so often in a row is not asked again.
_GIVE_UP_AFTER = 3


class GenerateError(Exception):
    """Nothing can be generated; the message says why and what to do."""


@dataclass(slots=True)
class Outcome:
    """What became of one declared text: how many were wanted and there, which were written, which not and why."""

    wanted: int
    there: int = 0
    written: dict[str, Candidate] = field(default_factory=dict)
    left_out: list[tuple[Order, str]] = field(default_factory=list)


def generate_texts(
    campaign: Annotated[str, typer.Argument(help="The campaign, as in weekly_picks.")],
    most: Annotated[int, typer.Option(help="Most texts that may be wanted of one name.")] = 100,
) -> None:
    """Have the texts written that a campaign declares and lacks, and put them into its generated.yml for review."""
    try:
        folder = _folder(campaign)
        models = export_tables.export_models(manifest(), campaign)
        loaded = export_tables.load(folder, models, manifest())
        texts = declared(loaded)
        with _published() as connection:
            orders = [(each, wanted(connection, loaded, each, models, most)) for each in texts]
        outcomes = generate(folder, orders)
    except (GenerateError, LoadError) as error:
        raise SystemExit(str(error)) from None
    _show(folder, outcomes)
    if any(outcome.left_out for outcome in outcomes.values()):
        raise typer.Exit(1)


def declared(campaign: Campaign) -> tuple[GeneratedText, ...]:
    """The generated texts of a campaign. Raises GenerateError for one that declares none."""
    found = campaign.sets[campaign.brand["locale"]].generated
    if not found:
        raise GenerateError(f"{campaign.name} declares no generated texts: docs/content.md says how to")
    return found


def wanted(
    connection: duckdb.DuckDBPyConnection,
    campaign: Campaign,
    text: GeneratedText,
    models: Sequence[export_tables.Model],
    most: int,
) -> list[Order]:
    """An order for each combination of inputs in the export table, in each locale it is read in.

    Raises GenerateError for more than `most`, or a table that is not as its contract says.
    """
    columns, table = list(text.inputs), export_tables.table(models[0])
    language = ["language"] if "language" in models[0]["columns"] else []
    select = f"select distinct {', '.join(dict.fromkeys([*columns, *language]))} from {table} order by all"
    try:
        cursor = connection.execute(select)
    except duckdb.Error:
        raise GenerateError(f"{table} is not published as the models are now: postroom run") from None
    names, locales = [name for name, *_ in cursor.description], tuple(campaign.sets)
    orders: dict[str, Order] = {}
    while values := cursor.fetchone():
        row = dict(zip(names, values, strict=True))
        inputs = text.combination(row)
        if inputs is not None:
            locale = choose(row.get("language"), locales, campaign.brand["locale"]).locale
            digest = text.hash(inputs, locale)
            orders[digest] = Order(text.name, locale, text.prompt, inputs, text.max_chars, digest)
        if len(orders) > most:
            raise GenerateError(
                f"{text.name}: its inputs, {', '.join(columns)}, have more than {most} combinations. "
                "Choose inputs with fewer values, or allow more with --most."
            )
    return list(orders.values())


def generate(folder: Path, orders: Orders, terms: Path = DEFAULT_TERMS) -> dict[str, Outcome]:
    """Has the texts written that are not in the folder's generated.yml, and puts them there, unapproved.

    What a generator fails at is left out. Raises GenerateError for a generator that cannot be asked at all.
    """
    path = folder / TEXTS
    _, candidates = read_texts(path)
    outcomes: dict[str, Outcome] = {}
    try:
        for text, wanted_texts in orders:
            there = candidates.get(text.name, {})
            missing = [order for order in wanted_texts if order.digest not in there]
            outcomes[text.name] = outcome = Outcome(len(wanted_texts), len(wanted_texts) - len(missing))
            if missing:
                with _writer(text.generator, folder, terms) as writer:
                    _write(writer, missing, outcome)
    finally:
        # What was paid for is kept, whatever stops the rest.
        for name, outcome in outcomes.items():
            candidates[name] = candidates.get(name, {}) | outcome.written
        if any(outcome.written for outcome in outcomes.values()):
            write_texts(path, candidates)
    return outcomes


def _write(writer: Writer, orders: Sequence[Order], outcome: Outcome) -> None:
    failures = 0
    for order in orders:
        if failures == _GIVE_UP_AFTER:
            outcome.left_out.append((order, "not asked for, after so many failures"))
            continue
        try:
            text = writer.write(order)
        except CopywritingError as error:
            failures += 1
            outcome.left_out.append((order, str(error)))
            continue
        failures = 0
        if fault := fault_in(text, order.max_chars):
            outcome.left_out.append((order, f"the text {fault}"))
        else:
            outcome.written[order.digest] = Candidate(order.locale, order.inputs, text, approved=False)


@contextmanager
def _writer(generator: str, folder: Path, terms: Path) -> Iterator[Writer]:
    if generator == "offline":
        yield Phrases(folder / "phrases.yml")
        return
    try:
        model = ChatModel(load_terms(terms), service_secret(generator) or "")
    except CopywritingError as error:
        raise GenerateError(str(error)) from None
    with model:
        yield model


def _folder(campaign: str) -> Path:
    folders = {folder.name: folder for folder in export_tables.campaign_folders()}
    if campaign not in folders:
        raise GenerateError(f"There is no campaign {campaign}; there are {', '.join(folders)}.")
    return folders[campaign]


@contextmanager
def _published() -> Iterator[duckdb.DuckDBPyConnection]:
    here = settings()
    path = Site(date.min, True, here.home).published
    if not path.exists():
        raise GenerateError("No warehouse has been published yet: postroom run")
    with here.vault.connect(path, read_only=True) as connection:
        yield connection


def _show(folder: Path, outcomes: Mapping[str, Outcome]) -> None:
    for name, outcome in outcomes.items():
        counts = f"{outcome.wanted} wanted, {outcome.there} there, {len(outcome.written)} written"
        _print(f"{folder.name}, {name}: {counts}, {len(outcome.left_out)} left out")
        for order, why in outcome.left_out:
            _print(f"  left out: {order.locale}, {_json(order.inputs)}: {why}")
    _, candidates = read_texts(folder / TEXTS)
    waiting = sum(not candidate.approved for entries in candidates.values() for candidate in entries.values())
    if waiting:
        _print(f"{waiting} texts wait in {folder / TEXTS}: read each, and write `approved: true` where it may be sent.")


def _json(inputs: Mapping[str, Any]) -> str:
    return orjson.dumps(inputs).decode()


def _print(line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
