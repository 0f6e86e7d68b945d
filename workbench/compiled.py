"""The SQL of models as dbt compiles it, for a clock: nothing is built, and no warehouse is opened."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from orchestration.settings import Settings
from workbench.dbt import parsed_project, run
from workbench.errors import WorkbenchError
from workbench.names import DIALECT

# The parser takes a column named `value` in a json_object for the keyword of another dialect's.
_JSON_OBJECT = re.compile(r"\bjson_object\(", re.IGNORECASE)
_STAND_IN = "json_object_as_it_is"


@dataclass(frozen=True)
class CompiledModel:
    """A model's SQL after dbt, and the file it was written in."""

    name: str
    path: str
    sql: str

    def tree(self) -> exp.Query:
        """The SQL parsed.

        Raises:
            WorkbenchError: it is no query; the line is that of the compiled text.
        """
        try:
            tree = sqlglot.parse_one(_JSON_OBJECT.sub(f"{_STAND_IN}(", self.sql), dialect=DIALECT)
        except ParseError as error:
            found = error.errors[0] if error.errors else {}
            raise WorkbenchError(
                f"{self.path}: its SQL does not parse: {found.get('description', error)} at "
                f"`{found.get('highlight', '')}`, line {found.get('line', '?')} of what dbt makes of it."
            ) from None
        if not isinstance(tree, exp.Query):
            raise WorkbenchError(f"{self.path}: it is no select.")
        for call in tree.find_all(exp.Anonymous):
            if call.name == _STAND_IN:
                call.set("this", "json_object")
        return tree


def compile_models(names: Iterable[str], here: Settings, as_of: datetime) -> dict[str, CompiledModel]:
    """Models by name, as the files say now.

    Raises:
        WorkbenchError: one does not compile; dbt's message names file and line.
    """
    wanted = sorted(set(names))
    manifest = parsed_project()
    here.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".workbench-", dir=here.home) as scratch:
        # Nothing is asked of the warehouse, but dbt opens one: an empty one.
        results = run(
            ["compile", "--no-introspect", "--select", *wanted],
            Path(scratch) / "warehouse.duckdb",
            Path(scratch) / "target",
            as_of=as_of,
            manifest=manifest,
        )
    return {
        result.node.name: CompiledModel(result.node.name, result.node.original_file_path, result.node.compiled_code)
        for result in results.results
        if result.node.resource_type == "model"
    }
