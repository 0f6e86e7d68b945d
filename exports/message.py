"""One row to one canonical message (schemas/message.schema.json), with what explains it.

Everything that can differ between two recipients happens here; files are written elsewhere.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from jinja2 import TemplateError, UndefinedError

from exports import unsubscribe
from exports.campaign import Campaign
from exports.checks import check_message
from exports.errors import DataError, ExportError
from exports.locales import Choice, choose
from exports.pages import Page
from exports.safety import addresses_in, clean_line, is_email
from exports.tokens import Notes
from exports.values import read_values

# The part of the longest HTML from which on a message is warned of.
NEAR = 0.9
_ID = re.compile(r"[A-Za-z0-9._:@|/+=~-]{1,200}")
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,64}")
# What parts of a text that are left out leave behind: lines of blanks alone, and then gaps.
_BLANKS = re.compile(r"\n[ \t]+(?=\n)")
_GAP = re.compile(r"\n\n\n+")


@dataclass(frozen=True, slots=True)
class Run:
    """The run an export belongs to: `as_of` in UTC, and the day it reports on."""

    as_of: dt.datetime
    as_of_date: dt.date

    def __post_init__(self) -> None:
        if self.as_of.utcoffset() != dt.timedelta(0):
            raise ExportError("as_of must be a timestamp in UTC, with its time zone")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message ready to write, and its explanation. `fields` are the message's; its HTML is JSON already."""

    fields: Mapping[str, Any]
    explanation: dict[str, Any]
    unsubscribe_url: str

    def line(self) -> bytes:
        """The message as a line of JSON."""
        return orjson.dumps(self.fields, option=orjson.OPT_APPEND_NEWLINE)

    @property
    def message(self) -> dict[str, Any]:
        """The message as it is read back."""
        message: dict[str, Any] = orjson.loads(self.line())
        return message


