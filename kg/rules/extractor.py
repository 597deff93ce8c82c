"""Concepts by rule: terms where they are defined, named results, telling headings. No network."""

from graphtune.kg.paragraphs import list_sentences, split_paragraphs
from graphtune.kg.rules.emphasis import read_emphasised
from graphtune.kg.rules.headings import read_parts, read_topics
from graphtune.kg.rules.properties import read_properties
from graphtune.kg.rules.recurring import read_recurring
from graphtune.kg.rules.results import read_results, read_title
from graphtune.kg.rules.terms import merge_found
from graphtune.kg.rules.wording import read_acronyms, read_wording
from graphtune.records import Chunk, Extraction, FoundConcept


class RulesExtractor:
    """Finds concepts by typography and by the fixed phrases of mathematical prose.

    Relations are found later, between linked mentions (`graphtune.kg.rules.relations`).

    >>> text = "Definition 1. A partition is called a staircase if its parts are consecutive."
    >>> chunk = Chunk("c", "d", 0, text, 0, len(text), "1 Staircases", 1, 1, 16)
    >>> [(c.name, c.type, c.role) for c in RulesExtractor().extract("", chunk).concepts]
    [('staircase', 'object', 'defines')]
    """

    name = "rules"
    version = "4"

    def extract(self, document_title: str, chunk: Chunk) -> Extraction:
        """Return the concepts that the passage defines, states or names after somebody."""
        paragraphs = split_paragraphs(chunk)
        found: list[FoundConcept] = []
        for paragraph in paragraphs:
            if paragraph.kind in ("heading", "bibliography"):
                continue
            found += read_title(chunk, paragraph)
            for sentence in list_sentences(chunk.text, paragraph.head_end, paragraph.end):
                found += read_emphasised(chunk, paragraph, sentence)
                found += read_wording(chunk, paragraph, sentence)
                found += read_results(chunk, sentence)
                found += read_acronyms(chunk, sentence)
        found += read_parts(chunk, paragraphs)
        found += read_recurring(chunk, paragraphs)
        found += read_properties(chunk, paragraphs, tuple(found))
        return Extraction(tuple(merge_found(found, read_topics(chunk, paragraphs))))
