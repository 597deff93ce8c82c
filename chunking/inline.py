"""The rows of one paragraph become one line of text with its emphasised spans."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from graphtune.chunking.hyphens import join_lines
from graphtune.chunking.rows import BOLD, ITALIC, MATH, Row
from graphtune.chunking.text import NAMED_HEAD, SENTENCE_OPENERS, STATEMENT_HEAD

_LONG_WORD = re.compile(r"[^\W\d_]{3,}")
_OPERATORS = frozenset(
    "and arg aut card char coker cos deg det diag dim div end exp ext for gal gcd hom iff ind inf "
    "ker lcm lim liminf limsup log max min mod ord otherwise pr rank res sgn sin span stab sup "
    "supp sym tan tor tr where".split()
)
_EDGES = " \t.,;:!?()[]{}\"“”‘’'«»-–—*†‡§¶"


def join_rows(
    rows: Sequence[Row], words: Collection[str]
) -> tuple[str, list[tuple[int, int]], list[int]]:
    """Return a paragraph's text, its emphasised spans and the offset at which each row starts."""
    text = ""
    starts: list[int] = []
    pieces: list[tuple[int, int, int]] = []
    for row in rows:
        line = " ".join(row.text.split())
        joined = join_lines(text, line, words)
        begin = len(joined) - len(line)
        if begin < len(text):  # a hyphen went away, and what ended with it
            pieces = [(start, min(end, begin), style) for start, end, style in pieces]
        text = joined
        starts.append(begin)
        pieces += _locate_runs(row, begin)
    return text, find_emphasis(text, pieces), starts


def _locate_runs(row: Row, offset: int) -> list[tuple[int, int, int]]:
    """Return (start, end, style) of a row's runs after its spaces are collapsed."""
    pieces, position, is_apart = [], 0, False
    for run in row.runs:
        text = " ".join(run.text.split())
        if text:
            position += position > 0 and (is_apart or run.text[0] == " ")
            pieces.append((offset + position, offset + position + len(text), run.style))
            position += len(text)
        is_apart = run.text[-1] == " " or (is_apart and not text)
    return pieces


def find_emphasis(text: str, pieces: Sequence[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Return the spans of `text` whose face differs from that of most of its letters.

    `pieces` are (start, end, style). Mathematics, operator names, numbers and the head of a
    statement do not count; neighbours in one face are one span.
    """
    head = STATEMENT_HEAD.match(text)
    named = NAMED_HEAD.match(text)
    usual = _find_usual_face(text, pieces, named.end() if named else 0)
    spans: list[tuple[int, int, int]] = []
    for start, end, style in pieces:
        face = style & (ITALIC | BOLD)
        if style & MATH or face == usual or not text[start:end].strip(" .,;:()[]"):
            continue
        if spans and spans[-1][2] == face and not text[spans[-1][1] : start].strip():
            spans[-1] = (spans[-1][0], end, face)
        else:
            spans.append((start, end, face))
    skip = head.end() if head and spans and spans[0][0] < head.end() else 0
    trimmed = (_trim_span(text, max(start, skip), end) for start, end, _ in spans)
    return [
        (start, end)
        for (start, end), (_, _, face) in zip(trimmed, spans, strict=True)
        if _is_term(text, start, end, is_upright=face == 0)
    ]


def _find_usual_face(text: str, pieces: Sequence[tuple[int, int, int]], begin: int) -> int:
    """Return the face of a paragraph behind its head: upright, unless it begins in another.

    A short paragraph may consist of its defined term for the most part.
    """
    share: Counter[int] = Counter()
    opening = ""
    for start, end, style in pieces:
        letters = 0 if style & MATH else sum(map(str.isalpha, text[max(start, begin) : end]))
        if letters:
            opening = opening or text[max(start, begin) : end].split()[0]
            share[style & (ITALIC | BOLD)] += letters
    if not share or text.startswith("["):  # in a bibliography the titles are in italics
        return 0
    if begin and opening in SENTENCE_OPENERS:
        return next(iter(share))
    usual = max(share, key=share.__getitem__)
    is_clear = share[usual] > 0.7 * share.total() or usual == next(iter(share))
    return usual if is_clear else 0


def _trim_span(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in _EDGES:
        start += 1
    while start < end and text[end - 1] in _EDGES:
        end -= 1
    return start, end


def _is_term(text: str, start: int, end: int, *, is_upright: bool) -> bool:
    words = _LONG_WORD.findall(text[start:end].lower()) if start < end else []
    # A word that touches a bracket is the name of a map: Gal(K/k).
    is_map = len(words) == 1 and text[end : end + 1] == "("
    is_operator = is_upright and all(word in _OPERATORS for word in words)
    return bool(words) and not is_map and not is_operator
