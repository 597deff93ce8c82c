"""Where concepts are named: exact names and aliases in passages, each with its role."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import ahocorasick

from graphtune.kg.names import fold_plural, fold_text, make_plural
from graphtune.kg.paragraphs import Paragraph, split_paragraphs
from graphtune.kg.roles import judge_role
from graphtune.records import Chunk, Mention, Span

#: Scripts that set no blanks between words (Thai to Khmer, kana, Han).
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_LINE_FEED = re.compile(r"(?<!\n)\n(?!\n)")
_GREEK = {
    chr(code): "\\"
    + unicodedata.name(chr(code)).rpartition(" ")[2].lower().replace("lamda", "lambda")
    for code in range(ord("α"), ord("ω") + 1)
    if chr(code) not in "ος"
}


class _Surface(NamedTuple):
    """What the automaton finds; `exact` is the spelling that an acronym must keep."""

    concept_id: str
    length: int
    exact: str


class _Hit(NamedTuple):
    start: int
    end: int
    concept_id: str


def link_mentions(
    names: Mapping[str, str],
    chunks: Iterable[Chunk],
    defined: Mapping[tuple[str, str], Sequence[Span]] | None = None,
) -> Iterator[Mention]:
    """Yield every place where a passage names a concept, in order.

    Case, accents, dashes, blanks, a possessive 's and the plural of the last word may differ from
    the name; acronyms of up to four capitals must match exactly. Matches are whole words, are no
    part of a hyphenated word, of a TeX command or of a formula's product of letters, and the longest
    one wins. A Greek letter and its TeX command are the same.

    Args:
        names: each surface form (name or alias) and the id of its concept.
        chunks: the passages.
        defined: for (chunk id, concept id), the spans at which an extractor saw the concept
            defined; mentions that overlap them have the role "defines".

    >>> text = "A skew Schur function is one of the Schur functions."
    >>> chunk = Chunk("c", "d", 0, text, 0, len(text), "", 1, 1, 12)
    >>> names = {"Schur function": "schur function", "skew Schur functions": "skew schur function"}
    >>> [(m.concept_id, m.start, m.end, m.role) for m in link_mentions(names, [chunk])]
    [('skew schur function', 2, 21, 'mentions'), ('schur function', 36, 51, 'mentions')]
    """
    automaton = _build_automaton(names)
    for chunk in chunks:
        hits = _find_longest(automaton, chunk.text)
        paragraphs = split_paragraphs(chunk) if hits else []
        for hit in hits:
            paragraph = locate_paragraph(paragraphs, hit.start)
            role = judge_role(paragraph, chunk.text, hit.start, hit.end)
            spans = (defined or {}).get((chunk.id, hit.concept_id), ())
            if role != "bibliography" and any(
                hit.start < end and start < hit.end for start, end in spans
            ):
                role = "defines"
            yield Mention(hit.concept_id, chunk.id, hit.start, hit.end, role)


def find_name(surfaces: Collection[str], text: str) -> list[Span]:
    """Return the spans at which one of the surface forms stands in a text, by the same rules.

    >>> find_name(["q-binomial theorem"], "By the q–binomial  theorem, but not an eq-binomial theorem.")
    [Span(start=7, end=26)]
    """
    automaton = _build_automaton(dict.fromkeys(surfaces, ""))
    return [Span(hit.start, hit.end) for hit in _find_longest(automaton, text)]


def list_variants(name: str) -> list[str]:
    """Return the folded spellings under which a name is looked for, itself first.

    >>> list_variants("Bailey’s pairs")
    ["bailey's pairs", "bailey's pair", 'bailey pairs', 'bailey pair']
    """
    folded = " ".join(fold_text(name)[0].split())
    bases = dict.fromkeys((folded, re.sub(r"(?<=\w{2})'s\b|(?<=\w{2}s)'(?= )", "", folded)))
    if name[:1].isupper() and " " in folded and "'" not in folded:
        # "Bailey lemma" is also "Bailey's lemma", "Frobenius map" also "Frobenius' map".
        bases[folded.replace(" ", "'s ", 1)] = None
        if folded.partition(" ")[0].endswith("s"):
            bases[folded.replace(" ", "' ", 1)] = None
    bases |= dict.fromkeys(
        [re.sub(r"(?<=[^\W\d_]{3})-(?=[^\W\d_]{3})", " ", base) for base in bases]
    )
    bases |= dict.fromkeys([_spell_greek(base) for base in bases])
    variants: dict[str, None] = {}
    for base in bases:
        head, blank, last = base.rpartition(" ")
        singular = fold_plural(last)
        plural = make_plural(singular) if len(singular) > 2 else last
        for word in (last, singular, plural):
            variants[head + blank + word] = None
    return list(variants)


def _spell_greek(folded: str) -> str:
    """Swap Greek letters and TeX's commands for them: a PDF has the one, its source the other."""
    for letter, command in _GREEK.items():
        if letter in folded:
            return "".join(_GREEK.get(char, char) for char in folded)
        if command in folded:
            folded = re.sub(rf"{re.escape(command)}(?![a-z])", letter, folded)
    return folded


