"""The checks of every definition: segments (seg_*), triggers (trg_*), campaigns (cmp_*) and journeys (jrn_*).

They read the files as they are and take all that is wrong together; dbt stops at the first. Each problem names its file
and line and says what to do.
"""

from __future__ import annotations

import csv
import io
import logging
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
import sqlglot
from jinja2 import meta, nodes
from sqlglot import exp
from sqlglot.errors import SqlglotError

from exports.errors import LoadError, Problem
from exports.textfile import read_text
from ingest import ExtractError, read_contracts
from orchestration.journeys import load_journeys
from workbench.columns import Columns
from workbench.names import DIALECT, closest
from workbench.policies import Policies
from workbench.project import LISTS, PREFIXES, Definition, Project

# A journey's SQL is one macro call: the macro has the unit tests.
_UNTESTED = {"journey"}
# What dbt and Jinja give a model besides macros.
_GIVEN = {
    *("ref", "source", "var", "env_var", "config", "log", "print", "return", "run_query", "fromjson", "tojson"),
    *("fromyaml", "toyaml", "set", "set_strict", "zip", "zip_strict", "local_md5", "statement", "load_result"),
    *("range", "dict", "lipsum", "cycler", "joiner", "namespace", "caller", "super", "diff_of_two_dicts"),
}
_NO_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'[^']*'", re.S)
_REF = re.compile(r"""\bref\(\s*(?:['"]\w+['"]\s*,\s*)?['"](\w+)['"]\s*\)""")


def check(root: Path) -> list[Problem]:
    """Everything that is wrong with the definitions of a project, by file and line."""
    # Of a macro that stands for a table it says that it cannot look into it.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    project = Project(root)
    found: list[Problem] = []
    for each in _CHECKS:
        try:
            found += each(project)
        except LoadError as error:
            found += error.problems
    return sorted({*found, *project.unread})


def unknown_macros(root: Path, macros: Collection[str]) -> list[Problem]:
    """The macros that definitions call and that are none of `macros`: dbt finds them only when it builds."""
    found = []
    for definition in Project(root).definitions:
        if definition.masked is None:
            continue
        tree = jinja2.Environment(extensions=["jinja2.ext.do"]).parse(read_text(definition.sql))
        missing = meta.find_undeclared_variables(tree) - {*macros, *_GIVEN}
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in missing:
                text = f"there is no macro {call.node.name}: {_meant(call.node.name, macros, 'add it to macros/')}"
                found.append(Problem(definition.sql, call.lineno, text))
    return sorted(set(found))


