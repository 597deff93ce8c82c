"""What a definition speaks of: its subject, and the noun that a property belongs to."""

import re

from graphtune.kg.names import FUNCTION_WORDS, fold_plural
from graphtune.kg.rules.phrases import is_adjective, read_noun_phrase
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


#: What stands between a subject and its property: "is said to be", "are called".
_VERB = re.compile(
    r"\s*,?\s+(?:is|are|be)\s+(?:(?:then|also|sometimes|often|usually|simply|just)\s+)*"
    r"(?:(?:called|termed|said\s+to\s+be)\s+)?(?:(?:also|sometimes|simply)\s+)?(?:\([^)]*\)\s)?[“\"]?$"
)
_DETERMINER = re.compile(
    r"\W*(?:We\s+(?:say|call)\s+(?:that\s+)?)?(?:such\s+)?(?:an?|the|every|each|any|some|two|three)\s+",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:]\s|\b(?:then|that|and|if|where|when)\s", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:[Ii]t|[Tt]hey)$")
#: What a title says that its symbols are.
_STRUCTURE = re.compile(
    r"[a-z-]*(?:group|groupoid|monoid|ring|field|module|algebra|graph|space|lattice|poset|matrix|matroid"
    r"|category|automaton)$"
)
_SYMBOL = re.compile(r"(?<!\S)(?:\([^()]{1,20}\)|[^\s()]{1,6})$")


def find_bearer(text: str, sentence: Span, start: int, title: str = "") -> str:
    """Return the noun that the property at `start` belongs to, in the singular; "" if none is told.

    It stands in the section's title, before the verb, or where the symbol before the verb came in.

    Args:
        text: the passage.
        sentence: the sentence that says who has the property.
        start: where the property begins.
        title: the title of the section.

    >>> text = "Let S be a semigroup. Then S is called regular if it has inverses."
    >>> find_bearer(text, Span(22, len(text)), text.index("regular"))
    'semigroup'
    >>> text = "An element of R is called regular."
    >>> find_bearer(text, Span(0, len(text)), text.index("regular"))
    'element'
    """
    adjective = re.match(r"(?:\w+ly |left |right )?([\w-]+)", text[start : sentence.end])
    word = re.escape(adjective[1].lower()) if adjective else "$"
    if entitled := re.search(rf"(?<!\S){word}\s+(?P<noun>[a-z-]+(?:\s[a-z-]+)?)$", title.lower()):
        return _read_head(entitled["noun"])
    verb = _VERB.search(text, sentence.start, start)
    if not verb or verb.end() != start:
        return ""
    head = text[sentence.start : verb.start()]
    clauses = [0, *(m.end() for m in _CLAUSE.finditer(head))]
    for place in (clauses[0], clauses[-1]):
        if noun := _read_noun(head, place):
            return noun
    if _PRONOUN.search(head):
        return _find_subject(text[: sentence.start])
    symbol = _SYMBOL.search(head)
    is_word = symbol is None or re.fullmatch(r"[a-z]{3,}|\W+", symbol[0])
    declared = "" if is_word or not symbol else _find_declared(text[:start], symbol[0])
    kind = _STRUCTURE.search(title.lower())
    return declared or (kind[0] if kind and symbol and not is_word else "")


def _find_subject(text: str) -> str:
    """Return the noun that one of the last two sentences before a pronoun begins with."""
    for place in reversed([0, *(m.end() for m in re.finditer(r"[.;:]\s+", text))][-3:]):
        if noun := _read_noun(text, place):
            return noun
    return ""


def _find_declared(text: str, symbol: str) -> str:
    """Return what a symbol was last said to be: "Let S be a semigroup", "every semigroup S"."""
    # "Its core" may be the same symbol's: "of M is an automorphism" does not say what M is.
    name = rf"(?<!\w)(?<!of )(?<!on )(?<!in ){re.escape(symbol)}(?!\w)"
    said = re.compile(
        rf"{name}[^.;]{{0,30}}?\s(?:be|is)\s+(?:an?|any|the)\s"
        rf"|\b(?:an?|every|each|any|two|the)\s(?=(?:[a-z-]+\s){{1,3}}(?:\S{{1,3}},\s)?{name})"
    )
    for match in reversed(list(said.finditer(text))):
        if noun := _read_noun(text, match.end(), needs_determiner=False):
            return noun
    return ""


def _read_noun(text: str, start: int, *, needs_determiner: bool = True) -> str:
    """Return the head noun of the phrase that begins behind a determiner at `start`."""
    determiner = _DETERMINER.match(text, start)
    if needs_determiner and not determiner:
        return ""
    span = read_noun_phrase(text, determiner.end() if determiner else start, len(text))
    return _read_head(text[slice(*span)]) if span else ""


def _read_head(phrase: str) -> str:
    words = re.split(r"\s(?:of|on|in|over|for|with)\s", phrase)[0].split()
    while len(words) > 1 and is_adjective(words[0]):
        words.pop(0)
    if any(re.search(r"[a-z][A-Z]", word) for word in words):
        return ""  # a symbol
    if not 1 <= len(words) < 3 or is_adjective(words[-1]) or words[-1] in FUNCTION_WORDS:
        return ""
    return " ".join((*words[:-1], fold_plural(words[-1])))
