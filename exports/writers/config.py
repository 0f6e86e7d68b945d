"""`esps.yml`: the limits of each e-mail service and what the shop has there; and which of them are written for."""

from collections.abc import Sequence
from pathlib import Path
from re import Pattern
from typing import Any

from exports.errors import Problem
from exports.writers import WRITERS
from exports.writers.writer import Options, Writer
from exports.yamlfile import Key, YamlFile, read_yaml

DEFAULT_ESPS = Path(__file__).parent.parent / "esps.yml"
_COMMON = ("max_items", "max_bytes")


def read_names(file: YamlFile, value: object) -> tuple[str, ...]:
    """The `esp:` of a brand or a campaign: the services to write for. Faults are recorded in its file."""
    names = value if isinstance(value, list) else [value]
    for name in names:
        if name not in WRITERS:
            file.fault(("esp",), f"esp must be a list of {', '.join(sorted(WRITERS))}; {name!r} is none of them")
        elif names.count(name) > 1:
            file.fault(("esp",), f"{name!r} is given twice")
    return tuple(name for name in names if name in WRITERS)


class Esps:
    """`esps.yml`, read and checked; `problems` says what is wrong with it."""

    def __init__(self, path: Path = DEFAULT_ESPS) -> None:
        self._file = read_yaml(path)
        sections = self._file.mapping((), self._file.data, sorted(WRITERS), sorted(WRITERS))
        self._sections = {name: self._section(WRITERS[name], section) for name, section in sections.items()}

    @property
    def problems(self) -> list[Problem]:
        return self._file.problems

    def options(self, name: str, campaign: str) -> Options:
        """The section of a service; of what is given by campaign, that of this one."""
        section = self._sections.get(name, {})
        options = {key: value.get(campaign) if isinstance(value, dict) else value for key, value in section.items()}
        return {key: value for key, value in options.items() if value is not None}

    def writers(self, names: Sequence[str], campaign: str) -> tuple[Writer, ...]:
        """A writer for each of the services; none if something is wrong, what they need to be told included."""
        found = {name: self.options(name, campaign) for name in names}
        for name, options in found.items():
            for key in WRITERS[name].needs:
                if key not in options:
                    self._file.fault((name, key), f"{name} is written for {campaign}, and needs {key!r}")
        return () if self.problems else tuple(make_writer(name, options) for name, options in found.items())

    def _section(self, writer: type[Writer], value: object) -> dict[str, Any]:
        limits, texts = (*_COMMON, *writer.limits), {**writer.needs, **writer.may}
        data = self._file.mapping((writer.name,), value, (*limits, *texts), limits)
        for limit in limits:
            number = data.get(limit, 1)
            if type(number) is not int or number < 1:
                self._file.fault((writer.name, limit), f"{limit} must be a whole number above 0")
        for name, form in texts.items():
            given = data.get(name, {})
            for campaign, text in given.items() if isinstance(given, dict) else [("", given)]:
                self._text((writer.name, name, *filter(None, [campaign])), text, form)
        return data

    def _text(self, key: Key, value: object, form: Pattern[str]) -> None:
        if not isinstance(value, str) or not form.fullmatch(value):
            self._file.fault(key, f"{'.'.join(key)} must be text of the form {form.pattern}")


def make_writer(name: str, options: Options) -> Writer:
    """The writer of a service."""
    return WRITERS[name](options)