def _build_automaton(names: Mapping[str, str]) -> ahocorasick.Automaton:
    """Compile all variants; a given spelling goes before a derived one, then the first in order."""
    surfaces: dict[str, _Surface] = {}
    derived: dict[str, _Surface] = {}
    for name in sorted(names):
        bare = "".join(name.split())
        acronym = bare if re.fullmatch(r"[A-Z]{2,4}", bare) else ""
        for position, variant in enumerate(list_variants(name)):
            if len(variant) >= 2:
                surface = _Surface(names[name], len(variant), acronym)
                (derived if position else surfaces).setdefault(variant, surface)
    automaton = ahocorasick.Automaton()
    for variant, surface in (derived | surfaces).items():
        automaton.add_word(variant, surface)
    if len(automaton):
        automaton.make_automaton()
    return automaton


def _find_longest(automaton: ahocorasick.Automaton, text: str) -> list[_Hit]:
    """Return the whole-word matches, leftmost first, of those that overlap the longest."""
    if not len(automaton):
        return []
    folded, offsets = fold_text(text)
    folded = _LINE_FEED.sub(" ", folded)
    found: list[tuple[int, int, str]] = []
    for last, surface in automaton.iter(folded):
        begin = last + 1 - surface.length
        start, end = offsets[begin], offsets[last + 1]
        if text[end - 1] == "$" and text.count("$", start, end) % 2:
            end -= 1  # the formula behind the name: "poset$P$"
        if not _is_whole(folded, begin, last + 1, text, start, end):
            continue
        if surface.exact and not _is_acronym(surface.exact, text, start):
            continue
        if text[start - 1 : start] == "$" and text.count("$", start, end) % 2:
            start -= 1  # the formula that the name begins with: "$q$-series"
        found.append((start, -end, surface.concept_id))
    found.sort()
    hits: list[_Hit] = []
    for start, minus_end, concept_id in found:
        if not hits or start >= hits[-1].end:
            hits.append(_Hit(start, -minus_end, concept_id))
    return hits


def _is_whole(folded: str, begin: int, stop: int, text: str, start: int, end: int) -> bool:
    """Check that a match is no part of a longer word or of a hyphenated one."""
    before, after = folded[begin - 1 : begin], folded[stop : stop + 1]
    if _joins(before, folded[begin]) and text[start - 1] != "$":
        return False
    if _joins(after, folded[stop - 1]) and text[end] != "$":
        return False
    if before == "\\" or (before == "{" and text.endswith(("\\begin{", "\\end{"), 0, start)):
        return False  # TeX's own words: \max, \begin{matrix}
    # An em dash parts clauses; every other dash joins words, as in "q-Schur function".
    if before == "-" and text[start - 1] != "—" and folded[begin - 2 : begin - 1].strip():
        return False
    return not (after == "-" and text[end] != "—" and folded[stop + 1 : stop + 2].isalnum())


def _joins(neighbour: str, char: str) -> bool:
    """Tell whether a character beside a name makes it part of a longer word."""
    if not neighbour.isalnum():
        return neighbour == "_"
    return not _UNSPACED.match(neighbour) and not _UNSPACED.match(char)


def _is_acronym(exact: str, text: str, start: int) -> bool:
    """Check the capitals, and that a formula does not use them as letters: "$LR = RL$"."""
    return text.startswith(exact, start) and text.count("$", 0, start) % 2 == 0


def locate_paragraph(paragraphs: Sequence[Paragraph], offset: int) -> Paragraph:
    """Return the paragraph that holds an offset of the passage."""
    return next((item for item in paragraphs if offset < item.end), paragraphs[-1])
