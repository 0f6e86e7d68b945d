"""Every campaign is tried on the made-up readers, and what is wrong for one of them is an error that names them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exports import Campaign, DataError, LoadError, Run, load_personas
from exports.template import environment
from orchestration.export_tables import CAMPAIGNS, Model, campaign_folders, export_models, load
from orchestration.rehearsal import persona_row, rehearse, variants_of

RUN = Run(dt.datetime(2026, 3, 2, tzinfo=dt.UTC), dt.date(2026, 3, 1))
KEY = b"a key for tests, thirty-two bytes"
FOLDERS = campaign_folders()


def _loaded(manifest: dict[str, Any], name: str) -> tuple[Campaign, list[Model]]:
    models = export_models(manifest, name)
    return load(CAMPAIGNS / name, models, manifest), list(models)


def _with_text(campaign: Campaign, text: str) -> Campaign:
    """The campaign with another subject in its default language."""
    default = campaign.brand["locale"]
    changed = replace(campaign.sets[default], subject=environment(False, default).from_string(text))
    return replace(campaign, sets={**campaign.sets, default: changed})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_shipped_campaign_is_fit_for_every_persona(folder: Path, manifest: dict[str, Any]) -> None:
    campaign, models = _loaded(manifest, folder.name)
    rehearse(campaign, models, manifest, RUN, KEY)


def test_every_variant_is_tried(manifest: dict[str, Any]) -> None:
    assert variants_of(manifest, "winback") == ["control", "new_season"]
    campaign, models = _loaded(manifest, "winback")
    broken = _with_text(campaign, "{% if variant == 'new_season' %}None{% else %}Hello{% endif %}")
    with pytest.raises(DataError, match=r"'persona-ann'.*'None'"):
        rehearse(broken, models, manifest, RUN, KEY)


def test_a_fault_that_only_shows_where_nothing_is_known_stops_the_campaign(manifest: dict[str, Any]) -> None:
    campaign, models = _loaded(manifest, "winback")
    broken = _with_text(campaign, "{% if products %}Hello{% endif %}")
    with pytest.raises(DataError, match=r"'persona-nobody'.*is blank"):
        rehearse(broken, models, manifest, RUN, KEY)


def test_a_fault_in_the_plain_message_stops_the_campaign(manifest: dict[str, Any]) -> None:
    campaign, models = _loaded(manifest, "cart_reminder")
    default = campaign.brand["locale"]
    changed = replace(campaign.plain[default], subject=environment(False, default).from_string("None"))
    with pytest.raises(DataError, match=r"'persona-ann'.*'None'"):
        rehearse(replace(campaign, plain={**campaign.plain, default: changed}), models, manifest, RUN, KEY)


def test_a_list_that_stands_in_for_another_is_there_too(manifest: dict[str, Any]) -> None:
    campaign, models = _loaded(manifest, "winback")
    (products,) = campaign.sets[campaign.brand["locale"]].lists
    joined = replace(products, fallback=replace(products, name="bestsellers"))
    sets = {locale: replace(each, lists=(joined,)) for locale, each in campaign.sets.items()}
    models.append({**models[1], "name": "exp_winback__bestsellers"})
    row = persona_row(load_personas()[0], replace(campaign, sets=sets), models, RUN, "control")
    assert len(row["bestsellers"]) == len(row["products"]) == products.maximum


def test_of_nobody_only_that_is_known_which_every_row_has(manifest: dict[str, Any]) -> None:
    campaign, models = _loaded(manifest, "winback")
    nobody = next(p for p in load_personas() if p.name == "nobody")
    row = persona_row(nobody, campaign, models, RUN, "control")
    assert row["first_name"] is None and row["days_since_order"] is None and row["products"] == []
    assert row["to_email"] == "ann@example.com"
    assert (row["slot_opening"], row["slot_opening_rule"]) == ("discover", "otherwise")


def test_rules_decide_for_personas_as_for_customers(manifest: dict[str, Any]) -> None:
    campaign, models = _loaded(manifest, "winback")
    ann = load_personas()[0]
    assert persona_row(ann, campaign, models, RUN, "control")["slot_opening"] == "last_order"
    long_ago = replace(ann, values={**ann.values, "days_since_order": 365})
    row = persona_row(long_ago, campaign, models, RUN, "control")
    assert (row["slot_opening"], row["slot_opening_rule"]) == ("long_ago", "over_a_year_ago")


def test_a_list_holds_as_many_as_are_shown(manifest: dict[str, Any]) -> None:
    campaign, models = _loaded(manifest, "weekly_picks")
    row = persona_row(load_personas()[0], campaign, models, RUN, "control")
    (spec,) = campaign.sets[campaign.brand["locale"]].lists
    assert [item["position"] for item in row["products"]] == list(range(1, spec.maximum + 1))
    assert len({item["title"] for item in row["products"]}) > 1


def test_a_persona_written_wrongly_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "personas.yml"
    path.write_text("examples: {}\npersonas:\n  ann:\n    descriptoin: x\n    knows: some\n")
    with pytest.raises(LoadError) as caught:
        load_personas(path)
    assert {(p.line, p.text.split(";")[0]) for p in caught.value.problems} >= {
        (4, "unknown key 'descriptoin'"),
        (5, "knows must be `all` or `required`"),
    }
