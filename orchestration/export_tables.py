"""A campaign's export tables: which they are, what their contracts say, and their rows as the renderer takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from exports import Campaign, Column, LoadError, Problem, attach, load_campaign, load_personas
from exports.yamlfile import read_yaml
from orchestration.settings import PROJECT

CAMPAIGNS = PROJECT / "exports" / "campaigns"
Model = Mapping[str, Any]
_BATCH_ROWS = 10_000


def campaign_folders(campaigns: Path = CAMPAIGNS) -> list[Path]:
    """The folders of all campaigns, in the order of their names."""
    return sorted(path.parent for path in campaigns.glob("*/campaign.yml"))


def export_models(manifest: Mapping[str, Any], campaign: str) -> list[Model]:
    """The campaign's export table, then those of its lists (`exp_<campaign>__<list>`); none where it has no model."""
    name = f"exp_{campaign}"
    models = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]
    found = [m for m in models if m["name"] == name or m["name"].startswith(f"{name}__")]
    return sorted(found, key=lambda m: str(m["name"]))


def load(folder: Path, models: Sequence[Model], manifest: Mapping[str, Any]) -> Campaign:
    """The campaign of a folder, held against the contracts of its export models and the policy of its model.

    Raises:
        LoadError: with every fault in the folder, by file and line.
    """
    if not models:
        raise LoadError([Problem(folder / "campaign.yml", 1, f"there is no model exp_{folder.name} to read rows from")])
    main, *lists = models
    campaign = load_campaign(
        folder, columns=columns_of(main), list_columns={list_name(model): columns_of(model) for model in lists}
    )
    if differing := _differing(campaign, folder / "campaign.yml", _policies(manifest).get(folder.name)):
        raise LoadError(differing)
    return campaign


def problems(manifest: Mapping[str, Any], campaigns: Path = CAMPAIGNS) -> list[Problem]:
    """Every fault in the folders of all campaigns, and in the readers that they are tried on."""
    found: list[Problem] = []
    for folder in campaign_folders(campaigns):
        try:
            load(folder, export_models(manifest, folder.name), manifest)
        except LoadError as error:
            found += error.problems
    for name in sorted(_policies(manifest).keys() - {folder.name for folder in campaign_folders(campaigns)}):
        text = f"file is missing: without it nobody is sent what cmp_{name} decides"
        found.append(Problem(campaigns / name / "campaign.yml", 1, text))
    try:
        load_personas()
    except LoadError as error:
        found += error.problems
    return found


def _policies(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What the YAML of each campaign's model says of it, by campaign."""
    models = [n for n in manifest["nodes"].values() if n["resource_type"] == "model" and n["name"].startswith("cmp_")]
    return {model["name"].removeprefix("cmp_"): model["config"]["meta"] for model in models}


def _differing(campaign: Campaign, file: Path, policy: Mapping[str, Any] | None) -> list[Problem]:
    """Where the folder says otherwise than the model by which it is decided: people would leave another purpose than
    the one they were written to for.
    """
    if policy is None:
        return [Problem(file, 1, f"there is no model cmp_{campaign.name} to decide who is written to")]
    told = {"message_class": campaign.message_class, "purpose": campaign.purpose}
    return [
        Problem(
            file, read_yaml(file).line(key), f"{key} is {value} here and {policy.get(key)} in cmp_{campaign.name}.yml"
        )
        for key, value in told.items()
        if value != policy.get(key)
    ]


def rows_of(
    connection: duckdb.DuckDBPyConnection, campaign: Campaign, models: Sequence[Model]
) -> Iterator[dict[str, Any]]:
    """The export table's rows in the order of their messages, each with what rules decide and with its lists."""
    main, *lists = models
    return attach(
        _rows(connection, main, "message_id", campaign.decided_columns),
        {list_name(model): _rows(connection, model, "message_id, position") for model in lists},
    )


def columns_of(model: Model) -> dict[str, Column]:
    """The columns of a model, as its contract declares them."""
    return {
        name: Column(
            column["data_type"],
            is_personal="pii" in column["config"]["meta"],
            is_required=any(constraint["type"] == "not_null" for constraint in column["constraints"]),
        )
        for name, column in model["columns"].items()
    }


def table(model: Model) -> str:
    """The model's table, as SQL names it."""
    return f"{model['database']}.{model['schema']}.{model['name']}"


def count(connection: duckdb.DuckDBPyConnection, model: Model) -> int:
    """How many rows the model's table has."""
    row = connection.execute(f"select count(*) from {table(model)}").fetchone()
    assert row is not None
    return int(row[0])


def _rows(
    connection: duckdb.DuckDBPyConnection, model: Model, order: str, more: Mapping[str, str] | None = None
) -> Iterator[dict[str, Any]]:
    """The table's rows as dicts, a batch at a time: an audience may be larger than memory."""
    columns = ", ".join(["*", *(f"{sql} as {name}" for name, sql in (more or {}).items())])
    query = f"select {columns} from {table(model)} order by {order}"
    for batch in connection.cursor().execute(query).to_arrow_reader(_BATCH_ROWS):
        yield from batch.to_pylist()


def list_name(model: Model) -> str:
    """The list whose rows a child table has."""
    return str(model["name"]).split("__")[1]
