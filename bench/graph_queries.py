"""The graph's own benchmark: its concepts asked by name and description, over its own chunks."""

from collections.abc import Iterable
from dataclasses import replace

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.strata import label_strata
from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.pairs.queries import (
    make_description_queries,
    make_evidence_queries,
    make_paper_queries,
)
from graphtune.pairs.split import Split, list_new_concepts

_GROUP_OF = {"test": "held-out", "train": "seen"}
#: The tier of judgements by math-embed's protocol.
PAPER_TIER = "paper"
#: The stratum of queries that are descriptions: what holds them word for word is excluded.
DESCRIPTION = "description"
_NOTES = (
    "graph queries name or describe their concept, and passages that answer a name mostly hold it: "
    "lexical search does well there; queries written by people (--beir) tell more",
    "held-out means that no name of the concept was an anchor; the name may stand inside longer "
    "anchors and in training passages",
    "NDCG@10 takes the grade of a passage (defines 3, states 2, uses or mentions 1) as its gain",
)
_TIER_NOTE = (
    "paper level: judged as math-embed's benchmark is (the display name of each concept that two "
    "papers or more name; every chunk of them is relevant); its MRR counts ranks up to 20, ours to 10"
)


def make_graph_benchmark(graph: ConceptGraph, split: Split) -> Benchmark:
    """Return a benchmark over all chunks: each concept asked by its names and its description.

    Relevant is what defines, states, uses or mentions the concept, in that order of grade; the
    passage that a description was taken from is excluded. Groups:

    - `held-out`: test concepts. Training never had these names as anchors.
    - `new papers`: concepts that only held-out papers name. Training never had them as anchors either.
    - `seen`: training concepts.

    Concepts that chose the checkpoint are not asked for. Strata: names that stand in one of their
    best passages, names that do not, and descriptions. The tier `paper` judges by the protocol of
    math-embed (see `make_paper_queries`).

    Raises:
        DataError: the graph has no concepts to ask for.
    """
    new = set(list_new_concepts(graph, split))
    groups = {
        concept: "new papers" if concept in new else _GROUP_OF[side]
        for concept, side in split.concepts.items()
        if side in _GROUP_OF
    }
    asked, described = make_evidence_queries(graph, groups), make_description_queries(graph, groups)
    if not asked.queries:
        raise DataError("the graph has no concept that a paper names: build it from papers first")
    whole_papers = make_paper_queries(graph, groups)
    owners = {**asked.concepts, **described.concepts}
    benchmark = Benchmark(
        name="graph",
        documents={chunk.id: chunk.passage for chunk in graph.chunks.values()},
        queries={**asked.queries, **described.queries},
        qrels={**asked.qrels, **described.qrels},
        groups={query: groups[concept] for query, concept in owners.items()},
        concepts={query: graph.names(concept) for query, concept in owners.items()},
        tiers={PAPER_TIER: whole_papers.qrels} if whole_papers.qrels else {},
        excluded=described.excluded,
        notes=(*_NOTES, *([_TIER_NOTE] if whole_papers.qrels else [])),
    )
    return _mark_descriptions(label_strata(benchmark), described.queries)


def _mark_descriptions(benchmark: Benchmark, queries: Iterable[str]) -> Benchmark:
    return replace(benchmark, strata={**benchmark.strata, **dict.fromkeys(queries, DESCRIPTION)})
