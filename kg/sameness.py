"""Names that rules take for one, once a model finds them near: spelling, initials, synonyms."""

import re
from collections.abc import Mapping

from graphtune.kg.names import normalize_name
from graphtune.kg.resolution.candidates import find_acronyms
from graphtune.kg.resolution.keys import (
    are_opposed,
    explain_match,
    has_opposites,
    is_symbol,
    order_words,
)

#: Heads that say the same of one thing.
_SYNONYMS = {
    "mapping": "map", "transformation": "transform", "procedure": "algorithm", "process": "algorithm",
    "method": "algorithm", "disc": "disk", "postulate": "axiom", "law": "rule", "test": "criterion",
}  # fmt: skip
#: What a title or a careful author adds to a name.
_TAILS = frozenset(("definition", "notation", "symbol", "algorithm", "result"))
#: Endings of the words before the head that may change: algebraic(ally) closed, antisymmetrization.
_ENDING = re.compile(
    r"(?<=[^\W\d_]{4})(?:ically|ization|isation|izing|ising|ized|ised|ally|ic|ly)$"
)
_STEMS = {"ically": "ic", "ally": "al", "ly": "", "ic": "ic"}


def explain_same(name: str, other: str) -> str | None:
    """Return why two names that a model finds near mean one concept, None where no rule says so.

    What must be kept apart is (see `graphtune.kg.resolution.keys.are_opposed`): numbers, symbols,
    negations, opposites, names with words added in front.

    >>> explain_same("antisymmetric map", "antisymmetric mapping")
    'synonym'
    >>> explain_same("algebraic closed field", "algebraically closed field")
    'ending'
    >>> explain_same("Kronecker delta", "Kronecker delta symbol")
    'tail'
    >>> explain_same("left ideal", "right ideal"), explain_same("Galois group", "Galois theory")
    (None, None)
    """
    form, long = normalize_name(name), normalize_name(other)
    if reason := explain_match(form, long):
        return reason
    if are_opposed(form, long):
        return None
    words, others = list(order_words(form)), list(order_words(long))
    if len(words) > len(others):
        words, others = others, words
    if min(len(words), len(others)) < 2 or has_opposites([*words[:-1], *others[:-1]]):
        return None
    if len(others) == len(words) + 1:
        return "tail" if others[:-1] == words and others[-1] in _TAILS else None
    if len(words) != len(others) or any(map(is_symbol, (words[-1], others[-1]))):
        return None
    if words[:-1] == others[:-1] and _fold_head(words[-1]) == _fold_head(others[-1]):
        return "synonym"
    same = [_fold_ending(word) for word in words[:-1]] == [_fold_ending(w) for w in others[:-1]]
    return "ending" if same and words[-1] == others[-1] else None


def _fold_head(word: str) -> str:
    return _SYNONYMS.get(word, word)


def _fold_ending(word: str) -> str:
    match = _ENDING.search(word)
    return word[: match.start()] + _STEMS.get(match[0], "iz") if match else word


def list_initials(names: Mapping[str, str]) -> set[frozenset[str]]:
    """Return the pairs of forms of which one abbreviates the other, and no other name (see `find_acronyms`).

    >>> list_initials({"young lattice": "Young lattice", "rsk": "RSK"})
    set()
    """
    return {frozenset(pair) for pair in find_acronyms(names)}
