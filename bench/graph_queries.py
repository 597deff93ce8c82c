"""The graph's own benchmark: its concepts asked by name, over its own chunks."""

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.strata import label_strata
from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.pairs.queries import make_evidence_queries, make_paper_queries
from graphtune.pairs.split import Split

_GROUP_OF = {"test": "held-out", "train": "seen"}
#: The tier of judgements by math-embed's protocol.
PAPER_TIER = "paper"


def make_graph_benchmark(graph: ConceptGraph, split: Split) -> Benchmark:
    """Return a benchmark over all chunks: each concept asked by its name and its aliases.

    Relevant is what defines, states, uses or mentions the concept, in that order of grade. Groups:

    - `held-out`: test concepts. Training never had these names as anchors.
    - `new papers`: concepts that only held-out papers name.
    - `seen`: training concepts.

    Concepts that chose the checkpoint are not asked for. The tier `paper` judges by the protocol of
    math-embed: display names of concepts that two papers or more name; relevant is every chunk of
    those papers.

    Raises:
        DataError: the graph has no concepts to ask for.
    """
    groups = {
        concept: "new papers" if _is_new(graph, split, concept) else _GROUP_OF[side]
        for concept, side in split.concepts.items()
        if side in _GROUP_OF
    }
    asked = make_evidence_queries(graph, groups)
    if not asked.queries:
        raise DataError("the graph has no concept that a paper names: build it from papers first")
    whole_papers = make_paper_queries(graph, groups)
    benchmark = Benchmark(
        name="graph",
        documents={chunk.id: chunk.passage for chunk in graph.chunks.values()},
        queries=asked.queries,
        qrels=asked.qrels,
        groups={query: groups[concept] for query, concept in asked.concepts.items()},
        concepts={query: graph.names(concept) for query, concept in asked.concepts.items()},
        tiers={PAPER_TIER: whole_papers.qrels} if whole_papers.qrels else {},
        notes=(
            "graph queries name their concept, and their relevant passages mostly hold the name: "
            "lexical search does well here; queries written by people (--beir) tell more",
            "held-out means that no name of the concept was an anchor; the name may stand inside "
            "longer anchors and in training passages",
        ),
    )
    return label_strata(benchmark)


def _is_new(graph: ConceptGraph, split: Split, concept: str) -> bool:
    return all(split.documents[paper] == "test" for paper in graph.papers(concept))
