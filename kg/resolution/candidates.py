"""Pairs of names that may be one concept: found by keys, so that no name meets all others."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from graphtune.kg.resolution.keys import (
    are_opposed,
    list_abbreviations,
    make_keys,
    order_words,
    read_acronym,
)
from graphtune.records import Concept

#: What a thing is of, without saying anything else of it.
_ARGUMENT = re.compile(r" of (?:(?:an?|the) )?[^\W\d_]{3,}")
#: A key that more names share than this says nothing about them.
MAX_BLOCK = 20


@dataclass(frozen=True, slots=True)
class MergeCandidate:
    """Two concepts that a verifier may call one; `kept` is the better attested."""

    kept: Concept
    gone: Concept


#: Says for each candidate whether its two names mean one concept; a language model can be one.
Verifier = Callable[[Sequence[MergeCandidate]], Sequence[bool]]


def find_alike(forms: Sequence[str]) -> dict[str, list[str]]:
    """Return, for each form, the others that are spelled alike.

    >>> find_alike(["ring of matrices", "matrix ring", "left ideal", "right ideal"])
    {'ring of matrices': ['matrix ring'], 'matrix ring': ['ring of matrices']}
    """
    blocks: defaultdict[str, list[str]] = defaultdict(list)
    for form in forms:
        for key in dict.fromkeys(make_keys(form)):
            blocks[key].append(form)
    alike: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for members in blocks.values():
        for form in members if len(members) > 1 else ():
            alike[form] |= dict.fromkeys(other for other in members if other != form)
    return {form: list(others) for form, others in alike.items()}


def find_acronyms(names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (form of the long name, form of its acronym) where only one name has these initials.

    `names` maps forms to names as they are written.

    >>> written = ("Robinson–Schensted–Knuth correspondence", "RSK correspondence")
    >>> from graphtune.kg.names import normalize_name
    >>> list(find_acronyms({normalize_name(name): name for name in written}))
    [('robinson-schensted-knuth correspondence', 'rsk correspondence')]
    """
    short = {read_acronym(name): form for form, name in names.items() if read_acronym(name)}
    if not short:
        return
    long: defaultdict[str, list[str]] = defaultdict(list)
    for form, name in names.items():
        if not read_acronym(name):
            for abbreviation in list_abbreviations(name) & short.keys():
                long[abbreviation].append(form)
    for abbreviation in sorted(long):
        if len(long[abbreviation]) == 1:
            yield long[abbreviation][0], short[abbreviation]


def find_qualified(forms: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (form, the same with "of a …") where only one such form is known.

    The short form has at least two words: a single one ("center", "order") means many things.

    >>> list(find_qualified(["laplacian matrix", "laplacian matrix of a graph", "order of a group"]))
    [('laplacian matrix', 'laplacian matrix of a graph')]
    """
    known = set(forms)
    longer: defaultdict[str, list[str]] = defaultdict(list)
    for form in forms:
        short, of, _ = form.partition(" of ")
        if of and " " in short and short in known:
            longer[short].append(form)
    for short, found in longer.items():
        if len(found) == 1 and _ARGUMENT.fullmatch(found[0], len(short)):
            yield short, found[0]


def find_near(forms: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of forms that differ in one word, left out or another: what a verifier must judge.

    Pairs that must stay apart ("left ideal", "right ideal") are not among them.

    >>> find_near(["hook formula", "hook length formula", "left ideal", "right ideal", "hook rule"])
    [('hook formula', 'hook length formula'), ('hook formula', 'hook rule')]
    """
    blocks: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for form in forms:
        words = tuple(sorted(set(order_words(form)) - {"of"}))
        for position in range(len(words) if len(words) > 1 else 0):
            blocks[words[:position] + words[position + 1 :]].append(form)
        blocks[words].append(form)
    pairs = {
        pair
        for members in blocks.values()
        if 1 < len(members) <= MAX_BLOCK
        for pair in combinations(sorted(set(members)), 2)
    }
    return sorted(pair for pair in pairs if not are_opposed(*pair))
