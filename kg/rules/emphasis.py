"""Terms that are set in a face of their own where a sentence defines or names them."""

import re
from collections.abc import Iterator
from dataclasses import replace

from graphtune.kg.names import is_useful_alias, trim_name
from graphtune.kg.paragraphs import Paragraph
from graphtune.kg.rules.subjects import opens_definition
from graphtune.kg.rules.terms import is_technical, make_concept
from graphtune.records import Chunk, FoundConcept, Role, Span

_FILLER = (
    r"(?:\s+(?:simply|also|usually|often|sometimes|just|then|the|an?|its|their|to\s+be|both))*"
)
_CUE_BEFORE = re.compile(
    r"\b(?:call(?:ed|s)?(?:\s+\S{1,12}){0,2}?|termed|named|dubbed(?:\s+\S{1,12})??|(?:known|referred\s+to)\s+as"
    r"|(?:say|says|saying)\s+that\s.{1,60}\s(?:is|are)|said\s+to\s+(?:be|have)|defin(?:e[ds]?|ing)"
    r"|(?:notion|concept)s?\s+of|introduced?"
    r"|(?:speak\s+of|mean\s+by)|terms?|by\s+(?:an?|the)|let|denote[sd]?(?:\s+by)?"
    r"|calls?\s[^.;]{3,60}?\sand\s+\S{1,9}\s+(?:the|its|an?)"
    rf"|(?:is|are|be|becomes?|also|has|have)\s+(?:an?|the|its|their)){_FILLER}\s*[“\"(]?$",
    re.IGNORECASE,
)
#: "is graded if": an emphasised property, and when a thing has it.
_IS_BEFORE = re.compile(r"\b(?:is|are|be|being|has|have)\s+(?:then\s+|also\s+)?$")
_IF_AFTER = re.compile(
    r"\s*(?:,|\([^)]*\))?\s*(?:if|iff|when|whenever|provided|or|and|exactly|just|that\s+is|i\.e\.)"
    r"(?!\w)|\s+(?:with|to)\s"
)
#: Between two terms of one list: "the *trace* and *augmentation*".
_NEXT = re.compile(r"\s*(?:,|,?\s*(?:and|or))\s+(?:(?:the|an?|its)\s+)?", re.IGNORECASE)
_ALIAS = re.compile(
    r"\s*[,(]?\s*(?:(?:or|also|sometimes|often|usually|simply|briefly|synonymously|which\s+is|is|are|as"
    r"|also\s+called|called|known|termed|named|in\s+short|for\s+short|i\.e\.)[,\s]+)+(?:an?\s|the\s)?\s*",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[“‘\"](?P<term>[a-z][^“”‘’\".,;]{2,40})[”’\"]")
#: A sentence that gives a book or paper: "J. Algebra 12 (1969), 3–17".
_CITATION = re.compile(
    r"\(\d{4}\)|,\s(?:1[89]|20)\d\d\b|\b(?:ISBN|Journal|Press|Springer|Springer-Verlag|Wiley|Proc\.|Math\.|Trans\b|[Vv]ol\.)"
)


def read_emphasised(chunk: Chunk, paragraph: Paragraph, sentence: Span) -> Iterator[FoundConcept]:
    """Yield the emphasised terms that the sentence defines, each with the aliases beside it."""
    text = chunk.text
    previous: FoundConcept | None = None
    end = sentence.start
    for span in _list_emphasised(chunk, sentence):
        is_next = previous and previous.role == "defines" and _NEXT.fullmatch(text, end, span.start)
        if previous and _ALIAS.fullmatch(text, end, span.start):
            alias = trim_name(text[slice(*span)])
            # "A coordinate coframe, or simply a coframe": said so, even the end of a name tells it.
            if is_useful_alias(alias, previous.name) or is_technical(alias):
                aliases = dict.fromkeys((*previous.aliases, alias))
                previous = replace(previous, aliases=tuple(aliases))
            end = span.end
            continue
        if previous:
            yield previous
        before, after = text[sentence.start : span.start], text[span.end : sentence.end]
        subject = opens_definition(text, span, sentence)
        property_of = _IS_BEFORE.search(before) and _IF_AFTER.match(after)
        cued = _CUE_BEFORE.search(before) or subject or property_of or is_next
        is_quoted = text[span.start - 1 : span.start] in tuple('“‘"')
        is_cited = _CITATION.search(text, *sentence) and not _CUE_BEFORE.search(before)
        if is_cited:
            previous = None
            continue
        defines = cued or (paragraph.kind == "definition" and not is_quoted)
        if not defines and (is_quoted or paragraph.kind in ("statement", "proof")):
            previous = None
            continue
        role: Role = "defines" if defines else "mentions"
        previous = next(make_concept(chunk, span, role, sentence), None)
        end = max(span.end, previous.end) if previous else span.end
        if previous and role == "mentions" and not _names_concept(text, sentence, previous):
            previous = None
    if previous:
        yield previous


def _list_emphasised(chunk: Chunk, sentence: Span) -> list[Span]:
    """Return the emphasised and quoted spans in a sentence; those parted only by a blank are one."""
    spans: list[Span] = []
    quoted = (match.span("term") for match in _QUOTED.finditer(chunk.text, *sentence))
    for start, end in sorted({*chunk.emphasis, *quoted}):
        start, end = max(start, sentence.start), min(end, sentence.end)
        if start >= end:
            continue
        # "T-conductor": a symbol is set in another face than the word it is joined to.
        if symbol := re.search(r"[\w′'()]+[-‐–]$", chunk.text[sentence.start : start]):
            start = sentence.start + symbol.start()
        if spans and chunk.text[spans[-1].end : start].strip(" -‐–") == "":
            spans[-1] = Span(spans[-1].start, end)
        else:
            spans.append(Span(start, end))
    return spans


def _names_concept(text: str, sentence: Span, found: FoundConcept) -> bool:
    """Tell an emphasised term from emphasis, the title of a book, and a head: "Face colourings. …"."""
    words = found.name.split()
    is_title = len(words) > 3 and sum(w[0].isupper() for w in words) > 2
    is_head = found.start <= sentence.start + 4 and re.match(
        r"\W*(?:[.:]|$)", text[found.end : sentence.end]
    )
    return len(words) > 1 and not is_title and not is_head
