import hashlib
import itertools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.pairs import (
    make_evidence_queries,
    make_pairs,
    make_paper_queries,
    read_pairs,
    split_graph,
    write_pairs,
)
from graphtune.pairs.split import Split
from graphtune.pairs.traces import make_source_finder
from graphtune.records import Chunk, ChunkLink, Concept, Mention, Relation, Role
from graphtune.tuning_config import PairsConfig, SplitConfig

ROLES: tuple[Role, ...] = ("defines", "states", "uses", "mentions")


def make_graph(n_documents: int = 10, n_concepts: int = 20, n_chunks: int = 6) -> ConceptGraph:
    """A graph in which concept i is named in the papers i and i + 1 (modulo), in several roles."""
    chunks = {
        f"c{d}-{i}": Chunk(
            f"c{d}-{i}", f"d{d}", i, f"text {i} of paper {d}", 0, 9, f"{i} Section {i}", 1, 1, 5
        )
        for d in range(n_documents)
        for i in range(n_chunks)
    }
    concepts = {
        f"concept {i:02}": Concept(
            f"concept {i:02}", f"Concept {i:02}", "object", f"It is {i}.", (f"CC{i}",)
        )
        for i in range(n_concepts)
    }
    mentions = {
        key: [
            Mention(
                key, f"c{(n + offset) % n_documents}-{(n + offset) % n_chunks}", 0, 4, ROLES[offset]
            )
            for offset in range(2)
        ]
        for n, key in enumerate(concepts)
    }
    keys = list(concepts)
    relations = [
        Relation(a, "generalizes", b, "rules", mentions[a][0].chunk_id, 0, 4)
        for a, b in itertools.pairwise(keys)
    ]
    documents = {
        f"d{d}": {"id": f"d{d}", "path": f"/{d}", "title": f"P{d}"} for d in range(n_documents)
    }
    return ConceptGraph(
        documents, chunks, concepts, mentions, relations, {"corpus": "x", "graph": "y"}
    )


@pytest.mark.parametrize("recipe", ["evidence", "mention", "seed"])
@given(seed=st.integers(0, 50))
def test_what_is_held_out_never_meets_training(recipe: str, seed: int) -> None:
    graph = make_graph()
    split = split_graph(graph, SplitConfig(seed=seed, test_papers=0.2))
    pairs = make_pairs(graph, split, PairsConfig.model_validate({"recipe": recipe}))
    hidden = {
        normalize_name(name)
        for concept, side in split.concepts.items()
        if side != "train"
        for name in graph.names(concept)
    }
    assert hidden
    assert not hidden & {normalize_name(pair.anchor) for pair in pairs}
    owned = [pair.concept_id for pair in pairs if pair.style != "section" or pair.concept_id]
    assert all(split.concepts[concept] == "train" for concept in owned)
    assert all(split.documents[pair.document_id] == "train" for pair in pairs)


def test_an_alias_shared_with_a_held_out_concept_is_no_anchor() -> None:
    graph = make_graph()
    split = split_graph(graph, SplitConfig())
    train, test = split.list_concepts("train")[0], split.list_concepts("test")[0]
    stolen = graph.concepts[test].name
    graph.concepts[train] = Concept(train, graph.concepts[train].name, "object", "", (stolen,))
    assert stolen not in {pair.anchor for pair in make_pairs(graph, split, PairsConfig())}


def test_split_shares_are_exact_and_move_little_when_the_graph_grows() -> None:
    small = split_graph(make_graph(n_concepts=90), SplitConfig()).concepts
    large = split_graph(make_graph(n_concepts=100), SplitConfig()).concepts
    assert Counter(large.values()) == {"train": 70, "test": 20, "dev": 10}
    assert sum(small[key] != large[key] for key in small) <= 10


def test_evidence_positives_hold_the_concept_and_the_seeds_need_not() -> None:
    graph = make_graph()
    split = split_graph(graph, SplitConfig())
    evidence = make_pairs(graph, split, PairsConfig())
    for pair in evidence:
        if pair.style in ("name", "alias", "description"):
            assert pair.chunk_id in {m.chunk_id for m in graph.mentions[pair.concept_id]}
    seed = make_pairs(graph, split, PairsConfig(recipe="seed"))
    assert {p.style for p in seed} == {"name", "description", "edge"}
    direct = [p for p in seed if p.style == "name"]
    for pair in direct:
        assert pair.document_id in graph.papers(pair.concept_id)
    assert any(p.chunk_id not in {m.chunk_id for m in graph.mentions[p.concept_id]} for p in direct)


