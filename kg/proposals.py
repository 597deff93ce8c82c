"""What a model that knows the papers finds in the graph's gaps: more mentions, and concepts that are one.

The model only says where to look: which passages lie near a concept's name and its definitions, which
names lie near each other. Rules confirm what it finds, or a language model does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphtune.kg.found_mentions import find_near_passages, judge_mentions, verify_mentions
from graphtune.kg.found_merges import find_near_names, judge_merges, verify_merges
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.rounds import NewMention, NewMerge
from graphtune.kg.scope import Judge, Scope

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True, slots=True)
class Proposals:
    """What was looked at, and what of it was confirmed."""

    near_passages: int
    near_names: int
    mentions: tuple[NewMention, ...]
    merges: tuple[NewMerge, ...]


def propose(
    graph: ConceptGraph,
    scope: Scope,
    encoder: SentenceTransformer,
    apart: Collection[frozenset[str]] = (),
    judge: Judge | None = None,
) -> Proposals:
    """Return what the graph lacks by this encoder, as far as rules, or a judge, confirm it.

    Args:
        graph: the graph; it stays as it is.
        scope: what may change.
        encoder: the model that finds.
        apart: pairs of normal forms that must not be merged.
        judge: is asked about what the rules leave open, and of each concept about the passages that
            are nearest to it.
    """
    near = find_near_passages(graph, scope, encoder)
    pairs = find_near_names(graph, scope, encoder)
    mentions, merges = verify_mentions(graph, near), verify_merges(graph, pairs, apart)
    if judge:
        mentions += judge_mentions(graph, near, mentions, judge)
        merges += judge_merges(graph, pairs, apart, merges, judge)
    return Proposals(len(near), len(pairs), tuple(mentions), tuple(merges))
