"""What the tests over a real warehouse share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from dbt.contracts.graph.manifest import Manifest

from .small_warehouse import SmallWarehouse, project_manifest


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The dbt project as it is now, parsed once."""
    return project_manifest(tmp_path_factory.mktemp("parse"))


@pytest.fixture
def new_warehouse(tmp_path: Path, manifest: Manifest) -> Callable[[str], SmallWarehouse]:
    """Makes empty warehouses, each under a name of its own."""
    return lambda name: SmallWarehouse(tmp_path / name, manifest)
