"""What a name that is not there may have meant, and the SQL that names are looked for in."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# The SQL that dbt compiles to.
DIALECT = "duckdb"


def closest(name: str, known: Iterable[str]) -> str:
    """What may have been meant by a name that is not there, as the end of a sentence."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}."
