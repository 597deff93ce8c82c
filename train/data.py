"""From graph and pairs to what a model learns from and is chosen by."""

from collections.abc import Mapping, Sequence

from graphtune.kg.graph import ConceptGraph
from graphtune.pairs import Split, make_evidence_queries, make_title_queries
from graphtune.pairs.mask import make_mask
from graphtune.pairs.queries import STRONG
from graphtune.pairs.recipes import NO_PASSAGES
from graphtune.pairs.styles import find_body
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
    """Put the graph mask and the development set beside pairs.

    Args:
        graph: where the pairs come from.
        split: which concepts are for development.
        pairs: what to learn from.
        config: whether and how the graph masks negatives.
        recipe: how the pairs were made.
        hashes: of what the pairs were made from, and of themselves.
    """
    mask = make_mask(graph, pairs, config.neighbour_weight) if config.graph_mask else None
    return TrainingData(pairs, make_dev_set(graph, split), recipe, dict(hashes), mask)


def make_dev_set(graph: ConceptGraph, split: Split) -> DevSet:
    """Ask for the development concepts as people do, in all passages.

    Queries are titles of sections that name one, answered by the section, and names, answered by the
    passages that define or state the concept. Passages stand without headings: in those a word of the
    query is enough, and a model that only learned to find words would be chosen. Where there are no
    such queries, names ask for any mention.
    """
    concepts = split.list_concepts("dev")
    passages = {
        chunk.id: chunk.text[find_body(chunk) :]
        for chunk in graph.chunks.values()
        if chunk.kind not in (*NO_PASSAGES, "heading")
    }
    titles, named = (
        make_title_queries(graph, concepts),
        make_evidence_queries(graph, concepts, STRONG),
    )
    queries, qrels = titles.queries | named.queries, titles.qrels | named.qrels
    if not qrels:
        anyhow = make_evidence_queries(graph, concepts)
        queries, qrels = anyhow.queries, anyhow.qrels
    judged = {
        query: {chunk: grade for chunk, grade in grades.items() if chunk in passages}
        for query, grades in qrels.items()
    }
    judged = {query: grades for query, grades in judged.items() if grades}
    return DevSet({query: queries[query] for query in judged}, passages, judged)
