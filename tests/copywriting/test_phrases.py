"""Phrases that a person wrote are filled the same way for the same order."""

from __future__ import annotations

from pathlib import Path

import pytest

from copywriting import CopywritingError, Order, Phrases
from exports import LoadError

FILE = """
intro:
  en-GB:
    - all about {top_category}.
    - worth a look, if you like {top_category}.
    - nothing is named here.
  de: ["viel {season}."]
"""


def phrases(folder: Path, text: str = FILE) -> Phrases:
    (folder / "phrases.yml").write_text(text)
    return Phrases(folder / "phrases.yml")


def order(number: int = 0, name: str = "intro", locale: str = "en-GB", category: str = "Bath") -> Order:
    return Order(name, locale, "", {"top_category": category}, 100, f"{number:064x}")


def test_an_order_gets_the_same_phrase_and_others_get_others(tmp_path: Path) -> None:
    writer = phrases(tmp_path)
    texts = [writer.write(order(number)) for number in (0, 1, 2, 3)]
    assert texts == ["all about Bath.", "worth a look, if you like Bath.", "nothing is named here.", "all about Bath."]
    assert writer.write(order(category="{top_category} {x}")) == "all about {top_category} {x}."


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (order(name="outro"), "phrases.yml has no phrases for outro in en-GB"),
        (order(locale="fr"), "phrases.yml has no phrases for intro in fr"),
        (order(locale="de"), "phrases.yml:7: no input of intro is called season"),
    ],
)
def test_what_there_is_no_phrase_for_is_a_reason(tmp_path: Path, asked: Order, says: str) -> None:
    with pytest.raises(CopywritingError, match=says):
        phrases(tmp_path).write(asked)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("intro: {de: []}", "phrases.yml:1: intro.de must be a list of phrases"),
        ("intro: {de: [7]}", "phrases.yml:1: intro.de.0 must be one line of text"),
        ("intro: [x]", "phrases.yml:1: intro must be a mapping"),
        ("intro: [", "not valid YAML"),
    ],
)
def test_a_file_that_cannot_be_is_told(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(LoadError, match=says):
        phrases(tmp_path, text)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="file is missing"):
        Phrases(tmp_path / "phrases.yml")
