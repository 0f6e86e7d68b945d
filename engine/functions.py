"""The functions that models call and DuckDB does not have."""

from __future__ import annotations

import duckdb
import idna
from duckdb.func import SPECIAL
from duckdb.sqltypes import VARCHAR


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the functions to a connection; text in, text out, null where the text can be no such thing."""
    # A type by its name would be looked up on the connection that all of a process share, whatever state that is in.
    connection.create_function("idna_domain", idna_domain, [VARCHAR], VARCHAR, null_handling=SPECIAL)


def idna_domain(domain: str | None) -> str | None:
    """The one form of a domain name: its ASCII labels by IDNA 2008 (RFC 5891), case and full stops mapped by UTS 46.

    Null for null and for what is no domain name.
    """
    if domain is None:
        return None
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None
