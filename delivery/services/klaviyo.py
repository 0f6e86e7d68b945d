"""Klaviyo's bulk jobs, `POST /api/profile-bulk-import-jobs` and `/api/event-bulk-create-jobs`: taken as a whole.

A job runs later, and what becomes of each profile or event is to be seen at Klaviyo alone.
"""

from typing import Any

from delivery.services.service import Item, Service


class KlaviyoProfiles(Service):
    """A profile by its address."""

    name = "klaviyo_profiles"
    items_at = ("data", "attributes", "profiles", "data")

    def item(self, value: Any) -> Item:
        attributes = value["attributes"]
        return Item(attributes["properties"]["postroom_send_id"], value, attributes["email"])


class KlaviyoEvents(Service):
    """An event by its `unique_id`."""

    name = "klaviyo_events"
    items_at = ("data", "attributes", "events-bulk-create", "data")

    def item(self, value: Any) -> Item:
        attributes = value["attributes"]
        (event,) = attributes["events"]["data"]
        reader = attributes["profile"]["data"]["attributes"]["email"]
        return Item(event["attributes"]["unique_id"], value, reader)
