"""The graph's own benchmark: its concepts asked by name, over its own chunks."""

from graphtune.bench.benchmark import Benchmark
from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.pairs.queries import GraphQueries, make_evidence_queries, make_paper_queries
from graphtune.pairs.split import Split


def make_graph_benchmark(graph: ConceptGraph, split: Split) -> Benchmark:
    """Return a benchmark over all chunks with three groups of queries.

    - `held-out`: names and aliases of test concepts; relevant is what defines, states, uses or
      mentions the concept, in that order of grade. Training never had these names as anchors.
    - `seen`: the same for training concepts.
    - `in-sample`: the protocol of math-embed: display names of training concepts that two papers or
      more name; relevant is every chunk of those papers.

    Raises:
        DataError: the graph has no concepts to ask for.
    """
    groups: dict[str, GraphQueries] = {
        "held-out": make_evidence_queries(graph, split.list_concepts("test")),
        "seen": make_evidence_queries(graph, split.list_concepts("train")),
        "in-sample": make_paper_queries(graph, split.list_concepts("train")),
    }
    made = [(group, query) for group, asked in groups.items() for query in asked.queries]
    if not made:
        raise DataError("the graph has no concept that a paper names: build it from papers first")
    return Benchmark(
        name="graph",
        documents={chunk.id: chunk.text for chunk in graph.chunks.values()},
        queries={query: groups[group].queries[query] for group, query in made},
        qrels={query: groups[group].qrels[query] for group, query in made},
        groups={query: group for group, query in made},
        concepts={query: graph.names(groups[group].concepts[query]) for group, query in made},
        notes=(
            "graph queries name their concept, and their relevant passages mostly hold the name: "
            "lexical search does well here; queries written by people (--beir) tell more",
        ),
    )