def test_the_seeds_limits_hold() -> None:
    graph = make_graph(n_chunks=30)
    split = split_graph(graph, SplitConfig())
    pairs = make_pairs(graph, split, PairsConfig(recipe="seed"))
    counts = Counter((p.concept_id, p.style, p.anchor) for p in pairs if p.style != "edge")
    assert max(counts.values()) == 20
    edges = Counter((p.concept_id, p.document_id) for p in pairs if p.style == "edge")
    assert max(edges.values()) <= 10
    keys = [(p.anchor[:50], p.positive[:50]) for p in pairs]
    assert len(keys) == len(set(keys))


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    graph = make_graph(n_chunks=30)

    def write(folder: str, seed: int) -> str:
        settings, split_settings = PairsConfig(recipe="seed", seed=seed), SplitConfig()
        split = split_graph(graph, split_settings)
        pairs = make_pairs(graph, split, settings)
        path, card = write_pairs(pairs, graph, split, (settings, split_settings), tmp_path / folder)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert card.hashes["pairs"] == digest
        return digest

    assert write("a", 0) == write("b", 0) != write("c", 1)


@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
def test_files_load_with_datasets_and_come_back(tmp_path: Path, file_format: str) -> None:
    from datasets import load_dataset

    graph, configs = make_graph(), (PairsConfig(), SplitConfig())
    split = split_graph(graph, configs[1])
    pairs = make_pairs(graph, split, configs[0])
    path, card = write_pairs(pairs, graph, split, configs, tmp_path, file_format)  # type: ignore[arg-type]
    assert read_pairs(tmp_path, "evidence") == (pairs, card)
    name = "json" if file_format == "jsonl" else "parquet"
    rows = load_dataset(
        name, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert rows.num_rows == card.pairs == len(pairs)
    assert rows[0]["anchor"] == pairs[0].anchor


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="graphtune pairs"):
        read_pairs(tmp_path, "evidence")
    graph, configs = make_graph(), (PairsConfig(), SplitConfig())
    split = split_graph(graph, configs[1])
    path, _ = write_pairs(make_pairs(graph, split, configs[0]), graph, split, configs, tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + "{broken\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"evidence\.jsonl:\d+"):
        read_pairs(tmp_path, "evidence")
    shorter = path.read_text(encoding="utf-8").splitlines()[:-2]
    path.write_text("\n".join(shorter) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="changed or cut off"):
        read_pairs(tmp_path, "evidence")
    with pytest.raises(DataError, match="no pairs"):
        write_pairs([], graph, split, configs, tmp_path)


def test_queries_grade_by_role_and_by_paper() -> None:
    graph = make_graph()
    asked = make_evidence_queries(graph, ["concept 00"])
    assert list(asked.queries.values()) == ["Concept 00", "CC0"]
    assert set(asked.qrels["concept 00#0"].values()) == {3, 2}
    papers = make_paper_queries(graph, ["concept 00"])
    assert len(papers.qrels["concept 00#0"]) == 12


def test_a_description_never_meets_the_passage_it_was_taken_from_nor_a_repeat() -> None:
    """Joined over lines, cut, or near-duplicated, it is the same text."""
    texts = {
        "c0": "A lattice is a poset in which\n\n(i) joins and (ii) meets exist.",
        "c1": "Recall: a poset in which joins exist, such as this.",
        "c2": "Lattices have joins and meets.",
    }
    description = "A lattice is a poset in which (i) joins and (ii) meets\u2026"
    documents = {"d": {"id": "d", "path": "/d", "title": "D"}}
    chunks = {
        key: Chunk(key, "d", place, text, 0, len(text), "", 1, 1, 5)
        for place, (key, text) in enumerate(texts.items())
    }
    concepts = {"lattice": Concept("lattice", "Lattice", "object", description)}
    mentions = {"lattice": [Mention("lattice", key, 0, 1, "states") for key in chunks]}
    links = [ChunkLink("c0", "near_duplicate", "c1")]
    graph = ConceptGraph(documents, chunks, concepts, mentions, [], {}, links)
    split = Split(concepts={"lattice": "train"}, documents={"d": "train"})
    pairs = make_pairs(graph, split, PairsConfig(recipe="evidence"))
    met = {pair.chunk_id for pair in pairs if pair.style == "description"}
    assert met == {"c2"}
    assert {pair.chunk_id for pair in pairs if pair.style == "name"} == set(texts)


@given(st.lists(st.sampled_from(["core", "score", "map", "\u2200", "a"]), max_size=3))
def test_a_source_holds_whole_words(words: list[str]) -> None:
    chunk = Chunk("c", "d", 0, "The score of a map: \u2200.", 0, 9, "", 1, 1, 5)
    graph = ConceptGraph({}, {"c": chunk}, {}, {}, [], {})
    text = " ".join(words)
    held = {"score", "map", "a", "a map", "\u2200", "map \u2200", "a map \u2200", ""}
    assert (make_source_finder(graph)(text, ["c"]) == {"c"}) == (
        text in held or " ".join(w for w in words if w != "\u2200") in held - {""}
    )
