"""Evidence or it is not stored: where a passage holds what a model says that it holds."""

import re
from collections.abc import Collection, Sequence

from rapidfuzz import fuzz

from graphtune.kg.mentions import find_name
from graphtune.kg.names import fold_plural, fold_text, normalize_name
from graphtune.kg.paragraphs import list_sentences
from graphtune.records import Span

#: Share of the characters (in percent, by edit distance without replacement) that must agree.
MIN_SIMILARITY = 90.0
#: A shorter quote is found literally or not at all: a few letters resemble something everywhere.
MIN_FUZZY = 20
#: A quote shorter than this proves nothing.
MIN_QUOTE = 12
#: A longer quote is no quote but a retelling of the passage.
MAX_QUOTE = 600
#: Share of a description's words that the passage must hold.
MIN_GROUNDED = 0.6
#: All that may stand between two names of one thing: "X (Y", "X, also called the Y", "X, or Y".
_BESIDE = re.compile(
    r"[\s,)]*(?:\(|=|or\b|also\b|i\.e\.|that is\b|abbreviated\b|in short\b|for short\b"
    r"|(?:is |are )?(?:sometimes |often |usually |also )?(?:called|known as|named|termed)\b)"
    r"[\s,(“\"]*(?:(?:also|sometimes|often|usually|simply|called|known as|or|the|as|an?|by)\b[\s,(“\"]*)*",
    re.IGNORECASE,
)


def locate_quote(quote: str, text: str) -> Span | None:
    """Return where a text holds a quote, as whole words.

    It is sought literally; then up to case, blanks, dashes and accents; then with at least
    MIN_SIMILARITY of its characters the same. Of a quote with gaps ("a poset … is graded") the longest
    part is sought.

    >>> text = "By the Jacobi–Trudi identity, a Schur function is a determinant."
    >>> locate_quote("the jacobi-trudi  identity", text)
    Span(start=3, end=28)
    >>> start, end = locate_quote("identity, a Schur functoin is a determinant", text)
    >>> text[start:end]
    'identity, a Schur function is a determinant'
    >>> locate_quote("a Hall polynomial is a structure constant", text)
    """
    wanted = max(re.split(r"\s*(?:…|\.\s?\.\s?\.)\s*", quote[: 2 * MAX_QUOTE]), key=len)
    wanted = wanted.strip(" \t\n\"'“”‘’.,;:")
    if not wanted or len(wanted) > MAX_QUOTE:
        return None
    if (start := text.find(wanted)) >= 0:
        return _snap_to_words(text, start, start + len(wanted))
    folded, offsets = fold_text(text.replace("\n", " "))
    wanted = fold_text(" ".join(wanted.split()))[0]
    if not wanted:
        return None
    if (start := folded.find(wanted)) >= 0:
        return _snap_to_words(text, offsets[start], offsets[start + len(wanted)])
    if not MIN_FUZZY <= len(wanted) <= len(folded):
        return None
    place = fuzz.partial_ratio_alignment(wanted, folded, score_cutoff=MIN_SIMILARITY)
    if place is None or place.dest_start == place.dest_end:
        return None
    return _snap_to_words(text, offsets[place.dest_start], offsets[place.dest_end])


def _snap_to_words(text: str, start: int, end: int) -> Span:
    """Grow a span to the ends of the words that it cuts, and strip blanks."""
    while 0 < start < len(text) and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while 0 < end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    inner = text[start:end]
    return Span(start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip()))


def locate_concept(name: str, quote: str, text: str) -> Span | None:
    """Return the evidence of a concept: its name, if possible inside the quote, else the quote.

    A quote stands for a name only where it holds all its words ("polynomials of Macdonald").

    >>> text = "Skew and straight tableaux. A tableau is a filling."
    >>> locate_concept("tableau", "A tableau is a filling", text)
    Span(start=30, end=37)
    >>> start, end = locate_concept("skew tableau", "Skew and straight tableaux", text)
    >>> text[start:end]
    'Skew and straight tableaux'
    >>> locate_concept("Hopf algebra", "A tableau is a filling", text)
    """
    found = locate_quote(quote, text) if len(quote) >= MIN_QUOTE else None
    places = find_name([name], text)
    if places:
        within = (p for p in places if found and found.start <= p.start and p.end <= found.end)
        return next(within, places[0])
    if found and list_stems(name) <= list_stems(text[found.start : found.end]):
        return found
    return None


def locate_relation(quote: str, ends: Sequence[Collection[str]], text: str) -> Span | None:
    """Return the evidence of a relation: its quote, with as much around it as names both ends.

    That is the quote itself, its sentences, or those and the one before ("It generalizes …").

    Args:
        quote: what the model copied from the passage.
        ends: the names of the source, and of the target.
        text: the passage.

    >>> text = "Recall the ballot theorem. It follows from the cycle lemma by induction. A poset is a set."
    >>> quote = "follows from the cycle lemma"
    >>> start, end = locate_relation(quote, [["ballot theorem"], ["cycle lemma"]], text)
    >>> text[start:end]
    'Recall the ballot theorem. It follows from the cycle lemma by induction.'
    >>> locate_relation(quote, [["poset"], ["cycle lemma"]], text)
    """
    found = locate_quote(quote, text) if len(quote) >= MIN_QUOTE else None
    if not found:
        return None
    sentences = _list_sentences(text)
    touched = [
        i for i, item in enumerate(sentences) if item.start < found.end and found.start < item.end
    ]
    if not touched:
        return None
    start, end = (
        min(found.start, sentences[touched[0]].start),
        max(found.end, sentences[touched[-1]].end),
    )
    before = sentences[max(0, touched[0] - 1)].start
    for span in (found, Span(start, end), Span(before, end)):
        if all(find_name(names, text[span.start : span.end]) for names in ends):
            return span
    return None


def _list_sentences(text: str) -> list[Span]:
    return [
        sentence
        for paragraph in re.finditer(r"\S(?:.|\n(?!\s*\n))*", text)
        for sentence in list_sentences(text, *paragraph.span())
    ]


def is_alias_stated(alias: str, name: str, text: str) -> bool:
    """Tell whether a passage gives one name beside the other: "X (Y)", "X, also called Y".

    >>> text = "The ballot theorem, also called the cycle lemma (CL), implies the Catalan formula."
    >>> [is_alias_stated(alias, "ballot theorem", text) for alias in ("cycle lemma", "Catalan formula")]
    [True, False]
    """
    for first in find_name([name], text):
        for second in find_name([alias], text):
            left, right = sorted((first, second))
            if _BESIDE.fullmatch(text, left.end, right.start):
                return True
    return False


def is_grounded(description: str, text: str) -> bool:
    """Tell whether a description says what the passage says, by the words that they share.

    >>> text = "A Dyck path is a lattice path that never falls below the axis."
    >>> is_grounded("A lattice path that stays above the axis.", text)
    True
    >>> is_grounded("Visit our shop for cheap watches", text)
    False
    """
    words = list_stems(description)
    return bool(words) and len(words & list_stems(text)) >= MIN_GROUNDED * len(words)


def list_stems(text: str) -> set[str]:
    """Return the words of at least three letters, folded and in the singular.

    >>> sorted(list_stems("The Young tableaux of n"))
    ['tableau', 'the', 'young']
    """
    return {
        normalize_name(fold_plural(word))
        for word in re.findall(r"[^\W\d_]{3,}", fold_text(text)[0])
    }
