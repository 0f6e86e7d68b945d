"""Checked template sources made into what Jinja renders: MJML compiled, links tagged, brand values filled in."""

import re
from collections.abc import Mapping
from dataclasses import replace

from exports.brand import Brand
from exports.errors import Problem
from exports.links import Utm, tag_text_links
from exports.minify import minify
from exports.mjml import compile_mjml, escape_constant
from exports.source import Source, fill_brand, hide_tags
from exports.static_links import Links, Names

_ANCHOR = re.compile(r"""(<a\b[^>]*?\shref=)(["'])(.*?)\2""", re.DOTALL)
_IMAGE = re.compile(r"""(<img\b[^>]*?\ssrc=)(["'])(.*?)\2""", re.DOTALL)


class Compiler:
    """Compiles templates that know the names of one campaign; `problems` gathers what is wrong with them."""

    def __init__(self, brand: Brand, utm: Utm, names: Names) -> None:
        self.brand, self.utm, self.names = brand, utm, names
        self.problems: list[Problem] = []

    def text(self, source: Source) -> str:
        """A text part, or a subject or preheader."""
        hidden = hide_tags(fill_brand(source.text, self.brand.values))
        links = Links(source, hidden, self.utm, self.names, self.problems)
        return hidden.restore(tag_text_links(hidden.text, links.text_link))

    def html(self, source: Source, loops: Mapping[str, set[str]]) -> tuple[str, set[str]]:
        """An HTML part from MJML, and the expressions its links consist of. The HTML is empty when MJML is at fault."""
        hidden = hide_tags(fill_brand(source.text, self.brand.values, escape_constant))
        html, problems = compile_mjml(source, hidden)
        self.problems += problems
        links = Links(source, hidden, self.utm, replace(self.names, loops=loops), self.problems)
        html = _ANCHOR.sub(lambda match: match.expand(r"\1\2") + links.anchor(match.group(3)) + match.group(2), html)
        for match in _IMAGE.finditer(html):
            links.image(match.group(3))
        return hidden.restore(minify(html)), links.seen
