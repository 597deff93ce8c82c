"""Terms that a passage uses again and again and that share a word with its section's title."""

import re
from collections import Counter
from collections.abc import Iterator

from graphtune.kg.names import FUNCTION_WORDS, GENERIC_WORDS, is_plausible_name, normalize_name
from graphtune.kg.paragraphs import Paragraph
from graphtune.kg.rules.headings import list_content
from graphtune.kg.rules.phrases import is_adjective
from graphtune.kg.rules.terms import make_concept
from graphtune.records import Chunk, FoundConcept, Span

#: How often a passage must say a term.
MIN_COUNT = 2
_RUN = re.compile(r"(?<![\w-])(?:[^\W\d_][\w'’‐–-]*)(?:\s[^\W\d_][\w'’‐–-]*)+(?![\w-])")
#: Words that are no part of a name: verbs, and adjectives of the moment.
LOOSE = FUNCTION_WORDS | frozenset(
    """act acts admit admits agree apply applies become becomes belong belongs coincide commute commutes
    consist consists contain contains containing correspond depend depends distinct divide divides
    entire equal exist exists finite fixed form forms generate generates given hold holds implies imply induce
    induces infinite itself lie lies meet meets non-zero nonzero non-trivial nontrivial obvious original
    preserve preserves proper represent represents respective resulting satisfies satisfy satisfying
    single starting various vanish vanishes desired corresponding arbitrary appropriate phrase word
    bottom middle top unique whole""".split()
)


def read_recurring(chunk: Chunk, paragraphs: list[Paragraph]) -> Iterator[FoundConcept]:
    """Yield the noun phrases of two or three words that recur and belong to the section's topic.

    >>> text = "A Dyck path ends at 0. Each lattice path, and each closed lattice path, does too."
    >>> chunk = Chunk("c", "d", 0, text, 0, len(text), "1 Counting paths", 1, 1, 20)
    >>> [c.name for c in read_recurring(chunk, [Paragraph(0, len(text), "text", 0)])]
    ['lattice path']
    """
    topic = {word[:5] for word in list_content(chunk.heading.rpartition(" > ")[2])}
    counts: Counter[str] = Counter()
    places: dict[str, Span] = {}
    for paragraph in paragraphs:
        if paragraph.kind in ("heading", "bibliography") or not topic:
            continue
        for span in _list_phrases(chunk.text, paragraph.head_end, paragraph.end):
            form = normalize_name(chunk.text[slice(*span)])
            counts[form] += 1
            places.setdefault(form, span)
    for form, count in counts.items():
        if count >= MIN_COUNT and any(word[:5] in topic for word in form.split()):
            yield from make_concept(chunk, places[form])


def _list_phrases(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the runs of two or three words between loose ones, and the last two of each three."""
    for run in _RUN.finditer(text, start, end):
        words: list[Span] = []
        for match in re.finditer(r"\S+|$", run[0]):
            word = match[0].lower()
            if word and word not in LOOSE and len(word) > 2 and not word.endswith("ly"):
                words.append(Span(run.start() + match.start(), run.start() + match.end()))
                continue
            for size in (3, 2) if len(words) == 3 else (2,) if len(words) == 2 else ():
                span = Span(words[-size].start, words[-1].end)
                if _is_term(text[slice(*span)]):
                    yield span
            words = []


def _is_term(phrase: str) -> bool:
    first, *_, last = phrase.lower().split()
    is_noun = not is_adjective(last) and not last.endswith(("ed", "ing"))
    return is_noun and first not in GENERIC_WORDS and is_plausible_name(phrase)
