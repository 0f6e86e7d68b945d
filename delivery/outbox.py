"""What lies in the outbox for the services: the files its manifest lists, and no others."""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from delivery.errors import DeliveryError


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a service's. `send_at` is before when it may not be handed over; `options` are the service's."""

    campaign: str
    day: dt.date
    as_of: dt.datetime
    service: str
    path: Path
    rows: int
    sha256: str
    send_at: dt.datetime
    options: Mapping[str, int | str]

    @property
    def name(self) -> str:
        return f"{self.service}/{self.path.name}"

    def check(self) -> None:
        """Raises DeliveryError if the file is not the one that the manifest lists."""
        try:
            with self.path.open("rb") as file:
                self._hold(hashlib.file_digest(file, "sha256").hexdigest())
        except FileNotFoundError:
            raise DeliveryError(f"{self.path} is missing, and the manifest beside it lists it. {_AGAIN}") from None

    def read(self) -> bytes:
        """The file's content, checked once more. Raises DeliveryError."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            raise DeliveryError(f"{self.path} was there a moment ago, and is gone. Start again.") from None
        self._hold(hashlib.sha256(content).hexdigest())
        return content

    def _hold(self, digest: str) -> None:
        if digest != self.sha256:
            raise DeliveryError(f"{self.path} is not the file that was written: its hash is another. {_AGAIN}")


_NAME = re.compile(r"\w+/\w[\w.-]*")
# How a folder's name goes on after its day: a pulse's has its time as well.
_FOLDER = re.compile(r"(T\d{6})?")
_AGAIN = "Nothing was changed by hand? Then run the day's export again; it writes the same files."


def _name(name: str) -> str:
    """A file's name as it may stand in a manifest: `<service>/<part>`, and nowhere else."""
    if not _NAME.fullmatch(name):
        raise ValueError("no name of a file of a service's")
    return name


def read_outbox(folder: Path) -> list[Entry]:
    """The files for services in one campaign's outbox of one day, in the manifest's order.

    A sync of profiles lies there too, and holds nothing for them.

    Raises DeliveryError for a manifest that cannot be read, or is not this folder's own.
    """
    path = folder / "manifest.json"
    try:
        manifest = orjson.loads(path.read_bytes())
        if "profiles" in manifest:
            return []
        day = manifest["as_of_date"]
        if manifest["campaign"] != folder.parent.name or not folder.name.startswith(day):
            raise ValueError("it is another folder's")
        if not _FOLDER.fullmatch(folder.name.removeprefix(day)):
            raise DeliveryError(
                f"{path} is of {day}, and its folder a copy, or renamed. Take that out of the outbox: until then "
                "nothing is handed over, for somebody might get the same message twice."
            )
        return [
            Entry(
                campaign=folder.parent.name,
                day=dt.date.fromisoformat(day),
                as_of=dt.datetime.fromisoformat(manifest["as_of"]),
                service=file["name"].partition("/")[0],
                path=folder / _name(file["name"]),
                rows=file["rows"],
                sha256=file["sha256"],
                send_at=dt.datetime.fromisoformat(file["send_at"]),
                options=manifest["esp"][file["name"].partition("/")[0]],
            )
            for file in manifest["files"]
            if "send_at" in file
        ]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DeliveryError(f"{path} cannot be read ({type(error).__name__}). Run the day's export again.") from None
