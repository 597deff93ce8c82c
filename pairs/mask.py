"""The graph mask: which passages of a batch are no negatives for an anchor."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.records import Pair


class GraphMask:
    """Weights of in-batch negatives: 0 where the graph says that the passage answers the anchor.

    `related[i]` are the chunks that answer the anchor of pair i, `near[i]` those that define a
    neighbour of its concept.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        related: Sequence[frozenset[str]],
        near: Sequence[frozenset[str]],
        neighbour_weight: float,
    ) -> None:
        self.chunks = [pair.chunk_id for pair in pairs]
        self.negatives = [pair.negative_id for pair in pairs]
        self.related, self.near = related, near
        self.neighbour_weight = neighbour_weight

    def weigh(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Return the weights for a batch of pairs, float32 of shape (n, 2n), or (n, n) without negatives.

        Columns are the positives of the rows, then their hard negatives. The diagonal is 1.
        """
        columns = [self.chunks[row] for row in rows]
        if any(self.negatives[row] for row in rows):
            columns += [self.negatives[row] for row in rows]
        weights = np.ones((len(rows), len(columns)), dtype=np.float32)
        for i, row in enumerate(rows):
            for j, chunk in enumerate(columns):
                if chunk in self.related[row]:
                    weights[i, j] = 0.0
                elif chunk in self.near[row]:
                    weights[i, j] = self.neighbour_weight
            weights[i, i] = 1.0
        return weights


def make_mask(
    graph: ConceptGraph, pairs: Sequence[Pair], neighbour_weight: float = 1.0
) -> GraphMask:
    """Ask the graph, for each pair, which chunks answer its anchor.

    These are the positives of all pairs with this anchor, the chunks that define, state, use or mention
    its concept or an equivalent one, and near-duplicates of the positive.
    """
    positives: defaultdict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        positives[normalize_name(pair.anchor)].add(pair.chunk_id)
    evidence = {
        concept: {mention.chunk_id for mention in graph.evidence(concept)}
        for concept in {pair.concept_id for pair in pairs} & graph.concepts.keys()
    }
    related = [
        frozenset(positives[normalize_name(pair.anchor)] | evidence.get(pair.concept_id, set()))
        for pair in pairs
    ]
    return GraphMask(pairs, related, [frozenset()] * len(pairs), neighbour_weight)
