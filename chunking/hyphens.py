"""Whether a hyphen at the end of a line belongs to the word or only to the line."""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from graphtune.chunking.rows import Row

_WORD = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+)*")
_BROKEN_WORD = re.compile(r"([^\W\d_]+(?:-[^\W\d_]+)*)[-‐\u00ad]$")
_FIRST_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_RANGE = re.compile(r"\w[–—]$")
#: First halves that are words by chance, or are never written with a hyphen.
_PREFIXES = frozenset("ad bi con de dis em en ex im in meta per poly pre re sub trans un".split())


def collect_words(rows: Iterable[Row]) -> set[str]:
    """Return the words that occur unbroken in a line in lower case, compounds also by their parts."""
    words: set[str] = set()
    is_continued = False
    for row in rows:
        found = _WORD.findall(row.text.lower())
        text = row.text.rstrip()
        ends_broken = text[-1:] in "-‐\u00ad" and _BROKEN_WORD.search(text) is not None
        words.update(found[int(is_continued) : len(found) - int(ends_broken)])
        is_continued = ends_broken
    words.update([part for word in words if "-" in word for part in word.split("-")])
    return words


@lru_cache(maxsize=1)
def _load_common_words() -> Collection[str]:
    """Return some 29,000 common English words; they load in 0.1 s and take 18 MB."""
    from wordfreq import get_frequency_dict

    return get_frequency_dict("en", "small").keys()


def join_lines(before: str, after: str, words: Collection[str]) -> str:
    """Join two lines of a paragraph; a hyphen at the break stays or goes.

    `words` are those seen elsewhere in the document, in lower case.

    >>> join_lines("a Hamil-", "tonian path", set()), join_lines("a q-", "series", set())
    ('a Hamiltonian path', 'a q-series')
    >>> join_lines("分拆函数", "计算", set())  # no spaces between words in this script
    '分拆函数计算'
    """
    before, after = before.rstrip(), after.lstrip()
    if not before or not after:
        return before + after
    if before[-1] not in "-‐\u00ad–—":
        is_spaced = before[-1] < "\u2e80" or after[0] < "\u2e80" or before[-1] > "\u9fff"
        return f"{before} {after}" if is_spaced else before + after
    if before[-1] == "\u00ad":
        return before[:-1] + after
    tail = before[before.rfind(" ") + 1 :]
    if _RANGE.search(tail):
        return before + after
    broken, first = _BROKEN_WORD.search(tail), _FIRST_WORD.match(after)
    if not broken or not first:
        return f"{before} {after}"
    return (before if keeps_hyphen(broken[1], first[0], words) else before[:-1]) + after


def keeps_hyphen(left: str, right: str, words: Collection[str]) -> bool:
    """Tell whether a word broken at a hyphen is written with it.

    The document decides where it has the word elsewhere, with the hyphen or without. Else a common
    word loses it, and two words keep it.

    >>> keeps_hyphen("well", "known", set()), keeps_hyphen("per", "mutation", {"mutation"})
    (True, False)
    >>> keeps_hyphen("multi", "graphs", {"multi-graphs"}), keeps_hyphen("Ramsey", "Rado", set())
    (True, True)
    """
    whole = (left + right).lower()
    if f"{left}-{right}".lower() in words:
        return True
    if whole in words:
        return False
    if not (left[-1].islower() and right[0].islower()):
        return True
    first, second = left.lower().split("-")[-1], right.split("-")[0]
    common = _load_common_words()
    if len(first) == 1:  # no program breaks a word there
        return True
    if first in _PREFIXES or first + second in words or first + second in common:
        return False
    return (first in words or first in common) and (second in words or second in common)
