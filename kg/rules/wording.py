"""Terms that the wording of a sentence tells: "is called a", "denoted by", "(RSK)"."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

from graphtune.kg.names import (
    FUNCTION_WORDS,
    GENERIC_WORDS,
    fold_plural,
    is_plausible_name,
    is_useful_alias,
    trim_name,
)
from graphtune.kg.paragraphs import Paragraph
from graphtune.kg.rules.descriptions import describe
from graphtune.kg.rules.phrases import guess_type, is_adjective, read_noun_phrase
from graphtune.kg.rules.recurring import LOOSE
from graphtune.kg.rules.terms import make_concept
from graphtune.records import Chunk, FoundConcept, Role, Span

#: Ways to name a term that is not set off; "term" begins where the match ends.
_PHRASES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:is|are|be|being|sometimes|often|usually|also|commonly|simply|henceforth|and)\s+(?:then\s+|also\s+)?"
        r"(?:called|termed|dubbed)\s+(?:(?:just|simply)\s+)?(?:the|an?)?\b",
        r"\b(?:is|are)\s+said\s+to\s+be\s+(?:an?\s+)?",
        r"\bwe\s+(?:will\s+|shall\s+)?call\s+(?:[^.,;]{1,60}?\s)(?:an?|the)\s+",
        r"\b(?:we|one|us|can|may)\s+(?:\w+\s+)?defines?\s+(?:the|an?)\s+(?:notion\s+of\s+(?:an?\s+)?)?",
        r"\b(?:is|are|be|also|commonly|sometimes|often|usually|then|and|better|otherwise)\s+"
        r"(?:known|referred\s+to)\s+as\s+(?:the|an?)?\b",
        r"\bsaid\s+to\s+have\s+(?:an?\s+|the\s+|\(\w\)\s+)?",
        r"\b(?:by|under)\s+the\s+name\s+(?:of\s+)?(?:the\s+|an?\s+)?",
        r"\bthe\s+(?:notion|concept)\s+of\s+an?\s+(?=[\w-]+(?:\s[\w-]+){1,2}[.,;)])",
    )
)
_BY_WE_MEAN = re.compile(
    r"\bBy\s+(?:an?|the)\s+(?=.{3,60}?\swe\s+(?:shall\s+)?mean\b)", re.IGNORECASE
)
_IS_A = re.compile(
    r"(?:An?|The)\s+(?P<term>[^.,;:=]{3,60}?)\s+(?:is|are)\s+(?:(?:simply|just)\s+)?(?:an?|the|any)\s"
)
_SIMILARLY = re.compile(
    r"(?:Similarly,\s+)?(?:an?|the)\s+(?P<term>[^.,;:=]{3,60}?)\s+(?:is|are|can\s+be|may\s+be)\s+"
    r"(?:(?:similarly|analogously|likewise|dually)\s+defined|defined\s+(?:similarly|analogously|dually|likewise))",
    re.IGNORECASE,
)
_DENOTED = re.compile(
    r",?\s+(?:(?:is|are|which\s+is)\s+)?(?:(?:often|usually|sometimes|also|then|commonly|here)\s+)*(?:denoted|written\s+as)\b"
)
_DETERMINER = re.compile(r"(?<!\w)(?:the|an?)\s+", re.IGNORECASE)
#: "A clique is also called a complete subgraph": two names of one thing, if no condition follows.
_OTHER_NAME = re.compile(
    r"(?:An?|The|Such\s+an?|These)\s+(?P<name>[^.,;:=]{3,60}?)\s+(?:is|are)\s+"
    r"(?:also|often|sometimes|usually|commonly|occasionally|alternatively)\s+(?:also\s+)?(?:simply\s+)?"
    r"(?:called|termed|known\s+as|referred\s+to\s+as|named)\s+(?:the\s+|an?\s+)?[“\"]?"
)
#: "The left and right child", "inner (and outer) products": two concepts with one noun.
_PAIR = re.compile(
    r"\s*(?:the\s+|an?\s+)?(?P<first>[a-z-]{4,})\s+\(?(?:and|or|resp\.|respectively)\s+"
    r"(?P<second>[a-z-]{4,})\)?\s(?=(?P<noun>[a-z]{4,}))"
)
_SIDES = frozenset(("inner", "outer", "upper", "lower"))
_OPPOSITES = re.compile(
    r"(?<!\S)(?=(?:left (?:and|or) right|right (?:and|or) left|inner (?:and|or) outer|upper (?:and|or) lower"
    r"|lower (?:and|or) upper|open (?:and|or) closed|closed (?:and|or) open)\s)"
)
#: "Similarly, the in-degree, d(v), of a vertex is the number of …": what only such a sentence defines.
_MEASURED = re.compile(
    r"(?:\A|[,;:]\s+|\b(?:and|while|then|where)\s+)(?:an?|the)\s+(?P<term>[a-z-]{4,}(?:\s[a-z-]{3,}){0,2}?)"
    r"(?:,?\s[^\s,.;]{1,8})?,?(?:\sof\s[^,.;:=]{1,40})?,?\s+(?:is|are)\s+(?:defined\s+(?:as|to\s+be)\s+|simply\s+)?"
    r"the\s+(?:number|set|collection|smallest|largest|least|greatest|minimal|maximal|minimum|maximum|sum|product"
    r"|class|length|size|cardinality|intersection|union|supremum|infimum|unique)\s",
    re.IGNORECASE,
)
#: "H is an induced subgraph if", "G is residually nilpotent if and only if".
_CONDITION = re.compile(
    r"\s(?:is|are)\s+(?:an?\s+(?=[a-z-]{4,}\s)|(?=[a-z]{4,}ly\s))(?P<term>[a-z-]{4,}(?:\s[a-z-]{4,}){1,2})"
    r"\s+(?:if|iff)\s"
)
#: One line of a list of names: "is said to have (a) linear growth, (b) exponential growth".
_ITEM = re.compile(
    r"\(?(?:[a-z]|\d|[ivx]+)[.)]\s+(?P<term>[^\W\d_][\w-]+(?:\s[\w-]+){0,3})\s*[,;.]?(?:\s+(?:and|or))?\s*$"
)
_LIST_BEFORE = re.compile(r"\b(?:called|said\s+to\s+(?:be|have)|known\s+as)\b[^.]{0,120}$")
_ACRONYM = re.compile(r"\((?P<acronym>[A-Z]{2,6})s?\)(?P<head>\s+[a-z]{4,})?")


def read_wording(chunk: Chunk, paragraph: Paragraph, sentence: Span) -> Iterator[FoundConcept]:
    """Yield the terms behind "is called a", "is said to be", "by a … we mean", "A … is a"."""
    text = chunk.text
    starts = [m.end() for pattern in _PHRASES for m in pattern.finditer(text, *sentence)]
    if by := _BY_WE_MEAN.match(text, *sentence):
        starts.append(by.end())
    for start in starts:
        if pair := list(_read_pair(chunk, sentence, start, "defines")):
            yield from pair
        elif span := read_noun_phrase(text, start, sentence.end):
            yield from make_concept(chunk, span, "defines", sentence)
    item = _ITEM.match(text, *sentence)
    if item and _LIST_BEFORE.search(text, max(0, sentence.start - 160), sentence.start):
        yield from make_concept(chunk, Span(*item.span("term")))
    for opposites in _OPPOSITES.finditer(text, *sentence):
        yield from _read_pair(chunk, sentence, opposites.start(), "mentions")
    if paragraph.kind in ("definition", "text"):
        yield from _read_conditions(chunk, sentence)
    yield from _read_denoted(chunk, sentence)
    yield from _read_other_names(chunk, sentence)
    subject = _IS_A.match(text, *sentence) or _SIMILARLY.match(text, *sentence)
    if subject and paragraph.kind in ("definition", "text"):
        span = Span(*subject.span("term"))
        phrase = read_noun_phrase(text, *span)
        if phrase and phrase.end >= span.end - 3:
            yield from make_concept(chunk, phrase, "defines", sentence)


def _read_conditions(chunk: Chunk, sentence: Span) -> Iterator[FoundConcept]:
    """Yield what a sentence measures, and what it says when a thing is: "G is an induced subgraph if"."""
    said = chunk.text[slice(*sentence)]
    for pattern in (_MEASURED, _CONDITION):
        for match in pattern.finditer(said):
            noun = fold_plural(match["term"].split()[-1])
            # "A lattice is a finite poset if" defines no poset; "a subgraph is an induced subgraph if" does.
            known = is_adjective(match["term"]) or noun in said[: match.start()]
            if pattern is _MEASURED or known:
                start, end = match.span("term")
                span = Span(sentence.start + start, sentence.start + end)
                yield from make_concept(chunk, span, "defines", sentence)


def _read_pair(chunk: Chunk, sentence: Span, start: int, role: Role) -> Iterator[FoundConcept]:
    """Yield both concepts of "the left and right child"."""
    pair = _PAIR.match(chunk.text, start, sentence.end)
    if not pair or not all(is_adjective(w) or w in _SIDES for w in pair.group("first", "second")):
        return
    noun = read_noun_phrase(chunk.text, pair.start("noun"), sentence.end)
    words = chunk.text[slice(*noun)].split(" of ")[0].split() if noun else []
    words = list(itertools.takewhile(lambda word: word not in LOOSE, words))
    if not 1 <= len(words) < 3 or is_adjective(words[-1]):
        return
    if words[0] in ("hand", "sided") or fold_plural(words[-1]) in GENERIC_WORDS:
        return
    tail = " ".join((*words[:-1], fold_plural(words[-1])))
    for side in ("first", "second"):
        whole = Span(pair.start("first"), pair.end("noun"))
        if is_plausible_name(name := f"{pair[side]} {tail}"):
            description = describe(chunk, sentence) if role == "defines" else ""
            yield FoundConcept(name, guess_type(name), *whole, description, role=role)


def _read_denoted(chunk: Chunk, sentence: Span) -> Iterator[FoundConcept]:
    """Yield what gets a notation: "The centre of G, denoted by Z(G)"."""
    text = chunk.text
    for cue in _DENOTED.finditer(text, *sentence):
        for determiner in reversed(list(_DETERMINER.finditer(text, sentence.start, cue.start()))):
            phrase = read_noun_phrase(text, determiner.end(), cue.start())
            # "The length of a word w, denoted" is about the length.
            if phrase is None or re.search(
                r"\w\s+of\s+$", text[sentence.start : determiner.start()]
            ):
                continue
            if re.fullmatch(r"(?:\s+(?:of\s+)?\S{1,8}){0,2}", text[phrase.end : cue.start()]):
                yield from make_concept(chunk, phrase, "defines", sentence)
            break


def _read_other_names(chunk: Chunk, sentence: Span) -> Iterator[FoundConcept]:
    """Yield the subject of "A clique is also called a complete subgraph." with its alias."""
    text = chunk.text
    said = _OTHER_NAME.match(text, *sentence)
    if not said:
        return
    name, other = (
        read_noun_phrase(text, *said.span("name")),
        read_noun_phrase(text, said.end(), sentence.end),
    )
    if not name or not other or name.end < said.end("name") - 3:
        return
    if re.match(
        r"[”\"]?\s*,?\s*(?:if|when|whenever|provided|of|where)\b", text[other.end : sentence.end]
    ):
        return
    alias = trim_name(text[slice(*other)])
    for concept in make_concept(chunk, name):
        if is_useful_alias(alias, concept.name):
            yield replace(concept, aliases=(*concept.aliases, alias))


def read_acronyms(chunk: Chunk, sentence: Span) -> Iterator[FoundConcept]:
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
