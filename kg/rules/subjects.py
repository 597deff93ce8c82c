"""What stands around a term with which a definition begins: "A chain is a …", "the rank of P is"."""

import re

from graphtune.records import Span

_SUBJECT_BEFORE = re.compile(
    r"(?:^|[.;:]|\b(?:then|and|that|where|thus|hence|here))[\s•–*(\d)]*(?:an?|the|every)?\s*[“\"]?$",
    re.IGNORECASE,
)
_SUBJECT_AFTER = re.compile(
    r"[”\"]?\s*(?:[^\w\s]|\([^)]*\)|(?!an?\b)\S{1,6}(?=\s))?\s*(?:(?:of|from|between|on|in|for)\b.{1,50}?\s)?"
    r"(?:is|are|consists?|means|denotes?|refers|asserts|states|will\s+be|shall\s+be|:|—|-)(?=\s)"
)


def opens_definition(text: str, span: Span, sentence: Span) -> bool:
    """Tell whether a term is the subject of a sentence that may say what it is.

    >>> text = "A chain of P is a set."
    >>> opens_definition(text, Span(2, 7), Span(0, len(text)))
    True
    """
    before, after = text[sentence.start : span.start], text[span.end : sentence.end]
    return bool(_SUBJECT_BEFORE.search(before) and _SUBJECT_AFTER.match(after))
