"""`python -m samples`: write a world to disk."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from samples.generator import generate
from samples.world import World

app = typer.Typer(add_completion=False)


@app.command()
def main(
    out: Annotated[Path, typer.Option(help="The landing folder, which gets <source>/<table>/<day>/.")],
    truth: Annotated[Path, typer.Option(help="The folder for what is true of the world; only tests read it.")],
    people: Annotated[int, typer.Option(min=1, help="How many people.")] = 2000,
    days: Annotated[int, typer.Option(min=1, help="How many extract days.")] = 60,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first extract day.")] = datetime(
        2026, 1, 1
    ),
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another world.")] = 7,
) -> None:
    """Make up a shop's world and write the extracts of its CRM, site, shop, ESP and help desk."""

    def show(done: int) -> None:
        sys.stderr.write(f"\r{done:,} of {people:,} people")
        sys.stderr.flush()

    try:
        generate(World(people, days, start.date(), seed), out, truth, show)
    except FileExistsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    sys.stderr.write(f"\r{people:,} people over {days} days are in {out}\n")


if __name__ == "__main__":
    app()
