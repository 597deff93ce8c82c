"""Coded sentences, in which each concept is one character, and the grammar that patterns over them share.

A pattern then sees "the X, an extension of Y and Z" and not the words of the names.
"""

import re
from collections.abc import Sequence

from graphtune.records import Span

#: The character of the first concept of a sentence; the next ones follow.
FIRST = 0xE000
CONCEPT = "[\ue000-\uf8ff]"
#: Stands behind a concept where the text has a symbol or a remark: "the ring R is", "Pieri's rule [4]".
SYMBOL = "\x01"

_FORMULA = (
    r"(?:\$[^$]{1,80}\$|(?!a\b)[A-Za-z](?![a-z])[^\s,.;:]{0,9}"
    r"|[^\x00-\x7f—–“”‘’•\s][^\s,.;:]{0,9})(?![\w’'])"
)
_REMARK = re.compile(
    r"\s*(?:\[[^\]]{1,40}\]|\([^()]{1,80}\))"
    r"|\s+(?:(?:of|on|over|in|for|at|with) (?:(?:order|size|degree|rank|shape|length|type|weight"
    rf"|dimension|level|index|characteristic|all) )?)?{_FORMULA}"
    r"|\s(?!(?:is|in|of|or|as|if|on|by|to|at|so|we|it|an|up|be)\b)[a-z]{2}(?=\s+[a-z])"
)

_DETERMINER = re.compile(
    r"\b(?:(?:both|the|an?|every|each|all|any|some|this|these|its|our|following|famous|classical|usual"
    r"|ordinary|well-known|celebrated|so-called|original|standard|two|three|certain"
    rf"|(?:notions?|concepts?) of)\s)+(?={CONCEPT})|[“”\"]",
    re.IGNORECASE,
)
#: One concept, and "X, Y and Z", where `drop_determiners` has been.
ITEM = rf"{CONCEPT}{SYMBOL}?"
LIST = rf"{ITEM}(?:(?:, {ITEM})*,? (?:and|or|as well as) (?:(?:to|of|in|by) )?{ITEM})?"
#: What may stand before a subject: else it is only part of a longer noun phrase.
OPEN = (
    r"(?:^(?:[A-Z][a-z]+ly,? |(?:So|Thus|Then|Hence|Also|Indeed|However|Therefore|In fact"
    r"|In particular),? )?|[,;:.(—•] |\b(?:that|then|thus|hence|so|since|because|and|but|where|recall"
    r"|therefore|while|here|indeed|also|whereas|although|though|moreover|clearly|i\.e\.) )"
)
#: What may follow a concept, for the same reason.
CLOSE = (
    r"(?=\W*$|\W?[.,;:()\[—]| (?:that|which|such|with|whose|where|when|whenever|while|who|then|than|in"
    r"|on|of|and|or|but|for|if|iff|having|satisfying|consisting|without|over|because|since|so|as|into"
    r"|between|among|to|by|from|at|under|via|due|given|is|are|not|all|called|used|generated|defined"
    r"|obtained|equipped|endowed|together|containing|associated|corresponding|isomorphic|admitting"
    r"|possessing|formed|along|provided|minus|we|it|this|up)\b)"
)
#: The same without "of", "if" and "or": what follows an object that the sentence says something of.
CLOSE_OBJECT = rf"(?! (?:of|or|if|iff|whenever|not)\b){CLOSE}"
ADVERB = (
    r"(?:(?:also|thus|then|therefore|hence|immediately|clearly|directly|easily|simply|just|precisely"
    r"|actually|naturally|always|obviously|essentially|merely|indeed|itself|themselves|both|all|in turn"
    r"|in fact|of course|in particular|again|exactly|now|readily|formally),? )*"
)


def code_sentence(text: str, sentence: Span, concepts: Sequence[Span]) -> str:
    """Return a sentence with a character for each concept, without the remarks and symbols behind them.

    >>> text = "The Pieri rule [4] is a special case of the  ring R."
    >>> coded = code_sentence(text, Span(0, len(text)), [Span(4, 14), Span(45, 49)])
    >>> coded.replace(chr(FIRST), "X").replace(chr(FIRST + 1), "Y").replace(SYMBOL, "'")
    "The X' is a special case of the Y'."
    """
    pieces = []
    place = sentence.start
    for number, (start, end) in enumerate(concepts):
        pieces += [_clean(text[place:start], number > 0), chr(FIRST + number)]
        place = end
    pieces.append(_clean(text[place : sentence.end], bool(concepts)))
    return " ".join("".join(pieces).split())


def _clean(gap: str, behind_concept: bool) -> str:
    gap = re.sub(CONCEPT, "?", gap)
    place = 0
    while behind_concept and (remark := _REMARK.match(gap, place)):
        place = remark.end()
    return (SYMBOL if place else "") + gap[place:]


def drop_determiners(coded: str) -> str:
    """Return a coded sentence without articles and the like before concepts, and without quotes.

    >>> drop_determiners(f"Every {chr(FIRST)} is a case of the classical {chr(FIRST + 1)}.")
    '\ue000 is a case of \ue001.'
    """
    return _DETERMINER.sub("", coded)


def list_numbers(part: str) -> tuple[int, ...]:
    """Return the numbers of the concepts in a part of a coded sentence.

    >>> list_numbers(f"the {chr(FIRST)} and {chr(FIRST + 1)}")
    (0, 1)
    """
    return tuple(ord(char) - FIRST for char in part if FIRST <= ord(char) <= 0xF8FF)
