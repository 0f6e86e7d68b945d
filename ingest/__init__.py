"""Ingest: landed files in, typed Parquet out.

Here belongs how a file is read, typed, checked and put in place, driven by the contract in the dbt source YAML.
What does not: when it runs (orchestration/), and any rename, filter, join or deduplication of rows (models/).
"""

from ingest.contract import Column, Contract, read_contracts
from ingest.errors import ExtractError, StillBeingWrittenError
from ingest.load import LoadReport, load_partition
from ingest.retention import remove_expired
from ingest.tombstones import Tombstones

__all__ = [
    "Column",
    "Contract",
    "ExtractError",
    "LoadReport",
    "StillBeingWrittenError",
    "Tombstones",
    "load_partition",
    "read_contracts",
    "remove_expired",
]
