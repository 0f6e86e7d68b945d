"""One key for databases and Parquet: what it opens, what it does not, and what is said then."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from engine import Vault, VaultError, is_encrypted

SECRET = "a secret of thirty-two characters"
PERSON = "ada.lovelace@example.com"
VAULT = Vault(SECRET)
OTHER = Vault("another secret of the same length")


def _database(path: Path, vault: Vault) -> Path:
    with vault.connect(path) as connection:
        connection.execute(f"create schema marts; create table marts.t as select '{PERSON}' as email")
    return path


def _parquet(path: Path, vault: Vault) -> Path:
    with vault.connect() as connection:
        connection.execute(f"copy (select '{PERSON}' as email) to '{path}' ({vault.parquet})")
    return path


@pytest.mark.parametrize("vault", [Vault(), VAULT])
def test_what_is_written_is_read_and_is_plain_only_without_a_key(tmp_path: Path, vault: Vault) -> None:
    database = _database(tmp_path / "it's.duckdb", vault)
    parquet = _parquet(tmp_path / "part.parquet", vault)
    with vault.connect(database, read_only=True) as connection:
        assert connection.execute("select email from marts.t").fetchall() == [(PERSON,)]
        # Cursors have the key as well.
        rows = connection.cursor().execute(f"select email from {vault.read_parquet(str(parquet))}").fetchall()
        assert rows == [(PERSON,)]
    for path in (database, parquet):
        assert (PERSON.encode() in path.read_bytes()) == (vault.key is None)
    assert is_encrypted(parquet) == (vault.key is not None)


@pytest.mark.parametrize(
    ("written_by", "opened_by", "said"),
    [
        (VAULT, Vault(), "is encrypted: set POSTROOM_ENCRYPTION_KEY"),
        (VAULT, OTHER, "POSTROOM_ENCRYPTION_KEY is not the key that it was written with"),
        (Vault(), VAULT, "Run `postroom encrypt` once"),
    ],
)
def test_a_file_and_a_key_that_do_not_go_together_say_what_to_do(
    tmp_path: Path, written_by: Vault, opened_by: Vault, said: str
) -> None:
    database = _database(tmp_path / "warehouse.duckdb", written_by)
    parquet = _parquet(tmp_path / "part.parquet", written_by)
    before = database.read_bytes()
    with pytest.raises(VaultError, match=said) as opening:
        opened_by.connect(database)
    with pytest.raises(VaultError, match=said) as reading:
        opened_by.ensure_opens([parquet])
    assert not any(key in f"{opening.value!r}{reading.value!r}" for key in (str(VAULT.key), str(OTHER.key)))
    assert database.read_bytes() == before
    written_by.ensure_opens([parquet])


def _storage(path: Path, vault: Vault) -> str:
    with vault.connect(path, read_only=True) as connection:
        ((tags,),) = connection.execute("select tags from duckdb_databases() where database_name = 'w'").fetchall()
    return str(tags["storage_version"])


@pytest.mark.parametrize("vault", [Vault(), VAULT])
def test_databases_are_written_for_the_readers_that_docs_name(tmp_path: Path, vault: Vault) -> None:
    assert _storage(_database(tmp_path / "w.duckdb", vault), vault) == "v1.5.0+"


def test_a_database_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select 1 as n")
    assert _storage(path, Vault()) == "v1.0.0+"
    with Vault().connect(path) as connection:
        assert connection.execute("insert into t values (2); select sum(n) from t").fetchall() == [(3,)]
    assert _storage(path, Vault()) == "v1.5.0+"


def test_plain_files_among_encrypted_ones_are_named(tmp_path: Path) -> None:
    encrypted, plain = _parquet(tmp_path / "a.parquet", VAULT), _parquet(tmp_path / "b.parquet", Vault())
    with pytest.raises(VaultError, match="b.parquet is not encrypted"):
        VAULT.ensure_opens([encrypted, plain])


def test_the_derived_keys_stay_the_same() -> None:
    """With others, nothing written before could be read."""
    assert VAULT._derived("parquet") == "JUhHVHCBbRh70AqBp7t8HhKBsnK+VBbmvpVI2O3NDBs="
    assert VAULT._derived("database") == "468Zfi3Ffbe7ky99bzO3JaRsxGyiAHodm33Hlotnhwc="


def test_what_spills_to_disk_is_encrypted_and_lies_beside_the_database(tmp_path: Path) -> None:
    with VAULT.connect(tmp_path / "warehouse.duckdb") as connection:
        row = connection.execute(
            "select current_setting('temp_file_encryption'), current_setting('temp_directory')"
        ).fetchone()
    assert row == (True, str(tmp_path / "warehouse.duckdb.tmp"))


@pytest.mark.parametrize(("own_limit", "kept"), [("64GiB", "5.5 GiB"), ("1GiB", "1.0 GiB")])
def test_queries_of_a_warehouse_hold_no_more_than_the_job_may(own_limit: str, kept: str, tmp_path: Path) -> None:
    with duckdb.connect(config={"memory_limit": own_limit}) as connection:
        Vault().attach(connection, tmp_path / "warehouse.duckdb", "warehouse")
        row = connection.execute("select current_setting('memory_limit')").fetchone()
    assert row == (kept,)


def test_the_key_shows_in_no_representation() -> None:
    assert SECRET not in repr(VAULT)


def test_a_database_open_elsewhere_is_no_matter_of_keys(tmp_path: Path) -> None:
    with pytest.raises(duckdb.IOException):
        VAULT.connect(tmp_path / "absent.duckdb", read_only=True)
