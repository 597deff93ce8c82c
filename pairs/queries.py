"""Retrieval queries from the graph itself: for choosing a checkpoint, and for the benchmark."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from graphtune.kg.graph import ConceptGraph
from graphtune.records import GRADES


@dataclass
class GraphQueries:
    """Queries and graded relevance over chunk ids; `concepts` says whose a query is."""

    queries: dict[str, str] = field(default_factory=dict)
    qrels: dict[str, dict[str, int]] = field(default_factory=dict)
    concepts: dict[str, str] = field(default_factory=dict)


def make_evidence_queries(graph: ConceptGraph, concepts: Iterable[str]) -> GraphQueries:
    """Ask for each concept by its name and its aliases; relevance is graded by role of the mention.

    Passages that define the concept have grade 3, state it 2, use or mention it 1.
    """
    made = GraphQueries()
    for concept in concepts:
        grades: dict[str, int] = {}
        for mention in graph.evidence(concept):
            grades[mention.chunk_id] = max(grades.get(mention.chunk_id, 0), GRADES[mention.role])
        if not grades:
            continue
        for position, name in enumerate(graph.names(concept)):
            _add(made, f"{concept}#{position}", name, grades, concept)
    return made


def make_paper_queries(
    graph: ConceptGraph, concepts: Iterable[str], least: int = 2
) -> GraphQueries:
    """Ask as math-embed's benchmark does: the display name of each concept named in two papers or more.

    Every chunk of those papers counts as relevant.
    """
    made = GraphQueries()
    for concept in concepts:
        papers = graph.papers(concept)
        if len(papers) >= least:
            grades = {chunk.id: 1 for chunk in graph.chunks.values() if chunk.document_id in papers}
            _add(made, f"{concept}#0", graph.concepts[concept].name, grades, concept)
    return made


def _add(made: GraphQueries, key: str, text: str, grades: dict[str, int], concept: str) -> None:
    made.queries[key] = text
    made.qrels[key] = dict(grades)
    made.concepts[key] = concept
