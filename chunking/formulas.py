"""Where the formulas of a text stand."""

import re

from graphtune.records import Document

_FORMULA = re.compile(r"\$\$[^$\n]+\$\$|\$[^$\n]+\$|`[^`\n]+`")


def hide_formulas(document: Document) -> str:
    r"""Return the text with each character of a formula replaced, all offsets kept.

    Formulas between dollar signs and code between backticks become \0, displays \1. A PDF has no such
    marks, there a dollar sign is one.
    """
    characters = list(document.text)
    if document.format != "pdf":
        for match in _FORMULA.finditer(document.text):
            characters[match.start() : match.end()] = "\0" * len(match[0])
    for start, end in document.displays:
        characters[start:end] = "\1" * (end - start)
    return "".join(characters)
