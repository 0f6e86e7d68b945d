"""The files of a dbt project as definitions are made of them: each with its SQL and its YAML, and what is in the rest.

What cannot be read, or has not the shape that dbt asks for, is gathered by file and line; everything else is read on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import yaml

from exports.errors import LoadError, Problem
from exports.textfile import read_text
from exports.yamlfile import SafeLoader, YamlFile, read_yaml
from workbench.masked import Masked, masked

PREFIXES = {"seg_": "segment", "trg_": "trigger", "cmp_": "campaign", "jrn_": "journey"}
LISTS = {"segment": "segments", "trigger": "triggers", "campaign": "campaigns", "journey": "journeys"}
# What dbt reads of a project.
_FOLDERS = ("models", "seeds", "macros", "tests/dbt")
_SUFFIXES = (".sql", ".yml", ".csv")


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
        found = [i for i, model in _entries(self.yml, "models") if model.get("name") == self.model]
        return ("models", str(found[0])) if found else ()

    @property
    def entry(self) -> dict[str, Any]:
        if not self.place or self.yml is None:
            return {}
        entry: dict[str, Any] = self.yml.data["models"][int(self.place[1])]
        return entry

    @property
    def meta(self) -> dict[str, Any]:
        return _mapping(_mapping(self.entry.get("config")).get("meta"))

    @property
    def columns(self) -> list[tuple[int, dict[str, Any]]]:
        """What its YAML says of each column, with the position in the list."""
        return _listed(self.entry.get("columns"))

    @property
    def unit_tests(self) -> list[tuple[int, dict[str, Any]]]:
        """The unit tests in its YAML, with their positions."""
        return _entries(self.yml, "unit_tests")

    def fault(self, *key: str, text: str) -> Problem:
        """A problem of its YAML, at a key under the model's entry or the nearest above it."""
        if self.yml is None or not self.place:
            return Problem(self.sql, 1, text)
        return Problem(self.yml.path, self.yml.line(*self.place, *key), text)


@dataclass
class Project:
    """The files of a dbt project. Reading gathers the files that cannot be read."""

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

    @property
    def variables(self) -> dict[str, Any]:
        """`vars` of dbt_project.yml."""
        return _mapping(self.settings.data.get("vars"))

    @cached_property
    def known(self) -> dict[str, frozenset[str] | None]:
        """Every model and seed with the columns that its YAML describes; None where it describes none."""
        files = [*(self.root / "models").rglob("*.sql"), *(self.root / "seeds").rglob("*.csv")]
        found: dict[str, frozenset[str] | None] = {path.stem: None for path in files}
        for held in self._yamls.values():
            for _, node in [*_listed(held.get("models")), *_listed(held.get("seeds"))]:
                names = [str(column["name"]).lower() for _, column in _listed(node.get("columns"))]
                found[node["name"]] = frozenset(names) or None
        return found

    @cached_property
    def misshapen(self) -> list[Problem]:
        """What dbt would not take for a list of models, seeds, tests or columns, or for their settings."""
        return [
            problem
            for path, held in sorted(self._yamls.items())
            if any(_faults(held))
            for problem in _shape(read_yaml(path))
        ]

    @cached_property
    def in_other_encodings(self) -> list[Problem]:
        """The files that dbt cannot read."""
        found: list[Problem] = []
        for path in sorted(p for folder in _FOLDERS for p in (self.root / folder).rglob("*") if p.suffix in _SUFFIXES):
            try:
                read_text(path)
            except LoadError as error:
                found += error.problems
        return found

    @cached_property
    def _yamls(self) -> dict[Path, dict[str, Any]]:
        """The YAML files of models and seeds that can be read; the others are dbt's to tell, or their definition's."""
        found: dict[Path, dict[str, Any]] = {}
        for path in [*(self.root / "models").rglob("*.yml"), *(self.root / "seeds").rglob("*.yml")]:
            try:
                text = path.read_text(encoding="utf-8-sig")
                held = yaml.load(text, Loader=SafeLoader)
            except (yaml.YAMLError, UnicodeDecodeError, ValueError):
                continue
            if isinstance(held, dict):
                found[path] = held
            elif held is not None:
                self.unread.append(Problem(path, 1, "must be a YAML mapping"))
        return found

    def _yaml(self, path: Path) -> YamlFile | None:
        try:
            return read_yaml(path) if path.exists() else None
        except LoadError as error:
            self.unread += error.problems
            return None

    def _masked(self, path: Path) -> Masked | None:
        try:
            return masked(read_text(path))
        except LoadError as error:
            self.unread += error.problems
        except jinja2.TemplateSyntaxError as error:
            self.unread.append(Problem(path, error.lineno, f"its Jinja does not parse: {error.message}"))
        return None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[tuple[int, dict[str, Any]]]:
    """The entries of a list that have a name, with their positions."""
    listed = value if isinstance(value, list) else []
    return [(i, entry) for i, entry in enumerate(listed) if isinstance(entry, dict) and _is_name(entry.get("name"))]


def _entries(file: YamlFile | None, part: str) -> list[tuple[int, dict[str, Any]]]:
    return _listed(file.data.get(part)) if file else []


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _shape(file: YamlFile) -> Iterator[Problem]:
    for key, text in _faults(file.data):
        yield Problem(file.path, file.line(*key), text)


def _faults(held: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What has another shape than dbt reads, by its key."""
    for part in ("models", "seeds", "unit_tests"):
        yield from _list_faults((part,), held.get(part))
        for position, entry in _listed(held.get(part)):
            key = (part, str(position))
            yield from _list_faults((*key, "columns"), entry.get("columns"))
            config = entry.get("config")
            if config is not None and not isinstance(config, dict):
                yield (*key, "config"), "config must be a mapping: take the dash before its keys out"
            elif _mapping(config).get("meta") is not None and not isinstance(_mapping(config)["meta"], dict):
                yield (*key, "config", "meta"), "config.meta must be a mapping, as in `owner: CRM`"


def _list_faults(key: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    if value is None:
        return
    if not isinstance(value, list):
        yield key, f"{key[-1]} must be a list: begin each of its entries with `- name:`"
        return
    for position, entry in enumerate(value):
        if not isinstance(entry, dict) or not _is_name(entry.get("name")):
            yield (*key, str(position)), f"an entry of {key[-1]} has no name: begin it with `- name:`"
