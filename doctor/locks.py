"""Who holds a file's lock, found out without taking it: to try would make others fail."""

from __future__ import annotations

from pathlib import Path

_TABLE = Path("/proc/locks")


def holders(path: Path) -> list[int]:
    """The processes that hold a lock on a file or folder, as the kernel lists them; none where it lists nothing.

    proc_locks(5): kind, mode, access, pid, major:minor:inode, and the range.
    """
    if not path.exists() or not _TABLE.exists():
        return []
    inode = path.stat().st_ino
    lines = [line.split() for line in _TABLE.read_text().splitlines()]
    # A lock that is waited for has an arrow before its kind.
    held = [fields for fields in lines if fields[1] != "->" and fields[5].rpartition(":")[2] == str(inode)]
    return sorted({int(fields[4]) for fields in held})
