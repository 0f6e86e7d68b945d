"""The files of the extracts: their columns, the headers of a vendor's other export, and where dirt can stick."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)
class Table:
    """One table's file.

    Attributes:
        key: the required id; in a JSONL file a name of the outermost object.
        columns: a CSV file's header, columns that no contract declares included; empty for a JSONL file.
        other_header: column -> what the vendor's other export calls it; such an export comes once a week.
        number: a column that a word does not fit; in a JSONL file a path joined by dots. Empty where all is text.
        moment: a timestamp that cannot be in the future; empty where there is none that is read as such.
        note: a CSV column of free text that no contract declares; a line break fits in it.
        keeps_misfits: whether the contract keeps a row whose key, number or moment does not fit.
        every: days from one export to the next, the last of which is on the last day. Where it is more than one, an
            export of nothing is no file.
    """

    source: str
    name: str
    file: str
    key: str
    columns: tuple[str, ...] = ()
    other_header: dict[str, str] = field(default_factory=dict)
    number: str = ""
    moment: str = ""
    note: str = ""
    keeps_misfits: bool = False
    every: int = 1

    @property
    def is_csv(self) -> bool:
        """Whether the file is CSV and not JSONL."""
        return bool(self.columns)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CONTACTS = Table(
    "crm",
    "contacts",
    "contacts.csv",
    key="id",
    columns=_names(
        "id email hs_additional_emails firstname lastname phone date_of_birth gender city state zip country "
        "hs_language hs_timezone lifecyclestage hs_email_optout hs_merged_object_ids createdate lastmodifieddate "
        "hubspot_owner_id message"
    ),
    other_header={
        "id": "Record ID",
        "email": "Email",
        "hs_additional_emails": "Additional email addresses",
        "firstname": "First Name",
        "lastname": "Last Name",
        "phone": "Phone Number",
        "date_of_birth": "Date of birth",
        "gender": "Gender",
        "city": "City",
        "state": "State/Region",
        "zip": "Postal Code",
        "country": "Country/Region",
        "hs_language": "Preferred language",
        "hs_timezone": "Time Zone",
        "lifecyclestage": "Lifecycle Stage",
        "hs_email_optout": "Unsubscribed from all email",
        "hs_merged_object_ids": "Merged contact IDs",
        "createdate": "Create Date",
        "lastmodifieddate": "Last Modified Date",
        "hubspot_owner_id": "Contact owner",
        "message": "Message",
    },
    number="date_of_birth",
    moment="lastmodifieddate",
    note="message",
)

CONSENTS = Table(
    "crm",
    "consents",
    "consents.csv",
    key="consent_id",
    columns=_names("consent_id customer_key email purpose status source obtained_at expires_at proof form_version"),
    other_header={"customer_key": "contact_id", "email": "Email"},
    number="obtained_at",
    moment="obtained_at",
    note="form_version",
    keeps_misfits=True,
)

WEB_EVENTS = Table(
    "web", "events", "events.jsonl.gz", key="messageId", number="properties.quantity", moment="timestamp"
)

ORDERS = Table(
    "shop",
    "orders",
    "orders.csv",
    key="id",
    columns=_names(
        "id order_number customer_id email phone cart_token currency total_price total_discounts financial_status "
        "shipping_country test created_at cancelled_at updated_at source_name note"
    ),
    other_header={
        "order_number": "Name",
        "email": "Email",
        "phone": "Phone",
        "currency": "Currency",
        "total_price": "Total",
        "total_discounts": "Discount Amount",
        "financial_status": "Financial Status",
        "shipping_country": "Shipping Country",
        "created_at": "Created at",
        "cancelled_at": "Cancelled at",
        "note": "Notes",
    },
    number="total_price",
    moment="created_at",
    note="note",
)

ORDER_LINES = Table(
    "shop",
    "order_lines",
    "order_lines.csv",
    key="id",
    columns=_names(
        "id order_id product_id variant_id sku title quantity current_quantity price total_discount "
        "updated_at vendor properties"
    ),
    other_header={
        "sku": "Lineitem sku",
        "title": "Lineitem name",
        "quantity": "Lineitem quantity",
        "price": "Lineitem price",
        "total_discount": "Lineitem discount",
        "vendor": "Vendor",
    },
    number="price",
    moment="updated_at",
    note="properties",
)

PRODUCTS = Table(
    "shop",
    "products",
    "products.csv",
    key="id",
    columns=_names(
        "id title description link image_link availability price sale_price product_type brand item_group_id "
        "condition gtin"
    ),
    other_header={
        "image_link": "image link",
        "sale_price": "sale price",
        "product_type": "product type",
        "item_group_id": "item group id",
    },
)

ESP_EVENTS = Table("esp", "events", "events.jsonl", key="sg_event_id", number="timestamp", keeps_misfits=True)

TICKETS = Table("support", "tickets", "tickets.jsonl", key="id", number="created_at", moment="updated_at", every=6)

CHATS = Table("support", "chats", "chats.jsonl", key="id", number="end_timestamp", moment="timestamp", every=8)

OFFER_CODES = Table(
    "offers",
    "codes",
    "codes.csv",
    key="code",
    columns=_names("code offer expires_at batch"),
    other_header={"code": "Discount code", "offer": "Offer", "expires_at": "Ends at"},
    note="batch",
    every=4,
)

TABLES = (CONTACTS, CONSENTS, WEB_EVENTS, ORDERS, ORDER_LINES, PRODUCTS, ESP_EVENTS, TICKETS, CHATS, OFFER_CODES)
