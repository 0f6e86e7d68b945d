"""What a run's result depends on besides its data: the project's own files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from orchestration.settings import PROJECT, Settings

_CODE = (
    "adapters",
    "engine",
    "exports",
    "ingest",
    "macros",
    "models",
    "orchestration",
    "seeds",
    "tests/dbt",
    "dbt_project.yml",
    "profiles.yml",
)


def code_hash(here: Settings) -> str:
    """A hash of the project's files, and of the key that signs links."""
    return hash_of_files(_CODE, here.unsubscribe_key)


def hash_of_files(names: Iterable[str], besides: str) -> str:
    """A hash of files and folders of the project, and of a text."""
    digest = hashlib.sha256(besides.encode())
    for name in names:
        for path in _files(PROJECT / name):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(PROJECT)}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def _files(path: Path) -> Iterable[Path]:
    if path.is_file():
        return [path]
    return sorted(f for f in path.rglob("*") if f.is_file() and "__pycache__" not in f.parts)
