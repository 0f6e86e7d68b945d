"""Who was erased, as salted hashes: what lets the loader leave their records out without knowing who they are."""

from __future__ import annotations

import glob
import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

from engine import Vault
from ingest.contract import IDENTIFIER_TYPES, PERSONAL_TYPES, Contract
from ingest.files import quoted
from ingest.identifiers import identifiers_sql, mentioned


def digest(salt: str, identifier_type: str, value: str) -> str:
    """The tombstone of one identifier: SHA-256 of salt, type and value joined by colons, in lower-case hexadecimal."""
    return hashlib.sha256(f"{salt}:{identifier_type}:{value}".encode()).hexdigest()


@dataclass(frozen=True)
class Tombstones:
    """The digests of a ledger and the salts they were made with, which are few."""

    digests: frozenset[str] = frozenset()
    salts: tuple[str, ...] = ()

    @classmethod
    def read(cls, ledger: Path, vault: Vault) -> Tombstones:
        """Those under `<ledger>/tombstones`."""
        folder = ledger / "tombstones"
        if next(folder.glob("*/*.parquet"), None) is None:
            return cls()
        files = vault.read_parquet(f"{quoted(glob.escape(str(folder)))}/*/*.parquet", "hive_partitioning = false")
        with vault.connect() as connection:
            rows = connection.execute(f"select digest, salt from {files}").fetchall()
        return cls(frozenset(d for d, _ in rows), tuple(sorted({s for _, s in rows})))

    def erased_lines(self, connection: duckdb.DuckDBPyConnection, contract: Contract, relation: str) -> list[int]:
        """The source_line of each row that is an erased person's: by its account or e-mail, or, where it states
        neither, by what people may share.
        """
        if not self.digests or not contract.identifiers:
            return []
        personal = f"identifier_type in {PERSONAL_TYPES}"
        return [
            line
            for (line,) in connection.execute(
                f"""
                with stated as ({identifiers_sql(contract, relation, "source_line")}),
                erased as (
                    select distinct identifier_type, value
                    from (select distinct identifier_type, value from stated), unnest($salts) as salts(salt)
                    where sha256(salt || ':' || identifier_type || ':' || value) in (select unnest($digests))
                )
                select row
                from stated left join erased using (identifier_type, value)
                group by row
                having bool_or({personal} and erased.value is not null)
                    or (bool_or(erased.value is not null) and not bool_or({personal}))
                order by row
                """,
                {"digests": list(self.digests), "salts": list(self.salts)},
            ).fetchall()
        ]

    def is_mentioned_in(self, text: str) -> bool:
        """Whether a text that cannot be taken apart names an erased person."""
        return any(
            digest(salt, kind, value) in self.digests
            for found, value in (mentioned(text) if self.digests else ())
            for kind in (IDENTIFIER_TYPES if found == "word" else (found,))
            for salt in self.salts
        )
