"""Where the sentences of mathematical prose begin and end."""

import re
from bisect import bisect_right

from graphtune.chunking.text import NAMED_HEAD, SENTENCE_OPENERS, opens_statement
from graphtune.records import Span

_STOP = re.compile(r"[.!?…]+[)\]\"'”’]*(?=\s)|[。！？]+[”’」』）]*")
_FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.DOTALL)
_LAST_WORD = re.compile(r"[\w.&-]*$")
_NEXT_WORD = re.compile(r"\s*[(\[\"“‘'«]*(?P<start>(?P<word>\w+)|\S)(?P<dot>\.?)")
_SPACED_ABBREVIATION = re.compile(r"\b(?:i\. e|e\. g|q\. v|w\. r\. t|a\. e|s\. t)$")
_ABBREVIATIONS = frozenset(
    "al app approx ca cf ch chap chs cor def defs dr ed eds e.g eg eq eqn eqns eqs etc fig figs i.e "
    "ie inc jr lem mr mrs ms nos nr pp prof prop props pt q.v resp sec sect sects ser st tab thm "
    "thms trans univ viz vol vols vs w.l.o.g w.r.t conj".split()
)


def split_sentences(text: str) -> list[Span]:
    """Return the spans of the sentences of a paragraph.

    Abbreviations, initials, the head of a statement and formulas between dollar signs hold none.

    >>> text = "By Thm. 2.3 of G. H. Hardy et al. this holds. Let $a. B$ be given. Then so."
    >>> [text[start:end] for start, end in split_sentences(text)][1:]
    ['Let $a. B$ be given.', 'Then so.']
    """
    head = NAMED_HEAD.match(text)
    begin = head.end() if head and opens_statement(text) else 0
    formulas = [match.span() for match in _FORMULA.finditer(text)]
    spans, start = [], 0
    for stop in _STOP.finditer(text):
        index = bisect_right(formulas, (stop.start(), len(text)))
        in_formula = index > 0 and stop.start() < formulas[index - 1][1]
        if stop.end() > begin and not in_formula and _ends_sentence(text, start, stop):
            spans.append(trim_span(text, start, stop.end()))
            start = stop.end()
    if text[start:].strip():
        spans.append(trim_span(text, start, len(text)))
    return spans


def _ends_sentence(text: str, start: int, stop: re.Match[str]) -> bool:
    if stop[0][0] in "。！？":
        return True
    after = _NEXT_WORD.match(text, stop.end())
    if after is None or after["start"][0].islower() or after["start"][0].isdigit():
        return False
    if stop[0][0] != ".":
        return True
    before = text[max(start, stop.start() - 30) : stop.start()]
    found = _LAST_WORD.search(before)
    word = found[0] if found else ""
    if stop.start() - len(word) == start and len(word) < 4:
        return False  # the number of a list item
    is_opener = after["word"] in SENTENCE_OPENERS and not after["dot"]
    if word.lower() in _ABBREVIATIONS or _SPACED_ABBREVIATION.search(before):
        return is_opener and word.lower() in {"al", "etc"}
    return is_opener or not (len(word) == 1 and word.isupper())


def trim_span(text: str, start: int, end: int) -> Span:
    """Return `[start, end)` without the white space at its ends."""
    piece = text[start:end]
    return Span(end - len(piece.lstrip()), start + len(piece.rstrip()))
