"""The checks of every definition: segments (seg_*), triggers (trg_*), campaigns (cmp_*) and journeys (jrn_*).

They read the files as they are and take all that is wrong together; dbt stops at the first. Each problem names its file
and line and says what to do.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import sqlglot
import yaml
from sqlglot.errors import SqlglotError

from exports.errors import LoadError, Problem
from exports.yamlfile import YamlFile, read_yaml
from orchestration.journeys import load_journeys
from workbench.columns import Columns
from workbench.masked import Masked, masked
from workbench.names import DIALECT, closest

PREFIXES = {"seg_": "segment", "trg_": "trigger", "cmp_": "campaign", "jrn_": "journey"}
LISTS = {"segment": "segments", "trigger": "triggers", "campaign": "campaigns", "journey": "journeys"}
# Besides what the models read without a default (`policy_value(model, 'owner', 'string')`).
_ALWAYS_NEEDED = {
    "segment": {"owner"},
    "trigger": {"delay_minutes", "window_minutes"},
    "campaign": {"owner", "priority", "message_class", "purpose", "needs_profiling", "holdout_share"},
    "journey": set[str](),
}
# A journey's SQL is one macro call: the macro has the unit tests.
_UNTESTED = {"journey"}
_WITHOUT_DEFAULT = re.compile(r"policy_value\(\s*model\s*,\s*'(\w+)'\s*,\s*'[^']+'\s*\)")


@dataclass(frozen=True)
class Definition:
    """One definition: its SQL, and its YAML if there is any beside it."""

    kind: str
    name: str
    sql: Path
    yml: YamlFile | None
    masked: Masked | None

    @property
    def model(self) -> str:
        return self.sql.stem

    @property
    def place(self) -> tuple[str, ...]:
        """Where the model stands in its YAML."""
        models = (self.yml.data.get("models") if self.yml else None) or []
        found = [i for i, model in enumerate(models) if isinstance(model, dict) and model.get("name") == self.model]
        return ("models", str(found[0])) if found else ()

    @property
    def entry(self) -> dict[str, Any]:
        if not self.place or self.yml is None:
            return {}
        entry: dict[str, Any] = self.yml.data["models"][int(self.place[1])]
        return entry

    @property
    def meta(self) -> dict[str, Any]:
        return (self.entry.get("config") or {}).get("meta") or {}

    def fault(self, *key: str, text: str) -> Problem:
        """A problem of its YAML, at a key under the model's entry or the nearest above it."""
        if self.yml is None or not self.place:
            return Problem(self.sql, 1, text)
        return Problem(self.yml.path, self.yml.line(*self.place, *key), text)


@dataclass
class Project:
    """The files of a dbt project that definitions are made of. Reading gathers the files that cannot be read."""

    root: Path
    unread: list[Problem] = field(default_factory=list)

    @cached_property
    def definitions(self) -> list[Definition]:
        found = []
        for path in sorted((self.root / "models").rglob("*.sql")):
            for prefix, kind in PREFIXES.items():
                if path.name.startswith(prefix):
                    name = path.stem.removeprefix(prefix)
                    found.append(Definition(kind, name, path, self._yaml(path.with_suffix(".yml")), self._masked(path)))
        return found

    @cached_property
    def settings(self) -> YamlFile:
        return read_yaml(self.root / "dbt_project.yml")

    @cached_property
    def known(self) -> dict[str, frozenset[str] | None]:
        """Every model and seed with the columns that its YAML describes; None where it describes none."""
        files = [*(self.root / "models").rglob("*.sql"), *(self.root / "seeds").rglob("*.csv")]
        found: dict[str, frozenset[str] | None] = {path.stem: None for path in files}
        for path in [*(self.root / "models").rglob("*.yml"), *(self.root / "seeds").rglob("*.yml")]:
            try:
                held = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            except (yaml.YAMLError, UnicodeDecodeError):
                continue
            for node in [*((held or {}).get("models") or []), *((held or {}).get("seeds") or [])]:
                names = [str(column["name"]).lower() for column in node.get("columns") or []]
                found[node["name"]] = frozenset(names) or None
        return found

    @cached_property
    def needed(self) -> dict[str, set[str]]:
        """The settings a definition must have, by kind: what a model over all of the kind reads without a default."""
        found = {kind: set(names) for kind, names in _ALWAYS_NEEDED.items()}
        for path in (self.root / "models/marts").rglob("*.sql"):
            text = path.read_text(encoding="utf-8")
            for kind, variable in LISTS.items():
                if f"var('{variable}')" in text:
                    found[kind] |= set(_WITHOUT_DEFAULT.findall(text))
        return found

    def _yaml(self, path: Path) -> YamlFile | None:
        try:
            return read_yaml(path) if path.exists() else None
        except LoadError as error:
            self.unread += error.problems
            return None

    def _masked(self, path: Path) -> Masked | None:
        try:
            return masked(path.read_text(encoding="utf-8"))
        except jinja2.TemplateSyntaxError as error:
            self.unread.append(Problem(path, error.lineno, f"its Jinja does not parse: {error.message}"))
            return None


