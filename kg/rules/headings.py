"""Concepts that a section's heading names: its parts, and the whole of it where it is a topic of its own."""

import re
from collections.abc import Iterator

from graphtune.kg.mentions import find_name
from graphtune.kg.names import (
    FUNCTION_WORDS,
    GENERIC_WORDS,
    fold_plural,
    fold_text,
    is_plausible_name,
    normalize_name,
    trim_name,
)
from graphtune.kg.paragraphs import Paragraph, list_sentences
from graphtune.kg.rules.phrases import guess_type, is_adjective
from graphtune.kg.rules.subjects import opens_definition
from graphtune.kg.rules.terms import lower_opening, make_concept
from graphtune.records import Chunk, ConceptType, FoundConcept, Span

_NUMBER = re.compile(
    r"(?:(?:§|Section|Chapter|Appendix|Part)\s*)?(?:[A-Z]?\d+(?:\.\d+)*\.?|[A-Z]\.|[IVX]+\.?)\s+"
)
_PREFIX = re.compile(
    r"^(?:(?:an?\s+|the\s+)?(?:\w+\s+)?(?:proofs?|examples?|properties|definitions?|introduction|notes?|facts"
    r"|theory|applications?|basics|generalizations?|more|derivation|construction|existence|uniqueness"
    r"|characterizations?|theorems?|criteri(?:on|a)|conditions?|equivalent\s+\w+|list|topics?|bounds?"
    r"|remarks?)\s+(?:of|to|on|about|for|from|in)"
    r"|more\s+about|on|from|via|some|basic|main|the|an?)\s+",
    re.IGNORECASE,
)
#: Headings that speak of the paper, not of mathematics: "Step 2", "Proof of Theorem 1", "What we need".
_OF_THE_PAPER = re.compile(
    r"\b(?:steps?|parts?|case|level|path|stage|phase|theorems?|lemmas?|propositions?|corollar(?:y|ies)"
    r"|conjectures?|sections?|equations?|figures?|tables?|examples?)\s*(?:\d|\(|\?|[A-Z]?\d|[a-z]?:)"
    r"|\b(?:we|our|us|this|these|here|their|it|paper|report|chapter|today|everything|what|why|how)\b"
    r"|^(?:back|more|meet|recall|reminder|remaining|remarks?|thinking|review|enter|another|where|finishing"
    r"|getting|status|verification|verifying|numerical|summary|outlook|overview|setup|worked|explicit"
    r"|conventions|notes?|different|key|further|other|surviving|supported|cool|partial)\b"
    r"|\bdiscussion\b|[?!$\\]|:\s",
    re.IGNORECASE,
)
#: "Normality of subgroups" is about normality.
_ABSTRACT = re.compile(r"(?P<noun>[^\W\d_]{4,}(?:ity|ness))\s(?:of|as|in|for|and)\s")
_STATES = re.compile(
    r"\w\s+(?:is|are|has|have|implies|imply|divides|cannot|do|does|exists?|form|forms)\s+\w"
)
#: A result is known by its name, and its text may not say it again.
_RESULT = re.compile(
    r"(?:^|\s)[\w'-]{3,}\s+(?:theorem|lemma|inequality|formula|identity|conjecture|law|criterion|rule"
    r"|paradox|problem)(?:\s|$)"
)
#: Where fewer characters follow a heading, its text stands in the next passage.
_MIN_BODY = 40
_MAX_WORDS, _MAX_CHARACTERS = 16, 100


def read_topics(chunk: Chunk, paragraphs: list[Paragraph]) -> Iterator[FoundConcept]:
    """Yield the whole headings in a passage, such as "Group actions on trees", that their text speaks of."""
    lines = [p for p in paragraphs if p.kind == "heading"]
    bounds = [*(line.start for line in lines[1:]), len(chunk.text)]
    sections = {unit.start for unit in chunk.units if unit.kind == "heading"}
    for line, end in zip(lines, bounds, strict=False):
        if line.start in sections:
            yield from _read_topic(chunk, line, chunk.text[line.end : end])


