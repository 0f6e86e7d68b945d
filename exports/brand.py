"""The shop's own details, from `brand.yml`: sender, postal address, site, fonts, colours.

What differs from campaign to campaign belongs in `campaign.yml`, secrets in neither.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from exports.errors import LoadError
from exports.locales import is_locale
from exports.safety import clean_url, is_email
from exports.writers.config import read_names
from exports.yamlfile import Key, YamlFile, read_yaml

DEFAULT_BRAND = Path(__file__).with_name("brand.yml")
# What Gmail shows of a message: the rest is behind a link, the unsubscribe link with it.
GMAIL_BYTES = 102 * 1024
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_FONTS = re.compile(r"[\w -]+(?:, ?(?:[\w -]+|'[\w -]+'))*")
_GROUPS = {
    "fonts": (("heading", "text", "code"), _FONTS, "names of fonts with commas between them"),
    "colours": (
        (
            "background", "surface", "tint", "text", "muted", "line", "accent", "accent_text", "dark_background",
            "dark_surface", "dark_tint", "dark_text", "dark_muted", "dark_line", "dark_accent", "dark_accent_text",
        ),
        _COLOUR, "a colour like #1f5f4a",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Brand:
    """One shop. `values` has what templates may print, by dotted key (`shop_name`, `colours.accent`).

    `esp` names the e-mail services that are written for, unless a campaign names its own. No message is sent whose HTML
    is longer than `max_html_bytes`.
    """

    values: dict[str, str]
    esp: tuple[str, ...] = ()
    max_html_bytes: int = GMAIL_BYTES

    def __getitem__(self, key: str) -> str:
        return self.values[key]

    def fingerprint(self) -> bytes:
        """The values as canonical bytes: equal for equal brands, whatever the file's comments."""
        return orjson.dumps(self.values, option=orjson.OPT_SORT_KEYS)


def _is_site(value: str) -> bool:
    return clean_url(value) == value and re.fullmatch(r"https://[^?#]*[^?#/]", value) is not None


_CHECKS: dict[str, tuple[Callable[[str], object], str]] = {
    "locale": (is_locale, "a locale as in en-GB or de"),
    "shop_name": (bool, ""),
    "from_name": (bool, ""),
    "from_email": (is_email, "one e-mail address"),
    "reply_to": (is_email, "one e-mail address"),
    "postal_address": (bool, ""),
    "website": (_is_site, "an https link without a slash at the end, `?` or `#`"),
    "placeholder_image_url": (lambda value: clean_url(value) == value, "an http or https link"),
    "unsubscribe_url": (_is_site, "an https link without a slash at the end, `?` or `#`"),
    "unsubscribe_mailto": (is_email, "one e-mail address"),
}


def load_brand(path: Path = DEFAULT_BRAND) -> Brand:
    """Reads and checks a brand file. Raises LoadError with every fault, by file and line."""
    file = read_yaml(path)
    needed = (*_CHECKS, *_GROUPS)
    data = file.mapping((), file.data, (*needed, "esp", "max_html_bytes"), needed)
    esp = read_names(file, data.pop("esp", []))
    max_html_bytes = data.pop("max_html_bytes", GMAIL_BYTES)
    if type(max_html_bytes) is not int or max_html_bytes < 1:
        file.fault(("max_html_bytes",), "max_html_bytes must be a whole number above 0")
    groups = {group: data.pop(group, {}) for group in _GROUPS}
    values = {name: _value(file, (name,), value, *_CHECKS[name]) for name, value in data.items()}
    for group, (names, form, wanted) in _GROUPS.items():
        for name, value in file.mapping((group,), groups[group], names, names).items():
            values[f"{group}.{name}"] = _value(file, (group, name), value, form.fullmatch, wanted)
    if file.problems:
        raise LoadError(file.problems)
    return Brand(values, esp, max_html_bytes)


def _value(file: YamlFile, key: Key, value: object, check: Callable[[str], object], wanted: str) -> str:
    text = file.text(key, value)
    if text and not check(text):
        file.fault(key, f"{'.'.join(key)} must be {wanted}")
    if "{" in text or "}" in text:
        file.fault(key, f"{'.'.join(key)} may not hold braces")
    return text
