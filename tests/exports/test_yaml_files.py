"""YAML that repeats parts of itself by name: taken as it is meant, but for what never ends or fills the memory."""

from pathlib import Path

import pytest

from exports.errors import LoadError
from exports.yamlfile import read_yaml


def _written(folder: Path, text: str) -> Path:
    path = folder / "a.yml"
    path.write_text(text)
    return path


def test_a_part_may_be_repeated_by_name(tmp_path: Path) -> None:
    file = read_yaml(_written(tmp_path, "first: &rows\n  - {id: 1}\nagain: *rows\n"))
    assert file.data == {"first": [{"id": 1}], "again": [{"id": 1}]}


def test_a_part_that_holds_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"a\.yml:2: repeats by `\*` what it is a part of"):
        read_yaml(_written(tmp_path, "first: 1\nrows: &rows\n  - *rows\n"))


def test_few_lines_do_not_become_as_large_as_the_memory(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(LoadError, match="more than 100,000 values"):
        read_yaml(_written(tmp_path, "\n".join(lines)))
