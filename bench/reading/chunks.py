"""Chunks: how many statements stay whole, and how many chunks begin in the middle of a clause."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from graphtune.bench.reading.truth import TrueStatement, Truth
from graphtune.bench.reading.words import Words, count_common, holds_whole, list_words

CountTokens = Callable[[str], int]

#: Statements of so many tokens or more are not asked to be whole.
SHORT = 400


def starts_mid_clause(text: str) -> bool:
    """Tell whether a chunk begins in the middle of a clause.

    The rule looks at the first character that is no white space, of all systems alike, headings
    included: a lower-case letter, a closing bracket or quote, a mark that cannot open a clause
    (, ; : . ! ? …), a dash or hyphen, a combining mark, a modifier, or a mathematical sign.

    >>> [starts_mid_clause(text) for text in ("of a", "≤ 3", ") and", "Let x", "2 Words", "[3] A")]
    [True, True, True, False, False, False]
    """
    first = text.lstrip()[:1]
    if not first or first.isupper():
        return False
    category = unicodedata.category(first)
    return (
        first.islower()
        or first in ",;:.!?…/*·&^_"
        or category in ("Pe", "Pf", "Pd", "Mn", "Mc", "Sm", "Sk", "Lm")
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A true statement as words (head included), with its size in the raw text (None: not located)."""

    statement: TrueStatement
    words: tuple[str, ...]
    tokens: int | None


def list_asked(truth: Truth, raw: str, count: CountTokens) -> list[Asked]:
    """List the environments of a paper with at least one word, measured in the PDF's raw text."""
    located = _Raw(raw)
    asked = []
    for true in truth.statements:
        if true.is_optional or not true.words:
            continue
        head = (*list_words(true.label), *list_words(true.number))
        span = located.locate(head, true.words)
        tokens = count(raw[span[0] : span[1]]) if span else None
        asked.append(Asked(true, (*head, *true.words), tokens))
    return asked


class _Raw:
    """The words of a raw text, with the places they stand at."""

    def __init__(self, raw: str) -> None:
        self.words: list[str] = []
        self.spans: list[tuple[int, int]] = []
        self.after = 0
        place = 0
        for piece in raw.split():
            start = raw.index(piece, place)
            place = start + len(piece)
            for word in list_words(piece):
                self.words.append(word)
                self.spans.append((start, place))

    def locate(self, head: Words, body: Words) -> tuple[int, int] | None:
        """Find a statement after the one found before; return its characters."""
        best, place = 0.59, -1
        size = len(head)
        for start in range(self.after, len(self.words) - size + 1):
            if self.words[start : start + size] != list(head):
                continue
            window = self.words[start + size : start + size + 40]
            likeness = count_common(body[:10], window) / len(body[:10])
            if likeness > best:
                best, place = likeness, start
            if likeness > 0.95:
                break
        if place < 0:
            return None
        self.after = place + size
        window = self.words[place + size : place + size + 3 * len(body) + 60]
        blocks = SequenceMatcher(None, body, window, autojunk=False).get_matching_blocks()
        last = max(block.b + block.size for block in blocks if block.size)
        return self.spans[place][0], self.spans[place + size + max(last, 1) - 1][1]


@dataclass
class ChunkScore:
    """What one system did, added up over papers."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def judge(
        self,
        paper: str,
        asked: Sequence[Asked],
        texts: Sequence[str],
        sizes: Sequence[int],
        budget: int,
    ) -> None:
        """Add one paper: the texts of its chunks and their sizes in tokens."""
        words = [list_words(text) for text in texts]
        bags = [set(chunk) for chunk in words]
        for one in asked:
            if one.tokens is None:
                self.counts["not located"] += 1
                continue
            if one.tokens >= SHORT:
                continue
            fits = one.tokens <= budget
            wanted = set(one.words)
            is_whole = any(
                len(wanted & bag) >= 0.9 * len(wanted) and holds_whole(chunk, one.words)
                for chunk, bag in zip(words, bags, strict=True)
            )
            self.counts["asked"] += 1
            self.counts["whole"] += is_whole
            self.counts["asked that fit"] += fits
            self.counts["whole that fit"] += fits and is_whole
            if fits and not is_whole:
                head = f"{one.statement.label} {one.statement.number}"
                self.notes.append(
                    f"{paper}: not whole: {head} ({one.tokens} tokens) {one.words[:10]}"
                )
        self.counts["chunks"] += len(texts)
        self.counts["mid-clause"] += sum(map(starts_mid_clause, texts))
        self.counts["tokens"] += sum(sizes)
        self.counts["over"] += sum(size > budget for size in sizes)

    def list_row(self, system: str, budget: int) -> dict[str, Any]:
        """Return the row of the table."""
        count = self.counts
        return {
            "system": system,
            "budget": budget,
            "whole": f"{count['whole']} / {count['asked']}",
            "share whole": round(count["whole"] / max(count["asked"], 1), 3),
            "of those that fit": f"{count['whole that fit']} / {count['asked that fit']}",
            "mid-clause starts": round(count["mid-clause"] / max(count["chunks"], 1), 3),
            "mean tokens": round(count["tokens"] / max(count["chunks"], 1), 1),
            "over budget": count["over"],
            "chunks": count["chunks"],
        }


def make_counter(find_spans: Callable[[str], Sequence[tuple[int, int]]]) -> CountTokens:
    """Return a function that counts tokens, from one that lists their spans."""
    return lambda text: len(find_spans(text))
