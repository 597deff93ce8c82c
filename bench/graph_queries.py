"""The graph's own benchmark: its concepts asked by name, over its own chunks."""

from graphtune.bench.benchmark import Benchmark
from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.pairs.queries import GraphQueries, make_evidence_queries, make_paper_queries
from graphtune.pairs.split import Split


def make_graph_benchmark(graph: ConceptGraph, split: Split) -> Benchmark:
    """Return a benchmark over all chunks with four groups of queries.

    - `held-out`: names and aliases of test concepts; relevant is what defines, states, uses or
      mentions the concept, in that order of grade. Training never had these names as anchors.
    - `new papers`: the same for all concepts that only held-out papers name.
    - `seen`: the same for training concepts.
    - `in-sample`: the protocol of math-embed: display names of training concepts that two papers or
      more name; relevant is every chunk of those papers.

    Raises:
        DataError: the graph has no concepts to ask for.
    """
    train = [c for c in split.list_concepts("train") if not _is_new(graph, split, c)]
    new = [concept for concept in sorted(split.concepts) if _is_new(graph, split, concept)]
    groups: dict[str, GraphQueries] = {
        "held-out": make_evidence_queries(graph, split.list_concepts("test")),
        "new papers": make_evidence_queries(graph, new),
        "seen": make_evidence_queries(graph, train),
        "in-sample": make_paper_queries(graph, train),
    }
    made = [(f"{group}/{q}", group, q) for group, asked in groups.items() for q in asked.queries]
    if not made:
        raise DataError("the graph has no concept that a paper names: build it from papers first")
    return Benchmark(
        name="graph",
        documents={chunk.id: chunk.passage for chunk in graph.chunks.values()},
        queries={key: groups[group].queries[query] for key, group, query in made},
        qrels={key: groups[group].qrels[query] for key, group, query in made},
        groups={key: group for key, group, _ in made},
        concepts={key: graph.names(groups[group].concepts[query]) for key, group, query in made},
        notes=(
            "graph queries name their concept, and their relevant passages mostly hold the name: "
            "lexical search does well here; queries written by people (--beir) tell more",
            "held-out means that no name of the concept was an anchor; the name may stand inside "
            "longer anchors and in training passages",
        ),
    )


def _is_new(graph: ConceptGraph, split: Split, concept: str) -> bool:
    return all(split.documents[paper] == "test" for paper in graph.papers(concept))
