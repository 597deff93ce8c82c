"""The graph's own benchmark, and its export, on papers that the rules read."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from graphtune.bench.beir import load_beir
from graphtune.bench.benchmark import UNSEEN, Benchmark, list_slices
from graphtune.bench.export import write_beir
from graphtune.bench.graph_queries import DESCRIPTION, PAPER_TIER, make_graph_benchmark
from graphtune.bench.retrievers import rank_bm25
from graphtune.bench.strata import LITERAL, OTHER
from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.metrics import score_run
from graphtune.pairs import make_description_queries, split_graph
from graphtune.pairs.split import Split
from graphtune.records import Chunk, ChunkLink, Concept, Mention, Role
from graphtune.tuning_config import SplitConfig

PAPERS = {
    "p": ["A kernel is what a map sends to zero.", "Kernels are ideals.", "Copy: a kernel."],
    "q": ["The kernel of a map is normal.", "A lattice has joins."],
    "r": ["Lattices, again. A \u201ccore\u201d is central."],
}
FOUND: dict[str, list[tuple[str, Role]]] = {
    "kernel": [("p0", "defines"), ("p1", "mentions"), ("p2", "states"), ("q0", "states")],
    "lattice": [("q1", "defines"), ("r0", "mentions")],
    "core": [("r0", "defines")],
    "map": [("p0", "uses"), ("q0", "uses")],
}
DESCRIPTIONS = {
    "kernel": "A kernel is what a map sends to zero.",
    "lattice": "A lattice has joins.",
    "core": "Lattices, again.",
}


@pytest.fixture
def graph() -> ConceptGraph:
    chunks = {
        f"{paper}{i}": Chunk(f"{paper}{i}", paper, i, text, 0, len(text), "", 1, 1, 9)
        for paper, texts in PAPERS.items()
        for i, text in enumerate(texts)
    }
    return ConceptGraph(
        documents={paper: {"id": paper} for paper in PAPERS},
        chunks=chunks,
        concepts={
            key: Concept(
                key, key, "object", DESCRIPTIONS.get(key, ""), ("ker",) * (key == "kernel")
            )
            for key in FOUND
        },
        mentions={
            key: [Mention(key, chunk, 0, 1, role) for chunk, role in found]
            for key, found in FOUND.items()
        },
        relations=[],
        hashes={"corpus": "c", "graph": "g"},
    )


def make_split(**sides: str) -> Split:
    papers = {"p": "train", "q": "train", "r": "test"}
    return Split.model_validate({"concepts": sides, "documents": papers})


@pytest.fixture
def benchmark(graph: ConceptGraph) -> Benchmark:
    split = make_split(kernel="test", lattice="train", core="train", map="dev")
    return make_graph_benchmark(graph, split)


def test_names_aliases_and_descriptions_ask(benchmark: Benchmark) -> None:
    assert benchmark.queries == {
        "kernel#0": "kernel",
        "kernel#1": "ker",
        "lattice#0": "lattice",
        "core#0": "core",
        "kernel#description": DESCRIPTIONS["kernel"],
    }
    assert benchmark.qrels["kernel#1"] == {"p0": 3, "p1": 1, "p2": 2, "q0": 2}
    assert benchmark.groups == {
        "kernel#0": "held-out",
        "kernel#1": "held-out",
        "kernel#description": "held-out",
        "lattice#0": "seen",
        "core#0": "new papers",
    }
    assert benchmark.strata == {
        "kernel#0": LITERAL,
        "kernel#1": OTHER,
        "kernel#description": DESCRIPTION,
        "lattice#0": LITERAL,
        "core#0": LITERAL,
    }
    assert set(benchmark.tiers) == {PAPER_TIER}
    assert benchmark.tiers[PAPER_TIER] == {
        "kernel#0": dict.fromkeys(("p0", "p1", "p2", "q0", "q1"), 1),
        "lattice#0": dict.fromkeys(("q0", "q1", "r0"), 1),
    }
    assert set(benchmark.qrels) == set(benchmark.queries)


def test_a_description_is_not_found_in_its_own_passage(benchmark: Benchmark) -> None:
    query = "kernel#description"
    assert benchmark.qrels[query] == {"p1": 1, "p2": 2, "q0": 2}
    assert benchmark.excluded == {query: ("p0",)}
    (answers,) = rank_bm25(benchmark, k=5).runs
    assert "p0" not in dict(answers[query])
    assert answers["kernel#0"][0][0] in ("p0", "p1", "p2", "q0")
    (fewer,) = rank_bm25(benchmark, k=3).runs
    assert len(fewer[query]) == 3  # Nothing is lost for what is left out.


def test_near_duplicates_of_the_source_and_cut_descriptions_count_as_source(
    graph: ConceptGraph,
) -> None:
    twins = replace(graph, links=[ChunkLink("p0", "near_duplicate", "p2")])
    made = make_description_queries(twins, ["kernel"])
    assert made.qrels == {"kernel#description": {"p1": 1, "q0": 2}}
    assert made.excluded == {"kernel#description": ("p0", "p2")}
    graph.concepts["kernel"] = Concept("kernel", "kernel", "object", "A kernel  is what a map…")
    assert make_description_queries(graph, ["kernel"]).excluded == {"kernel#description": ("p0",)}
    graph.concepts["kernel"] = Concept("kernel", "kernel", "object", "Elements that vanish.")
    assert make_description_queries(graph, ["kernel"]).excluded == {}


def test_a_description_that_two_concepts_share_asks_for_neither(graph: ConceptGraph) -> None:
    graph.concepts["map"] = Concept("map", "map", "object", DESCRIPTIONS["kernel"].upper())
    assert not make_description_queries(graph, graph.concepts).queries


def test_a_graph_without_two_papers_has_no_paper_level(graph: ConceptGraph) -> None:
    alone = make_graph_benchmark(graph, make_split(core="train"))
    assert alone.tiers == {}
    assert not any("paper level" in note for note in alone.notes)
    assert [part.label for part in list_slices(alone)] == ["new papers", f"new papers, {LITERAL}"]
    with pytest.raises(DataError, match="no concept that a paper names"):
        make_graph_benchmark(graph, make_split(map="dev"))


def test_every_split_gives_disjoint_groups(graph: ConceptGraph) -> None:
    for seed in range(5):
        split = split_graph(graph, SplitConfig(test_concepts=0.5, test_papers=0.3, seed=seed))
        made = make_graph_benchmark(graph, split)
        for query, group in made.groups.items():
            side = split.concepts[query.rpartition("#")[0]]
            assert (side == "train") or group in UNSEEN
            assert side != "dev"


def test_an_export_is_read_back_and_scores_the_same(benchmark: Benchmark, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    counts = write_beir(benchmark, folder)
    assert counts == {"held-out": 3, "seen": 1, "new-papers": 1, "test": 3}
    assert {path.stem for path in (folder / "qrels").iterdir()} == set(counts)
    back = load_beir(folder)
    asked = [query for query in benchmark.queries if benchmark.groups[query] == "held-out"]
    assert back.name == "papers"
    assert back.documents == benchmark.documents
    assert back.queries == {query: benchmark.queries[query] for query in asked}
    assert back.concepts == {query: benchmark.concepts[query] for query in asked}
    assert back.excluded == benchmark.excluded
    scores = score_run(benchmark.qrels, rank_bm25(benchmark, k=20).runs[0])
    assert score_run(back.qrels, rank_bm25(back, k=20).runs[0]) == {
        query: scores[query] for query in asked
    }
    assert load_beir(folder, "new-papers").name == "papers-new-papers"
    metadata = [json.loads(line)["metadata"] for line in (folder / "queries.jsonl").open()]
    assert [row["style"] for row in metadata] == ["name", "alias", "name", "name", "description"]


def test_an_export_is_whole_and_the_same_each_time(benchmark: Benchmark, tmp_path: Path) -> None:
    write_beir(benchmark, tmp_path / "a")
    (tmp_path / "b").mkdir()
    write_beir(benchmark, tmp_path / "b")
    assert _read_all(tmp_path / "a") == _read_all(tmp_path / "b")
    with pytest.raises(DataError, match="not empty"):
        write_beir(benchmark, tmp_path / "a")
    with pytest.raises(DataError, match="does not exist"):
        write_beir(benchmark, tmp_path / "none" / "a")
    broken = replace(benchmark, qrels={})
    with pytest.raises(KeyError):
        write_beir(broken, tmp_path / "c")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_odd_ids_and_broken_characters_are_written_for_any_reader(tmp_path: Path) -> None:
    odd = Benchmark(
        "odd",
        {"a b": "broken \ud800 text\u2028end", "%": "x"},
        {'"core" x#0': "core \ud800"},
        {'"core" x#0': {"a b": 2}},
    )
    assert write_beir(odd, tmp_path / "odd") == {"all": 1, "test": 1}
    back = load_beir(tmp_path / "odd")
    assert back.documents == {"a%20b": "broken \ufffd text\u2028end", "%25": "x"}
    assert back.queries == {"%22core%22%20x#0": "core \ufffd"}
    # As BEIR's own loader reads it.
    with (tmp_path / "odd" / "qrels" / "test.tsv").open() as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_MINIMAL))
    assert rows[1:] == [["%22core%22%20x#0", "a%20b", "2"]]


def _read_all(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
