"""Quotes: a span of a chunk with whole words around it, and where it stands."""

from typing import NamedTuple

from graphtune.records import Chunk

#: Characters of a quote after which it is cut.
LONGEST = 600


class Quote(NamedTuple):
    """A span's text between what stands before and after it, on one line each."""

    before: str
    text: str
    after: str


def cut_quote(chunk: Chunk, start: int, end: int, context: int = 0) -> Quote:
    """Return the span with at most `context` characters of whole words on each side."""
    left, right = max(0, start - context), min(len(chunk.text), end + context)
    before, after = chunk.text[left:start], chunk.text[end:right]
    if left > 0 and before:
        before = "…" + before.split(maxsplit=1)[-1] if " " in before.strip() else "…"
    if right < len(chunk.text) and after:
        after = after.rpartition(" ")[0].rstrip() + "…"
    text = chunk.text[start:end]
    text = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return Quote(*(part.replace("\n", " ") for part in (before, text, after)))
