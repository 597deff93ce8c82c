"""The split: what belongs together stays together, and the stored file is what it says."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphtune.errors import DataError
from graphtune.files import write_record
from graphtune.kg.graph import ConceptGraph
from graphtune.pairs import list_new_concepts, make_pairs, split_graph, store_split
from graphtune.pairs.split import Side, find_twins
from graphtune.records import Chunk, ChunkLink, Concept, Mention, Relation
from graphtune.tuning_config import PairsConfig, SplitConfig


def make_graph(n: int = 30, links: tuple[tuple[str, str], ...] = ()) -> ConceptGraph:
    """Concept i is defined in paper i; 0 and 1 share a name, 2 and 3 are equivalent."""
    keys = [f"concept {i:02}" for i in range(n)]
    concepts = {key: Concept(key, key, "object") for key in keys}
    concepts[keys[0]] = replace(concepts[keys[0]], aliases=("Shared Name",))
    concepts[keys[1]] = replace(concepts[keys[1]], aliases=("shared names",))
    chunks = {
        f"c{i}-{j}": Chunk(f"c{i}-{j}", f"d{i}", j, f"text {i} {j}", 0, 9, "", 1, 1, 5)
        for i in range(n)
        for j in range(4)
    }
    return ConceptGraph(
        {f"d{i}": {"id": f"d{i}", "path": "", "title": ""} for i in range(n)},
        chunks,
        concepts,
        {key: [Mention(key, f"c{i}-0", 0, 4, "defines")] for i, key in enumerate(keys)},
        [Relation(keys[2], "equivalent_to", keys[3], "rules")],
        {"corpus": "x", "graph": "y"},
        [ChunkLink(a, "near_duplicate", b, 0, 0) for a, b in links],
    )


@given(seed=st.integers(0, 300))
def test_concepts_of_one_name_and_equivalent_ones_stand_on_one_side(seed: int) -> None:
    sides = split_graph(make_graph(), SplitConfig(seed=seed, test_concepts=0.4)).concepts
    assert sides["concept 00"] == sides["concept 01"]
    assert sides["concept 02"] == sides["concept 03"]
    assert sum(side == "test" for side in sides.values()) == 12


def test_concepts_hang_together_through_one_that_no_paper_names() -> None:
    graph = make_graph()
    graph.concepts["bridge"] = Concept("bridge", "bridge", "object", origin="imported")
    ends = ("concept 10", "concept 20")
    links = [Relation(end, "equivalent_to", "bridge", "imported") for end in ends]
    graph = replace(graph, relations=links)
    for seed in range(30):
        split = split_graph(graph, SplitConfig(seed=seed, test_concepts=0.4))
        assert len({split.concepts[end] for end in ends}) == 1
        assert "bridge" not in split.concepts


def test_new_concepts_have_all_their_papers_held_out_under_every_name() -> None:
    graph = make_graph()
    split = split_graph(graph, SplitConfig(test_papers=0.5))
    papers = {"d0": "test", "d1": "train", "d2": "test", "d3": "test"}
    split = split.model_copy(update={"documents": {**split.documents, **papers}})
    new = list_new_concepts(graph, split)
    assert "concept 00" not in new  # It shares a name with 01.
    assert {"concept 02", "concept 03"} <= set(new)
    assert "concept 01" not in new


@given(length=st.integers(4, 12))
def test_a_short_passage_that_stands_in_a_held_out_paper_word_for_word_is_a_twin(
    length: int,
) -> None:
    graph = make_graph()
    text = " ".join(f"word{i}" for i in range(length))
    for chunk, variant in (("c4-1", text), ("c5-1", text.upper().replace(" ", "\n"))):
        graph.chunks[chunk] = replace(graph.chunks[chunk], text=variant)
    documents: dict[str, Side] = dict.fromkeys(graph.documents, "train")
    documents["d5"] = "test"
    assert find_twins(graph, documents) == ({"c4-1"} if length >= 8 else set())


@given(seed=st.integers(0, 300))
def test_versions_of_one_paper_stand_on_one_side_and_stray_repeats_give_no_positive(
    seed: int,
) -> None:
    versions = tuple((f"c0-{j}", f"c1-{j}") for j in range(3))
    graph = make_graph(links=(*versions, ("c2-0", "c3-0"), ("c3-0", "c4-0")))
    split = split_graph(graph, SplitConfig(seed=seed, test_papers=0.5))
    assert split.documents["d0"] == split.documents["d1"]
    for number, twin in ((2, "c2-0"), (3, "c3-0"), (4, "c4-0")):
        held_out = any(split.documents[f"d{n}"] == "test" for n in (2, 3, 4))
        in_training = split.documents[f"d{number}"] == "train"
        assert (twin in split.twins) == (held_out and in_training)
    for pair in make_pairs(graph, split, PairsConfig(recipe="seed")):
        assert split.documents[pair.document_id] == "train"
        assert pair.chunk_id not in split.twins


def test_a_community_is_held_out_whole() -> None:
    graph = make_graph()
    keys = list(graph.concepts)
    chains = [
        Relation(keys[i], "uses", keys[i + 1], "rules") for i in range(len(keys) - 1) if i % 3 < 2
    ]
    graph = replace(graph, relations=chains)
    sides = split_graph(graph, SplitConfig(by="community", test_concepts=0.3)).concepts
    groups = [{sides[key] for key in keys[i : i + 3]} for i in range(3, 30, 3)]
    assert all(len(group) == 1 for group in groups)
    assert "test" in sides.values()


def test_the_stored_split_is_read_back_until_the_graph_or_the_settings_change(
    tmp_path: Path,
) -> None:
    graph, path = make_graph(), tmp_path / "split.json"
    made = store_split(path, graph, SplitConfig())
    before = path.read_bytes()
    assert store_split(path, graph, SplitConfig()) == made
    assert path.read_bytes() == before
    assert store_split(path, graph, SplitConfig(seed=1)).digest != made.digest
    grown = replace(graph, hashes={"corpus": "x", "graph": "z"})
    assert store_split(path, grown, SplitConfig()).digest == made.digest
    assert path.read_bytes() != before


def test_a_split_that_was_edited_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    store_split(path, make_graph(), SplitConfig())
    path.write_text(path.read_text().replace('"test"', '"train"', 1))
    with pytest.raises(DataError, match="changed since it was made"):
        store_split(path, make_graph(), SplitConfig())
    path.unlink()
    split = store_split(path, make_graph(), SplitConfig())
    write_record(path, split.model_copy(update={"names": {}}))
    with pytest.raises(DataError, match="changed since it was made"):
        store_split(path, make_graph(), SplitConfig())
