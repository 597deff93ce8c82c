"""Training pairs from the concept graph.

>>> from graphtune.pairs import make_pairs, split_graph
"""

from graphtune.pairs.files import PairsCard, read_pairs, write_pairs
from graphtune.pairs.queries import (
    find_style,
    make_description_queries,
    make_evidence_queries,
    make_paper_queries,
)
from graphtune.pairs.recipes import list_anchor_names, make_pairs
from graphtune.pairs.split import Split, split_graph, store_split

__all__ = [
    "PairsCard",
    "Split",
    "find_style",
    "list_anchor_names",
    "make_description_queries",
    "make_evidence_queries",
    "make_pairs",
    "make_paper_queries",
    "read_pairs",
    "split_graph",
    "store_split",
    "write_pairs",
]
