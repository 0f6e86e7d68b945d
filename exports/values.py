"""All that a row gives to the templates, with what is used in the place of what is missing."""

from collections.abc import Mapping
from typing import Any

from exports.campaign import Campaign
from exports.errors import UnfitError
from exports.fallbacks import WHOLE_MESSAGE
from exports.generated import read_generated
from exports.lists import not_shown, read_list
from exports.slots import read_slot
from exports.templates import TemplateSet
from exports.tokens import Notes, read_tokens

Values = dict[str, Any]


def read_values(
    campaign: Campaign, locale: str, row: Mapping[str, Any], variant: str, notes: Notes, message_id: str
) -> tuple[TemplateSet, Values]:
    """The templates of one locale to use for a row, the plain ones if it lacks what the others need, and their values.

    Raises UnfitError for a row that lacks what the message cannot do without, if there are no plain ones.
    """
    query = campaign.utm.query(variant)
    templates = campaign.sets[locale]
    try:
        values = _read(templates, row, query, notes, message_id)
    except UnfitError as error:
        if not campaign.plain:
            raise
        templates = campaign.plain[locale]
        notes.fallbacks = {WHOLE_MESSAGE: error.lack}
        notes.blocks = {name: not_shown(block) for name, block in notes.blocks.items()}
        values = _read(templates, row, query, notes, message_id)
    return templates, values | {"variant": variant}


def _read(templates: TemplateSet, row: Mapping[str, Any], query: str, notes: Notes, message_id: str) -> Values:
    values = read_tokens(templates.tokens, row, query, notes, message_id)
    for spec in templates.lists:
        values[spec.name] = read_list(spec, row, query, notes, message_id)
    for each in templates.generated:
        values[each.name] = read_generated(each, row, templates.locale, notes, message_id)
    for slot in templates.slots:
        values[slot.name] = read_slot(slot, row, values, notes, message_id)
    return values
