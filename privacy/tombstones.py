"""What is left of an erased person: hashes that keep their records from being imported again."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from ingest import Tombstones
from ingest.tombstones import digest
from privacy.person import Identifier
from privacy.zones import Zones


def leave(zones: Zones, identifiers: Iterable[Identifier], erased_at: datetime) -> int:
    """Add a tombstone for each identifier that has none yet; give how many were added.

    All are made with the ledger's one salt, so that a value is hashed once to be compared with every tombstone.
    """
    before = Tombstones.read(zones.ledger, zones.vault)
    salt = before.salts[0] if before.salts else secrets.token_hex(16)
    made = [(kind, digest(salt, kind, value)) for kind, value in identifiers]
    rows = sorted((kind, hashed) for kind, hashed in made if hashed not in before.digests)
    if not rows:
        return 0
    # Named by what it holds: an erasure that is run again adds no second copy.
    folder = zones.ledger / "tombstones" / f"as_of_date={erased_at.date()}"
    folder.mkdir(parents=True, exist_ok=True)
    with zones.memory() as connection:
        connection.execute("create table stones (identifier_type varchar, digest varchar)")
        connection.executemany("insert into stones values (?, ?)", rows)
        stones = f"select *, '{salt}' as salt, timestamp '{erased_at:%Y-%m-%d %H:%M:%S}' as erased_at from stones"
        zones.rewrite(connection, stones, folder / f"{rows[0][1][:16]}.parquet")
    return len(rows)
