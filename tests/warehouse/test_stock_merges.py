"""What CRMs say of merged contacts, in the files as they export them: the merged and the survivor are one customer."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest

from ingest import load_partition, read_contracts
from tests.conftest import REPO

from .small_warehouse import SmallWarehouse

DAY = date(2026, 3, 1)
MODELS = ["staging.crm", "staging.shop", "staging.web", "staging.esp", "staging.history", "+dim_identities"]
SALESFORCE = """\
Id,IsDeleted,MasterRecordId,FirstName,LastName,Email,MobilePhone,Birthdate,HasOptedOutOfEmail,CreatedDate,SystemModstamp
0031AAA,false,,Ann,Lee,ann@x.example,+44 7700 900001,1980-01-01,false,2026-01-01T10:00:00.000Z,2026-02-01T10:00:00.000Z
0032AAA,true,0031AAA,Ann,Lee,ann.lee@x.example,,,,2026-01-02T10:00:00.000Z,2026-02-01T10:00:00.000Z
0033AAA,true,0032AAA,A.,Lee,,,,,2026-01-03T10:00:00.000Z,2026-02-02T10:00:00.000Z
0034AAA,false,,Bob,Lee,bob@x.example,,,,2026-01-03T10:00:00.000Z,2026-02-02T10:00:00.000Z
"""


class Crm:
    """A warehouse in which nothing but the CRM's own files have landed."""

    def __init__(self, home: Path, project: Manifest, manifest: dict[str, Any]) -> None:
        self._home = home
        self._contracts = {contract.name: contract for contract in read_contracts(manifest)}
        self._warehouse = SmallWarehouse(home, project)

    def land(self, name: str, text: str) -> None:
        """Lands a file and loads it, as the asset does."""
        contract = self._contracts[name]
        folder = self._home / "landing" / contract.source / contract.table / DAY.isoformat()
        folder.mkdir(parents=True)
        (folder / "export.csv").write_text(text)
        zones = {zone: self._home / zone for zone in ("landing", "raw", "quarantine")}
        report = load_partition(contract, DAY, adapters=REPO / "adapters", **zones)
        assert report.is_loaded and not report.quarantined, report

    def customers(self) -> dict[str, str]:
        """Builds who is who and gives each contact id's customer."""
        self._warehouse.seed(["path:seeds"])
        self._warehouse.build(MODELS, "2026-03-02 00:00:00")
        query = "select substring(node_id, 8), customer_id from marts.dim_identities where node_id like 'crm_id:%'"
        return dict(self._warehouse.query(query))


@pytest.fixture
def crm(tmp_path: Path, parsed_project: Manifest, manifest: dict[str, Any]) -> Crm:
    return Crm(tmp_path, parsed_project, manifest)


def test_every_merge_in_hubspot_s_files_is_honoured(crm: Crm, shared_data: Path) -> None:
    contacts = (shared_data / "hubspot/contact_data.csv").read_text()
    audit = (shared_data / "hubspot/contact_merge_audit_data.csv").read_text()
    crm.land("crm.contacts", contacts)
    crm.land("crm.merges", audit)
    customers = crm.customers()

    merges = [(row["canonical_vid"], row["vid_to_merge"]) for row in csv.DictReader(audit.splitlines())]
    survivors = [row for row in csv.DictReader(contacts.splitlines()) if row["property_hs_merged_object_ids"]]
    merges += [(row["id"], gone) for row in survivors for gone in row["property_hs_merged_object_ids"].split(";")]
    assert len(merges) > 6
    assert [merge for merge in merges if len({customers[contact] for contact in merge}) > 1] == []
    # Nobody else is merged: as many customers as contacts that no merge took away.
    assert len(set(customers.values())) == len(set(customers) - {gone for _, gone in merges})


def test_salesforce_s_master_records_are_honoured(crm: Crm) -> None:
    crm.land("crm.contacts", SALESFORCE)
    first, second, third, other = (customer for _, customer in sorted(crm.customers().items()))
    assert first == second == third != other
