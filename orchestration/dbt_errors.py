"""What dbt may say of a failed query: which one and why, and no value of a row.

profiles.yml names this. DuckDB quotes the value that could not be cast, or the key that stood twice; dbt would write
that into its log, its results and the run's events.
"""

from __future__ import annotations

import re
from typing import Any

import duckdb
from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

# These quote names and the text of the query, which tell what to mend; all others may quote what a row holds.
_OF_THE_QUERY = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.IOException)
_QUOTED = re.compile(r"['\"].*['\"]", re.DOTALL)


class Plugin(BasePlugin):
    """Makes the cursors of this process speak without values; there is nothing to configure."""


def said(error: duckdb.Error) -> str:
    """The message, with an ellipsis in place of whatever it quotes from a row."""
    if isinstance(error, _OF_THE_QUERY):
        return str(error)
    # The query itself follows on lines of its own: it names the columns and holds no row.
    message, line, query = str(error).rpartition("\nLINE ")
    # From the first quote to the last, since a value may hold quotes and line ends itself.
    return _QUOTED.sub("'...'", message if line else query).strip().split("\n")[0] + (
        f"\n\nLINE {query}" if line else ""
    )


def _execute(self: DuckDBCursorWrapper, sql: str, bindings: Any = None) -> Any:
    try:
        return self._cursor.execute(sql) if bindings is None else self._cursor.execute(sql, bindings)
    except duckdb.Error as error:
        # Without its cause: a stack would quote that.
        raise DbtRuntimeError(said(error)) from None


DuckDBCursorWrapper.execute = _execute  # type: ignore[method-assign]
