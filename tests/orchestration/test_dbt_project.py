"""dbt's manifest is read whole, whatever happened to whoever wrote it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from orchestration import dbt_project


def test_a_parse_that_is_killed_leaves_no_manifest_to_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(arguments: list[Any], **_: Any) -> None:
        target = Path(arguments[arguments.index("--target-path") + 1])
        target.mkdir(parents=True)
        (target / "manifest.json").write_text('{"metadata": ')
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        dbt_project.manifest.__wrapped__()
    assert not (home / "dbt/manifest.json").exists()
