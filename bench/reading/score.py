"""Counts of what was judged, and of characters that no text should hold."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from graphtune.records import Chunk

#: Rows of the table: name, the count above, the count below.
SHARES: tuple[tuple[str, str, str], ...] = (
    ("statements recall", "statements right", "statements"),
    ("statements precision", "statements right", "statements found"),
    ("… with the right number", "numbers right", "statements right"),
    ("… with the right name", "names right", "statements right"),
    ("… with the right end", "ends right", "clear ends"),
    ("proofs recall", "proofs right", "proofs"),
    ("proofs precision", "proofs right", "proofs found"),
    ("… tied to the right statement", "ties right", "ties"),
    ("headings recall", "headings right", "headings"),
    ("headings precision", "headings right", "headings found"),
    ("… with equal text", "titles equal", "headings right"),
    ("references recall", "references right", "references"),
    ("references precision", "references right", "references found"),
    ("hyphens right", "hyphens right", "hyphens"),
    ("negated relations kept", "negations kept", "negations"),
    ("chunks with control characters", "chunks with control", "chunks"),
    ("chunks with U+FFFD", "chunks with replacement", "chunks"),
    ("chunks with private-use characters", "chunks with private", "chunks"),
)


@dataclass
class Score:
    """Counts by name, and notes on what was judged wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def add(self, other: "Score", paper: str) -> None:
        """Add the counts and notes of one paper."""
        self.counts.update(other.counts)
        self.notes += [f"{paper}: {note}" for note in other.notes]


def count_signs(chunks: Sequence[Chunk], score: Score) -> None:
    """Count what should not be in a text: controls, replacement and private-use characters."""
    for chunk in chunks:
        kinds = Counter(map(classify_sign, chunk.text))
        score.counts["chunks"] += 1
        for kind in ("control", "replacement", "private"):
            score.counts[f"{kind} characters"] += kinds[kind]
            score.counts[f"chunks with {kind}"] += kinds[kind] > 0


def classify_sign(char: str) -> str:
    r"""Say whether a character is a control (line feeds are none), a replacement or private.

    >>> [classify_sign(char) for char in "a\n\x14\ufffd\ue000"]
    ['', '', 'control', 'replacement', 'private']
    """
    if char == "\ufffd":
        return "replacement"
    category = unicodedata.category(char)
    if category == "Co":
        return "private"
    return "control" if category in ("Cc", "Cf") and char != "\n" else ""
