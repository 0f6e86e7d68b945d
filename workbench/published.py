"""The published warehouse, as whoever edits a definition reads it."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import duckdb

from engine.functions import register
from ingest.files import quoted
from orchestration.settings import Settings
from orchestration.site import Site
from workbench.errors import WorkbenchError


class Published:
    """The readers' copy, read-only. Close it, or use it in a `with`."""

    def __init__(self, here: Settings) -> None:
        """Raises WorkbenchError where nothing is published."""
        self.path = Site(date.min, True, here.home).published
        if not self.path.exists():
            raise WorkbenchError("No warehouse has been published yet. Run the daily job first: postroom run")
        self._here = here
        self.connection = here.vault.connect(self.path, read_only=True)
        register(self.connection)
        ((as_of,),) = self.connection.execute("select as_of from published.run").fetchall()
        self.as_of: datetime = as_of

    def __enter__(self) -> Published:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def columns(self, table: str) -> list[str]:
        """The columns of a mart; none where there is no such table."""
        found = self.connection.execute(
            "select column_name from duckdb_columns() where database_name = current_database()"
            " and schema_name = 'marts' and table_name = $table order by column_index",
            {"table": table},
        ).fetchall()
        return [name for (name,) in found]

    def rows(self, select: str, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a select, by column.

        Raises:
            WorkbenchError: the warehouse was published before a table or a column of it was there.
        """
        try:
            found = self.connection.execute(select, values or {})
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise WorkbenchError(
                f"The published warehouse is not as the models are now: {str(error).splitlines()[0]} "
                "Run the daily job: postroom run"
            ) from None
        names = [name for name, *_ in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def history(self, model: str) -> str | None:
        """The SQL of a read of what all days published of a model, by `as_of_date`; None while there is nothing."""
        folder = self._here.history / model
        if not any(folder.glob("as_of_date=*/*.parquet")):
            return None
        files = f"{quoted(glob.escape(str(folder)))}/as_of_date=*/*.parquet"
        return self._here.vault.read_parquet(files, "hive_partitioning = true")
