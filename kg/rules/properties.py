"""What a passage says of the properties it defines: the things that have them, their abstract nouns."""

import re
from collections.abc import Iterable, Iterator

from wordfreq import zipf_frequency

from graphtune.kg.names import FUNCTION_WORDS, fold_plural, is_plausible_name
from graphtune.kg.paragraphs import Paragraph
from graphtune.kg.rules.phrases import is_adjective
from graphtune.kg.rules.recurring import LOOSE
from graphtune.kg.rules.terms import make_concept
from graphtune.records import Chunk, FoundConcept, Span

#: The endings of adjectives and of the nouns made of them.
_ENDINGS = (
    ("ble", "bility"), ("ent", "ence"), ("ent", "ency"), ("ant", "ance"), ("ant", "ancy"), ("ical", "icity"),
    ("ous", "uity"), ("ous", "osity"), ("ate", "acy"), ("e", "ity"), ("", "ity"), ("", "ness"),
    ("", "ism"), ("ive", "ion"), ("ed", "ion"),
)  # fmt: skip
_WORD = re.compile(r"\s([^\W\d_]{3,}(?:[-‐–'’][\w-]*)*)")
_MAX_WORDS = 3
#: An adjective of a title is a property where it is rarer than this (on the Zipf scale).
RARE = 3.3


def read_properties(
    chunk: Chunk, paragraphs: list[Paragraph], found: Iterable[FoundConcept]
) -> Iterator[FoundConcept]:
    """Yield what has a property that the passage defines, and the noun of the property.

    >>> text = "An ideal is called nil if it is so. The sum of two nil left ideals has nility."
    >>> chunk = Chunk("c", "d", 0, text, 0, len(text), "", 1, 1, 14)
    >>> nil = FoundConcept("nil ideal", "definition", 19, 22, "", (), "defines")
    >>> [c.name for c in read_properties(chunk, [Paragraph(0, len(text), "text", 0)], [nil])]
    ['nility', 'nil left ideals']
    """
    for word in _list_properties(chunk, found):
        if noun := find_abstract(word, chunk.text):
            yield from make_concept(chunk, noun)
        for paragraph in paragraphs:
            if paragraph.kind not in ("heading", "bibliography"):
                for span in _list_bearers(chunk.text, paragraph, word):
                    yield from make_concept(chunk, span)


def _list_properties(chunk: Chunk, found: Iterable[FoundConcept]) -> dict[str, None]:
    """Return the properties that a passage defines, and that its section's title gives to a noun."""
    words: dict[str, None] = {}
    for concept in found:
        word = chunk.text[concept.start : concept.end]
        if (
            concept.type == "definition"
            and concept.role == "defines"
            and concept.name.startswith(word)
        ):
            words[word] = None
    for word in re.findall(r"[^\W\d_][\w-]{2,}(?=\s)", chunk.heading.rpartition(" > ")[2].lower()):
        if is_adjective(word) and zipf_frequency(word, "en") < RARE:
            words[word] = None
    return words


def find_abstract(adjective: str, text: str) -> Span | None:
    """Return where a text has the noun of an adjective, "solvability" of "solvable"; None where not.

    >>> find_abstract("linearly dependent", "So linear dependence")
    Span(start=3, end=20)
    """
    before, blank, last = adjective.rpartition(" ")
    before = re.sub(r"(?<=al|ar|te|le)ly$|ly$", "", before)
    for ending, noun in _ENDINGS:
        if last.endswith(ending):
            name = f"{before}{blank}{last[: len(last) - len(ending)]}{noun}"
            if match := re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE):
                return Span(*match.span())
    return None


def _list_bearers(text: str, paragraph: Paragraph, word: str) -> Iterator[Span]:
    """Yield the noun phrases of up to three words behind an adjective."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?=\s)")
    for match in pattern.finditer(text, paragraph.head_end, paragraph.end):
        end, words = match.end(), []
        while following := _WORD.match(text, end, paragraph.end):
            if following[1].lower() in LOOSE or following[1].endswith("ly"):
                break
            words.append(following[1])
            end = following.end()
            if fold_plural(following[1]) != following[1]:
                break  # what follows a plural is a verb
        if (
            not 1 <= len(words) <= _MAX_WORDS
            or is_adjective(words[-1])
            or words[-1].endswith(("ed", "include"))
        ):
            continue
        name = text[match.start() : end]
        if is_plausible_name(name) and not FUNCTION_WORDS.intersection(words):
            yield Span(match.start(), end)