def check(root: Path) -> list[Problem]:
    """Everything that is wrong with the definitions of a project, by file and line."""
    # Of a macro that stands for a table it says that it cannot look into it.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    project = Project(root)
    try:
        found = [problem for each in _CHECKS for problem in each(project)]
    except LoadError as error:
        found = list(error.problems)
    return sorted({*found, *project.unread})


def _names(project: Project) -> Iterator[Problem]:
    """Two files of one name."""
    files: dict[str, list[Path]] = defaultdict(list)
    for path in sorted((project.root / "models").rglob("*.sql")):
        files[path.stem].append(path)
    for name, paths in files.items():
        for path in paths[1:]:
            first = paths[0].relative_to(project.root)
            yield Problem(path, 1, f"{name} is there twice, in {first} too: rename one of them")


def _lists(project: Project) -> Iterator[Problem]:
    """The lists under `vars` against the files."""
    variables = project.settings.data.get("vars") or {}
    for kind, variable in LISTS.items():
        if variable not in variables:
            continue
        prefix = next(p for p, k in PREFIXES.items() if k == kind)
        listed = variables[variable] or []
        files = {d.name: d.sql for d in project.definitions if d.kind == kind}
        seen: set[str] = set()
        for position, name in enumerate(listed):
            line = project.settings.line("vars", variable, str(position))
            if name in seen:
                yield Problem(project.settings.path, line, f"{variable} lists {name} twice: take one out")
            elif name not in files:
                text = f"{variable} lists {name}, but there is no model {prefix}{name}: add it, or take the name out"
                yield Problem(project.settings.path, line, text)
            seen.add(name)
        for name, path in files.items():
            if name not in seen:
                yield Problem(
                    path, 1, f"{path.stem} is not listed: add {name} to {variable} under vars in dbt_project.yml"
                )


def _descriptions(project: Project) -> Iterator[Problem]:
    for definition in project.definitions:
        if definition.yml is None:
            if not definition.sql.with_suffix(".yml").exists():
                yield definition.fault(
                    text=f"has no {definition.sql.stem}.yml beside it: describe it and its columns there"
                )
            continue
        if not definition.place:
            text = f"does not describe {definition.model}: add it under models"
            yield Problem(definition.yml.path, 1, text)
            continue
        if not str(definition.entry.get("description") or "").strip():
            yield definition.fault("name", text=f"{definition.model} has no description: say what one row of it is")
        for position, column in enumerate(definition.entry.get("columns") or []):
            if not str(column.get("description") or "").strip():
                text = f"the column {column.get('name')} has no description: say what it holds"
                yield definition.fault("columns", str(position), text=text)


def _unit_tests(project: Project) -> Iterator[Problem]:
    for definition in project.definitions:
        if definition.yml is None or definition.kind in _UNTESTED:
            continue
        tests = definition.yml.data.get("unit_tests") or []
        if definition.model not in {test.get("model") for test in tests if isinstance(test, dict)}:
            text = "has no unit test: add one under unit_tests, with rows that are in and rows that are not"
            yield definition.fault("name", text=f"{definition.model} {text}")


def _settings(project: Project) -> Iterator[Problem]:
    for definition in project.definitions:
        if not definition.place:
            continue
        for name in sorted(project.needed[definition.kind] - definition.meta.keys()):
            text = f"{definition.model} lacks {name}: set it under config.meta (null where it is to have none)"
            yield definition.fault("config", "meta", text=text)


def _priorities(project: Project) -> Iterator[Problem]:
    first: dict[Any, Definition] = {}
    for definition in project.definitions:
        priority = definition.meta.get("priority") if definition.kind == "campaign" else None
        if priority is None:
            continue
        if priority in first:
            other = first[priority].model
            text = f"priority {priority} is {other}'s too, and chance would say which goes first: give one another"
            yield definition.fault("config", "meta", "priority", text=text)
        first.setdefault(priority, definition)


