"""Concepts by rule: terms where they are defined, named results, telling headings. No network."""

import re
from collections.abc import Iterator
from dataclasses import replace

from graphtune.kg.names import FUNCTION_WORDS, is_useful_alias, trim_name
from graphtune.kg.paragraphs import Paragraph, list_sentences, split_paragraphs
from graphtune.kg.rules.headings import read_parts, read_topics
from graphtune.kg.rules.phrases import find_named, guess_type, read_noun_phrase
from graphtune.kg.rules.recurring import read_recurring
from graphtune.kg.rules.subjects import opens_definition
from graphtune.kg.rules.terms import make_concept, merge_found
from graphtune.records import Chunk, Extraction, FoundConcept, Role, Span

_FILLER = (
    r"(?:\s+(?:simply|also|usually|often|sometimes|just|then|the|an?|its|their|to\s+be|both))*"
)
_CUE_BEFORE = re.compile(
    r"\b(?:call(?:ed|s)?(?:\s+\S{1,12}){0,2}?|termed|named|dubbed(?:\s+\S{1,12})??|(?:known|referred\s+to)\s+as"
    r"|(?:say|says|saying)\s+that\s.{1,60}\s(?:is|are)|said\s+to\s+(?:be|have)|defin(?:e[ds]?|ing)|(?:notion|concept)s?\s+of|introduced?"
    r"|(?:speak\s+of|mean\s+by)|terms?|by\s+(?:an?|the)|let|denote[sd]?(?:\s+by)?"
    rf"|(?:is|are|be|becomes?|also|has|have)\s+(?:an?|the|its|their)){_FILLER}\s*[“\"(]?$",
    re.IGNORECASE,
)
#: "is graded if": an emphasised property, and when a thing has it.
_IS_BEFORE = re.compile(r"\b(?:is|are|be|has|have)\s+(?:then\s+|also\s+)?$")
_IF_AFTER = re.compile(
    r"\s*(?:,|\([^)]*\))?\s*(?:if|iff|when|whenever|provided|or|and|exactly|just)\b"
)
#: Ways to name a term that is not set off; "term" begins where the match ends.
_PHRASES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:is|are|be|being|sometimes|often|usually|also|commonly)\s+(?:then\s+|also\s+)?"
        r"(?:called|termed)\s+(?:the|an?)?\b",
        r"\b(?:is|are)\s+said\s+to\s+be\s+(?:an?\s+)?",
        r"\bwe\s+(?:will\s+|shall\s+)?call\s+(?:[^.,;]{1,60}?\s)(?:an?|the)\s+",
        r"\b(?:is|are|be|also|commonly|sometimes)\s+(?:known|referred\s+to)\s+as\s+(?:the|an?)?\b",
    )
)
_BY_WE_MEAN = re.compile(
    r"\bBy\s+(?:an?|the)\s+(?=.{3,60}?\swe\s+(?:shall\s+)?mean\b)", re.IGNORECASE
)
_IS_A = re.compile(r"(?:An?|The)\s+(?P<term>[^.,;:=]{3,60}?)\s+(?:is|are)\s+(?:an?|the|any)\s")
_ALIAS = re.compile(
    r"\s*[,(]?\s*(?:(?:or|also|sometimes|often|usually|simply|briefly|synonymously|which\s+is|is|are|as"
    r"|also\s+called|called|known|termed|named|in\s+short|for\s+short|i\.e\.)[,\s]+)+(?:an?\s|the\s)?\s*",
    re.IGNORECASE,
)
_ACRONYM = re.compile(r"\((?P<acronym>[A-Z]{2,6})s?\)(?P<head>\s+[a-z]{4,})?")
#: Function words with which the name of a result may begin.
_ARTICLES_AND_NUMBERS = frozenset("the a an two three first second every".split())
_CREDIT = re.compile(
    r"\b(?:conjectured|discovered|introduced|proved|proven|due|named\s+after|attributed)\s+(?:by|to)\s+"
    r"(?=[^\W\d_a-z](?:\.|[^\W\d_]{2}))|\bnamed\s+after\s+(?=[A-Z])"
)
_PERSON = re.compile(
    r"(?:[A-Z]\.\s*)*(?:[^\W\d_a-z][^\W\d_]{2,}(?:[-‐–][A-Z]\w+)?)(?:\s[^\W\d_a-z][^\W\d_]{2,}){0,2}"
)


