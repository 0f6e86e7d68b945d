"""What there is to show: campaigns rendered for made-up readers and for some of their own, and blocks alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from exports import Campaign, DataError, LoadError, Renderer, Run, load_brand, load_personas
from exports.blocks import block_names
from exports.preview import Preview, preview_block
from orchestration.export_tables import CAMPAIGNS, Model, campaign_folders, export_models, load, rows_of
from orchestration.rehearsal import persona_row, variants_of
from orchestration.settings import Settings
from workbench.errors import WorkbenchError
from workbench.published import Published

EXPORTS = CAMPAIGNS.parent
_DAY = timedelta(days=1)
# How a reader is called, a word about them, and their row of the export table.
_Reader = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Shown:
    """A message for one reader, or why there is none. `message` and `explanation` are as the outbox has them."""

    reader: str
    about: str
    message: Mapping[str, Any]
    explanation: Mapping[str, Any]
    problem: str = ""

    @property
    def html_bytes(self) -> int:
        """The size that mailbox providers count."""
        return len(self.message["html"].encode())


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One campaign: its messages by reader, and what is wrong with its folder or keeps real readers from view."""

    name: str
    description: str
    message_class: str
    shown: Mapping[str, Shown]
    problems: tuple[str, ...] = ()


class Gallery:
    """Campaigns and blocks as their files are now. What has been rendered is kept until a file changes."""

    def __init__(self, here: Settings, manifest: Mapping[str, Any], recipients: int) -> None:
        """`recipients` are how many real readers of each campaign are shown."""
        self._here, self._manifest, self._recipients = here, manifest, recipients
        self._kept: dict[str, tuple[tuple[float, ...], Exhibit]] = {}

    @property
    def largest(self) -> int:
        """The most bytes of HTML a message may have."""
        return load_brand().max_html_bytes

    def campaigns(self) -> list[Exhibit]:
        """All campaigns, by name."""
        return [self.campaign(folder.name) for folder in campaign_folders()]

    def campaign(self, name: str) -> Exhibit:
        """One campaign. Raises WorkbenchError where there is none."""
        folder = next((f for f in campaign_folders() if f.name == name), None)
        if folder is None:
            raise WorkbenchError(f"There is no campaign {name}.")
        state = self._state()
        kept = self._kept.get(name)
        if kept is None or kept[0] != state:
            self._kept[name] = kept = (state, self._rendered(folder))
        return kept[1]

    def blocks(self) -> list[str]:
        """The blocks of the library."""
        return block_names(EXPORTS)

    def block(self, name: str) -> Preview:
        """A block with its example. Raises WorkbenchError where there is none, or it is at fault."""
        if name not in self.blocks():
            raise WorkbenchError(f"There is no block {name}.")
        try:
            return preview_block(name)
        except LoadError as error:
            raise WorkbenchError("\n".join(_lines(error))) from None

    def _state(self) -> tuple[float, ...]:
        published = self._here.home / "published"
        files = [path for folder in (EXPORTS, published) for path in folder.rglob("*") if path.is_file()]
        return (len(files), max(path.stat().st_mtime for path in files))

    def _rendered(self, folder: Path) -> Exhibit:
        models = export_models(self._manifest, folder.name)
        try:
            campaign = load(folder, models, self._manifest)
        except LoadError as error:
            return Exhibit(folder.name, "", "", {}, tuple(_lines(error)))
        run, real, problems = self._audience(campaign, models)
        renderer = Renderer(campaign, run, self._here.unsubscribe_key.encode())
        rows = [*self._made_up(campaign, models, run), *real]
        shown = {reader: _shown(renderer, reader, about, row) for reader, about, row in rows}
        return Exhibit(campaign.name, campaign.description, campaign.message_class, shown, problems)

    def _made_up(self, campaign: Campaign, models: Sequence[Model], run: Run) -> list[_Reader]:
        """Every persona in the campaign's first variant, and the first persona in the others."""
        personas = load_personas()
        first, *others = variants_of(self._manifest, campaign.name)
        readers = [(p.name, p.description, persona_row(p, campaign, models, run, first)) for p in personas]
        ann = personas[0]
        return readers + [
            (f"{ann.name}, {variant}", f"The variant {variant}.", persona_row(ann, campaign, models, run, variant))
            for variant in others
        ]

    def _audience(self, campaign: Campaign, models: Sequence[Model]) -> tuple[Run, list[_Reader], tuple[str, ...]]:
        """The run that was published, some who are written to in it, and what keeps them from being shown."""
        first_day = Run(datetime.combine(self._here.first_day + _DAY, time(), UTC), self._here.first_day)
        try:
            with Published(self._here) as published:
                run = Run(published.as_of.replace(tzinfo=UTC), (published.as_of - _DAY).date())
                rows = list(islice(rows_of(published.connection, campaign, models), self._recipients))
        except WorkbenchError as error:
            return first_day, [], (str(error),)
        except (duckdb.CatalogException, duckdb.BinderException):
            return first_day, [], ("The published warehouse is not as the models are now: run the daily job.",)
        return (
            run,
            [(f"recipient {n}", f"{row['to_email']}, {row['variant']}.", row) for n, row in enumerate(rows, 1)],
            (),
        )


def _shown(renderer: Renderer, reader: str, about: str, row: Mapping[str, Any]) -> Shown:
    try:
        rendered = renderer.render(row)
    except DataError as error:
        return Shown(reader, about, {}, {}, str(error))
    return Shown(reader, about, rendered.message, rendered.explanation)


def _lines(error: LoadError) -> list[str]:
    return [f"{p.file.relative_to(EXPORTS.parent)}:{p.line}: {p.text}" for p in error.problems]
