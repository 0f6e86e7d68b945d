"""Texts without a model: phrases that a person wrote, with the inputs put in. The same order gets the same phrase."""

import re
from pathlib import Path
from typing import Any

from copywriting.order import CopywritingError, Order
from exports.errors import LoadError
from exports.yamlfile import YamlFile, read_yaml

_SLOT = re.compile(r"\{(\w+)\}")


class Phrases:
    """A campaign's phrases.yml: by the name of a text and by locale a list of phrases, with `{column}` for an input."""

    def __init__(self, path: Path) -> None:
        """Raises LoadError, by file and line, for a file that is missing or not as it has to be."""
        self._file = read_yaml(path)
        self._phrases = {
            (name, locale): _phrases(self._file, (name, locale), phrases)
            for name, by_locale in self._file.data.items()
            for locale, phrases in self._file.mapping((name,), by_locale, by_locale or ()).items()
        }
        if self._file.problems:
            raise LoadError(self._file.problems)

    def write(self, order: Order) -> str:
        """One of the phrases, chosen by the order's digest."""
        phrases = self._phrases.get((order.name, order.locale))
        if not phrases:
            raise CopywritingError(f"{self._file.path.name} has no phrases for {order.name} in {order.locale}")
        phrase = phrases[int(order.digest, 16) % len(phrases)]
        unknown = set(_SLOT.findall(phrase)) - order.inputs.keys()
        if unknown:
            line = self._file.line(order.name, order.locale)
            names = ", ".join(sorted(unknown))
            raise CopywritingError(f"{self._file.path.name}:{line}: no input of {order.name} is called {names}")
        return _SLOT.sub(lambda match: str(order.inputs[match.group(1)]), phrase)


def _phrases(file: YamlFile, key: tuple[str, ...], value: Any) -> list[str]:
    if isinstance(value, list) and value:
        return [file.text((*key, str(position)), phrase) for position, phrase in enumerate(value)]
    file.fault(key, f"{'.'.join(key)} must be a list of phrases")
    return []
