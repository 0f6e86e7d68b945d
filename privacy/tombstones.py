"""What is left of an erased person: hashes that keep their records from being imported again."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from ingest import Tombstones
from ingest.identifiers import canonical_email
from ingest.tombstones import digest
from privacy.person import Identifier
from privacy.zones import Zones


def made(stones: Tombstones, identifiers: Collection[Identifier]) -> tuple[str, list[tuple[str, str]]]:
    """The salt, and (type, digest) of each identifier; an e-mail is there as stated and in its canonical spelling.

    All are made with the ledger's one salt, so that a value is hashed once to be compared with every tombstone.
    """
    salt = stones.salts[0] if stones.salts else secrets.token_hex(16)
    canonical = {(kind, canonical_email(value, stones.providers)) for kind, value in identifiers if kind == "email"}
    return salt, sorted((kind, digest(salt, kind, value)) for kind, value in {*identifiers, *canonical})


def with_those_of(stones: Tombstones, identifiers: Collection[Identifier]) -> Tombstones:
    """The tombstones as they will be once these are left."""
    salt, added = made(stones, identifiers)
    digests = stones.digests | {hashed for _, hashed in added}
    return replace(stones, digests=digests, salts=tuple(sorted({*stones.salts, salt})))


def leave(zones: Zones, identifiers: Collection[Identifier], erased_at: datetime) -> int:
    """Add a tombstone for each identifier that has none yet; give how many were added."""
    before = Tombstones.read(zones.ledger, zones.vault, zones.seeds)
    salt, every = made(before, identifiers)
    rows = [(kind, hashed) for kind, hashed in every if hashed not in before.digests]
    if not rows:
        return 0
    # Named by what it holds: an erasure that is run again adds no second copy.
    folder = zones.ledger / "tombstones" / f"as_of_date={erased_at.date()}"
    with zones.memory() as connection:
        connection.execute("create table stones (identifier_type varchar, digest varchar)")
        connection.executemany("insert into stones values (?, ?)", rows)
        stones = f"select *, '{salt}' as salt, timestamp '{erased_at:%Y-%m-%d %H:%M:%S}' as erased_at from stones"
        zones.rewrite(connection, stones, folder / f"{rows[0][1][:16]}.parquet")
    return len(rows)
