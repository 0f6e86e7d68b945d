"""A fault put into a copy of the library, and the place where it has to be told."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from export_rows import load

from exports import LoadError


@dataclass(frozen=True)
class Fault:
    """`old` in `file` becomes `new`; the error must stand at the line where `mark` is, in `at` (default `file`)."""

    file: str
    old: str
    new: str
    mark: str
    says: str
    at: str = ""


def assert_told(library: Path, fault: Fault, campaign: str = "winback") -> None:
    """Makes the fault in `library`, and loads the campaign."""
    path = library / fault.file
    text = path.read_text(encoding="utf-8")
    assert fault.old in text
    path.write_text(text.replace(fault.old, fault.new, 1), encoding="utf-8")
    told = library / (fault.at or fault.file)
    line = told.read_text(encoding="utf-8").split(fault.mark)[0].count("\n") + 1
    with pytest.raises(LoadError) as caught:
        load(campaign, library)
    assert (told, line) in [
        (problem.file, problem.line) for problem in caught.value.problems if fault.says in problem.text
    ], str(caught.value)
    assert f"{told}:{line}: " in str(caught.value)
