"""`generated.yml`: the texts there are for a campaign, with those that a person has approved.

An approved text is held to the same rules as any other: whoever wrote it is not trusted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from disk import write_whole
from exports.generated import GeneratedText
from exports.safety import Text, clean_line
from exports.yamlfile import YamlFile, read_yaml

TEXTS = "generated.yml"
_HASH = re.compile(r"[0-9a-f]{64}")
_LINK = re.compile(r"://|www\.|[^\W_]\.[^\W\d_]{2}", re.IGNORECASE)
_HEADER = """\
# Written by `postroom generate`, for people to review: a text is used once it says `approved: true`, and may be edited
# before. What is not approved is never sent; the fallback of campaign.yml is.
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text for one combination of inputs, in one locale, as generated.yml has it under its hash."""

    locale: str
    inputs: Mapping[str, Any]
    text: str
    approved: bool


def fault_in(text: object, max_chars: int) -> str | None:
    """What keeps a text from being sent; None for one that may be. Whoever wrote it is not trusted."""
    if not isinstance(text, str) or clean_line(text) is None:
        return "is blank"
    if "\n" in text or "\r" in text:
        return "is more than one paragraph"
    if "{" in text or "}" in text or "<" in text or ">" in text:
        return "holds braces or markup"
    if clean_line(text) != text or not text.isprintable():
        return "holds characters that cannot be seen, or spaces that lead nowhere"
    if _LINK.search(text) or "@" in text:
        return "holds a link or an address"
    if len(text) > max_chars:
        return f"has {len(text)} characters, more than {max_chars}"
    return None


def read_texts(path: Path) -> tuple[YamlFile | None, dict[str, dict[str, Candidate]]]:
    """The texts of a generated.yml by name and hash, and its file with the faults in it; none for no such file."""
    if not path.exists():
        return None, {}
    file = read_yaml(path)
    return file, {name: dict(_candidates(file, name, entries)) for name, entries in file.data.items()}


def _candidates(file: YamlFile, name: str, entries: object) -> Iterator[tuple[str, Candidate]]:
    keys = ("locale", "inputs", "text", "approved")
    for digest, entry in file.mapping((name,), entries, entries if isinstance(entries, dict) else ()).items():
        key = (name, digest)
        data = file.mapping(key, entry, keys, keys)
        if not _HASH.fullmatch(digest):
            file.fault(key, f"{digest!r} is no hash, as `postroom generate` writes them")
        if data.keys() != set(keys):
            continue
        if not isinstance(data["approved"], bool):
            file.fault((*key, "approved"), "approved must be true or false")
        if not isinstance(data["inputs"], dict):
            file.fault((*key, "inputs"), "inputs must be a mapping of columns")
            continue
        yield digest, Candidate(str(data["locale"]), data["inputs"], data["text"], data["approved"] is True)


def with_approved(
    declared: Sequence[GeneratedText], file: YamlFile | None, candidates: Mapping[str, Mapping[str, Candidate]]
) -> tuple[GeneratedText, ...]:
    """The declared texts with those that were approved. What may not be sent is a fault in the file of texts."""
    names = {each.name for each in declared}
    for name in candidates.keys() - names:
        assert file is not None
        file.fault((name,), f"campaign.yml declares no generated text {name!r}: remove it here, or declare it")
    return tuple(replace(each, approved=_approved(each, file, candidates.get(each.name, {}))) for each in declared)


def _approved(declared: GeneratedText, file: YamlFile | None, candidates: Mapping[str, Candidate]) -> dict[str, Text]:
    found: dict[str, Text] = {}
    for digest, candidate in candidates.items():
        if candidate.approved:
            assert file is not None
            if fault := fault_in(candidate.text, declared.max_chars):
                file.fault((declared.name, digest, "text"), f"an approved text {fault}")
            else:
                found[digest] = Text(candidate.text)
    return found


def write_texts(path: Path, candidates: Mapping[str, Mapping[str, Candidate]]) -> None:
    """Writes all texts anew, as a whole or not at all, in the order they are given in."""
    data = {
        name: {
            digest: {"locale": c.locale, "inputs": dict(c.inputs), "text": c.text, "approved": c.approved}
            for digest, c in entries.items()
        }
        for name, entries in candidates.items()
        if entries
    }
    content = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
    write_whole(path, (_HEADER + content).encode())
