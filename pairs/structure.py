"""Pairs from how papers are written: section titles, statements with their proofs, references."""

from collections.abc import Iterator, Mapping

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.pairs.styles import SENTENCE_END, find_body, group_sections
from graphtune.records import Chunk, Pair, Unit, UnitKind
from graphtune.tuning_config import PairsConfig

#: Titles that say what a section does, not what it is about.
_PLAIN = frozenset(
    "introduction conclusion conclusions preliminaries background notation examples example proof "
    "proofs remarks remark references appendix abstract definitions definition results summary "
    "acknowledgements acknowledgments discussion overview theorem theorems bibliography".split()
)


def pair_sections(
    graph: ConceptGraph, allowed: Mapping[str, Chunk], config: PairsConfig
) -> Iterator[Pair]:
    """Pair the title of each section with the bodies of its chunks.

    Left out are titles that name no subject ("Introduction"). A title that is a concept's name is that
    concept's.
    """
    owners = {
        normalize_name(name): concept for concept in graph.concepts for name in graph.names(concept)
    }
    for (document, heading), chunks in group_sections(allowed.values()).items():
        title = read_section_title(heading)
        concept = owners.get(normalize_name(title), "")
        if not concept and set(title.lower().split()) <= _PLAIN:
            continue
        for chunk in chunks[: config.max_per_anchor]:
            body = chunk.text[find_body(chunk) :]
            if chunk.kind not in ("title", "authors", "abstract", "heading"):
                weight = config.styles["section"]
                yield Pair(title, body, "section", concept, chunk.id, document, weight)


def pair_proofs(
    graph: ConceptGraph, allowed: Mapping[str, Chunk], config: PairsConfig
) -> Iterator[Pair]:
    """Pair each statement with the proof that stands in another chunk."""
    for link in graph.links:
        if link.type == "proves" and {link.source, link.target} <= allowed.keys():
            statement, proof = allowed[link.target], allowed[link.source]
            if statement.id != proof.id:
                anchor = cut_unit(statement, "statement", -1)
                text = cut_unit(proof, "proof", 0)
                weight = config.styles["proof"]
                yield Pair(anchor, text, "proof", "", proof.id, proof.document_id, weight)


def pair_references(
    graph: ConceptGraph, allowed: Mapping[str, Chunk], config: PairsConfig
) -> Iterator[Pair]:
    """Pair a sentence that calls on a statement ("by Lemma 3.1 …") with the chunk of that statement."""
    for link in graph.links:
        if link.type == "refers_to" and {link.source, link.target} <= allowed.keys():
            source, target = allowed[link.source], allowed[link.target]
            anchor = cut_sentence(source.text, link.start)
            if source.id != target.id and len(anchor.split()) >= 6:
                weight = config.styles["reference"]
                yield Pair(
                    anchor, target.text, "reference", "", target.id, target.document_id, weight
                )


def read_section_title(heading: str) -> str:
    """Return the title of the innermost section of a section path, without its number.

    >>> read_section_title("2 Tableaux > 2.1 Row insertion")
    'Row insertion'
    """
    title = heading.rsplit(" > ", 1)[-1]
    number, _, rest = title.partition(" ")
    return rest if rest and number.strip(".").replace(".", "").isdigit() else title


def cut_sentence(text: str, place: int) -> str:
    """Return the sentence around an offset.

    >>> cut_sentence("One. By Lemma 2 it holds. Three.", 8)
    'By Lemma 2 it holds.'
    """
    starts = [0, *(match.end() for match in SENTENCE_END.finditer(text))]
    start = max(s for s in starts if s <= place)
    end = min((s for s in starts if s > place), default=len(text))
    return text[start:end].strip()


def cut_unit(chunk: Chunk, kind: UnitKind, which: int) -> str:
    """Return the text of the first (0) or last (-1) unit of a kind in a chunk, or all its text."""
    units: list[Unit] = [unit for unit in chunk.units if unit.kind == kind]
    return chunk.text[units[which].start : units[which].end] if units else chunk.text
