"""Files that are whole or not there, whatever happens meanwhile: a crash, a power cut, a full disk.

Here belongs how a file comes to be on the disk. What does not: what it holds, and where it lies.
"""

from disk.durable import make_folder, put_in_place, sync_folder, unread_beside, write_whole, written
from disk.full import DiskFullError, ensure_room, explained

__all__ = [
    "DiskFullError",
    "ensure_room",
    "explained",
    "make_folder",
    "put_in_place",
    "sync_folder",
    "unread_beside",
    "write_whole",
    "written",
]
