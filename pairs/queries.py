"""Retrieval queries from the graph itself: for choosing a checkpoint, and for the benchmark."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.pairs.structure import read_section_title
from graphtune.pairs.styles import group_sections
from graphtune.pairs.traces import make_source_finder
from graphtune.records import GRADES

#: What a query quotes of its concept.
Style = Literal["name", "alias", "description"]
#: From this grade on (defines, states) a passage says what a concept is.
STRONG = 2


@dataclass
class GraphQueries:
    """Queries and graded relevance over chunk ids; `concepts` says whose a query is.

    `excluded` holds the chunks that are no answer to a query because its text was taken from them.
    """

    queries: dict[str, str] = field(default_factory=dict)
    qrels: dict[str, dict[str, int]] = field(default_factory=dict)
    concepts: dict[str, str] = field(default_factory=dict)
    excluded: dict[str, tuple[str, ...]] = field(default_factory=dict)


def find_style(query: str) -> Style:
    """Tell from the id of a graph query what it quotes.

    >>> find_style("pieri rule#0"), find_style("pieri rule#2"), find_style("pieri rule#description")
    ('name', 'alias', 'description')
    """
    position = query.rpartition("#")[2]
    if position == "description":
        return "description"
    return "name" if position == "0" else "alias"


def make_evidence_queries(
    graph: ConceptGraph, concepts: Iterable[str], least: int = 1
) -> GraphQueries:
    """Ask for each concept by its name and its aliases; relevance is graded by role of the mention.

    Passages that define the concept have grade 3, state it 2, use or mention it 1; those below `least`
    do not count.
    """
    made = GraphQueries()
    for concept in concepts:
        found = _grade_passages(graph, concept)
        grades = {chunk: grade for chunk, grade in found.items() if grade >= least}
        if grades:
            for position, name in enumerate(graph.names(concept)):
                _add(made, f"{concept}#{position}", name, grades, concept)
    return made


def make_description_queries(graph: ConceptGraph, concepts: Iterable[str]) -> GraphQueries:
    """Ask for each concept by its description; relevance is graded as for its names.

    The passages that the description was taken from hold it word for word, so finding them says
    nothing: they and their near-duplicates are neither relevant nor wrong, but excluded. Left out are
    concepts that no other passage defines or states, and descriptions that several concepts share.
    """
    made, find_sources = GraphQueries(), make_source_finder(graph)
    owners = Counter(normalize_name(concept.description) for concept in graph.concepts.values())
    for concept in concepts:
        text = graph.concepts[concept].description
        if not text.strip() or owners[normalize_name(text)] > 1:
            continue
        grades = _grade_passages(graph, concept)
        sources = find_sources(text, grades)
        rest = {key: grade for key, grade in grades.items() if key not in sources}
        if max(rest.values(), default=0) >= STRONG:
            key = f"{concept}#description"
            _add(made, key, text, rest, concept)
            if sources:
                made.excluded[key] = tuple(sorted(sources))
    return made


def make_title_queries(graph: ConceptGraph, concepts: Iterable[str]) -> GraphQueries:
    """Ask for each section by its title, where that names one of the concepts; its chunks are relevant."""
    owners = {
        normalize_name(name): concept for concept in concepts for name in graph.names(concept)
    }
    made = GraphQueries()
    for (document, heading), chunks in group_sections(graph.chunks.values()).items():
        title = read_section_title(heading)
        if owner := owners.get(normalize_name(title)):
            grades = {chunk.id: STRONG for chunk in chunks}
            _add(made, f"{owner}#{document} {heading}", title, grades, owner)
    return made


def make_paper_queries(
    graph: ConceptGraph, concepts: Iterable[str], least: int = 2
) -> GraphQueries:
    """Ask as math-embed's benchmark does: the display name of each concept named in two papers or more.

    Every chunk of those papers counts as relevant.
    """
    chunks: defaultdict[str, list[str]] = defaultdict(list)
    for chunk in graph.chunks.values():
        chunks[chunk.document_id].append(chunk.id)
    made = GraphQueries()
    for concept in concepts:
        papers = graph.papers(concept)
        if len(papers) >= least:
            grades = {chunk: 1 for paper in sorted(papers) for chunk in chunks[paper]}
            _add(made, f"{concept}#0", graph.concepts[concept].name, grades, concept)
    return made


def _grade_passages(graph: ConceptGraph, concept: str) -> dict[str, int]:
    grades: dict[str, int] = {}
    for mention in graph.evidence(concept):
        grades[mention.chunk_id] = max(grades.get(mention.chunk_id, 0), GRADES[mention.role])
    return grades


def _add(made: GraphQueries, key: str, text: str, grades: dict[str, int], concept: str) -> None:
    made.queries[key] = text
    made.qrels[key] = dict(grades)
    made.concepts[key] = concept
