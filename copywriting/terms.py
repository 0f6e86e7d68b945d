"""openai.yml: which model is asked, where, and how patiently."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exports.errors import LoadError
from exports.yamlfile import YamlFile, read_yaml

DEFAULT_TERMS = Path(__file__).with_name("openai.yml")
_KEYS = ("enabled", "base_url", "model", "timeout_seconds", "max_retries", "pause_seconds")
# A secret goes over no network in the clear: without TLS only to this machine.
_URL = re.compile(r"https://[\w.-]+(:\d+)?(/[\w./-]*)?|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[\w./-]*)?")


@dataclass(frozen=True, slots=True)
class Terms:
    """How a model is asked. Times are in seconds; `max_retries` is beside the first try."""

    is_enabled: bool
    base_url: str
    model: str
    timeout_seconds: float
    max_retries: int
    pause_seconds: float
    path: Path = DEFAULT_TERMS


def load_terms(path: Path = DEFAULT_TERMS) -> Terms:
    """Reads and checks openai.yml. Raises LoadError with every fault, by file and line."""
    file = read_yaml(path)
    data = file.mapping((), file.data, _KEYS, _KEYS)
    if not isinstance(data.get("enabled", False), bool):
        file.fault(("enabled",), "enabled must be true or false")
    url = data.get("base_url", "")
    if not isinstance(url, str) or not _URL.fullmatch(url):
        file.fault(("base_url",), "base_url must be an https address, or an http one of this machine")
    retries = data.get("max_retries", 0)
    if type(retries) is not int or not 0 <= retries <= 10:
        file.fault(("max_retries",), "max_retries must be a whole number from 0 to 10")
    model = file.text(("model",), data.get("model"))
    timeout = _seconds(file, "timeout_seconds", data, 0.1)
    pause = _seconds(file, "pause_seconds", data, 0)
    if file.problems:
        raise LoadError(file.problems)
    return Terms(data["enabled"], url.rstrip("/"), model, timeout, retries, pause, path)


def _seconds(file: YamlFile, name: str, data: dict[str, Any], least: float) -> float:
    value = data.get(name, 1)
    if type(value) in (int, float) and least <= value <= 600:
        return float(value)
    file.fault((name,), f"{name} must be a number of seconds from {least} to 600")
    return least
