"""Who was erased, as salted hashes: what lets the loader leave their records out without knowing who they are."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from engine import Vault
from ingest.contract import IDENTIFIER_TYPES, PERSONAL_TYPES, Contract
from ingest.files import quoted
from ingest.identifiers import Provider, canonical_email, identifiers_sql, mentioned, read_providers

PROVIDERS = "email_providers.csv"


def digest(salt: str, identifier_type: str, value: str) -> str:
    """The tombstone of one identifier: SHA-256 of salt, type and value joined by colons, in lower-case hexadecimal."""
    return hashlib.sha256(f"{salt}:{identifier_type}:{value}".encode()).hexdigest()


@dataclass(frozen=True)
class Tombstones:
    """The digests of a ledger, the salts they were made with, which are few, and how providers read addresses."""

    digests: frozenset[str] = frozenset()
    salts: tuple[str, ...] = ()
    providers: Mapping[str, Provider] = field(default_factory=dict)

    @classmethod
    def read(cls, ledger: Path, vault: Vault, seeds: Path) -> Tombstones:
        """Those under `<ledger>/tombstones`; the providers are those of `<seeds>/email_providers.csv`."""
        folder, providers = ledger / "tombstones", read_providers(seeds / PROVIDERS)
        if next(folder.glob("*/*.parquet"), None) is None:
            return cls(providers=providers)
        files = vault.read_parquet(f"{quoted(glob.escape(str(folder)))}/*/*.parquet", "hive_partitioning = false")
        with vault.connect() as connection:
            rows = connection.execute(f"select digest, salt from {files}").fetchall()
        return cls(frozenset(d for d, _ in rows), tuple(sorted({s for _, s in rows})), providers)

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
                    union
                    select 'email', unnest($spelled_otherwise)
                )
                select row
                from stated left join erased using (identifier_type, value)
                group by row
                having bool_or({personal} and erased.value is not null)
                    or (bool_or(erased.value is not null) and not bool_or({personal}))
                order by row
                """,
                {
                    "digests": list(self.digests),
                    "salts": list(self.salts),
                    "spelled_otherwise": self._spelled_otherwise(connection, contract, relation),
                },
            ).fetchall()
        ]

    def _spelled_otherwise(self, connection: duckdb.DuckDBPyConnection, contract: Contract, relation: str) -> list[str]:
        """The relation's addresses that reach an erased person's mailbox, however they are spelled."""
        rows = connection.execute(
            f"select distinct value from ({identifiers_sql(contract, relation, 'source_line')}) "
            "where identifier_type = 'email' and list_contains($domains, split_part(value, '@', -1))",
            {"domains": sorted(self.providers)},
        ).fetchall()
        return [email for (email,) in rows if self._is_erased("email", canonical_email(email, self.providers))]

    def _is_erased(self, identifier_type: str, value: str) -> bool:
        return any(digest(salt, identifier_type, value) in self.digests for salt in self.salts)

    def is_mentioned_in(self, text: str) -> bool:
        """Whether a text that cannot be taken apart names an erased person."""
        return any(
            self._is_erased(kind, value)
            or (kind == "email" and self._is_erased(kind, canonical_email(value, self.providers)))
            for found, value in (mentioned(text) if self.digests else ())
            for kind in (IDENTIFIER_TYPES if found == "word" else (found,))
        )
