"""A campaign tried on made-up readers before it leaves: what is wrong for one of them stops it for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from exports import Campaign, Persona, Renderer, Run, check_filled, load_personas
from orchestration.export_tables import Model, columns_of, list_name
from orchestration.settings import settings


def rehearse(campaign: Campaign, models: Sequence[Model], manifest: Model, run: Run, secret: bytes) -> None:
    """Render a campaign for every persona and every variant, and its plain message too.

    Raises:
        DataError: a message cannot be made, or is not fit to be seen; it names the persona.
    """
    tried = [campaign, replace(campaign, sets=campaign.plain)] if campaign.plain else [campaign]
    renderers = [Renderer(each, run, secret) for each in tried]
    for persona in load_personas():
        for variant in variants_of(manifest, campaign.name):
            row = persona_row(persona, campaign, models, run, variant)
            for renderer in renderers:
                check_filled(renderer.render(row).message)


def variants_of(manifest: Mapping[str, Any], campaign: str) -> list[str]:
    """The variants of a campaign, as the YAML of its model has them."""
    found = [n for n in manifest["nodes"].values() if n["name"] == f"cmp_{campaign}" and n["resource_type"] == "model"]
    return [variant for model in found for variant in model["config"]["meta"].get("variants") or ["control"]]


def persona_row(
    persona: Persona, campaign: Campaign, models: Sequence[Model], run: Run, variant: str
) -> dict[str, Any]:
    """A persona's row as the export table would have it, with what the campaign's rules decide about it."""
    main, *lists = models
    columns = columns_of(main)
    row = persona.row(campaign, columns, {list_name(model): columns_of(model) for model in lists}, run, variant)
    return row | _decided(campaign, {name: column.data_type for name, column in columns.items()}, row)


def _decided(campaign: Campaign, types: Mapping[str, str], row: Mapping[str, Any]) -> dict[str, Any]:
    if not campaign.decided_columns:
        return {}
    given = ", ".join(f"cast(${name} as {kind}) as {name}" for name, kind in types.items())
    decided = ", ".join(f"{sql} as {name}" for name, sql in campaign.decided_columns.items())
    with settings().vault.connect() as connection:
        found = connection.execute(f"select {decided} from (select {given})", {name: row[name] for name in types})
        (values,) = found.fetchall()
    return dict(zip(campaign.decided_columns, values, strict=True))