def contract_problems(root: Path, manifest: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the contracts of extracts: the first, where its table or column is declared."""
    try:
        read_contracts(manifest)
    except ExtractError as error:
        file, where, text = str(error).split(": ", 2)
        path, line = root / file, 0
        lines = read_text(path).splitlines()
        for name in where.split(".")[1:]:
            named = re.compile(rf"\s*- (?:\{{)?name: {re.escape(name)}\b")
            line = next((number for number in range(line, len(lines)) if named.match(lines[number])), line)
        return [Problem(path, line + 1, f"{where}: {text}")]
    return []


def _encodings(project: Project) -> Iterator[Problem]:
    yield from project.in_other_encodings


def _shapes(project: Project) -> Iterator[Problem]:
    yield from project.misshapen


def _seeds(project: Project) -> Iterator[Problem]:
    """Rows of seeds that are not as long as their header, and columns that the header lacks."""
    for path in sorted((project.root / "seeds").rglob("*.csv")):
        rows = csv.reader(io.StringIO(read_text(path)))
        header = [name.strip().lower() for name in next(rows, [])]
        for name in sorted((project.known.get(path.stem) or frozenset()) - set(header)):
            text = f"there is no column {name} in its first line, where commas part {len(header)}: {', '.join(header)}"
            yield Problem(path, 1, text)
        for row in rows:
            if row and len(row) != len(header):
                text = f"has {len(row)} values for {len(header)} columns: commas part them, and one that holds a comma"
                yield Problem(path, rows.line_num, f"{text} stands in double quotes")


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
    for kind, variable in LISTS.items():
        prefix = next(p for p, k in PREFIXES.items() if k == kind)
        files = {d.name: d.sql for d in project.definitions if d.kind == kind}
        seen: set[str] = set()
        listed = project.variables.get(variable)
        if not isinstance(listed, list) and (listed is not None or files):
            line = project.settings.line("vars", variable)
            yield Problem(
                project.settings.path, line, f"vars.{variable} must be a list of names, as in [{', '.join(files)}]"
            )
            continue
        for position, name in enumerate(listed or []):
            line = project.settings.line("vars", variable, str(position))
            if not isinstance(name, str):
                yield Problem(project.settings.path, line, f"{variable} is a list of names; {name!r} is none")
                continue
            if name in seen:
                yield Problem(project.settings.path, line, f"{variable} lists {name} twice: take one out")
            elif name.removeprefix(prefix) in files and name not in files:
                text = f"names are listed without {prefix}: write {name.removeprefix(prefix)}"
                yield Problem(project.settings.path, line, text)
            elif name not in files:
                text = f"{variable} lists {name}, but there is no model {prefix}{name}: add it, or take the name out"
                yield Problem(project.settings.path, line, text)
            seen.add(name.removeprefix(prefix))
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
        for position, column in definition.columns:
            if not str(column.get("description") or "").strip():
                text = f"the column {column.get('name')} has no description: say what it holds"
                yield definition.fault("columns", str(position), text=text)


def _unit_tests(project: Project) -> Iterator[Problem]:
    for definition in project.definitions:
        if definition.yml is None:
            continue
        tests = definition.unit_tests
        if definition.kind not in _UNTESTED and definition.model not in {test.get("model") for _, test in tests}:
            text = "has no unit test: add one under unit_tests, with rows that are in and rows that are not"
            yield definition.fault("name", text=f"{definition.model} {text}")
        for position, test in tests:
            given = test.get("given")
            for number, each in enumerate(given if isinstance(given, list) else []):
                named = _REF.search(str(each.get("input"))) if isinstance(each, dict) else None
                if named and named.group(1) not in project.known:
                    line = definition.yml.line("unit_tests", str(position), "given", str(number), "input")
                    text = f"there is no model {named.group(1)}: {_meant(named.group(1), project.known)}"
                    yield Problem(definition.yml.path, line, text)


def _settings(project: Project) -> Iterator[Problem]:
    policies = Policies(project.root)
    for definition in project.definitions:
        if not definition.place:
            continue
        for name in sorted(policies.needed[definition.kind] - definition.meta.keys()):
            text = f"{definition.model} lacks {name}: set it under config.meta (null where it is to have none)"
            yield definition.fault("config", "meta", text=text)
        # What a journey's may be is looked at with its steps.
        if definition.kind != "journey":
            for name, text in policies.faults(definition):
                yield definition.fault("config", "meta", name, text=text)


def _priorities(project: Project) -> Iterator[Problem]:
    first: dict[Any, Definition] = {}
    for definition in project.definitions:
        priority = definition.meta.get("priority") if definition.kind == "campaign" else None
        if type(priority) is not int:
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
        segments = definition.meta.get("segments")
        for position, name in enumerate(segments if isinstance(segments, list) else []):
            if isinstance(name, str) and name not in there["segment"]:
                text = f"there is no segment {name}: {closest(str(name), there['segment'])}"
                yield definition.fault("config", "meta", "segments", str(position), text=text)
        trigger = definition.meta.get("trigger")
        if isinstance(trigger, str) and trigger not in there["trigger"]:
            text = f"there is no trigger {trigger}: {closest(str(trigger), there['trigger'])}"
            yield definition.fault("config", "meta", "trigger", text=text)


def _journeys(project: Project) -> Iterator[Problem]:
    """The steps of journeys, by the rules they are held to when they are loaded."""
    # What they name is looked up in the other lists.
    if not all(isinstance(project.variables.get(LISTS[kind]), list) for kind in ("segment", "trigger", "campaign")):
        return
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
            tree = sqlglot.parse_one(source.sql, dialect=DIALECT)
            columns = Columns(tree, project.known)
        except SqlglotError as error:
            # What loops and conditions put together, dbt alone can say.
            if not source.has_blocks:
                yield Problem(definition.sql, *_syntax(error))
            continue
        yield from _bare_tables(definition, source.refs, tree, project.known)
        for unknown in columns.unknown():
            where = f" in {unknown.table}" if unknown.table else " in what is read here"
            text = f"there is no column {unknown.column}{where}: {_meant(unknown.column, unknown.known)}"
            if unknown.is_table:
                text = (
                    f"nothing that is read here is called {unknown.table}: {closest(str(unknown.table), unknown.known)}"
                )
            yield Problem(definition.sql, unknown.line, text)
        described = {str(column["name"]): str(position) for position, column in definition.columns}
        returned = columns.returned()
        if returned is None or not definition.place:
            continue
        for name, line in returned:
            if name and name not in described:
                text = f"returns {name}, which {definition.model}.yml does not describe: add it under columns"
                yield Problem(definition.sql, line, text)
        for name, position in described.items():
            if name not in {n for n, _ in returned}:
                text = f"describes {name}, which {definition.model}.sql does not return: take it out"
                yield definition.fault("columns", position, text=text)


def _bare_tables(
    definition: Definition, refs: Collection[tuple[str, int]], tree: exp.Expr, known: Collection[str]
) -> Iterator[Problem]:
    """Tables that are read by their names: dbt would not build them before."""
    given = {name.lower() for name in (*(cte.alias for cte in tree.find_all(exp.CTE)), *dict(refs), "jinja_rows")}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and not table.db and table.name.lower() not in given:
            text = f"write {{{{ ref('{table.name}') }}}} for {table.name}, so that dbt builds it before"
            if table.name not in known:
                text = f"there is no model {table.name}: {_meant(table.name, known)}"
            yield Problem(definition.sql, table.this.meta.get("line", 1), text)


def _statements(project: Project) -> Iterator[Problem]:
    """What is no single select: dbt puts a model's SQL into a statement of its own."""
    for definition in project.definitions:
        source = definition.masked
        if source is None:
            continue
        if not source.sql.strip() and not source.has_blocks:
            yield Problem(definition.sql, 1, "is empty: write the select that gives its rows")
        code = _NO_CODE.sub(lambda match: "\n" * match.group().count("\n"), source.sql)
        for number, line in enumerate(code.splitlines(), start=1):
            if ";" in line:
                yield Problem(definition.sql, number, "a model is one select without a `;`: take it out")


def _meant(
    name: str,
    known: Collection[str],
    otherwise: str = "check its spelling, or describe it in the YAML of the model it is from",
) -> str:
    text = closest(name, known)
    return text if text.startswith("did") else otherwise


def _syntax(error: SqlglotError) -> tuple[int, str]:
    details = (getattr(error, "errors", None) or [{}])[0]
    line = details.get("line") or 1
    return int(line), f"its SQL does not parse at `{details.get('highlight', '')}`: {details.get('description', error)}"


_CHECKS: tuple[Callable[[Project], Iterator[Problem]], ...] = (
    _encodings,
    _shapes,
    _seeds,
    _names,
    _lists,
    _descriptions,
    _unit_tests,
    _settings,
    _priorities,
    _sources,
    _journeys,
    _models,
    _statements,
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
