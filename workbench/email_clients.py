"""What e-mail clients do not show of what templates use, by the tests that caniemail.com publishes as one JSON file.

Only what people wrote is looked at (campaigns, layouts, blocks); the HTML around it is MJML's. What is not shown
somewhere and does no harm is accepted in exports/email_clients.yml, with what is seen there instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from exports import LoadError, Problem
from exports.yamlfile import read_yaml
from workbench.errors import WorkbenchError

EXPORTS = Path(__file__).parent.parent / "exports"
_WRITTEN = ("layouts", "blocks", "campaigns")
# Features by slug, and of each the clients (as in "gmail android") that do not have it.
Lacking = Mapping[str, list[str]]

_STYLE_BLOCK = re.compile(r"<(mj-style|style)\b[^>]*>(.*?)</\1>", re.DOTALL)
_STYLE_ATTRIBUTE = re.compile(r"""\bstyle\s*=\s*(["'])(.*?)\1""", re.DOTALL)
_ELEMENT = re.compile(r"<([a-z][a-z0-9-]*)((?:\s[^<>]*)?)>")
_ATTRIBUTE = re.compile(r"""([a-z-]+)\s*=\s*["']""")
_TAG = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DECLARATION = re.compile(r"(?:^|[;{])\s*([a-z-]+)\s*:\s*([^;{}]+)(?=[;}]|$)")
_SELECTOR = re.compile(r"(?:^|[{}])([^{}@;]+)\{")
_PSEUDO = re.compile(r"(::?)([a-z-]+)")
_AT_RULE = re.compile(r"@([a-z-]+)\s*([^{;]*)")
# What a feature is called where it is not named as it is written.
_MEDIA = ("prefers-color-scheme", "prefers-reduced-motion", "hover", "orientation", "device-pixel-ratio")
_ELEMENTS = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "h1-h6"),
    **dict.fromkeys(("ul", "ol", "dl"), "lists"),
}


def check_clients(data: Path, exports: Path = EXPORTS) -> list[Problem]:
    """Features that a client of email_clients.yml lacks and that are not accepted there, at each first line of a file.

    Raises:
        WorkbenchError: `data` is not caniemail's file, or email_clients.yml is at fault.
    """
    policy = exports / "email_clients.yml"
    families, accepted = _policy(policy)
    lacking = read_lacking(data, families)
    problems = []
    seen: set[str] = set()
    for path in sorted(path for room in _WRITTEN for path in exports.glob(f"{room}/**/*.mjml")):
        first: dict[str, int] = {}
        for slug, line in features(path.read_text(encoding="utf-8")):
            first.setdefault(slug, line)
        seen |= first.keys()
        for slug, line in sorted(first.items(), key=lambda item: (item[1], item[0])):
            if lacking.get(slug) and slug not in accepted:
                text = f"{slug} is not in {', '.join(lacking[slug])}: do without it, or accept it in {policy.name}"
                problems.append(Problem(path, line, text))
    for slug, line in accepted.items():
        if slug not in seen or not lacking.get(slug):
            problems.append(Problem(policy, line, f"{slug} is accepted and is used nowhere, or is in all clients"))
    return problems


def read_lacking(data: Path, families: list[str]) -> Lacking:
    """Of every feature, the clients of these families whose last tested version does not have it."""
    try:
        published = json.loads(data.read_text(encoding="utf-8"))["data"]
        known = {family for feature in published for family in feature["stats"]}
        lacking = {feature["slug"]: _without(feature["stats"], families) for feature in published}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise WorkbenchError(f"{data} is not the JSON file of caniemail.com: {type(error).__name__}") from None
    if strangers := set(families) - known:
        raise WorkbenchError(f"{data}: caniemail.com knows no clients called {', '.join(sorted(strangers))}")
    return lacking


def _without(stats: Mapping[str, Mapping[str, Mapping[str, str]]], families: list[str]) -> list[str]:
    """The clients of these families that do not have a feature."""
    return [
        f"{family} {platform}"
        for family in families
        for platform, versions in stats.get(family, {}).items()
        if list(versions.values())[-1].startswith("n")
    ]


def features(text: str) -> Iterator[tuple[str, int]]:
    """The features that a template's text uses, by caniemail's slug, with the line of each."""
    text = _blanked(_COMMENT, _blanked(_TAG, text))
    for block in _STYLE_BLOCK.finditer(text):
        yield from _of_css(text, block.start(2), block.group(2), selectors=True)
    text = _blanked(_STYLE_BLOCK, text)
    for style in _STYLE_ATTRIBUTE.finditer(text):
        yield from _of_css(text, style.start(2), style.group(2), selectors=False)
    for element in _ELEMENT.finditer(text):
        tag, line = element.group(1), _line(text, element.start())
        if not tag.startswith("mj"):
            yield f"html-{_ELEMENTS.get(tag, tag)}", line
        for attribute in _ATTRIBUTE.finditer(element.group(2)):
            # MJML's attributes are properties: they end in a style.
            kind = "css" if tag.startswith("mj") else "html"
            if attribute.group(1) != "style":
                yield f"{kind}-{attribute.group(1)}", line


def _of_css(text: str, start: int, css: str, selectors: bool) -> Iterator[tuple[str, int]]:
    for rule in _AT_RULE.finditer(css):
        line = _line(text, start + rule.start())
        yield f"css-at-{rule.group(1)}", line
        for media in _MEDIA:
            if media in rule.group(2):
                yield f"css-at-media-{media}", line
    if selectors:
        for selector in _SELECTOR.finditer(css):
            for pseudo in _PSEUDO.finditer(selector.group(1)):
                kind = "class" if pseudo.group(1) == ":" else "element"
                yield f"css-pseudo-{kind}-{pseudo.group(2)}", _line(text, start + selector.start(1) + pseudo.start())
    for declaration in _DECLARATION.finditer(css):
        name, value = declaration.group(1), declaration.group(2)
        line = _line(text, start + declaration.start(1))
        yield f"css-{name}", line
        if name == "display":
            yield f"css-display-{value.split()[0].removeprefix('inline-')}", line
        for unit in re.findall(r"\d(rem|vh|vw|vmin|vmax|ch|ex|em|%)", value):
            yield f"css-unit-{'percent' if unit == '%' else unit}", line
        for function in re.findall(r"\b(calc|clamp|min|max|light-dark|var|linear-gradient|radial-gradient)\(", value):
            yield (
                {"calc": "css-unit-calc", "var": "css-variables"}.get(
                    function, f"css-{function}" if "gradient" in function else f"css-function-{function}"
                ),
                line,
            )


def _policy(path: Path) -> tuple[list[str], dict[str, int]]:
    """The clients that matter, and the line of each feature that is accepted all the same."""
    try:
        file = read_yaml(path)
    except LoadError as error:
        raise WorkbenchError(str(error)) from None
    data = file.mapping((), file.data, ("clients", "accepted"), ("clients", "accepted"))
    for slug, why in data.get("accepted", {}).items():
        file.text(("accepted", slug), why)
    if file.problems:
        raise WorkbenchError(str(LoadError(file.problems)))
    return list(data["clients"]), {slug: file.line("accepted", slug) for slug in data["accepted"]}


def _blanked(pattern: re.Pattern[str], text: str) -> str:
    """`text` without what matches, its lines kept."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
