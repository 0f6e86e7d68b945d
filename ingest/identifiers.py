"""What a record says about whose it is: its declared identifiers, in the one spelling in which they are compared.

An e-mail is compared in lower case, a phone by its digits (after a plus where it is international), anything else as it
stands; none with the spaces around it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.contract import Contract

_EMAIL = re.compile(r"[^\s\"',;:<>()\[\]{}|\\]+@[^\s\"',;:<>()\[\]{}|\\]+")
_PHONE = re.compile(r"(?<![\w.])\+?[0-9][0-9 ()./-]{5,}[0-9](?![\w.])")
_WORD = re.compile(r"[\w-]+")
# A shorter word may stand in a text by chance, as a quantity or a price does.
SHORTEST_DISTINCTIVE = 6


@dataclass(frozen=True)
class Provider:
    """How an e-mail provider reads addresses: the domain it has them under, whether dots count, what begins a tag."""

    domain: str
    ignores_dots: bool
    tag_separator: str


def read_providers(seed: Path) -> dict[str, Provider]:
    """The providers of `seeds/email_providers.csv` by each of their domains; none where there is no such file."""
    if not seed.exists():
        return {}
    with seed.open(encoding="utf-8", newline="") as rows:
        return {
            row["domain"]: Provider(row["canonical_domain"], row["ignores_dots"] == "true", row["tag_separator"])
            for row in csv.DictReader(rows)
        }


def canonical_email(email: str, providers: Mapping[str, Provider]) -> str:
    """The one spelling of an address that its provider reads in many; as macros/canonical_email.sql has it."""
    local_part, _, domain = email.rpartition("@")
    provider = providers.get(domain)
    if provider is None:
        return email
    if provider.tag_separator:
        local_part = local_part.split(provider.tag_separator)[0] or local_part
    if provider.ignores_dots:
        local_part = local_part.replace(".", "")
    return f"{local_part}@{provider.domain}"


def identifiers_sql(contract: Contract, relation: str, row: str) -> str:
    """A select of (row, identifier_type, value, is_single), one row per identifier that a row of the relation states.

    `row` is the SQL that tells the relation's rows apart; `is_single` is false for the members of a list.
    """
    selects = []
    for column in contract.identifiers:
        text = f'cast("{column.name}" as varchar)'
        parts = f"unnest(string_split({text}, '{column.separator}'))" if column.separator else text
        selects.append(
            f"select row, '{column.identifier}' as identifier_type, {_spelled(column.identifier, 'part')} as value, "
            f"{str(not column.separator).lower()} as is_single "
            f"from (select {row} as row, {parts} as part from {relation})"
        )
    return f"select * from ({' union all '.join(selects)}) where value is not null"


def spelled(identifier_type: str, value: str) -> str:
    """The value as identifiers_sql gives it."""
    value = value.strip()
    if identifier_type == "email":
        return value.lower()
    if identifier_type == "phone":
        digits = re.sub(r"[^0-9]", "", value)
        if value.startswith("00"):
            return "+" + digits[2:]
        return "+" + digits if re.match(r"[^0-9]*\+", value) else digits
    return value


def mentioned(text: str) -> Iterator[tuple[str, str]]:
    """What in a text that cannot be taken apart may be an identifier: (type, value), the type `word` for a bare word.

    Words too short to be told from other numbers and words are left out.
    """
    for found in _EMAIL.finditer(text):
        yield "email", spelled("email", found[0])
    for found in _PHONE.finditer(text):
        yield "phone", spelled("phone", found[0])
    for found in _WORD.finditer(text):
        if len(found[0]) >= SHORTEST_DISTINCTIVE:
            yield "word", found[0]


def _spelled(identifier_type: str | None, text: str) -> str:
    text = f"trim({text}, e' \\t\\r\\n')"
    if identifier_type == "email":
        return f"nullif(lower({text}), '')"
    if identifier_type == "phone":
        digits = f"regexp_replace({text}, '[^0-9]', '', 'g')"
        return (
            f"nullif(case when {text} like '00%' then '+' || substr({digits}, 3) "
            f"when regexp_matches({text}, '^[^0-9]*[+]') then '+' || {digits} else {digits} end, '')"
        )
    return f"nullif({text}, '')"
