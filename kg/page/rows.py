"""What the page knows: concepts with their places and quotes, relations with theirs."""

from collections import Counter
from typing import Any

import networkx as nx

from graphtune.kg.communities import find_communities, make_undirected
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.page.layout import lay_out_graph
from graphtune.kg.quotes import cut_quote
from graphtune.records import ROLES, Chunk, Relation

Row = dict[str, Any]

#: Quotes of a concept that the page holds; the strongest come first.
MAX_QUOTES = 6
#: Components of up to so many concepts stand around the graph, not in it.
SMALL = 4
#: Characters of context on each side of a mention.
CONTEXT = 140


def collect_rows(graph: ConceptGraph) -> Row:
    """Return all that the page shows, ready for JSON; concepts are numbered in order of their ids."""
    ids = sorted(graph.concepts)
    number = {key: index for index, key in enumerate(ids)}
    papers = {key: index for index, key in enumerate(graph.documents)}
    communities = find_communities(graph)
    home = {key: index for index, c in enumerate(communities) for key in c.members}
    edges = _collect_edges(graph, number, papers)
    types = _order_by_count([c.type for c in graph.concepts.values()])
    relations = _order_by_count([edge["relation"] for edge in edges])
    for edge in edges:
        edge["relation"] = relations.index(edge["relation"])
    places = _place_concepts(graph, number, [c.members for c in communities])
    concepts = []
    for key, (x, y) in zip(ids, places, strict=True):
        concept = graph.concepts[key]
        concepts.append(
            {
                "id": key,
                "name": concept.name,
                "type": types.index(concept.type),
                "aliases": list(concept.aliases),
                "description": concept.description,
                "community": home.get(key),
                "papers": len(graph.papers(key)),
                "mentions": len(graph.mentions.get(key, ())),
                "evidence": _collect_quotes(graph, key, papers),
                "x": x,
                "y": y,
            }
        )
    return {
        "papers": [row["title"] or row["path"] for row in graph.documents.values()],
        "types": types,
        "relations": relations,
        "communities": [{"label": c.label, "size": len(c.members)} for c in communities],
        "concepts": concepts,
        "edges": edges,
    }


def _order_by_count(names: list[str]) -> list[str]:
    counts = Counter(names)
    return sorted(counts, key=lambda name: (-counts[name], name))


def _place_concepts(
    graph: ConceptGraph, number: dict[str, int], members: list[tuple[str, ...]]
) -> list[tuple[float, float]]:
    """Return a place for each concept; small components, then single concepts, stand around the others."""
    view = make_undirected(graph)
    components = sorted(nx.connected_components(view), key=lambda c: (-len(c), min(c)))
    small = [number[key] for c in components if 1 < len(c) <= SMALL for key in sorted(c)]
    alone = [number[key] for c in components if len(c) == 1 for key in c]
    around = {*small, *alone}
    groups = [[number[key] for key in group if number[key] not in around] for group in members]
    pairs = [(number[left], number[right]) for left, right in sorted(view.edges()) if left != right]
    return [
        (float(x), float(y))
        for x, y in lay_out_graph([g for g in groups if g], pairs, [small, alone])
    ]


def _collect_edges(
    graph: ConceptGraph, number: dict[str, int], papers: dict[str, int]
) -> list[Row]:
    """Return one row for each (source, relation, target), with its first evidence."""
    groups: dict[tuple[str, str, str], list[Relation]] = {}
    for relation in graph.relations:
        groups.setdefault((relation.source, relation.type, relation.target), []).append(relation)
    rows = []
    for (source, kind, target), group in sorted(groups.items()):
        chunk = next((graph.chunks[r.chunk_id] for r in group if r.chunk_id in graph.chunks), None)
        first = next((r for r in group if chunk and r.chunk_id == chunk.id), None)
        rows.append(
            {
                "source": number[source],
                "relation": kind,
                "target": number[target],
                "support": len(group),
                "evidence": _describe_span(chunk, first.start, first.end, papers, 0)
                if chunk and first
                else None,
            }
        )
    return rows


def _collect_quotes(graph: ConceptGraph, key: str, papers: dict[str, int]) -> list[Row]:
    """Return the strongest mentions, those of different papers first where they are as strong."""
    strongest = sorted(graph.evidence(key), key=lambda m: ROLES.index(m.role))
    seen: Counter[tuple[str, str]] = Counter()
    ranked = []
    for order, mention in enumerate(strongest):
        place = (mention.role, graph.chunks[mention.chunk_id].document_id)
        ranked.append((ROLES.index(mention.role), seen[place], order, mention))
        seen[place] += 1
    return [
        {
            "role": mention.role,
            **_describe_span(
                graph.chunks[mention.chunk_id], mention.start, mention.end, papers, CONTEXT
            ),
        }
        for *_, mention in sorted(ranked)[:MAX_QUOTES]
    ]


def _describe_span(chunk: Chunk, start: int, end: int, papers: dict[str, int], context: int) -> Row:
    quote = cut_quote(chunk, start, end, context)._asdict()
    place = {"paper": papers[chunk.document_id], "section": chunk.heading}
    return {**quote, **place, "page": chunk.page_start}
