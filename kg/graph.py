"""The concept graph in memory: records for the later stages, a networkx view for algorithms."""

import gc
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter, itemgetter
from sys import intern
from typing import Any

import networkx as nx

from graphtune.errors import DataError
from graphtune.kg.names import normalize_name
from graphtune.kg.ontology import Ontology, load_ontology
from graphtune.kg.store import GraphStore
from graphtune.records import Chunk, ChunkLink, Concept, Mention, Relation

_PLACE = attrgetter("source", "target", "type", "origin", "chunk_id", "start", "end")


@dataclass(frozen=True, slots=True)
class ConceptGraph:
    """All of a store's graph. Dictionaries are keyed by id and in a fixed order.

    `links` are the typed edges between chunks: references, citations, proofs, near-duplicates.
    """

    documents: dict[str, dict[str, Any]]
    chunks: dict[str, Chunk]
    concepts: dict[str, Concept]
    mentions: dict[str, list[Mention]]
    relations: list[Relation]
    hashes: dict[str, str]
    links: list[ChunkLink] = field(default_factory=list)
    ontology: Ontology = field(default_factory=load_ontology)

    def names(self, concept_id: str) -> tuple[str, ...]:
        """Return the name of a concept, then its aliases."""
        concept = self.concepts[concept_id]
        return (concept.name, *concept.aliases)

    def evidence(self, concept_id: str) -> list[Mention]:
        """Return a concept's mentions outside bibliographies."""
        return [m for m in self.mentions.get(concept_id, ()) if m.role != "bibliography"]

    def papers(self, concept_id: str) -> set[str]:
        """Return the ids of the documents that name a concept outside their bibliography."""
        return {self.chunks[mention.chunk_id].document_id for mention in self.evidence(concept_id)}


def load_graph(store: GraphStore, ontology: Ontology | None = None) -> ConceptGraph:
    """Read the whole graph of a store.

    Raises:
        DataError: there is no graph yet.
    """
    chunks = {chunk.id: chunk for chunk in store.chunks()}
    if not chunks:
        raise DataError("the workspace has no papers yet; add some with `graphtune build PAPERS`")
    mentions: defaultdict[str, list[Mention]] = defaultdict(list)
    for mention in store.mentions():
        mentions[mention.concept_id].append(mention)
    return ConceptGraph(
        documents={row["id"]: row for row in store.documents()},
        chunks=chunks,
        concepts={concept.id: concept for concept in store.concepts()},
        mentions=dict(mentions),
        relations=store.relations(),
        hashes=store.hashes(),
        links=store.links(),
        ontology=ontology or load_ontology(),
    )


def make_networkx(graph: ConceptGraph) -> nx.MultiDiGraph:
    """Return the graph as a `networkx.MultiDiGraph`: nodes are concepts, edges typed relations.

    Edge keys are relation types; an edge holds the evidence quote and its document where there is one,
    and `support`, the number of such relations.
    """
    counts = {key: (len(graph.evidence(key)), len(graph.papers(key))) for key in graph.mentions}
    passages = {
        chunk.id: (chunk.text, graph.documents[chunk.document_id]["title"])
        for chunk in graph.chunks.values()
    }
    relations = sorted(map(_PLACE, graph.relations), key=itemgetter(0, 1, 2))
    return _make_view(graph.concepts.values(), counts, relations, passages)


def load_networkx(store: GraphStore) -> nx.MultiDiGraph:
    """Read the same view straight from a store: less time and memory where the graph is large."""
    query = (
        "SELECT chunks.id, chunks.text, title FROM chunks JOIN documents d ON d.id = document_id"
    )
    with without_collector():
        passages = {key: (text, title) for key, text, title in store.db.execute(query)}
        relations = store.db.execute(
            'SELECT source, target, type, origin, chunk_id, start, "end" FROM relations '
            "ORDER BY source, target, type, chunk_id, start"
        )
        return _make_view(store.concepts(), store.count_mentions(), relations, passages)


@contextmanager
def without_collector() -> Iterator[None]:
    """Hold back the collector of cycles: among millions of new objects it finds none, again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _make_view(
    concepts: Iterable[Concept],
    counts: Mapping[str, tuple[int, int]],
    relations: Iterable[Sequence[Any]],
    passages: Mapping[str, tuple[str, str]],
) -> nx.MultiDiGraph:
    """Build the view; `counts` are mentions and papers, `relations` sorted by their ends and type."""
    view = nx.MultiDiGraph()
    ids = {}
    for concept in concepts:
        n_mentions, n_documents = counts.get(concept.id, (0, 0))
        ids[concept.id] = concept.id
        view.add_node(
            concept.id,
            label=concept.name,
            type=concept.type,
            description=concept.description,
            aliases=list(concept.aliases),
            origin=concept.origin,
            n_mentions=n_mentions,
            n_documents=n_documents,
        )
    for (source, target, kind), same in groupby(relations, key=itemgetter(0, 1, 2)):
        (*_, origin, chunk_id, start, end), *others = same
        text, title = passages.get(chunk_id, ("", ""))
        # One object for each id and word: a million edges share them.
        view.add_edge(
            ids[source],
            ids[target],
            key=intern(kind),
            type=intern(kind),
            origin=intern(origin),
            evidence=text[start:end],
            document=title,
            support=1 + len(others),
        )
    return view


def describe_graph(graph: ConceptGraph) -> dict[str, Any]:
    """Return the sizes and shares that tell whether a graph is worth training on."""
    view = make_networkx(graph)
    linked = [m for mentions in graph.mentions.values() for m in mentions]
    papers = [len(graph.papers(concept)) for concept in graph.concepts]
    return {
        "papers": len(graph.documents),
        "pages": sum(row["n_pages"] for row in graph.documents.values()),
        "chunks": len(graph.chunks),
        "chunks_by_kind": dict(Counter(c.kind for c in graph.chunks.values()).most_common()),
        "links_by_type": dict(Counter(link.type for link in graph.links).most_common()),
        "concepts": len(graph.concepts),
        "concepts_by_type": dict(Counter(c.type for c in graph.concepts.values()).most_common()),
        "concepts_in_one_paper": sum(n == 1 for n in papers),
        "concepts_without_relation": sum(view.degree(node) == 0 for node in view),
        "concepts_imported": sum(c.origin == "imported" for c in graph.concepts.values()),
        "relations": len(graph.relations),
        "relations_by_type": dict(Counter(r.type for r in graph.relations).most_common()),
        "components": nx.number_weakly_connected_components(view),
        "mentions": len(linked),
        "mentions_by_role": dict(Counter(m.role for m in linked).most_common()),
    }


def find_concept(graph: ConceptGraph, text: str) -> str:
    """Return the id of the concept with this name or alias.

    Raises:
        DataError: there is none; the message names concepts that look alike.
    """
    wanted = normalize_name(text)
    if wanted in graph.concepts:
        return wanted
    for concept in graph.concepts.values():
        if wanted in {normalize_name(alias) for alias in concept.aliases}:
            return concept.id
    from difflib import get_close_matches

    words = [c for c in graph.concepts if wanted and wanted in c]
    near = (words or get_close_matches(wanted, graph.concepts, n=5, cutoff=0.6))[:5]
    hint = f"; near it: {', '.join(graph.concepts[c].name for c in near)}" if near else ""
    raise DataError(f"no concept is named {text!r}{hint}")
