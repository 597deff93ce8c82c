"""The concept graph: building, looking at, exchanging.

>>> from graphtune.kg import GraphStore, build_graph, load_graph
"""

from graphtune.kg.build import build_graph, import_graph
from graphtune.kg.graph import (
    ConceptGraph,
    describe_graph,
    find_concept,
    load_graph,
    load_networkx,
    make_networkx,
)
from graphtune.kg.store import GraphStore
from graphtune.kg.summary import BuildSummary

__all__ = [
    "BuildSummary",
    "ConceptGraph",
    "GraphStore",
    "build_graph",
    "describe_graph",
    "find_concept",
    "import_graph",
    "load_graph",
    "load_networkx",
    "make_networkx",
]
