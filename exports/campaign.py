"""A campaign's folder, read and checked as a whole before the first row is touched.

A campaign is `campaign.yml`, `subject.j2`, `preheader.j2`, `body.mjml` and `body.txt.j2`, and of other locales the last
four in a sub-folder each; `plain/` has simpler ones, for rows that lack what these need. A new one is a new folder: no
name of a campaign, token or list is known to the code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exports.brand import Brand, load_brand
from exports.columns import Columns
from exports.definition import Definition
from exports.errors import LoadError
from exports.links import Utm
from exports.slots import Slot
from exports.templates import Templates, TemplateSet
from exports.writers import Writer
from exports.writers.config import DEFAULT_ESPS, Esps

LIBRARY = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign that has passed every check, with its templates compiled: a set for each locale it has them in."""

    name: str
    description: str
    message_class: str
    purpose: str
    utm: Utm
    slots: tuple[Slot, ...]
    warn_fallback_share: Mapping[str, float]
    brand: Brand
    template_version: str
    sets: Mapping[str, TemplateSet]
    plain: Mapping[str, TemplateSet]
    writers: tuple[Writer, ...] = ()

    @property
    def decided_columns(self) -> dict[str, str]:
        """What rows need beside the columns of the export table: SQL expressions over these, by the column's name."""
        return {column: sql for slot in self.slots for column, sql in slot.columns.items()}


def load_campaign(
    folder: Path,
    *,
    columns: Columns,
    list_columns: Mapping[str, Columns] | None = None,
    brand: Brand | None = None,
    library: Path = LIBRARY,
    esps: Path = DEFAULT_ESPS,
) -> Campaign:
    """Loads the campaign in `folder`; its name is the folder's.

    `columns` are those of the export table, `list_columns` those of its child tables by list name. `library` holds
    `layouts/` and `blocks/`, `esps` is esps.yml.
    Raises LoadError with every fault found, each by file and line.
    """
    brand = brand or load_brand()
    definition = Definition(folder, brand, columns, list_columns or {})
    loader = Templates(folder, library, definition, brand)
    services = Esps(esps)
    writers = services.writers(definition.esp, folder.name)
    texts = definition.texts.problems if definition.texts is not None else []
    problems = [*definition.file.problems, *texts, *loader.problems, *services.problems]
    if problems:
        raise LoadError(problems)
    return Campaign(
        name=folder.name,
        description=definition.description,
        message_class=definition.message_class,
        purpose=definition.purpose,
        utm=definition.utm,
        slots=definition.slots,
        warn_fallback_share=definition.warn_fallback_share,
        brand=brand,
        template_version=loader.version(),
        sets=loader.sets,
        plain=loader.plain,
        writers=writers,
    )
