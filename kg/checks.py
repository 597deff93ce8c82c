"""Checks of a built graph: whether every mention and relation rests on text that is there."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.mentions import find_name, list_variants
from graphtune.kg.names import fold_text
from graphtune.records import Mention, Relation

#: Relations of these origins need no passage.
WITHOUT_EVIDENCE = ("imported", "hand")


class SpanCheck(NamedTuple):
    """How many mentions and relations were checked, and a line on each that failed."""

    checked: int
    failed: list[str]


class _Place(NamedTuple):
    chunk_id: str
    start: int
    end: int


def verify_spans(
    graph: ConceptGraph, evidence: Collection[tuple[str, int, int]] = frozenset()
) -> SpanCheck:
    """Check that each mention names its concept, and each relation's passage both of its ends.

    A mention is right where the text at its span is a spelling of the concept's name or of an alias, or
    holds one, or is a place in `evidence`. A relation is right where its span lies in a passage that
    names both ends, alone or in a longer name, or points to where they are stated.

    Args:
        graph: the graph.
        evidence: (chunk id, start, end) of each finding that the graph was made from.
    """
    failed: list[str] = []
    checked = 0
    for concept_id, mentions in graph.mentions.items():
        names = graph.names(concept_id)
        spellings = {variant for name in names for variant in list_variants(name)}
        for mention in mentions:
            checked += 1
            if problem := _check_mention(graph, mention, names, spellings, evidence):
                failed.append(_describe(mention.chunk_id, mention.start, concept_id, problem))
    named = _list_named(graph)
    for relation in graph.relations:
        if relation.chunk_id is None and relation.origin in WITHOUT_EVIDENCE:
            continue
        checked += 1
        if problem := _check_relation(graph, relation, named):
            edge = f"{relation.source} —{relation.type}→ {relation.target}"
            failed.append(_describe(relation.chunk_id or "", relation.start, edge, problem))
    return SpanCheck(checked, failed)


def _describe(chunk_id: str, start: int, what: str, problem: str) -> str:
    return f"chunk {chunk_id or 'none'} at {start}: {what}: {problem}"


def _check_place(graph: ConceptGraph, place: _Place) -> str:
    chunk = graph.chunks.get(place.chunk_id)
    if chunk is None:
        return "there is no such passage"
    if not 0 <= place.start < place.end <= len(chunk.text):
        return f"the span [{place.start}, {place.end}) is not in the passage"
    return "" if chunk.text[place.start : place.end].strip() else "the span holds blanks only"


def _check_mention(
    graph: ConceptGraph,
    mention: Mention,
    names: tuple[str, ...],
    spellings: set[str],
    evidence: Collection[tuple[str, int, int]],
) -> str:
    place = _Place(mention.chunk_id, mention.start, mention.end)
    if problem := _check_place(graph, place):
        return problem
    text = graph.chunks[mention.chunk_id].text[mention.start : mention.end]
    if " ".join(fold_text(text)[0].split()) in spellings or place in evidence:
        return ""
    return "" if find_name(names, text) else f"{text!r} is none of its names"


def _list_named(graph: ConceptGraph) -> dict[str, set[str]]:
    """Return the concepts that each passage names, itself or by pointing to where they are stated.

    It may point by a link ("by Theorem 2.3"), or to what its section has stated before ("the theorem",
    the head of a corollary).
    """
    own: defaultdict[str, set[str]] = defaultdict(set)
    stated: defaultdict[str, set[str]] = defaultdict(set)
    for concept_id, mentions in graph.mentions.items():
        for mention in mentions:
            own[mention.chunk_id].add(concept_id)
            if mention.role in ("defines", "states"):
                stated[mention.chunk_id].add(concept_id)
    named = {chunk_id: set(own[chunk_id]) for chunk_id in graph.chunks}
    before: set[str] = set()
    section = ("", "")
    for chunk in sorted(graph.chunks.values(), key=lambda c: (c.document_id, c.position)):
        if (chunk.document_id, chunk.heading) != section:
            section, before = (chunk.document_id, chunk.heading), set()
        named[chunk.id] |= before
        before |= stated[chunk.id]
    for link in graph.links:
        if link.type != "near_duplicate":
            named[link.source] |= own[link.target]
    return named


def _check_relation(graph: ConceptGraph, relation: Relation, named: dict[str, set[str]]) -> str:
    if relation.chunk_id is None:
        return "it has no passage"
    place = _Place(relation.chunk_id, relation.start, relation.end)
    if problem := _check_place(graph, place):
        return problem
    text = graph.chunks[relation.chunk_id].text
    # A name may also stand inside a longer one: "standard tableau" names what it is a kind of.
    lacking = {
        end
        for end in {relation.source, relation.target} - named.get(relation.chunk_id, set())
        if not find_name(graph.names(end), text)
    }
    return f"the passage does not name {' and '.join(sorted(lacking))}" if lacking else ""