class RulesExtractor:
    """Finds concepts by typography and by the fixed phrases of mathematical prose.

    Relations are found later, between linked mentions (`graphtune.kg.rules.relations`).

    >>> text = "Definition 1. A partition is called a staircase if its parts are consecutive."
    >>> chunk = Chunk("c", "d", 0, text, 0, len(text), "1 Staircases", 1, 1, 16)
    >>> [(c.name, c.type, c.role) for c in RulesExtractor().extract("", chunk).concepts]
    [('staircase', 'object', 'defines')]
    """

    name = "rules"
    version = "2"

    def extract(self, document_title: str, chunk: Chunk) -> Extraction:
        """Return the concepts that the passage defines, states or names after somebody."""
        paragraphs = split_paragraphs(chunk)
        found: list[FoundConcept] = []
        for paragraph in paragraphs:
            if paragraph.kind == "bibliography":
                return Extraction()
            if paragraph.kind == "heading":
                continue
            found += _read_title(chunk, paragraph)
            for sentence in list_sentences(chunk.text, paragraph.head_end, paragraph.end):
                found += _read_sentence(chunk, paragraph, sentence)
        found += read_parts(chunk, paragraphs)
        found += read_recurring(chunk, paragraphs)
        return Extraction(tuple(merge_found(found, read_topics(chunk, paragraphs))))


def _read_sentence(chunk: Chunk, paragraph: Paragraph, sentence: Span) -> Iterator[FoundConcept]:
    emphasised = _list_emphasised(chunk, sentence)
    yield from _read_emphasised(chunk, paragraph, sentence, emphasised)
    yield from _read_phrases(chunk, paragraph, sentence)
    for whole in find_named(chunk.text, *sentence):
        yield from make_concept(chunk, whole)
    yield from _read_acronyms(chunk, sentence)
    for credit in _CREDIT.finditer(chunk.text, *sentence):
        person_match = _PERSON.match(chunk.text, credit.end(), sentence.end)
        if person_match and person_match[0].lower() not in FUNCTION_WORDS:
            yield from make_concept(chunk, Span(*person_match.span()), kind="person")


def _list_emphasised(chunk: Chunk, sentence: Span) -> list[Span]:
    """Return the emphasised spans inside a sentence; those parted only by a blank are one."""
    spans: list[Span] = []
    for start, end in sorted(chunk.emphasis):
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


def _read_emphasised(
    chunk: Chunk, paragraph: Paragraph, sentence: Span, emphasised: list[Span]
) -> Iterator[FoundConcept]:
    """Yield the emphasised terms that the sentence defines, each with the aliases beside it."""
    text = chunk.text
    previous: FoundConcept | None = None
    for span in emphasised:
        if previous and _ALIAS.fullmatch(text, previous.end, span.start):
            alias = trim_name(text[slice(*span)])
            if is_useful_alias(alias, previous.name):
                aliases = dict.fromkeys((*previous.aliases, alias))
                previous = replace(previous, aliases=tuple(aliases))
            continue
        if previous:
            yield previous
        before, after = text[sentence.start : span.start], text[span.end : sentence.end]
        subject = opens_definition(text, span, sentence)
        property_of = _IS_BEFORE.search(before) and _IF_AFTER.match(after)
        cued = _CUE_BEFORE.search(before) or subject or property_of
        defines = paragraph.kind == "definition" or cued
        if not defines and paragraph.kind in ("statement", "proof"):
            previous = None
            continue
        role: Role = "defines" if defines else "mentions"
        previous = next(make_concept(chunk, span, role, sentence), None)
        if previous and role == "mentions" and not _names_concept(text, sentence, previous):
            previous = None
    if previous:
        yield previous


