"""Pairs of names that may be one concept: found by keys, so that no name meets all others."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from graphtune.kg.resolution.keys import (
    list_abbreviations,
    make_keys,
    read_acronym,
)
from graphtune.records import Concept

#: What a thing is of, without saying anything else of it.
_ARGUMENT = re.compile(r" of (?:(?:an?|the) )?[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class MergeCandidate:
    """Two concepts that a verifier may call one; `kept` is the better attested."""

    kept: Concept
    gone: Concept


class Verifier(Protocol):
    """Judges merges that no rule decides; a language model can be one."""

    def propose(self, names: Mapping[str, str]) -> Iterable[tuple[str, str]]:
        """Return the pairs of normal forms that are worth judging; `names` are all, as written."""

    def judge(self, candidates: Sequence[MergeCandidate]) -> Sequence[bool | None]:
        """Say for each whether its two names mean one concept; None where that is not known."""


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
