"""A text that is generated for each combination of inputs: what campaign.yml declares of it, and what a row is shown.

The texts themselves are read in `approved`; who writes them is no concern of this package.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from exports.columns import Columns
from exports.comparisons import Kind, kind_of
from exports.errors import DataError
from exports.safety import Text
from exports.tokens import READERS, ByLocale, Notes, Unfit, WrongTypeError
from exports.yamlfile import Key, YamlFile

GENERATORS = ("offline", "openai")
MOST_CHARS = 1000
NOT_APPROVED = "no approved text"
_KINDS = {Kind.TEXT: "text", Kind.NUMBER: "number", Kind.DATE: "date"}
# Of the columns that every export has, those that tell of one message or one person without being tagged as such.
_OF_ONE = frozenset(("message_id", "occasion_id", "evidence", "consent_id", "consent_source"))
_KEYS = ("generator", "inputs", "prompt", "fallback", "max_chars")


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """A generated text as a campaign declares it.

    `inputs` has the type of token each column is read as, `approved` the texts that may be sent by their hash;
    `fallback` is what is shown for want of one.
    """

    name: str
    generator: str
    inputs: Mapping[str, str]
    prompt: str
    fallback: object
    max_chars: int
    approved: Mapping[str, Text] = field(default_factory=dict)

    def in_locale(self, locale: str) -> "GeneratedText":
        """The text with the fallback of one locale, or of `default`."""
        return replace(self, fallback=self.fallback.values[locale]) if isinstance(self.fallback, ByLocale) else self

    def combination(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """A row's inputs as JSON can hold them; None when one of them is unknown. Raises WrongTypeError, KeyError."""
        values = {name: READERS[kind](row[name]) for name, kind in self.inputs.items()}
        if any(isinstance(value, Unfit) for value in values.values()):
            return None
        return {name: _plain(value) for name, value in values.items()}

    def hash(self, inputs: Mapping[str, Any], locale: str) -> str:
        """What a text is kept under: sha256 of the generator, the prompt, the inputs and the locale, as JSON."""
        whole = {"generator": self.generator, "prompt": self.prompt, "inputs": dict(inputs), "locale": locale}
        return hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()


def read_generated(generated: GeneratedText, row: Mapping[str, Any], locale: str, notes: Notes, message_id: str) -> Any:
    """The approved text for a row, or the fallback. Raises DataError for a row that is not as its contract says."""
    try:
        inputs = generated.combination(row)
    except (KeyError, WrongTypeError) as error:
        raise DataError(message_id, f"an input is not as its contract says: {error}", generated.name) from None
    if inputs is None:
        notes.fallbacks[generated.name] = Unfit.MISSING.value
        return generated.fallback
    digest = generated.hash(inputs, locale)
    if digest not in generated.approved:
        notes.fallbacks[generated.name] = NOT_APPROVED
        return generated.fallback
    notes.generated[generated.name] = digest
    return generated.approved[digest]


def declared_texts(
    file: YamlFile, named: Sequence[tuple[str, Any]], columns: Columns, fallbacks: Mapping[str, object]
) -> list[GeneratedText]:
    """The texts of `generated:`, without those that were approved. Faults are recorded in the file.

    `fallbacks` are theirs, read already, by name.
    """
    found = (_declared(file, name, options, columns, fallbacks) for name, options in named)
    return [each for each in found if each is not None]


def _declared(
    file: YamlFile, name: str, options: object, columns: Columns, fallbacks: Mapping[str, object]
) -> GeneratedText | None:
    key = ("generated", name)
    data = file.mapping(key, options, _KEYS, _KEYS)
    if data.keys() != set(_KEYS):
        return None
    if data["generator"] not in GENERATORS:
        file.fault((*key, "generator"), f"generator must be one of {', '.join(GENERATORS)}")
    most = data["max_chars"]
    if type(most) is not int or not 0 < most <= MOST_CHARS:
        file.fault((*key, "max_chars"), f"max_chars must be a whole number, at most {MOST_CHARS}")
    prompt = file.text((*key, "prompt"), data["prompt"])
    inputs = _inputs(file, (*key, "inputs"), data["inputs"], columns)
    return GeneratedText(name, data["generator"], inputs, prompt, fallbacks.get(name), most)


def _inputs(file: YamlFile, key: Key, value: object, columns: Columns) -> dict[str, str]:
    inputs: dict[str, str] = {}
    if not isinstance(value, list) or not value:
        file.fault(key, "inputs must be a list of columns")
        return inputs
    for position, name in enumerate(value):
        at = (*key, str(position))
        column = columns.get(name) if isinstance(name, str) else None
        kind = _KINDS.get(kind_of(column.data_type) or Kind.BOOLEAN) if column else None
        if column is None:
            file.fault(at, f"the export table has no column {name!r}")
        elif column.is_personal or name in _OF_ONE:
            file.fault(at, f"{name!r} is personal data, or of one person: no generator is told of it")
        elif kind is None:
            file.fault(at, f"{name!r} is {column.data_type}: inputs are text, exact numbers or dates")
        else:
            inputs[name] = kind
    return inputs


def _plain(value: object) -> Any:
    """A value as JSON and YAML hold it, the same for the same value."""
    if isinstance(value, int):
        return value
    return value.isoformat() if isinstance(value, dt.date) else str(value)
