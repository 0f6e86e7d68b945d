"""The installation: Python, the packages, the dbt project, and the files that people edit."""

from __future__ import annotations

import json
import platform
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from delivery import load_rules
from doctor.finding import Finding, fault, ok, warning
from exports.errors import LoadError
from orchestration import dbt_project, export_tables
from orchestration.settings import PROJECT, Settings
from workbench.lint import check as lint

_PINNED = re.compile(r"^([A-Za-z0-9][^\\\n]*==[^\\\n]*)", re.M)
_NAMED = 3


def python() -> Iterator[Finding]:
    """The Python that runs this, against what pyproject.toml takes."""
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["requires-python"]
    here = platform.python_version()
    if here not in SpecifierSet(wanted):
        yield fault("python", f"Python is {here}, and must be {wanted}.", "Delete .venv, then: make run")
    yield ok("python", here)


def packages(lock: Path = PROJECT / "requirements" / "run.txt") -> Iterator[Finding]:
    """The installed packages, against the pins of the lock."""
    pins = [Requirement(line.strip()) for line in _PINNED.findall(lock.read_text())]
    wanted = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    others = []
    for pin in wanted:
        try:
            installed = version(pin.name)
        except PackageNotFoundError:
            installed = "missing"
        if installed == "missing" or installed not in pin.specifier:
            others.append(f"{pin.name} is {installed}, pinned {pin.specifier}")
    if others:
        yield fault("packages", f"{len(others)} packages are not those of the lock: {_some(others)}.", "make run")
    yield ok("packages", f"{len(wanted)} packages are those of requirements/run.txt")


def project(here: Settings) -> tuple[Mapping[str, Any] | None, Finding]:
    """dbt's manifest, and whether the project parses. Where it was made of another project, dbt parses into a
    folder that is thrown away.
    """
    try:
        if kept := dbt_project.kept_manifest():
            return kept, ok("dbt", "the project has not changed since it was parsed")
        with tempfile.TemporaryDirectory(prefix="postroom-doctor-") as scratch:
            dbt_project.parse(Path(scratch))
            parsed = json.loads((Path(scratch) / "manifest.json").read_text())
        return parsed, ok("dbt", "the project parses")
    except (RuntimeError, ValueError) as error:
        return None, fault("dbt", str(error), "postroom lint says file and line.")


def definitions(manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Segments, triggers, campaigns, journeys and the files of templates, as `postroom lint` checks them."""
    problems = [*lint(PROJECT), *export_tables.problems(manifest)]
    if problems:
        named = _some([f"{p.file.relative_to(PROJECT)}:{p.line}: {p.text}" for p in problems])
        yield fault("definitions", f"{len(problems)} faults: {named}", "postroom lint lists them all.")
    yield ok("definitions", "all definitions are sound")


def services(here: Settings) -> Iterator[Finding]:
    """The file that says how e-mail services are written to."""
    try:
        rules = load_rules(here.services)
    except LoadError as error:
        yield fault("services", str(error), "Mend the lines named, or set POSTROOM_SERVICES to another file.")
        return
    yield ok("services", f"delivery is {'on' if rules.is_enabled else 'off'}")


def key(here: Settings) -> Iterator[Finding]:
    """Whether links are signed with a secret. That production has one the settings see to."""
    if not here.is_signed:
        yield warning(
            "unsubscribe_key",
            "Unsubscribe links are signed with a key that everybody knows: anybody can unsubscribe anybody.",
            "Set POSTROOM_UNSUBSCRIBE_KEY (openssl rand -base64 32), and POSTROOM_ENV=production.",
        )
    yield ok("unsubscribe_key", "unsubscribe links are signed with a secret")


def _some(names: list[str]) -> str:
    more = f"; and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return "; ".join(names[:_NAMED]) + more