class Renderer:
    """Renders the rows of one campaign in one run."""

    def __init__(self, campaign: Campaign, run: Run, secret: bytes) -> None:
        unsubscribe.check_key(secret)
        brand = campaign.brand
        self.campaign, self.run, self.secret = campaign, run, secret
        self._from = {"email": brand["from_email"], "name": brand["from_name"]}
        self._reply_to = {"email": brand["reply_to"], "name": brand["shop_name"]}
        self._own_addresses = addresses_in(" ".join(brand.values.values()))
        self._locales = tuple(campaign.sets)

    def render(self, row: Mapping[str, Any]) -> Rendered:
        """The message of one row. Raises DataError, naming the message, when it cannot be made whole."""
        message_id = _identifier(row, "message_id", row.get("message_id"))
        customer_id = _identifier(row, "customer_id", message_id)
        self._belongs(row, message_id)
        variant = _matching(_SLUG, row, "variant", message_id)
        campaign, notes = self.campaign, Notes()
        request = unsubscribe.Unsubscribe(customer_id, campaign.purpose, message_id)
        token = unsubscribe.sign(self.secret, request)
        url = f"{campaign.brand['unsubscribe_url']}/{token}"
        locale = choose(row.get("language"), self._locales, campaign.brand["locale"])
        page, parts = self._parts(row, message_id, variant, url, locale.locale, notes)
        message = {
            "message_id": message_id,
            "campaign": campaign.name,
            "variant": variant,
            "locale": locale.locale,
            "to": {"email": _email(row, message_id), "name": _name(row, message_id)},
            "from": self._from,
            "reply_to": self._reply_to,
            **parts,
            "headers": unsubscribe.headers(url, campaign.brand["unsubscribe_mailto"], token),
            "send_at": _timestamp(row, "send_at", message_id),
            "utm": campaign.utm.record(variant),
            "customer_id": customer_id,
            "metadata": {
                "campaign_id": campaign.name,
                "send_id": message_id,
                "person_id": customer_id,
                "variant": variant,
                "message_class": campaign.message_class,
            },
        }
        check_message(message | {"html": page.abridged()}, self._own_addresses)
        self._measure(message_id, page, notes)
        return Rendered(message, self._explain(row, message, locale, notes), url)

    def _measure(self, message_id: str, page: Page, notes: Notes) -> None:
        """Refuses HTML that a reader would not see whole, and notes what comes near it."""
        most = self.campaign.brand.max_html_bytes
        # As JSON it is never shorter.
        if len(page.json) <= most * NEAR:
            return
        size = page.size()
        if size > most:
            text = f"has {size:,} bytes, and max_html_bytes in brand.yml is {most:,}: show fewer items or shorter texts"
            raise DataError(message_id, text, "html")
        if size > most * NEAR:
            notes.warnings["html_bytes"] = size

    def _belongs(self, row: Mapping[str, Any], message_id: str) -> None:
        for column, expected in (("campaign", self.campaign.name), ("as_of_date", self.run.as_of_date)):
            if row.get(column) != expected:
                raise DataError(message_id, f"is {row.get(column)}, not {expected}", column)

    def _parts(
        self,
        row: Mapping[str, Any],
        message_id: str,
        variant: str,
        unsubscribe_url: str,
        locale: str,
        notes: Notes,
    ) -> tuple[Page, dict[str, Any]]:
        templates, values = read_values(self.campaign, locale, row, variant, notes, message_id)
        try:
            subject = " ".join(templates.subject.text(values).split())
            preheader = " ".join(templates.preheader.text(values).split())
            values |= {"subject": subject, "preheader": preheader, "unsubscribe_url": unsubscribe_url}
            page, text = templates.html.page(values), _tidied(templates.text.text(values))
        except UndefinedError as error:
            # It names what is missing; any other error may quote a value.
            raise DataError(message_id, f"the template cannot be filled: {error}") from error
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            problem = f"the template cannot be filled: {type(error).__name__}"
            raise DataError(message_id, problem) from None
        return page, {"subject": subject, "preheader": preheader, "html": orjson.Fragment(page.json), "text": text}

    def _explain(
        self, row: Mapping[str, Any], message: Mapping[str, Any], locale: Choice, notes: Notes
    ) -> dict[str, Any]:
        message_id = message["message_id"]
        return {
            "message_id": message_id,
            "campaign": message["campaign"],
            "variant": message["variant"],
            "customer_id": message["customer_id"],
            "occasion_id": row.get("occasion_id"),
            "as_of_date": self.run.as_of_date.isoformat(),
            "locale": {"used": locale.locale, "language": locale.language, "by": locale.by},
            "evidence": _evidence(row, message_id),
            "slots": notes.slots,
            "generated": notes.generated,
            "blocks": notes.blocks,
            "fallbacks": notes.fallbacks,
            "warnings": notes.warnings,
            "consent": {
                "id": row.get("consent_id"),
                "source": row.get("consent_source"),
                "obtained_at": _timestamp(row, "consent_obtained_at", message_id),
            },
            "template_version": self.campaign.template_version,
        }


def _tidied(text: str) -> str:
    return _GAP.sub("\n\n", _BLANKS.sub("", text)).lstrip("\n")


def _identifier(row: Mapping[str, Any], column: str, message_id: object) -> str:
    return _matching(_ID, row, column, message_id)


def _matching(pattern: re.Pattern[str], row: Mapping[str, Any], column: str, message_id: object) -> str:
    value = row.get(column)
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    raise DataError(message_id, f"is not an id of the form {pattern.pattern}", column)


def _email(row: Mapping[str, Any], message_id: str) -> str:
    value = row.get("to_email")
    if isinstance(value, str) and is_email(value):
        return value
    raise DataError(message_id, "is not one plain e-mail address", "to_email")


def _name(row: Mapping[str, Any], message_id: str) -> str | None:
    value = row.get("to_name")
    if value is None or isinstance(value, str):
        return clean_line(value) if value else None
    raise DataError(message_id, "is not text", "to_name")


def _timestamp(row: Mapping[str, Any], column: str, message_id: str) -> str:
    """ISO 8601 in UTC, to the second. A timestamp without a zone is UTC, as everywhere in the warehouse."""
    value = row.get(column)
    if not isinstance(value, dt.datetime) or value != value:
        raise DataError(message_id, "is not a timestamp", column)
    if value.tzinfo is not None:
        value = value.astimezone(dt.UTC)
    return value.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _evidence(row: Mapping[str, Any], message_id: str) -> Any:
    try:
        return orjson.loads(row.get("evidence") or "")
    except (orjson.JSONDecodeError, TypeError):
        raise DataError(message_id, "is not JSON", "evidence") from None
