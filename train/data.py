"""From graph and pairs to what a model learns from and is chosen by."""

from collections.abc import Mapping, Sequence

from graphtune.kg.graph import ConceptGraph
from graphtune.pairs import Split, make_evidence_queries
from graphtune.pairs.mask import make_mask
from graphtune.records import Pair
from graphtune.train.selection import DevSet
from graphtune.train.trainer import TrainingData
from graphtune.tuning_config import TrainConfig


def make_training_data(
    graph: ConceptGraph,
    split: Split,
    pairs: Sequence[Pair],
    config: TrainConfig,
    recipe: str,
    hashes: Mapping[str, str],
) -> TrainingData:
    """Put the graph mask and the development concepts (their names, searched in all passages) beside pairs.

    Args:
        graph: where the pairs come from.
        split: which concepts are for development.
        pairs: what to learn from.
        config: whether and how the graph masks negatives.
        recipe: how the pairs were made.
        hashes: of what the pairs were made from, and of themselves.
    """
    asked = make_evidence_queries(graph, split.list_concepts("dev"))
    passages = {chunk.id: chunk.passage for chunk in graph.chunks.values()}
    dev = DevSet(asked.queries, passages, asked.qrels)
    mask = make_mask(graph, pairs, config.neighbour_weight) if config.graph_mask else None
    return TrainingData(pairs, dev, recipe, dict(hashes), mask)
