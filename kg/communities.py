"""Communities of the concept graph, and shortest paths in it, both in the undirected view."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import networkx as nx

from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.records import Relation

SEED = 0


@dataclass(frozen=True, slots=True)
class Community:
    """Concepts with more relations among themselves than with others, most central first."""

    label: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One relation on a path; `direction` tells whether the path goes along it or against it."""

    source: str
    target: str
    relation: Relation
    direction: Literal["forward", "backward"]


def make_undirected(graph: ConceptGraph) -> nx.Graph:
    """Return concepts as nodes and one edge for each related pair, weighted by its relations."""
    view = nx.Graph()
    view.add_nodes_from(sorted(graph.concepts))
    for relation in graph.relations:
        held = view.get_edge_data(relation.source, relation.target, {"weight": 0})
        view.add_edge(relation.source, relation.target, weight=held["weight"] + 1)
    return view


def find_communities(graph: ConceptGraph, smallest: int = 2) -> list[Community]:
    """Return the communities of at least `smallest` concepts, largest first.

    Found by the Louvain method (Blondel et al. 2008, networkx) with a fixed seed. The most central
    members are those with the most relations inside; the first three are the label.
    """
    view = make_undirected(graph)
    view.remove_nodes_from(list(nx.isolates(view)))
    found = []
    for group in nx.community.louvain_communities(view, seed=SEED):
        if len(group) < smallest:
            continue
        inner = view.subgraph(group).degree(weight="weight")
        members = tuple(sorted(group, key=lambda key: (-inner[key], key)))
        label = ", ".join(graph.concepts[key].name for key in members[:3])
        found.append(Community(label, members))
    return sorted(found, key=lambda c: (-len(c.members), c.members))


def find_path(graph: ConceptGraph, source: str, target: str) -> list[Step]:
    """Return a shortest path between two concepts, the first in alphabetical order.

    Of the relations between two neighbours the one with evidence and the smallest type is taken.

    Raises:
        DataError: no path joins them; the message says how far each can reach.
    """
    view = make_undirected(graph)
    try:
        nodes = min(nx.all_shortest_paths(view, source, target))
    except nx.NetworkXNoPath as error:
        sizes = [
            f"{graph.concepts[key].name!r} reaches {len(nx.node_connected_component(view, key)) - 1:,}"
            for key in (source, target)
        ]
        raise DataError(
            f"no relations join the two: {sizes[0]} other concepts, {sizes[1]}; "
            "`graphtune graph communities` lists what hangs together"
        ) from error
    between: dict[frozenset[str], list[Relation]] = {}
    for relation in graph.relations:
        between.setdefault(frozenset((relation.source, relation.target)), []).append(relation)
    steps = []
    for left, right in pairwise(nodes):
        relation = min(between[frozenset((left, right))], key=_rank_relation)
        direction: Literal["forward", "backward"] = (
            "forward" if relation.source == left else "backward"
        )
        steps.append(Step(left, right, relation, direction))
    return steps


def _rank_relation(relation: Relation) -> tuple[Any, ...]:
    return relation.chunk_id is None, relation.type, relation.source, relation.chunk_id or ""
