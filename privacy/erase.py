"""Taking one person out of every zone, in an order that can be broken off anywhere and begun again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from delivery import forget
from exports import recover, remove_customers, remove_profiles
from ingest import Tombstones
from ingest.files import scratch_folder
from privacy import landing, person, state, tombstones
from privacy.look import Left, look, named_in
from privacy.person import Person
from privacy.zones import Zones


@dataclass(frozen=True)
class Removed:
    """How many rows went from one table of one zone."""

    zone: str
    table: str
    rows: int


@dataclass
class Erasure:
    """The erasure of one person, from finding out who is meant to the last look."""

    zones: Zones
    person: Person
    day: date | None
    landed: Sequence[landing.Found]

    @classmethod
    def of(cls, who: str, zones: Zones, day: date | None) -> Erasure:
        """The erasure of whom an e-mail, phone, CRM id or customer id belongs to.

        `day` is the one to rebuild afterwards: once the warehouse is gone nothing else may know it.

        Raises:
            SeveralPeopleError: it belongs to more than one customer.
        """
        return cls._of(state.survey(zones, person.find_person(who, zones)), zones, day)

    @classmethod
    def unfinished(cls, zones: Zones) -> Erasure | None:
        """The erasure that was begun and broken off, if one was."""
        saved = person.saved(zones)
        return cls._of(saved[0], zones, saved[1]) if saved else None

    @classmethod
    def _of(cls, found: Person, zones: Zones, day: date | None) -> Erasure:
        # What has landed under their address with an account that is new is theirs too: the loader would leave it out.
        before = Tombstones.read(zones.ledger, zones.vault, zones.seeds)
        found, landed = landing.find(zones, found, tombstones.with_those_of(before, found.own))
        return cls(zones, found, day, landed)

    @property
    def finds_nothing(self) -> bool:
        """Whether no zone holds anything of the person: they are not known, or erased already."""
        return not (self.person.customer_ids or self.landed or look(self.zones, self.person))

    def remove(self, at: datetime) -> tuple[int, list[Removed]]:
        """Leave tombstones, then take the person out of every zone; give the tombstones added and what was removed.

        What is derived (the warehouse, the readers' copy, the replays') is deleted: rebuilding it is the caller's.
        """
        person.save(self.person, self.day, self.zones)
        self._remove_unfinished()
        added = tombstones.leave(self.zones, self.person.own, at)
        stones = Tombstones.read(self.zones.ledger, self.zones.vault, self.zones.seeds)
        removed = [Removed("quarantine", "", landing.remove_rejects(self.zones, self.landed, self.person, stones))]
        for found in self.landed:
            landing.remove(found)
            removed.append(Removed("landing", found.contract.name, len(found.lines)))
        for outbox in self.zones.outboxes():
            removed.append(Removed("outbox", outbox.parent.name, remove_customers(outbox, self.person.customer_ids)))
        for folder in self.zones.profile_files():
            removed.append(Removed("outbox", "sync", remove_profiles(folder, self.person.customer_ids)))
        for table, rows in state.remove_from_state(self.zones, self.person).items():
            zone, name = table.split("/")
            removed.append(Removed(zone, name, rows))
        removed.append(Removed("ledger", "deliveries", forget(self.zones.ledger, self.person.message_ids)))
        removed.append(Removed("dead_letters", "", forget(self.zones.dead_letters, self.person.message_ids)))
        for table, rows in state.remove_from_raw(self.zones, self.person).items():
            removed.append(Removed("raw", table, rows))
        self._delete_derived()
        return added, _summed(removed)

    def _remove_unfinished(self) -> None:
        """Remove what processes that died have left half done: nothing is at work now."""
        for zone in (self.zones.home, self.zones.raw):
            # Which removes those that nobody works in any more.
            with scratch_folder(zone):
                pass
        for folder in (self.zones.home, *self.zones.outbox_folders("*")):
            recover(folder)
        ours = [self.zones.raw, self.zones.history, self.zones.ledger, self.zones.home / "published"]
        for file in [f for zone in ours for f in zone.rglob(".*.tmp")]:
            file.unlink()

    def _delete_derived(self) -> None:
        roots = [self.zones.home, *self.zones.home.glob("replay/*")]
        for warehouse in [root / name for root in roots for name in ("warehouse.duckdb", "published/warehouse.duckdb")]:
            warehouse.unlink(missing_ok=True)
            warehouse.with_name(f"{warehouse.name}.wal").unlink(missing_ok=True)
            shutil.rmtree(warehouse.with_name(f"{warehouse.name}.tmp"), ignore_errors=True)
        # What pulses have loaded and built; the next makes it anew.
        shutil.rmtree(self.zones.home / "pulse", ignore_errors=True)

    def look(self) -> list[Left]:
        """What is left of the person in any file, once everything derived has been rebuilt."""
        return look(self.zones, self.person)

    def seeds_naming_them(self) -> list[Left]:
        """The seeds that name the person: files of the project, which a person edits."""
        return named_in(sorted(self.zones.seeds.glob("*.csv")), self.person)

    def finish(self) -> None:
        """Forget who was erased."""
        self.zones.journal.unlink(missing_ok=True)


def _summed(removed: Sequence[Removed]) -> list[Removed]:
    totals: dict[tuple[str, str], int] = {}
    for item in removed:
        totals[item.zone, item.table] = totals.get((item.zone, item.table), 0) + item.rows
    return [Removed(zone, table, rows) for (zone, table), rows in totals.items()]


def leave_tombstone(who: str, zones: Zones, at: datetime) -> int:
    """Keep out somebody of whom nothing is held; give how many tombstones were added."""
    return tombstones.leave(zones, person.find_person(who, zones).identifiers, at)
