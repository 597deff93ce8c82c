"""Hyphens at line ends: which should go, by the words of the source, and which the text kept."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from graphtune.bench.reading.prose import MATH
from graphtune.bench.reading.structure import Score
from graphtune.bench.reading.words import list_words

_LEFT = re.compile(r"(?:(\S+)\s+)?\S*?([^\W\d_]+(?:-[^\W\d_]+)*)[-\u2010\u00ad]\s*$")
_RIGHT = re.compile(r"\s*([^\W\d_]+(?:-[^\W\d_]+)*)")


class Hyphen(NamedTuple):
    """A hyphen at a line end: the word before it, and the two halves."""

    before: str
    left: str
    right: str


def find_hyphens(pages: Sequence[str]) -> Iterator[Hyphen]:
    r"""Yield the hyphens at line ends of a PDF's raw text.

    >>> list(find_hyphens(["the semi-\nstandard one"]))
    [Hyphen(before='the', left='semi', right='standard')]
    """
    for page in pages:
        lines = page.split("\n")
        for line, following in pairwise(lines):
            left, right = _LEFT.search(line), _RIGHT.match(following)
            if left and right:
                yield Hyphen(left[1] or "", left[2], right[1])


def decide_form(hyphen: Hyphen, tokens: frozenset[str]) -> str:
    """Say whether the source has the word "joined" or "kept"; "" where it has both or neither.

    >>> tokens = frozenset(["semistandard", "non-negative"])
    >>> [decide_form(Hyphen("", *halves), tokens) for halves in (("semi", "standard"), ("non", "negative"))]
    ['joined', 'kept']
    """
    left, right = hyphen.left.casefold(), hyphen.right.casefold()
    joined = _has(left + right, tokens)
    kept = _has(f"{left}-{right}", tokens)
    if len(left) == 1 and not joined:
        kept = kept or f"{MATH}-{right}" in tokens
    return "" if joined == kept else "joined" if joined else "kept"


def _has(word: str, tokens: frozenset[str]) -> bool:
    plain = "".join(list_words(word)) if "-" not in word else word
    return word in tokens or plain in tokens


def judge_hyphens(pages: Sequence[str], text: str, tokens: frozenset[str], score: Score) -> None:
    """Judge every hyphen that the source decides; the others are counted."""
    for hyphen in find_hyphens(pages):
        form = decide_form(hyphen, tokens)
        if not form:
            score.counts["hyphens not judged"] += 1
            continue
        seen = read_forms(hyphen, text)
        is_right = bool(seen) and set(seen) == {form}
        score.counts["hyphens"] += 1
        score.counts["hyphens right"] += is_right
        if not is_right:
            word = f"{hyphen.left}-{hyphen.right}"
            score.notes.append(f"hyphen: {word} should be {form}, is {sorted(set(seen))}")


def read_forms(hyphen: Hyphen, text: str) -> list[str]:
    """List the forms in which the word stands in a text, after the same word where that helps.

    >>> read_forms(Hyphen("the", "semi", "standard"), "a semistandard, the semi-standard")
    ['kept']
    """
    middle = r"(?P<gap>[-\u2010\u00ad]?\s?)"
    word = rf"{re.escape(hyphen.left)}{middle}{re.escape(hyphen.right)}(?![^\W\d_])"
    names = {"": "joined", "-": "kept", "\u2010": "kept"}
    for start in (
        rf"(?<!\w){re.escape(hyphen.before)}\W*\s" if hyphen.before else "",
        r"(?<![^\W\d_])",
    ):
        found = [names.get(match["gap"], "torn") for match in re.finditer(start + word, text)]
        if found:
            return found
    return []
