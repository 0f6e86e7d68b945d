"""Addresses as the services want them: a domain in ASCII, a display name that cannot break a header."""

from collections.abc import Mapping
from email.header import Header
from email.utils import formataddr

import idna

from exports.errors import DataError
from exports.writers.check import MISSING_WORDS

_MAXIMUM_NAME = 100


def email_of(person: Mapping[str, str | None], message_id: str) -> str:
    """The address, its domain in ASCII. Raises DataError for a domain that cannot be written so."""
    local, _, domain = str(person["email"]).rpartition("@")
    try:
        return f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        raise DataError(message_id, "the domain of an address cannot be written in ASCII") from None


def name_of(person: Mapping[str, str | None]) -> str | None:
    """The display name; None for one that is missing, reads as if it were, or is no name by its length."""
    name = person["name"]
    return name if name and name not in MISSING_WORDS and len(name) <= _MAXIMUM_NAME else None


def contact(person: Mapping[str, str | None], message_id: str) -> dict[str, str]:
    """An address with its name, if there is one, as two fields."""
    name = name_of(person)
    return {"email": email_of(person, message_id), **({"name": name} if name else {})}


def mailbox(person: Mapping[str, str | None], message_id: str) -> str:
    """`Name <address>` in ASCII alone: RFC 5322, names in other letters by RFC 2047. Raises DataError.

    A local part beyond ASCII needs SMTPUTF8 on the whole way; those who ask for a mailbox do not promise it.
    """
    email, name = email_of(person, message_id), name_of(person)
    if not email.isascii():
        raise DataError(message_id, "the service takes no address with letters beyond ASCII before the @")
    if name is None or name.isascii():
        return formataddr((name, email))
    return f"{Header(name, 'utf-8').encode(linesep='')} <{email}>"
