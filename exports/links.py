"""Campaign parameters on links, and which links a template may hold.

A link is either one token of type `link` (its parameters are added when the row is read), or static text that starts
with its host (its parameters are written into the template when it is loaded). Opening links is nobody's job here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

STATIC_LINK = re.compile(r"https?://[\w.-]+(?::\d+)?(?=[/?#]|$)")
TEXT_LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)]")
_UTM_KEYS = ("utm_source=", "utm_medium=", "utm_campaign=", "utm_content=")


@dataclass(frozen=True, slots=True)
class Utm:
    """Where a visit came from, as web analytics know it. Values are slugs: they need no encoding."""

    source: str
    medium: str
    campaign: str

    def query(self, content: str) -> str:
        """The parameters, with the variant as `utm_content`."""
        return f"utm_source={self.source}&utm_medium={self.medium}&utm_campaign={self.campaign}&utm_content={content}"

    def record(self, content: str) -> dict[str, str]:
        """The parameters as the canonical message holds them."""
        return {"source": self.source, "medium": self.medium, "campaign": self.campaign, "content": content}


def with_query(url: str, query: str) -> str:
    """`url` with `query` added. Its own parameters and fragment are kept, but for utm parameters `query` sets anew."""
    base, mark, fragment = url.partition("#")
    path, _, own = base.partition("?")
    if path.count("/") == 2:
        path += "/"
    if "utm_" in own:
        own = "&".join(part for part in own.split("&") if not part.startswith(_UTM_KEYS))
    return f"{path}?{own}&{query}{mark}{fragment}" if own else f"{path}?{query}{mark}{fragment}"


def url_part(value: object) -> str:
    """A value as part of a link: everything but letters, digits and `-._~` percent-encoded."""
    return quote(str(value).replace("\u200c", ""), safe="")


def tag_static_link(url: str, utm: Utm, expressions: Mapping[str, str]) -> str:
    """Jinja source of a static link with parameters; a placeholder in it becomes its expression, percent-encoded."""
    tagged = with_query(url, utm.query("{{ variant }}"))
    for placeholder, expression in expressions.items():
        tagged = tagged.replace(placeholder, "{{ (" + expression + ")|url_part }}")
    return tagged


def tag_text_links(text: str, tag: Callable[[str], str]) -> str:
    """`text` with `tag` applied to every http or https link written out in it."""
    return TEXT_LINK.sub(lambda match: tag(match.group()), text)
