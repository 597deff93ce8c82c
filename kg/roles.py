"""The role of a mention: what the passage does with the concept where it names it."""

import re

from graphtune.kg.paragraphs import Paragraph
from graphtune.records import Role

#: What may stand between the beginning of a sentence and its subject.
_BEFORE_SUBJECT = re.compile(
    r"(?:\A|[.:;]\s)\s*(?:(?:then|hence|thus|therefore|moreover|furthermore|also|conversely"
    r"|in particular|the following|we say that),?\s+)?"
    r"(?:(?:the|an?|every|each|any|all|no|both|two|some|such|this|these)\s+)*\Z",
    re.IGNORECASE,
)
#: Behind its subject, a definition defines something else: "A ring R is …", "A group is called …".
_IS_GIVEN = re.compile(
    r"\s+(?:\$|\(?[^\W\d_]\b)|[^.;]*\b(?:is|are)\s+(?:called|said|termed|named)\b"
)
_LOOK_BACK = 60


def judge_role(paragraph: Paragraph, text: str, start: int, end: int) -> Role:
    """Return the role of a mention `text[start:end]` that no extractor saw defined.

    Headings state a concept. A statement or definition states what its name holds ("Theorem 2 (Pieri
    rule)") and what its sentences are about, their subject; all else that it names, it uses, as proofs
    do. Text mentions.

    >>> text = "Theorem 2. The Schur functions are a basis of the symmetric functions."
    >>> theorem = Paragraph(0, len(text), "statement", 11)
    >>> judge_role(theorem, text, 15, 30), judge_role(theorem, text, 50, 69)
    ('states', 'uses')
    """
    match paragraph.kind:
        case "heading":
            return "states"
        case "bibliography":
            return "bibliography"
        case "proof":
            return "uses"
        case "text":
            return "mentions"
    title = paragraph.title
    if title and start < title.end and title.start < end:
        return "states"
    # Behind a PDF's statement, paragraphs that comment on it often count as part of it.
    has_head = paragraph.head_end > paragraph.start
    if not has_head or not _is_subject(paragraph, text, start):
        return "uses"
    return "uses" if paragraph.kind == "definition" and _IS_GIVEN.match(text, end) else "states"


def _is_subject(paragraph: Paragraph, text: str, start: int) -> bool:
    begin = max(paragraph.head_end, start - _LOOK_BACK)
    before = text[begin:start]
    cut = "x" if begin > paragraph.head_end else ""  # the window does not begin a sentence
    return _BEFORE_SUBJECT.search(cut + before.rstrip("$")) is not None
