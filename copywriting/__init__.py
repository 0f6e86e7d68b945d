"""Writing texts for campaigns: by filling phrases, or by asking a language model.

Here belongs how a text is come by, and nothing else: orchestration/ knows which are wanted, exports/ keeps them.
No text is used before a person has approved it. Nothing in this package reads the environment.

    writer = Phrases(folder / "phrases.yml")     # or ChatModel(load_terms(path), secret)
    text = writer.write(Order("intro", "en-GB", prompt, inputs, max_chars=120, digest=digest))
"""

from copywriting.chat import ChatModel
from copywriting.order import CopywritingError, Order, Writer
from copywriting.phrases import Phrases
from copywriting.terms import DEFAULT_TERMS, Terms, load_terms

__all__ = ["DEFAULT_TERMS", "ChatModel", "CopywritingError", "Order", "Phrases", "Terms", "Writer", "load_terms"]
