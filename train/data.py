"""From graph and pairs to what a model learns from and is chosen by."""

from collections.abc import Mapping, Sequence

from graphtune.kg.graph import ConceptGraph
from graphtune.pairs import Split, make_evidence_queries
from graphtune.records import Pair
from graphtune.train.selection import DevSet
from graphtune.train.trainer import TrainingData


def make_training_data(
    graph: ConceptGraph,
    split: Split,
    pairs: Sequence[Pair],
    recipe: str,
    hashes: Mapping[str, str],
) -> TrainingData:
    """Put the development concepts beside the pairs: their names, searched in all passages.

    Args:
        graph: where the pairs come from.
        split: which concepts are for development.
        pairs: what to learn from.
        recipe: how they were made.
        hashes: of what they were made from, and of themselves.
    """
    asked = make_evidence_queries(graph, split.list_concepts("dev"))
    passages = {chunk.id: chunk.passage for chunk in graph.chunks.values()}
    return TrainingData(pairs, DevSet(asked.queries, passages, asked.qrels), recipe, dict(hashes))
