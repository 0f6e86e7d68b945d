"""All that a row gives to the templates: tokens, lists and slots, with what is used in the place of what is missing."""

from collections.abc import Mapping
from typing import Any

from exports.campaign import Campaign
from exports.lists import read_list
from exports.slots import read_slot
from exports.templates import TemplateSet
from exports.tokens import Notes, read_tokens


def read_values(
    campaign: Campaign, templates: TemplateSet, row: Mapping[str, Any], variant: str, notes: Notes, message_id: str
) -> dict[str, Any]:
    """The values by their names, with the fallbacks of one locale's templates.

    Raises UnfitError for a row that lacks what the message cannot do without.
    """
    query = campaign.utm.query(variant)
    values = read_tokens(templates.tokens, row, query, notes, message_id)
    for spec in templates.lists:
        values[spec.name] = read_list(spec, row, query, notes, message_id)
    for slot in campaign.slots:
        values[slot.name] = read_slot(slot, row, values, notes, message_id)
    return values | {"variant": variant}
