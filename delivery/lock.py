"""One delivery at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from delivery.errors import DeliveryError


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Holds the lock of a home; it is let go of by whatever end of the process. Raises DeliveryError if it is held."""
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / "deliver.lock", os.O_RDWR | os.O_CREAT)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeliveryError("A delivery, or an erasure, is at work in this home. Wait until it is done.") from None
        yield
    finally:
        os.close(descriptor)
