"""A home's zones without contracts, for what is about history, ledger or landing alone."""

from __future__ import annotations

from pathlib import Path

from engine import Vault
from privacy import Zones


def zones_of(home: Path) -> Zones:
    names = ("landing", "raw", "quarantine", "history", "ledger", "adapters", "seeds")
    return Zones(home=home, contracts=[], state={}, vault=Vault(), **{name: home / name for name in names})
