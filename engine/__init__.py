"""DuckDB and Parquet as every room opens them: plain, or encrypted with one key.

Here belongs how a file is opened and written. What does not: which files there are, and what is asked of them.
"""

from engine.vault import Vault, VaultError, is_encrypted

__all__ = ["Vault", "VaultError", "is_encrypted"]
