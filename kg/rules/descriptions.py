"""The description of a concept: the sentence that defines it, whole."""

import re

from graphtune.kg.paragraphs import list_sentences
from graphtune.records import Chunk, Span

MAX_DESCRIPTION = 300
#: How a sentence begins that says little without the one before, and one that needs the next.
_REFERS_BACK = re.compile(
    r"(?:Then|In\s+(?:this|that|such)\s+(?:case|situation|circumstances)|In\s+this\s+setting|Th(?:is|ese)|Such"
    r"|Here|Hence|It|They|If\s+so|Otherwise|Similarly|Especially|Dually)\b"
)
_SUPPOSES = re.compile(r"(?:Let|Suppose|Assume|Given|Fix|Denote|Consider)\b")
#: Where a sentence was cut: before a list, or at the dots of "a1, a2, . . . , an".
_UNFINISHED = re.compile(
    r"(?::|[,·(.]\s*\.|(?<!\w)\(?[1ia]\)?\.?|as\s+follows\.?|\s(?:if|that|and|or))$"
)
_LIST_MARK = re.compile(r"[•–*·]\s+|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s+(?=[A-Z])")


def describe(chunk: Chunk, sentence: Span) -> str:
    """Return the sentence, with the one it refers back to or with its list, at most 300 characters.

    >>> text = "Let P be a poset. Then a chain is a totally ordered subset. More."
    >>> chunk = Chunk("c", "d", 0, text, 0, len(text), "", 1, 1, 14)
    >>> describe(chunk, Span(18, 59))
    'Let P be a poset. Then a chain is a totally ordered subset.'
    """
    text = chunk.text
    low, high = _find_body(chunk, sentence)
    start, end = sentence
    mark = _LIST_MARK.match(text, start, end)
    if _REFERS_BACK.match(text, mark.end() if mark else start):
        before = list_sentences(text, low, start)
        if before and end - before[-1].start <= MAX_DESCRIPTION:
            start = before[-1].start
    if mark := _LIST_MARK.match(text, start, end):
        start = mark.end()
    following, last = list_sentences(text, end, high), sentence.start
    while following and end - start <= MAX_DESCRIPTION:
        if not (_UNFINISHED.search(text, start, end) or _SUPPOSES.match(text, last)):
            break
        last, end = following.pop(0)
    return _shorten(text[start:end])


def _find_body(chunk: Chunk, sentence: Span) -> Span:
    """Return the part of the passage that a description may take: one paragraph and what follows it."""
    low = chunk.text.rfind("\n\n", 0, sentence.start) + 1
    for unit in chunk.units:
        if unit.start <= sentence.start < unit.end:
            if unit.head_end <= sentence.start:
                low = max(low, unit.head_end)
            return Span(low, max(unit.end, sentence.end))
    return Span(low, len(chunk.text))


def _shorten(sentence: str) -> str:
    text = " ".join(sentence.split())
    if len(text) <= MAX_DESCRIPTION:
        return text
    return text[: MAX_DESCRIPTION - 1].rpartition(" ")[0] + "…"
