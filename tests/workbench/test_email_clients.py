"""What templates use and e-mail clients lack: found at its line, unless it is accepted with what is seen instead."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from workbench.email_clients import EXPORTS, check_clients, features, read_lacking
from workbench.errors import WorkbenchError


@pytest.fixture
def tested(tmp_path: Path) -> Path:
    """A few features as caniemail.com publishes them, for two made-up families of clients."""
    had = {
        "old": {"desktop": {"1": "y", "2": "n #1"}, "ios": {"9": "n", "10": "y"}},
        "new": {"web": {"2026-01": "a #2"}},
    }
    lacked = {"old": {"desktop": {"1": "n"}}, "new": {"web": {"1": "y", "2": "n"}}}
    data = [{"slug": "css-border-radius", "stats": had}, {"slug": "css-display-grid", "stats": lacked}]
    path = tmp_path / "caniemail.json"
    path.write_text(json.dumps({"data": data}))
    return path


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    for room in ("layouts", "blocks", "campaigns/one"):
        (folder / room).mkdir(parents=True)
    (folder / "campaigns/one/body.mjml").write_text("<mjml>\n<!-- display: grid -->\n<mj-text>x</mj-text>\n</mjml>")
    _policy(folder, "{}")
    return folder


def _policy(folder: Path, accepted: str, clients: str = "[old, new]") -> None:
    (folder / "email_clients.yml").write_text(f"clients: {clients}\naccepted: {accepted}\n")


def test_the_last_version_that_was_tested_counts_and_partly_is_enough(tested: Path) -> None:
    assert read_lacking(tested, ["old", "new"]) == {
        "css-border-radius": ["old desktop"],
        "css-display-grid": ["old desktop", "new web"],
    }
    assert read_lacking(tested, ["new"])["css-border-radius"] == []


def test_what_a_client_lacks_is_told_by_file_line_and_client(tested: Path, exports: Path) -> None:
    assert check_clients(tested, exports) == []
    body = exports / "campaigns/one/body.mjml"
    body.write_text('<mjml>\n<mj-text>\n<p style="margin: 0; display: grid">{{ a }}</p>\n</mj-text>\n</mjml>')
    (problem,) = check_clients(tested, exports)
    assert (problem.file, problem.line) == (body, 3)
    assert problem.text.startswith("css-display-grid is not in old desktop, new web")


def test_what_is_accepted_is_not_told_while_it_is_used(tested: Path, exports: Path) -> None:
    _policy(exports, "{css-border-radius: Square corners.}")
    (unused,) = check_clients(tested, exports)
    assert (unused.file.name, unused.line) == ("email_clients.yml", 2) and "used nowhere" in unused.text
    (exports / "blocks/b.mjml").write_text('<mj-button border-radius="6px">x</mj-button>')
    assert check_clients(tested, exports) == []


def test_features_are_found_wherever_they_are_written() -> None:
    text = """<mj-style>
      @media (prefers-color-scheme: dark) { a:hover { color: rgb(0, 0, 0); width: calc(1rem + 2px) } }
      p::first-line { color: var(--x) }
    </mj-style>
    <mj-section padding="0"><mj-raw><h2>x</h2><ul></ul></mj-raw></mj-section>
    <a href="{{ '<video>' }}" style="display: inline-flex">x</a>"""
    found = {(slug, line) for slug, line in features(text)}
    assert found >= {
        ("css-at-media", 2),
        ("css-at-media-prefers-color-scheme", 2),
        ("css-pseudo-class-hover", 2),
        ("css-unit-calc", 2),
        ("css-unit-rem", 2),
        ("css-pseudo-element-first-line", 3),
        ("css-variables", 3),
        ("css-padding", 5),
        ("html-h1-h6", 5),
        ("html-lists", 5),
        ("css-display-flex", 6),
    }
    assert "html-video" not in {slug for slug, _ in found}


@pytest.mark.parametrize("content", ["", "[]", '{"data": [{"slug": "x"}]}'])
def test_another_file_is_refused(tmp_path: Path, exports: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(WorkbenchError, match=r"other\.json is not the JSON file"):
        check_clients(path, exports)


def test_a_client_nobody_tested_is_refused(tested: Path, exports: Path) -> None:
    _policy(exports, "{}", clients="[old, gmial]")
    with pytest.raises(WorkbenchError, match="gmial"):
        check_clients(tested, exports)


def test_the_shipped_templates_show_everywhere_or_it_is_accepted(shared_data: Path, tmp_path: Path) -> None:
    published = shared_data / "caniemail/caniemail.json"
    assert check_clients(published) == []
    changed = tmp_path / "exports"
    shutil.copytree(EXPORTS, changed, ignore=shutil.ignore_patterns("__pycache__"))
    hero = changed / "blocks/hero.mjml"
    hero.write_text(hero.read_text() + '<mj-raw><div style="position: sticky; display: grid">x</div></mj-raw>\n')
    assert {problem.file for problem in check_clients(published, changed)} == {hero}
