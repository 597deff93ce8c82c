"""What a definition says of its term: its genus ("a *field* is a commutative ring in which …"), its whole."""

import re
from collections.abc import Iterator, Sequence

from graphtune.kg.rules.coding import CLOSE, CONCEPT, FIRST, SYMBOL

_QUANTITY = (
    r"(?:(?:an?|any|the|just an?|simply an?|one of the|two|defined (?:as|to be) (?:an?|the)"
    r"|the same as an?|nothing but an?) )"
)
_TERM = rf"[“\"]?(?P<term>{CONCEPT})[”\"]?"
#: Adjectives and other concepts before the last noun of the genus, which is the concept itself.
_GENUS = (
    rf"(?:(?:(?!of |such |set |way |not |no )[a-z][a-zé-]+,?|{CONCEPT}) ){{0,3}}?"
    rf"(?P<genus>{CONCEPT}){SYMBOL}?"
)
_MODIFIER = r"(?:,? (?:of|on|over|in|for|with|from|to|between|associated|at)\b[^;:.]{1,70}?)?"
_OTHER_NAME = r"(?:,? (?:or|also called|also known as|sometimes called)\b[^,;]{1,40},?)?"
_CALLED = (
    r"(?:is|are) (?:then |also |usually |often |sometimes |simply |here )?"
    r"(?:called|said to be|termed|known as|named|referred to as)"
)
_ANY = r"(?:(?:[Aa]n?|[Aa]ny|[Ee]very|[Ee]ach|[Ss]uch an?|[Tt]wo|[Tt]he|[Ss]uch|[Tt]his) )?"
_OPEN = r"(?:^|[:•—.,] |\b(?:that|then|Then|and|definition|Definition) )"
_GENERA = tuple(
    re.compile(pattern)
    for pattern in (
        # "A field F is a commutative ring in which …"
        rf"{_OPEN}(?:(?:[Aa]n?|[Tt]he) )?{_TERM}{SYMBOL}?{_OTHER_NAME}{_MODIFIER},? (?:is|are|means|denotes)"
        rf"(?: (?:just|simply|defined (?:as|to be)))? {_QUANTITY}{_GENUS}{CLOSE}",
        # "Fields are commutative rings in which …"
        rf"^{_TERM} are {_GENUS}{CLOSE}",
        # "A ring R with … is called a field if …"
        rf"(?:^|[:•] |\b(?:Then|then|that|say|call) ){_ANY}(?:[a-z][a-z-]+ ){{0,2}}(?P<genus>{CONCEPT})"
        rf"{SYMBOL}?(?! of\b)(?:,? (?!(?:is|are)\b)[^,;:]{{1,110}}?)??,? {_CALLED} (?:an? |the )?{_TERM}",
        # "We call a ring R a field if", "We say that a ring is simple if"
        r"\b(?:[Ww]e|[Oo]ne) (?:will |shall |also )?(?:call|say that|say) (?:an?|such an?|the|any|this) "
        rf"(?:[a-z][a-z-]+ ){{0,2}}(?P<genus>{CONCEPT}){SYMBOL}? (?:is )?(?:an? |the )?{_TERM}",
        # "By a field we mean a commutative ring"
        rf"\b[Bb]y (?:an? |the )?{_TERM}{_MODIFIER},? (?:we|one|is) (?:will |shall )?"
        rf"(?:mean|understand|meant)s? {_QUANTITY}{_GENUS}{CLOSE}",
        # "is a commutative ring, called the field of …"
        rf"\b(?:an?|the) (?P<genus>{CONCEPT}){SYMBOL}?,? (?:which is |which are )?(?:called|known as) "
        rf"(?:an?|the) {_TERM}",
    )
)
#: "The rank of a matrix is …": what the term belongs to.
_WHOLE = re.compile(
    rf"\b[Tt]he (?:[a-z-]+ )?{_TERM}{SYMBOL}? (?:of|on|in|for) (?:an?|the|any|every|each) "
    rf"(?:[a-z-]+ ){{0,2}}?(?P<whole>{CONCEPT}){CLOSE}"
)
_NAME = r"(?P<symbol>[^\W\d_][^\s,;]{0,2})"
#: "Let R be a ring", and later "R is called simple if".
_LET = re.compile(
    rf"\b(?:[Ll]et|[Ii]f|[Ss]uppose(?: that)?|[Ff]or|[Gg]iven|[Ww]hen) {_NAME} (?:be|is|denotes?) "
    rf"(?:an?|any) (?:[a-z-]+ ){{0,2}}(?P<genus>{CONCEPT}){SYMBOL}?(?! of)"
)
_SYMBOL_IS = re.compile(
    rf"(?:^|[,;.] (?:then )?|\b(?:that|then|Then|say|Here|and|call) ){_NAME} {_CALLED} (?:an? |the )?{_TERM}"
    r"(?![\ue000-\uf8ff])"
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
    for match in (match for pattern in _GENERA for match in pattern.finditer(coded)):
        term, genus = (ord(match[name]) - FIRST for name in ("term", "genus"))
        # "is the field K" speaks of one field.
        is_one = re.search(rf" the {CONCEPT}{SYMBOL}$", match[0])
        if defined[term] and not defined[genus] and not is_one:
            yield term, genus


def read_wholes(coded: str, defined: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield (term, whole) where a coded sentence defines a part or property: "The rank of a matrix is …".

    >>> [*read_wholes(f"The {chr(FIRST)} of a {chr(FIRST + 1)} is its size.", [True, False])]
    [(0, 1)]
    """
    for match in _WHOLE.finditer(coded):
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
        if defined[term]:
            yield term, match["symbol"]
