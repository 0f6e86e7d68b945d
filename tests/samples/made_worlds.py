"""Making a world in a test, and reading what lies in it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samples import World, generate


@dataclass(frozen=True)
class Made:
    """A world on disk."""

    world: World
    landing: Path
    truth: Path

    def bytes_of(self, file: str) -> bytes:
        """An extract's content, decompressed."""
        content = (self.landing / file).read_bytes()
        return gzip.decompress(content) if file.endswith(".gz") else content

    def known(self, name: str) -> list[dict[str, Any]]:
        """A truth file's records."""
        return [json.loads(line) for line in (self.truth / f"{name}.jsonl").read_text().splitlines()]

    def files(self) -> Iterator[str]:
        """The extracts' names inside the landing folder, in order."""
        for path in sorted(self.landing.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(self.landing))


def make(folder: Path, **arguments: Any) -> Made:
    """Generate a world into a folder."""
    made = Made(World(**arguments), folder / "landing", folder / "truth")
    generate(made.world, made.landing, made.truth)
    return made
