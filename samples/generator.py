"""The whole world in one pass over its people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from samples import offers
from samples.catalogue import Catalogue
from samples.life import Truth, live
from samples.people import BLOCK, households_of, make_person
from samples.tables import OFFER_CODES, PRODUCTS, TABLES
from samples.world import World
from samples.writers import JsonLines, Landing, staged

PROGRESS_EVERY = 1_000


def generate(world: World, landing: Path, truth: Path, progress: Callable[[int], None] | None = None) -> None:
    """Write the extracts of the world into `landing` and what is true of it into `truth`.

    Both are complete when this returns, or, after an error, as they were. `progress` is told now and then how many
    people are done. Memory grows with the days, not with the people.

    Raises:
        FileExistsError: `landing` holds extracts of days that this world does not have.
    """
    _refuse_other_days(world, landing)
    with staged(landing) as landing_now, staged(truth) as truth_now:
        dirty, files = JsonLines(truth_now / "dirty.jsonl"), JsonLines(truth_now / "files.jsonl")
        names = ("people", "carts", "orders", "shown", "consents", "support")
        known = {name: JsonLines(truth_now / f"{name}.jsonl") for name in names}
        extracts = Landing(world, landing_now, dirty)
        catalogue = Catalogue(world)
        _write_feed(world, catalogue, extracts)
        _write_codes(world, extracts)
        _let_live(world, catalogue, extracts, Truth(**known), progress)
        extracts.close(files)
        for file in (dirty, files, *known.values()):
            file.close()


def _write_feed(world: World, catalogue: Catalogue, extracts: Landing) -> None:
    for day in range(world.days):
        for row in catalogue.feed(day):
            extracts.add_on(PRODUCTS, day, row)


def _write_codes(world: World, extracts: Landing) -> None:
    for day in range((world.days - 1) % OFFER_CODES.every, world.days, OFFER_CODES.every):
        for row in offers.batch(world, day):
            extracts.add_on(OFFER_CODES, day, row)


def _let_live(
    world: World, catalogue: Catalogue, extracts: Landing, truth: Truth, progress: Callable[[int], None] | None
) -> None:
    for index in range(world.people):
        if index % BLOCK == 0:
            homes = households_of(world, index // BLOCK)
        live(world, make_person(world, index, homes[index % BLOCK]), catalogue, extracts, truth)
        if progress and (index + 1) % PROGRESS_EVERY == 0:
            progress(index + 1)


def _refuse_other_days(world: World, landing: Path) -> None:
    days = {world.date_of(day).isoformat() for day in range(world.days)}
    for table in TABLES:
        for folder in sorted((landing / table.source / table.name).glob("*")):
            if folder.name not in days:
                raise FileExistsError(
                    f"{folder}: an extract of a day that this world does not have. "
                    f"Delete {landing} or name another folder."
                )
