"""Hard negatives: near misses by the graph or by a model, and never a hidden positive."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.kg.ontology import load_ontology
from graphtune.pairs import Split, make_pairs, read_pairs, split_graph
from graphtune.pairs.mask import make_mask
from graphtune.pairs.negatives import MARGIN, add_negatives
from graphtune.pipeline import build_workspace, pair_workspace
from graphtune.records import ROLES, Chunk, ChunkLink, Concept, Mention, Pair, Relation
from graphtune.tuning_config import PairsConfig, SplitConfig
from graphtune.workspace import Workspace

SPLIT = SplitConfig(test_papers=0.2)
GRAPH = PairsConfig(negatives="graph")


def make_graph(seed: int, papers: int = 8, concepts: int = 14) -> ConceptGraph:
    """A random graph: chunks that repeat and overlap, relations of all kinds, shared aliases."""
    random = Random(seed)
    chunks = {}
    for d in range(papers):
        for i in range(5):
            text = f"Passage {random.randrange(25)} says this and that of things and more of them."
            key = f"c{d}-{i}"
            chunks[key] = Chunk(
                key, f"d{d}", i, text, 80 * i, 80 * i + random.choice((80, 99)), "", 1, 1, 5,
                kind=random.choice(("text", "statement", "proof", "reference")),
            )  # fmt: skip
    keys = [f"notion {i:02}" for i in range(concepts)]
    nodes = {
        key: Concept(key, key, "object", aliases=(f"alias {random.randrange(20)}",)) for key in keys
    }
    mentions = {
        key: [
            Mention(key, chunk, 0, 4, random.choice(ROLES))
            for chunk in random.sample(sorted(chunks), 4)
        ]
        for key in keys
    }
    kinds = sorted(load_ontology().relations)
    relations = [
        Relation(*ends[:1], random.choice(kinds), ends[1], "rules", random.choice(sorted(chunks)))
        for ends in (random.sample(keys, 2) for _ in range(20))
    ]
    links = [
        ChunkLink(*random.sample(sorted(chunks), 1), kind, random.choice(sorted(chunks)))  # type: ignore[arg-type]
        for kind in ("near_duplicate", "proves", "refers_to")
        for _ in range(5)
    ]
    documents = {f"d{d}": {"id": f"d{d}", "path": f"/{d}", "title": ""} for d in range(papers)}
    return ConceptGraph(documents, chunks, nodes, mentions, relations, {}, links)


class Letters:
    """An encoder for tests: counts of letters. Any function of the text will do."""

    def get_embedding_dimension(self) -> int:
        return 26


def encode_letters(_: object, texts: list[str], role: str) -> np.ndarray:
    rows = [[text.lower().count(chr(97 + i)) + 0.1 for i in range(26)] for text in texts]
    return np.array(rows, dtype=np.float32).reshape(len(texts), 26)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), mined=st.booleans())
def test_no_hidden_positive_is_ever_a_negative(seed: int, mined: bool) -> None:
    graph = make_graph(seed)
    split = split_graph(graph, SPLIT.model_copy(update={"seed": seed}))
    pairs = make_pairs(graph, split, PairsConfig())
    plain = list(pairs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphtune.pairs.negatives.encode_texts", encode_letters)
        add_negatives(graph, split, pairs, GRAPH, Letters() if mined else None)  # type: ignore[arg-type]
    assert [replace(pair, negative="", negative_id="") for pair in pairs] == plain
    mask = make_mask(graph, pairs)
    for row, pair in enumerate(pairs):
        if pair.negative_id:
            chunk = graph.chunks[pair.negative_id]
            assert pair.negative == chunk.text != pair.positive
            assert split.may_train_on(chunk)
            assert chunk.kind != "reference"
            assert mask.weigh([row])[0].tolist() == [1.0, 1.0]
            assert pair.negative_id not in list_answers(graph, pair, pairs)
        else:
            assert not pair.negative


def list_answers(graph: ConceptGraph, pair: Pair, pairs: list[Pair]) -> set[str]:
    """What answers an anchor, told the long way: by its concept, by its name, by other pairs."""
    asked = normalize_name(pair.anchor)
    own = {pair.concept_id} | {
        key for key in graph.concepts if asked in map(normalize_name, graph.names(key))
    }
    own |= {
        end
        for relation in graph.relations
        if relation.type == "equivalent_to"
        and pair.concept_id in (relation.source, relation.target)
        for end in (relation.source, relation.target)
    }
    found = {m.chunk_id for key in own for m in graph.evidence(key)}
    found |= {other.chunk_id for other in pairs if normalize_name(other.anchor) == asked}
    links = {(link.source, link.target) for link in graph.links if link.type == "near_duplicate"}
    return found | {b for a, b in links if a in found} | {a for a, b in links if b in found}


def make_family() -> tuple[ConceptGraph, Split]:
    """Schur and Hall are instances of one kind; Pieri uses Schur; one more passage in the paper."""
    texts = {
        "s": ("p", "A Schur function is a sum over tableaux."),
        "h": ("q", "A Hall function is another sum altogether."),
        "k": ("q", "A symmetric function does not change."),
        "r": ("q", "The Pieri rule multiplies them."),
        "x": ("p", "This is a remark about the weather."),
        "y": ("p", "Schur wrote this and that."),
    }
    chunks = {
        key: Chunk(key, paper, place, text, 100 * place, 100 * place + 50, "", 1, 1, 5)
        for place, (key, (paper, text)) in enumerate(texts.items())
    }
    owners = {"schur": "s", "hall": "h", "symmetric": "k", "pieri": "r"}
    concepts = {key: Concept(key, key, "object") for key in owners}
    mentions = {key: [Mention(key, chunk, 0, 3, "defines")] for key, chunk in owners.items()}
    mentions["schur"].append(Mention("schur", "y", 0, 3, "mentions"))
    relations = [
        Relation("schur", "is_instance_of", "symmetric", "rules"),
        Relation("hall", "is_instance_of", "symmetric", "rules"),
        Relation("pieri", "uses", "schur", "rules"),
    ]
    documents = {key: {"id": key, "path": key, "title": key} for key in "pq"}
    graph = ConceptGraph(documents, chunks, concepts, mentions, relations, {})
    split = Split(concepts=dict.fromkeys(concepts, "train"), documents={"p": "train", "q": "train"})
    return graph, split


def ask(concept: str = "schur", anchor: str = "schur") -> Pair:
    chunk = make_family()[0].chunks["s"]
    return Pair(anchor, chunk.text, "name", concept, "s", "p")


def list_choices(relations: slice) -> Iterator[str]:
    """The negative of one pair, then of it without that chunk, and so on."""
    graph, split = make_family()
    graph = replace(graph, relations=graph.relations[relations])
    while True:
        pairs = [ask()]
        add_negatives(graph, split, pairs, GRAPH)
        if not pairs[0].negative_id:
            return
        yield pairs[0].negative_id
        graph.chunks.pop(pairs[0].negative_id)


def test_siblings_come_first_then_their_kind_then_neighbours_then_the_paper() -> None:
    assert list(list_choices(slice(0, None))) == ["h", "k", "r", "x"]
    assert list(list_choices(slice(0, 0))) == ["x"]


def test_a_negative_brought_along_stays_and_an_anchor_without_concept_gets_none() -> None:
    graph, split = make_family()
    brought = replace(ask(), negative="mine")
    unknown = replace(ask("", "the weather"), style="section")
    named = replace(ask("", "On Hall and Schur"), style="section")
    pairs = [brought, unknown, named]
    add_negatives(graph, split, pairs, GRAPH)
    assert pairs[:2] == [brought, unknown]
    assert pairs[2].negative_id == "x"


def test_a_mined_negative_is_the_best_that_stays_below_the_margin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph, split = make_family()
    scores = {"s": 0.8, "h": 0.79, "k": 0.75, "r": 0.4, "x": 0.1, "y": 0.5}
    by_text = {graph.chunks[key].passage: score for key, score in scores.items()}

    def encode(_: object, texts: list[str], role: str) -> np.ndarray:
        cosines = [1.0 if role == "query" else by_text[text] for text in texts]
        return np.array([[c, (1 - c * c) ** 0.5] for c in cosines], dtype=np.float32)

    class Two:
        def get_embedding_dimension(self) -> int:
            return 2

    monkeypatch.setattr("graphtune.pairs.negatives.encode_texts", encode)
    pairs = [ask()]
    add_negatives(graph, split, pairs, GRAPH, Two())  # type: ignore[arg-type]
    assert pairs[0].negative_id == "k"
    assert scores["k"] < MARGIN * scores["s"] < scores["h"]


def test_the_stage_mines_with_the_base_model_and_the_card_says_so(
    workspace: Workspace, papers: Path
) -> None:
    build_workspace(workspace, [papers])
    settings = PairsConfig(negatives="mined")
    workspace = replace(workspace, config=workspace.config.model_copy(update={"pairs": settings}))
    result = pair_workspace(workspace)
    pairs, card = read_pairs(workspace.pairs, "evidence")
    assert card.with_negative == sum(bool(pair.negative_id) for pair in pairs) > 0
    assert card.hashes["base"] == workspace.config.base.digest()
    assert result.certificate.is_clean()
    assert not pair_workspace(workspace, force=False).made
