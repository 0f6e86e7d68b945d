"""The shipped campaigns look as they did; export_golden.py says how to write the files anew."""

from pathlib import Path

from export_golden import GOLDEN, render_golden


def test_the_campaigns_look_as_they_did() -> None:
    expected = render_golden()
    on_disk = {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file()}
    assert on_disk == set(expected)
    for name, content in expected.items():
        assert (GOLDEN / Path(name)).read_text(encoding="utf-8") == content, f"golden/{name} differs"
