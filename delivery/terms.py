"""`services.yml`: whether anything is handed over, and how each service is written to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delivery.services import SERVICES
from exports.errors import LoadError
from exports.yamlfile import Key, YamlFile, read_yaml

_AUTH = re.compile(r"bearer|basic|aws4 [a-z0-9-]+|[A-Za-z0-9-]+: [ -~]*\{secret\}[ -~]*")
_URL = re.compile(r"https://[^\s/?#@]+[^\s?#@]*|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s?#@]*)?")
_GENERAL = ("max_age_hours", "first_wait_seconds", "longest_wait_seconds")
_NEEDED = (
    "auth", "requests_per_second", "concurrent", "timeout_seconds", "max_attempts", "accepted", "retried",
    "retry_unknown",
)  # fmt: skip
_MAY = ("url", "headers", "transient_codes", "hours_ahead")


@dataclass(frozen=True, slots=True)
class Terms:
    """How one service is written to, as its section says. `url` is empty until the shop has given it."""

    name: str
    url: str
    auth: str
    headers: Mapping[str, str]
    requests_per_second: float
    concurrent: int
    timeout_seconds: float
    max_attempts: int
    accepted: frozenset[int]
    retried: frozenset[int]
    transient_codes: frozenset[str]
    hours_ahead: float
    retry_unknown: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for all services, and the terms of each by name."""

    path: Path
    is_enabled: bool
    max_age_hours: float
    first_wait_seconds: float
    longest_wait_seconds: float
    services: Mapping[str, Terms]


def load_rules(path: Path) -> Rules:
    """`services.yml`, checked. Raises LoadError with every fault by file and line."""
    file = read_yaml(path)
    sections = file.mapping((), file.data, ("delivery", *sorted(SERVICES)), ("delivery",))
    general = file.mapping(("delivery",), sections.pop("delivery", {}), ("enabled", *_GENERAL), ("enabled", *_GENERAL))
    enabled = _boolean(file, ("delivery", "enabled"), general.get("enabled"))
    numbers = {name: _number(file, ("delivery", name), general.get(name)) for name in _GENERAL}
    services = {name: _terms(file, name, section) for name, section in sections.items()}
    if file.problems:
        raise LoadError(file.problems)
    return Rules(path, enabled, **numbers, services=services)


def _terms(file: YamlFile, name: str, value: object) -> Terms:
    data = file.mapping((name,), value, (*_NEEDED, *_MAY), _NEEDED)
    for key, form in (("auth", _AUTH), ("url", _URL)):
        if key in data and not (isinstance(data[key], str) and form.fullmatch(data[key])):
            say = "https://..., or http:// to this machine" if key == "url" else "as the top of the file says"
            file.fault((name, key), f"{name}.{key} must be {say}")
    return Terms(
        name=name,
        url=data.get("url", ""),
        auth=data.get("auth", ""),
        headers=_texts(file, (name, "headers"), data.get("headers", {})),
        accepted=_statuses(file, (name, "accepted"), data.get("accepted")),
        retried=_statuses(file, (name, "retried"), data.get("retried")),
        transient_codes=frozenset(_list(file, (name, "transient_codes"), data.get("transient_codes", []), str)),
        hours_ahead=_number(file, (name, "hours_ahead"), data.get("hours_ahead", 0), may_be_0=True),
        retry_unknown=_boolean(file, (name, "retry_unknown"), data.get("retry_unknown")),
        requests_per_second=_number(file, (name, "requests_per_second"), data.get("requests_per_second")),
        timeout_seconds=_number(file, (name, "timeout_seconds"), data.get("timeout_seconds")),
        concurrent=_count(file, (name, "concurrent"), data.get("concurrent")),
        max_attempts=_count(file, (name, "max_attempts"), data.get("max_attempts")),
    )


def _boolean(file: YamlFile, key: Key, value: object) -> bool:
    if not isinstance(value, bool):
        file.fault(key, f"{'.'.join(key)} must be true or false")
    return value is True


def _number(file: YamlFile, key: Key, value: object, *, may_be_0: bool = False) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and (value > 0 or (may_be_0 and value == 0)):
        return float(value)
    file.fault(key, f"{'.'.join(key)} must be a number above 0")
    return 1.0


def _count(file: YamlFile, key: Key, value: object) -> int:
    if type(value) is int and value > 0:
        return value
    file.fault(key, f"{'.'.join(key)} must be a whole number above 0")
    return 1


def _list(file: YamlFile, key: Key, value: object, kind: type) -> list[Any]:
    if isinstance(value, list) and all(type(each) is kind for each in value):
        return value
    file.fault(key, f"{'.'.join(key)} must be a list of {'statuses' if kind is int else 'texts, in quotes'}")
    return []


def _statuses(file: YamlFile, key: Key, value: object) -> frozenset[int]:
    return frozenset(_list(file, key, value, int))


def _texts(file: YamlFile, key: Key, value: object) -> dict[str, str]:
    if isinstance(value, dict) and all(isinstance(text, str) for text in value.values()):
        return value
    file.fault(key, f"{'.'.join(key)} must be a mapping of texts")
    return {}
