"""Contacts that are likely one person under two spellings: proposed with a score and its reasons, never merged.

Here belongs what contacts are compared by and how much that says. What does not: where contacts come from, and what
becomes of a proposal. Splink does the learning and the scoring, on DuckDB: the optional extra `duplicates`.
"""

from duplicates.propose import COLUMNS, propose

__all__ = ["COLUMNS", "propose"]
