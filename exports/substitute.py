"""What is given to a block's inputs, put into the block's text. Which of it fits is checked elsewhere.

A text, link or image is template text itself: it takes the place of `{{ name }}`, and `{% if name %}` is decided here,
once for all recipients. A list is a name: it takes the place of the input's wherever a tag reads that.
"""

from collections.abc import Iterator, Mapping

from jinja2 import Environment

from exports.source import TAG, Lines

_LEXER = Environment()
# Stands where something was taken out: a line that had nothing else goes with it.
_GONE = "\0"


def tag_tokens(tag: str) -> list[tuple[str, bool]]:
    """The tokens of one tag, braces and white space included, and whether each is a name that is read there."""
    tokens: list[tuple[str, bool]] = []
    last = ""
    for _, kind, text in _LEXER.lex(tag):
        tokens.append((text, kind == "name" and last not in (".", "|", "is")))
        last = last if kind == "whitespace" else text
    return tokens


def tag_words(tag: str) -> list[str]:
    """The tokens of one tag without its braces and white space."""
    return [text for text, _ in tag_tokens(tag)[1:-1] if text.strip()]


def substitute(text: str, fragments: Mapping[str, str | None], lists: Mapping[str, str]) -> Lines:
    """The lines of a block with its inputs filled, each with its number in the block's file.

    `fragments` has what each text, link or image is, None for one that is not given; `lists` the campaign's name of
    each list.
    """
    filled = "".join(_Substitution(fragments, lists).pieces(text))
    return [
        (line.replace(_GONE, ""), number)
        for number, line in enumerate(filled.split("\n"), start=1)
        if _GONE not in line or line.strip(" \t" + _GONE)
    ]


class _Substitution:
    def __init__(self, fragments: Mapping[str, str | None], lists: Mapping[str, str]) -> None:
        self.fragments, self.lists = fragments, lists
        # Of each statement that is open: whether what it holds stays, None where each recipient's row decides.
        self.open: list[bool | None] = []

    def pieces(self, text: str) -> Iterator[str]:
        position = 0
        for match in TAG.finditer(text):
            yield self._kept(text[position : match.start()])
            yield self._tag(match.group())
            position = match.end()
        yield self._kept(text[position:])

    def _kept(self, text: str) -> str:
        return _gone(text) if False in self.open else text

    def _tag(self, tag: str) -> str:
        words = tag_words(tag)
        if tag.startswith("{%"):
            return self._statement(tag, words)
        if len(words) == 1 and words[0] in self.fragments:
            return self._kept((self.fragments[words[0]] or "") + _gone(tag)[1:])
        return self._kept(self._renamed(tag))

    def _statement(self, tag: str, words: list[str]) -> str:
        match words:
            case ["if", name] if name in self.fragments:
                self.open.append(self.fragments[name] is not None)
                return _gone(tag)
            case ["if" | "for", *_]:
                self.open.append(None)
            case ["else"] if self.open[-1] is not None:
                self.open[-1] = not self.open[-1]
                return _gone(tag)
            case ["endif" | "endfor"] if self.open.pop() is not None:
                return _gone(tag)
        return self._kept(self._renamed(tag))

    def _renamed(self, tag: str) -> str:
        """The tag with the campaign's names of lists."""
        return "".join(self.lists.get(text, text) if is_name else text for text, is_name in tag_tokens(tag))


def _gone(text: str) -> str:
    return "\n".join(_GONE for _ in text.split("\n"))
