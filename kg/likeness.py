"""Concepts that look like one another: near-duplicates that were not merged, and names of several."""

import re
from collections import defaultdict

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import fold_plural, normalize_name

#: Words that carry no meaning in a name.
_EMPTY = frozenset("of the a an and in on for to".split())
#: Names shorter than this differ by one letter too often to be the same.
_MIN_LETTERS = 8


def find_near_duplicates(graph: ConceptGraph) -> list[tuple[str, str]]:
    """Return pairs of concept ids whose names differ by little, and so may be one concept.

    Names are alike if they have the same words in any order, without regard to dashes and little
    words ("polynomials of Macdonald"), or if one has a single letter more, not at the start of a
    word ("isomorphism", "isomophism"). They are candidates: somebody has to look.
    """
    by_words: defaultdict[str, list[str]] = defaultdict(list)
    by_letters: defaultdict[str, list[str]] = defaultdict(list)
    for key in sorted(graph.concepts):
        name = graph.concepts[key].name
        by_words[_sort_words(name)].append(key)
        by_letters[_join_words(name)].append(key)
    groups = [group for words, group in by_words.items() if words]
    groups += [group for letters, group in by_letters.items() if letters]
    for letters in sorted(by_letters):
        if len(letters.replace(" ", "")) >= _MIN_LETTERS and not re.search(r"\d", letters):
            for shorter in {
                letters[:i] + letters[i + 1 :]
                for i in range(1, len(letters))
                if letters[i] != " " and letters[i - 1] != " "
            }:
                if shorter in by_letters:
                    groups.append([by_letters[shorter][0], by_letters[letters][0]])
    pairs = {tuple(sorted((left, right))) for group in groups for left, right in _pair_up(group)}
    return sorted((left, right) for left, right in pairs if left != right)


def _pair_up(group: list[str]) -> list[tuple[str, str]]:
    return [(group[0], other) for other in group[1:]]


def _sort_words(name: str) -> str:
    """Return the words of a name in alphabetical order, singular, without the little ones.

    >>> _sort_words("Polynomials of Macdonald") == _sort_words("Macdonald polynomial")
    True
    """
    words = re.findall(r"[^\W_]+", normalize_name(name))
    return " ".join(sorted(fold_plural(word) for word in words if word not in _EMPTY))


def _join_words(name: str) -> str:
    """Return a name without dashes between words.

    >>> _join_words("Semi-simple module") == _join_words("semisimple modules")
    True
    """
    return re.sub(r"\s*-\s*", "", normalize_name(name))


def find_homographs(graph: ConceptGraph) -> dict[str, list[str]]:
    """Return the concepts behind each normal form that names or aliases of several of them have."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for key in graph.concepts:
        for name in graph.names(key):
            owners[normalize_name(name)].add(key)
    return {form: sorted(keys) for form, keys in sorted(owners.items()) if len(keys) > 1 and form}
