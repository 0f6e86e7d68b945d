"""YAML a person edits, read with the line of every key, so that a fault can be shown where it stands.

Knows nothing about brands or campaigns.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from exports.errors import LoadError, Problem
from exports.textfile import read_text

Key = tuple[str, ...]
# The one that is written in C, where there is one: of the project's files it needs an eighth of the time.
SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# A few lines that repeat each other by name could become as large as the memory.
MOST_VALUES = 100_000


@dataclass(slots=True)
class YamlFile:
    """A mapping read from `path`; `problems` gathers what its reader finds wrong."""

    path: Path
    data: dict[str, Any]
    lines: dict[Key, int]
    problems: list[Problem] = field(default_factory=list)

    def line(self, *key: str) -> int:
        """Line of a key, or of the nearest key above it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)

    def fault(self, key: Key, text: str) -> None:
        """Records a problem at the line of `key`."""
        self.problems.append(Problem(self.path, self.line(*key), text))

    def mapping(self, key: Key, value: object, known: Collection[str], needed: Collection[str] = ()) -> dict[str, Any]:
        """`value` as a mapping of `known` keys, all `needed` ones there; faults are recorded, the rest is returned."""
        if not isinstance(value, dict):
            self.fault(key, f"{'.'.join(key) or 'the file'} must be a mapping")
            return {}
        for name in value:
            if name not in known:
                self.fault((*key, name), f"unknown key {name!r}; known are {', '.join(sorted(known))}")
        for name in needed:
            if name not in value:
                self.fault(key, f"key {'.'.join((*key, name))!r} is missing")
        return {name: item for name, item in value.items() if name in known}

    def text(self, key: Key, value: object) -> str:
        """`value` as one line of text, or a fault and the empty string."""
        if isinstance(value, str) and value.strip() and value.isprintable():
            return value.strip()
        self.fault(key, f"{'.'.join(key)} must be one line of text")
        return ""


def read_yaml(path: Path) -> YamlFile:
    """Reads one YAML mapping. Raises LoadError (file and line) for a missing file, bad YAML, a repeated key, or more
    than MOST_VALUES values.
    """
    try:
        root = _composed(read_text(path))
    except (yaml.YAMLError, RecursionError) as error:
        raise LoadError([yaml_problem(path, error)]) from None
    if not isinstance(root, yaml.MappingNode):
        raise LoadError([Problem(path, 1, "must be a YAML mapping")])
    file = YamlFile(path, {}, {})
    file.data = _construct(root, (), file)
    if file.problems:
        raise LoadError(file.problems)
    return file


def _composed(text: str) -> yaml.Node | None:
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=SafeLoader)
        return root
    except yaml.YAMLError:
        # This one says more exactly what is wrong, and where.
        return yaml.compose(text, Loader=yaml.SafeLoader)


def yaml_problem(path: Path, error: Exception) -> Problem:
    """What is wrong with a file that is no YAML, at its line where that is known."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem:
        return Problem(
            path, error.problem_mark.line + 1 if error.problem_mark else 1, f"not valid YAML: {error.problem}"
        )
    if isinstance(error, RecursionError):
        return Problem(path, 1, "not valid YAML: it is nested too deep")
    return Problem(path, 1, "not valid YAML: it holds characters that no text has")


def _construct(node: yaml.Node, key: Key, file: YamlFile, above: tuple[yaml.Node, ...] = ()) -> Any:
    if node in above:
        raise LoadError([Problem(file.path, file.line(*key), "repeats by `*` what it is a part of: write it out")])
    if len(file.lines) > MOST_VALUES:
        raise LoadError([Problem(file.path, 1, f"holds more than {MOST_VALUES:,} values, those repeated by `*` too")])
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for name_node, value_node in node.value:
            name = str(name_node.value)
            file.lines[(*key, name)] = name_node.start_mark.line + 1
            if name in result:
                file.fault((*key, name), f"key {name!r} is given twice")
            result[name] = _construct(value_node, (*key, name), file, (*above, node))
        return result
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            file.lines[(*key, str(position))] = item.start_mark.line + 1
        return [
            _construct(item, (*key, str(position)), file, (*above, node)) for position, item in enumerate(node.value)
        ]
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except (yaml.MarkedYAMLError, ValueError, OverflowError) as error:
        file.fault(key, f"not valid YAML: {error}")
        return None