def _sources(project: Project) -> Iterator[Problem]:
    """The segments and triggers that campaigns name."""
    there = {kind: {d.name for d in project.definitions if d.kind == kind} for kind in LISTS}
    for definition in project.definitions:
        if definition.kind != "campaign":
            continue
        segments = definition.meta.get("segments") or []
        for position, name in enumerate(segments if isinstance(segments, list) else [segments]):
            if name not in there["segment"]:
                text = f"there is no segment {name}: {closest(str(name), there['segment'])}"
                yield definition.fault("config", "meta", "segments", str(position), text=text)
        trigger = definition.meta.get("trigger")
        if trigger is not None and trigger not in there["trigger"]:
            text = f"there is no trigger {trigger}: {closest(str(trigger), there['trigger'])}"
            yield definition.fault("config", "meta", "trigger", text=text)


def _journeys(project: Project) -> Iterator[Problem]:
    """The steps of journeys, by the rules they are held to when they are loaded."""
    try:
        load_journeys(project.root)
    except LoadError as error:
        yield from error.problems


def _models(project: Project) -> Iterator[Problem]:
    """The models that definitions read."""
    for definition in project.definitions:
        for name, line in definition.masked.refs if definition.masked else ():
            if name not in project.known:
                yield Problem(definition.sql, line, f"there is no model {name}: {_meant(name, project.known)}")


def _columns(project: Project) -> Iterator[Problem]:
    """The columns that definitions name, and those they give."""
    for definition in project.definitions:
        source = definition.masked
        if source is None or not re.search(r"\bselect\b", source.sql, re.I):
            continue
        try:
            columns = Columns(sqlglot.parse_one(source.sql, dialect=DIALECT), project.known)
        except SqlglotError as error:
            # What loops and conditions put together, dbt alone can say.
            if not source.has_blocks:
                yield Problem(definition.sql, *_syntax(error))
            continue
        for unknown in columns.unknown():
            where = f" in {unknown.table}" if unknown.table else " in what is read here"
            text = f"there is no column {unknown.column}{where}: {_meant(unknown.column, unknown.known)}"
            if unknown.is_table:
                text = (
                    f"nothing that is read here is called {unknown.table}: {closest(str(unknown.table), unknown.known)}"
                )
            yield Problem(definition.sql, unknown.line, text)
        described = [str(c.get("name")) for c in definition.entry.get("columns") or []]
        returned = columns.returned()
        if returned is None or not definition.place:
            continue
        for name, line in returned:
            if name and name not in described:
                text = f"returns {name}, which {definition.model}.yml does not describe: add it under columns"
                yield Problem(definition.sql, line, text)
        for position, name in enumerate(described):
            if name not in {n for n, _ in returned}:
                text = f"describes {name}, which {definition.model}.sql does not return: take it out"
                yield definition.fault("columns", str(position), text=text)


def _meant(name: str, known: Any) -> str:
    text = closest(name, known)
    return text if text.startswith("did") else "check its spelling, or describe it in the YAML of the model it is from"


def _syntax(error: SqlglotError) -> tuple[int, str]:
    details = (getattr(error, "errors", None) or [{}])[0]
    line = details.get("line") or 1
    return int(line), f"its SQL does not parse at `{details.get('highlight', '')}`: {details.get('description', error)}"


_CHECKS: tuple[Callable[[Project], Iterator[Problem]], ...] = (
    _names,
    _lists,
    _descriptions,
    _unit_tests,
    _settings,
    _priorities,
    _sources,
    _journeys,
    _models,
    _columns,
)


def refused(message: str, root: Path) -> Problem:
    """What dbt says of a project that does not parse, at the file and line it names."""
    text = " ".join(line.strip() for line in message.splitlines()[1:] if line.strip())
    file = re.search(r"[\w./-]+\.(?:sql|yml)", text)
    line = re.search(r"\bline (\d+)", text)
    # Of a YAML file dbt says the path below models/ or seeds/.
    paths = [root / folder / file.group() for folder in ("", "models", "seeds")] if file else []
    path = next((p for p in paths if p.exists()), root / "dbt_project.yml")
    return Problem(path, int(line.group(1)) if line else 1, f"dbt: {text}")
