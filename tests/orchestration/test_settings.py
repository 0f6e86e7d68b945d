"""What the environment may hold, and what is said when it holds something else."""

from __future__ import annotations

import shutil
import stat
from datetime import date, time
from pathlib import Path

import pytest

from disk import written
from orchestration.settings import PROJECT, export_environment, service_secret, settings


@pytest.fixture(autouse=True)
def fresh(home: Path) -> None:
    settings.cache_clear()


def test_the_defaults_are_those_of_the_samples() -> None:
    assert (settings().first_day, settings().daily_at, settings().is_production) == (date(2026, 1, 1), time(2), False)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("POSTROOM_FIRST_DAY", "1.1.2026", "takes a day as in 2026-01-31"),
        ("POSTROOM_DAILY_AT", "2 am", "takes a time of day"),
        ("POSTROOM_DAILY_AT", "02:00+02:00", "takes a time of day, UTC"),
        ("POSTROOM_HOME", "/srv/what?", "takes a folder without a question mark"),
        ("POSTROOM_SETTLE_SECONDS", "soon", "takes a number of seconds"),
        ("POSTROOM_SETTLE_SECONDS", "nan", "takes a number of seconds"),
        ("POSTROOM_SETTLE_SECONDS", "inf", "takes a number of seconds"),
        ("POSTROOM_SETTLE_SECONDS", "-1", "takes a number of seconds"),
        ("POSTROOM_UMASK", "rwx", "takes an octal number"),
        ("POSTROOM_UMASK", "777", "takes an octal number"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_takes(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=f"{name}.*{said}"):
        settings()


@pytest.mark.parametrize("key", ["", "short"])
def test_production_signs_with_a_secret_of_its_own(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("POSTROOM_ENV", "production")
    monkeypatch.setenv("POSTROOM_UNSUBSCRIBE_KEY", key)
    with pytest.raises(SystemExit, match="POSTROOM_UNSUBSCRIBE_KEY"):
        settings()


def test_a_secret_that_is_too_short_to_encrypt_with_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_ENCRYPTION_KEY", "short")
    with pytest.raises(SystemExit, match="POSTROOM_ENCRYPTION_KEY is too short"):
        settings()


def test_a_service_s_secret_is_the_environment_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_SECRET_KLAVIYO_EVENTS", "open sesame")
    assert service_secret("klaviyo_events") == "open sesame" and service_secret("sendgrid") is None
    assert "sesame" not in repr(settings())


def test_what_signs_and_what_encrypts_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POSTROOM_UNSUBSCRIBE_KEY", "POSTROOM_ENCRYPTION_KEY"):
        monkeypatch.setenv(name, f"open sesame {name}" * 2)
    assert settings().vault.key and "sesame" not in f"{settings()!r} {settings()}"


@pytest.mark.parametrize(("umask", "folder", "file"), [("", 0o700, 0o600), ("027", 0o750, 0o640)])
def test_what_is_made_is_its_owner_s_alone_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, home: Path, umask: str, folder: int, file: int
) -> None:
    monkeypatch.setenv("POSTROOM_UMASK", umask)
    shutil.rmtree(home)
    export_environment()
    try:
        made = home / "raw/part.parquet"
        with written(made) as temporary, settings().vault.connect() as connection:
            connection.execute(f"copy (select 1 as x) to '{temporary}' (format parquet)")
        settings().vault.connect(home / "warehouse.duckdb").close()
        modes = [stat.S_IMODE(p.stat().st_mode) for p in (home, made.parent, made, home / "warehouse.duckdb")]
        assert modes == [folder, folder, file, file]
    finally:
        monkeypatch.delenv("POSTROOM_UMASK")
        settings.cache_clear()
        export_environment()


def test_the_rules_of_delivery_may_be_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings().services == PROJECT / "delivery/services.yml"
    settings.cache_clear()
    monkeypatch.setenv("POSTROOM_SERVICES", "other.yml")
    assert settings().services == Path.cwd() / "other.yml"


def test_a_relative_home_becomes_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_HOME", "elsewhere")
    assert settings().home == Path.cwd() / "elsewhere"