def _read_topic(chunk: Chunk, line: Paragraph, body: str) -> Iterator[FoundConcept]:
    number = _NUMBER.match(chunk.text, line.start, line.end)
    start = number.end() if number else line.start
    name = trim_name(chunk.text[start : line.end])
    place = chunk.text.find(name, start, line.end) if name else -1
    if place < 0 or not is_topic(name, body):
        return
    name = lower_opening(name, chunk.text)
    yield FoundConcept(name, _guess_topic(name), place, place + len(name), role="states")


def is_topic(title: str, body: str) -> bool:
    """Tell whether a heading is the topic of its text: something to search for, in words that recur.

    >>> body = "A graph is planar if it can be drawn in the plane without crossings."
    >>> is_topic("Examples of planar graphs", body)
    True
    >>> is_topic("Proof of Theorem 2", body), is_topic("Fixing the glitch", body)
    (False, False)
    """
    words = normalize_name(title).split()
    if not 1 <= len(words) <= _MAX_WORDS or not 3 <= len(title) <= _MAX_CHARACTERS:
        return False
    if _OF_THE_PAPER.search(title):
        return False
    parts = _split_title(title)
    if len(parts) > 1 and all(map(is_plausible_name, parts)):
        return False  # "Chains and antichains": two topics, which are found one by one
    content = list_content(title)
    if _RESULT.search(normalize_name(title)) or len(body) < _MIN_BODY:
        return bool(content)
    spoken = list_stems(body)
    return 0 < len(content) <= 2 * sum(word[:5] in spoken for word in content)


def _split_title(title: str) -> list[str]:
    """Return the things that a title lists: "Chains and antichains", but not "upper and lower bounds"."""
    parts = re.split(r",?\s+and\s+(?:the\s+)?|,\s+|:\s+", title)
    return [title] if any(map(is_adjective, parts)) else parts


def list_content(title: str) -> list[str]:
    """Return the words of a title that say what it is about, in the singular."""
    words = re.findall(r"[^\W\d_]{3,}", fold_text(title)[0])
    singular = [fold_plural(word) for word in words if word not in FUNCTION_WORDS]
    return [word for word in singular if word not in GENERIC_WORDS]


def list_stems(text: str) -> set[str]:
    """Return the first five letters of the words of a text, in the singular and without accents."""
    return {fold_plural(word)[:5] for word in re.findall(r"[^\W\d_]{3,}", fold_text(text)[0])}


def _guess_topic(title: str) -> ConceptType:
    """Guess the type of a title; one with a verb states a result."""
    kind = guess_type(title)
    return "theorem" if kind == "object" and _STATES.search(title) else kind


def read_parts(chunk: Chunk, paragraphs: list[Paragraph]) -> Iterator[FoundConcept]:
    """Yield the concepts that the section's own title names, where its text speaks of them too."""
    body = max((p.end for p in paragraphs if p.kind == "heading"), default=0)
    title = chunk.heading.rpartition(" > ")[2]
    number = _NUMBER.match(title)
    title = title[number.end() :] if number else title
    while (shorter := _PREFIX.sub("", title, count=1)) != title:
        title = shorter
    words = {"of"} | {
        fold_plural(w) for w in re.findall(r"[\w'-]+", fold_text(chunk.text[body:])[0])
    }
    names = [*_split_title(title), *(m["noun"] for m in [_ABSTRACT.match(title)] if m)]
    for name in filter(is_plausible_name, map(trim_name, names)):
        found = [Span(a + body, b + body) for a, b in find_name([name], chunk.text[body:])[:1]]
        if found:
            yield from _make_subject(chunk, paragraphs, found[0])
        elif {fold_plural(w) for w in normalize_name(name).split()} - FUNCTION_WORDS <= words:
            heading = find_name([name], chunk.text[:body])[-1:]
            yield from (c for span in heading for c in make_concept(chunk, span, "states"))


def _make_subject(chunk: Chunk, paragraphs: list[Paragraph], span: Span) -> Iterator[FoundConcept]:
    """Yield the concept of a title where the text first names it; it may be defined there."""
    place = next(p for p in paragraphs if span.start < p.end)
    low = place.head_end if place.head_end <= span.start else place.start
    sentences = list_sentences(chunk.text, low, place.end)
    sentence = next(s for s in sentences if span.start < s.end)
    if opens_definition(chunk.text, span, sentence):
        yield from make_concept(chunk, span, "defines", sentence)
    else:
        yield from make_concept(chunk, span, "states")
