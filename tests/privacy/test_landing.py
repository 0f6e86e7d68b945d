"""Taking somebody's records out of the vendor's own files."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest

from ingest import Column, Contract, ExtractError
from ingest.landing import landed_files
from privacy.landing import Found, remove

DAY = date(2026, 3, 1)
CONTACTS = Contract("crm", "contacts", "snapshot", (Column("id", "string"), Column("email", "string")))


def test_a_file_that_cannot_be_read_to_its_end_stays_alone_and_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "crm/contacts/2026-03-01/contacts.jsonl.gz"
    path.parent.mkdir(parents=True)
    rows = "".join(f'{{"id": "{number}", "email": "{number**9}@x.example"}}\n' for number in range(5000))
    path.write_bytes(whole := gzip.compress(rows.encode()))
    (file,) = landed_files(path.parent)
    path.write_bytes(cut := whole[:-20])
    with pytest.raises(ExtractError, match="cut off"):
        remove(Found(CONTACTS, DAY, file, {7}))
    assert {found.name: found.read_bytes() for found in path.parent.iterdir()} == {path.name: cut}
