"""Training pairs from the concept graph.

>>> from graphtune.pairs import make_pairs, split_graph
"""

from graphtune.pairs.certificate import Certificate, render_certificate
from graphtune.pairs.files import (
    PairsCard,
    find_pairs,
    list_recipes,
    read_card,
    read_pairs,
    write_pairs,
)
from graphtune.pairs.leakage import certify_pairs, certify_recipe
from graphtune.pairs.making import MadePairs, PairsOrder, find_made, write_recipe
from graphtune.pairs.queries import (
    find_style,
    make_description_queries,
    make_evidence_queries,
    make_paper_queries,
    make_title_queries,
)
from graphtune.pairs.recipes import list_anchor_names, make_pairs
from graphtune.pairs.split import Split, find_split, list_new_concepts, split_graph, store_split

__all__ = [
    "Certificate",
    "MadePairs",
    "PairsCard",
    "PairsOrder",
    "Split",
    "certify_pairs",
    "certify_recipe",
    "find_made",
    "find_pairs",
    "find_split",
    "find_style",
    "list_anchor_names",
    "list_new_concepts",
    "list_recipes",
    "make_description_queries",
    "make_evidence_queries",
    "make_pairs",
    "make_paper_queries",
    "make_title_queries",
    "read_card",
    "read_pairs",
    "render_certificate",
    "split_graph",
    "store_split",
    "write_pairs",
    "write_recipe",
]
