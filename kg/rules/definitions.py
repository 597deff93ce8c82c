"""What a definition says its term is a kind of: "A *field* is a commutative ring in which …"."""

import re
from collections.abc import Iterator, Sequence

from graphtune.kg.rules.relation_phrases import FIRST, SYMBOL

_CONCEPT = "[\ue000-\uf8ff]"
_NUMBER = r"(?:(?:an?|any|the|just an?|simply an?|one of the|two|defined (?:as|to be) (?:an?|the)|the same as an?|nothing but an?) )"
#: Adjectives and other concepts before the last noun of the genus, which is the concept itself.
_GENUS = rf"(?:(?:(?!of |such |set |way |not |no )[a-z][a-zé-]+,?|{_CONCEPT}) ){{0,3}}?(?P<genus>{_CONCEPT}){SYMBOL}?"
_END = (
    r"(?=\W*$|\W?[.,;:(\[—]| (?:that|which|such|with|whose|where|when|in|on|of|and|or|for|having|satisfying|consisting|without|over"
    r"|to|by|from|as|if|between|generated|equipped|together|endowed|containing|obtained|given|is|are|at|all|whenever|iff"
    r"|under|via|associated|called|defined|so|corresponding|not|isomorphic|admitting|possessing|formed|along|provided|than|minus)\b)"
)
_MODIFIER = r"(?:,? (?:of|on|over|in|for|with|from|to|between|associated|at)\b[^;:.]{1,70}?)?"
_CALLED = r"(?:is|are) (?:then |also |usually |often |sometimes |simply |here )?(?:called|said to be|termed|known as|named|referred to as)"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # "A field F is a commutative ring in which …"
        rf"(?:^|[:•—.,] |\b(?:that|then|Then|and|definition|Definition) )(?:(?:[Aa]n?|[Tt]he) )?[“\"]?(?P<term>{_CONCEPT})[”\"]?{SYMBOL}?"
        rf"(?:,? (?:or|also called|also known as|sometimes called)\b[^,;]{{1,40}},?)?{_MODIFIER},? (?:is|are|means|denotes)(?: (?:just|simply|defined (?:as|to be)))? {_NUMBER}{_GENUS}{_END}",
        # "Fields are commutative rings in which …"
        rf"^[“\"]?(?P<term>{_CONCEPT})[”\"]? are {_GENUS}{_END}",
        # "A ring R with … is called a field if …"
        rf"(?:^|[:•] |\b(?:Then|then|that|say|call) )(?:(?:[Aa]n?|[Aa]ny|[Ee]very|[Ee]ach|[Ss]uch an?|[Tt]wo|[Tt]he|[Ss]uch|[Tt]his) )?(?:[a-z][a-z-]+ ){{0,2}}(?P<genus>{_CONCEPT})"
        rf"{SYMBOL}?(?! of\b)(?:,? (?!(?:is|are)\b)[^,;:]{{1,110}}?)??,? {_CALLED} (?:an? |the )?[“\"]?(?P<term>{_CONCEPT})",
        # "We call a ring R a field if", "We say that a ring is simple if"
        rf"\b(?:[Ww]e|[Oo]ne) (?:will |shall |also )?(?:call|say that|say) (?:an?|such an?|the|any|this) (?:[a-z][a-z-]+ ){{0,2}}(?P<genus>{_CONCEPT}){SYMBOL}? (?:is )?(?:an? |the )?[“\"]?(?P<term>{_CONCEPT})",
        # "By a field we mean a commutative ring"
        rf"\b[Bb]y (?:an? |the )?(?P<term>{_CONCEPT}){_MODIFIER},? (?:we|one|is) (?:will |shall )?(?:mean|understand|meant|means|understands)s? {_NUMBER}{_GENUS}{_END}",
        # "is a commutative ring, called the field of …"
        rf"\b(?:an?|the) (?P<genus>{_CONCEPT}){SYMBOL}?,? (?:which is |which are )?(?:called|known as) (?:an?|the) (?P<term>{_CONCEPT})",
    )
)
#: "The rank of a matrix is …": what the term belongs to.
_BEARER = re.compile(
    rf"\b[Tt]he (?:[a-z-]+ )?[“\"]?(?P<term>{_CONCEPT})[”\"]?{SYMBOL}? (?:of|on|in|for) (?:an?|the|any|every|each) (?:[a-z-]+ ){{0,2}}?"
    rf"(?P<whole>{_CONCEPT}){_END}"
)
#: "Let R be a ring", and later "R is called simple if".
_LET = re.compile(
    rf"\b(?:[Ll]et|[Ii]f|[Ss]uppose(?: that)?|[Ff]or|[Gg]iven|[Ww]hen) (?P<symbol>[^\W\d_][^\s,;]{{0,2}}) (?:be|is|denotes?) (?:an?|any) (?:[a-z-]+ ){{0,2}}"
    rf"(?P<genus>{_CONCEPT}){SYMBOL}?(?! of)"
)
_SYMBOL_IS = re.compile(
    rf"(?:^|[,;.] (?:then )?|\b(?:that|then|Then|say|Here|and|call) )(?P<symbol>[^\W\d_][^\s,;]{{0,2}}) (?:{_CALLED} )?(?:an? |the )?[“\"]?(?P<term>{_CONCEPT})(?![\ue000-\uf8ff])"
)


def read_genera(coded: str, defined: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield (term, genus), numbers of concepts of a coded sentence; `defined` says which are defined.

    >>> x, y = chr(FIRST), chr(FIRST + 1)
    >>> [*read_genera(f"A {x} is a commutative {y} in which division is possible.", [True, False])]
    [(0, 1)]
    >>> [*read_genera(f"A finite {x} P of rank n is said to be {y} if it is so.", [False, True])]
    [(1, 0)]
    """
    if not any(defined):
        return
    for pattern in _PATTERNS:
        for match in pattern.finditer(coded):
            term, genus = (ord(match[name]) - FIRST for name in ("term", "genus"))
            is_one = re.search(rf" the {_CONCEPT}{SYMBOL}$", match[0])
            if defined[term] and not defined[genus] and not is_one:
                yield term, genus


def read_bearers(coded: str, defined: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield (term, whole) where a coded sentence defines a part: "The rank of a matrix is …".

    >>> [*read_bearers(f"The {chr(FIRST)} of a {chr(FIRST + 1)} is the number of its rows.", [True, False])]
    [(0, 1)]
    """
    for match in _BEARER.finditer(coded):
        term, whole = (ord(match[name]) - FIRST for name in ("term", "whole"))
        if defined[term] and not defined[whole]:
            yield term, whole


def read_symbols(coded: str) -> dict[str, int]:
    """Return the symbols that a coded sentence fixes, "Let G be a group", with their concept's number.

    >>> read_symbols(f"Let G be a finite {chr(FIRST)}.")
    {'G': 0}
    """
    return {match["symbol"]: ord(match["genus"]) - FIRST for match in _LET.finditer(coded)}


def read_symbol_terms(coded: str, defined: Sequence[bool]) -> Iterator[tuple[int, str]]:
    """Yield (term, symbol) where a coded sentence says "G is called simple"."""
    for match in _SYMBOL_IS.finditer(coded):
        term = ord(match["term"]) - FIRST
        called = re.search(r" (?:called|said|termed|known|named|referred)", match[0])
        if defined[term] and called:
            yield term, match["symbol"]