def _names_concept(text: str, sentence: Span, found: FoundConcept) -> bool:
    """Tell an emphasised term from emphasis, the title of a book, and a head: "Face colourings. …"."""
    words = found.name.split()
    is_title = len(words) > 3 and sum(w[0].isupper() for w in words) > 2
    is_head = found.start <= sentence.start + 4 and re.match(
        r"\W*(?:[.:]|$)", text[found.end : sentence.end]
    )
    return len(words) > 1 and not is_title and not is_head


def _read_phrases(chunk: Chunk, paragraph: Paragraph, sentence: Span) -> Iterator[FoundConcept]:
    """Yield the terms behind "is called a", "is said to be", "by a … we mean", "A … is a"."""
    text = chunk.text
    starts = [m.end() for pattern in _PHRASES for m in pattern.finditer(text, *sentence)]
    if by := _BY_WE_MEAN.match(text, *sentence):
        starts.append(by.end())
    for start in starts:
        if span := read_noun_phrase(text, start, sentence.end):
            yield from make_concept(chunk, span, "defines", sentence)
    subject = _IS_A.match(text, *sentence)
    if subject and paragraph.kind in ("definition", "text"):
        span = Span(*subject.span("term"))
        phrase = read_noun_phrase(text, *span)
        if phrase and phrase.end >= span.end - 3:
            yield from make_concept(chunk, phrase, "defines", sentence)


def _read_title(chunk: Chunk, paragraph: Paragraph) -> Iterator[FoundConcept]:
    """Yield the name that stands in the head of a statement: "Theorem 2.1 (Pieri rule)."."""
    if paragraph.title is None or paragraph.kind not in ("statement", "definition"):
        return
    start, end = paragraph.title
    title = chunk.text[start:end]
    # Citations and credits: "(Pieri rule [4, Thm 2])", "(Stanley, 1971)", "(see Fulton)".
    name = re.split(r"\s*(?:\[|[,;(]?\s*\d{4}|[,;]|\bsee\b|\bcf\.)", title)[0].strip()
    words = name.split()
    if not words or words[0].lower() in FUNCTION_WORDS - _ARTICLES_AND_NUMBERS:
        return
    is_credit = len(words) < 4 and all(w[:1].isupper() or w in ("and", "de", "–") for w in words)
    if is_credit and guess_type(name) == "object":
        return
    kind = guess_type(name)
    if paragraph.kind == "statement" and kind == "object":
        kind = "conjecture" if paragraph.word == "conjecture" else "theorem"
        kind = "technique" if paragraph.word in ("algorithm", "construction") else kind
    role: Role = "defines" if paragraph.kind == "definition" else "states"
    sentence = next(iter(list_sentences(chunk.text, paragraph.head_end, paragraph.end)), None)
    yield from make_concept(chunk, Span(start, start + len(name)), role, sentence, kind)


def _read_acronyms(chunk: Chunk, sentence: Span) -> Iterator[FoundConcept]:
    """Yield "Robinson–Schensted–Knuth (RSK) correspondence" with its alias "RSK"."""
    for match in _ACRONYM.finditer(chunk.text, *sentence):
        letters = match["acronym"].lower()
        words = list(re.finditer(r"[^\W\d_]+", chunk.text[sentence.start : match.start()]))
        words = words[-len(letters) :]
        if [w[0][0].lower() for w in words] != list(letters):
            continue
        start, end = sentence.start + words[0].start(), sentence.start + words[-1].end()
        head = (match["head"] or "").strip()
        is_noun = head and head not in FUNCTION_WORDS and not head.endswith(("s", "ed"))
        name = chunk.text[start:end] + (f" {head}" if is_noun else "")
        for concept in make_concept(chunk, Span(start, end)):
            yield replace(concept, name=name, type=guess_type(name), aliases=(match["acronym"],))
