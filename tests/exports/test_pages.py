"""Filling templates fast must give what Jinja gives, and let nothing past the checks that all of the page would not."""

from __future__ import annotations

import pickle
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment

from exports.checks import abridged, check_message
from exports.errors import DataError
from exports.pages import Page, Static
from exports.safety import Text, clean_line
from exports.template import environment, page_template

MESSAGE = {
    "message_id": "m1",
    "to": {"email": "ada@example.org"},
    "subject": "s",
    "preheader": "p",
    "text": "t",
    "headers": {"List-Unsubscribe": "<https://a>"},
}
# What checks look for, cut where a value might complete it, and what keeps it apart.
SCRAPS = ("{", "%", "#", "@", "ada@example.org", "bob@example.net", "bob", "example", ".net", ' href="', ' src="', '"',
          "None", "N", "#", " ", "<p>", "</p>", "/", "é", "x" * 30, "https://a/")  # fmt: skip
SCRAP = st.lists(st.sampled_from(SCRAPS), max_size=8).map("".join)
VALUES: dict[str, Any] = {
    "name": Text("O'Brien & <b>\\Co"),
    "tag": clean_line("{{ 7*7 }} {%"),
    "n": 3,
    "price": Decimal("1234.5"),
    "items": [{"title": Text("A & B"), "price": Decimal(n)} for n in range(3)],
    "none": [],
}
TEMPLATES = [
    '<p title="{{ name }}">{{ tag }} \\ "é"</p>',
    "{% for i in items %}{{ loop.index }}/{{ loop.length }} {{ i.title }} {{ i.price|round }}"
    "{% if not loop.last %}, {% endif %}{% endfor %}",
    "{{ (items | first).title | upper }}{{ items | length }}{{ 'a' ~ name }}{{ 1 + n }}{{ 'x' if n is odd else 'y' }}",
    "{% if none %}a{% elif n > 2 and not none %}b & {{ price | money('EUR') }}{% else %}c{% endif %}",
]


def _refusal(html: str) -> str | None:
    try:
        check_message(MESSAGE | {"html": html}, {"shop@example.com"})
    except DataError as error:
        return str(error)
    return None


@example(("a" * 40, ">bob"), ("@example.net",))
@example((' <a b="' + "c" * 20 + '" href="', '">' + "d" * 40), ("",))
@example(("{" + "a" * 60 + "{", "b" * 60), ("{",))
@given(st.lists(SCRAP, min_size=1).map(tuple), st.lists(SCRAP, min_size=1).map(tuple))
def test_the_checks_find_in_an_abridged_page_what_they_find_in_all_of_it(
    statics: tuple[str, ...], values: tuple[str, ...]
) -> None:
    pairs = [(static, values[number % len(values)]) for number, static in enumerate(statics)]
    whole = "<html>" + "".join(static + value for static, value in pairs)
    short = "<html>" + "".join(abridged(static) + value for static, value in pairs)
    assert _refusal(short) == _refusal(whole)


def test_a_long_static_part_is_abridged() -> None:
    assert len(abridged("<td>" * 500)) < 60
    assert abridged("<td>" * 500 + "help@example.net" + "<td>" * 500).count("<td>") == 1000


@given(st.lists(st.tuples(st.booleans(), st.text(st.characters(codec="utf-8")))))
def test_a_page_is_its_parts_as_json(parts: list[tuple[bool, str]]) -> None:
    page = Page([Static(text) if is_static else text for is_static, text in parts])
    html = "".join(text for _, text in parts)
    assert page.json == orjson.dumps(html)
    assert page.size() == len(html.encode())


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("autoescape", [True, False], ids=["html", "text"])
def test_a_template_says_what_jinja_makes_of_it(template: str, autoescape: bool) -> None:
    jinja = ImmutableSandboxedEnvironment(autoescape=autoescape)
    jinja.filters |= environment(autoescape, "en-GB").filters
    expected = jinja.from_string(template).render(VALUES)
    ours = page_template(template, autoescape, "en-GB")
    for filled in (ours, pickle.loads(pickle.dumps(ours))):
        assert filled.text(VALUES) == expected
        assert orjson.loads(filled.page(VALUES).json) == expected
