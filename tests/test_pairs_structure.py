"""Pairs from section titles, proofs and references."""

import pytest

from graphtune.kg.graph import ConceptGraph
from graphtune.pairs import make_pairs
from graphtune.pairs.split import Split
from graphtune.pairs.structure import cut_sentence, read_section_title
from graphtune.records import Chunk, ChunkLink, Concept, Mention, Pair, Unit
from graphtune.tuning_config import PairsConfig

STATEMENT = "Lemma 3.1. Every finite lattice that is not empty has a top."
PROOF = "Proof. Join all of its elements, of which there are finitely many."
REFERENCE = "Let L be finite. By Lemma 3.1 there is a largest element of it. So we stop."


def make_graph() -> ConceptGraph:
    texts = {
        "s": STATEMENT,
        "p": PROOF,
        "r": REFERENCE,
        "i": "This paper is about finite lattices.",
    }
    headings = {"s": "3 Lattices", "p": "3 Lattices", "r": "4 Uses of the top", "i": "Introduction"}
    chunks = {
        key: Chunk(
            key, "d", place, text, 0, len(text), headings[key], 1, 1, 9,
            units=(Unit(0, len(text), {"s": "statement", "p": "proof"}.get(key, "text"), 0),),  # type: ignore[arg-type]
        )
        for place, (key, text) in enumerate(texts.items())
    }  # fmt: skip
    links = [
        ChunkLink("p", "proves", "s"),
        ChunkLink("r", "refers_to", "s", REFERENCE.index("Lemma"), REFERENCE.index("Lemma") + 9),
    ]
    concepts = {
        "lattice": Concept("lattice", "lattice", "object"),
        "top": Concept("top", "use of the top", "object"),
    }
    mentions = {
        "lattice": [Mention("lattice", "s", 24, 31, "states")],
        "top": [Mention("top", "r", 0, 3, "uses")],
    }
    return ConceptGraph({"d": {"id": "d"}}, chunks, concepts, mentions, [], {}, links)


def pair_up(style: str, held_out: str = "") -> list[Pair]:
    graph = make_graph()
    split = Split(
        concepts={key: "test" if key == held_out else "train" for key in graph.concepts},
        documents={"d": "train"},
    )
    return [pair for pair in make_pairs(graph, split, PairsConfig()) if pair.style == style]


def test_a_statement_meets_its_proof_and_a_reference_its_statement() -> None:
    assert [(p.anchor, p.positive) for p in pair_up("proof")] == [(STATEMENT, PROOF)]
    found = [(p.anchor, p.chunk_id) for p in pair_up("reference")]
    assert found == [("By Lemma 3.1 there is a largest element of it.", "s")]


def test_a_title_meets_its_section_and_belongs_to_the_concept_it_names() -> None:
    pairs = pair_up("section")
    assert {(p.anchor, p.chunk_id, p.concept_id) for p in pairs} == {
        ("Lattices", "s", "lattice"),
        ("Lattices", "p", "lattice"),
        ("Uses of the top", "r", "top"),
    }


def test_a_title_that_names_a_held_out_concept_is_no_anchor() -> None:
    assert {pair.anchor for pair in pair_up("section", held_out="lattice")} == {"Uses of the top"}


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("3 Schur functions", "Schur functions"),
        ("2 A > 2.1. Row insertion", "Row insertion"),
        ("Introduction", "Introduction"),
        ("", ""),
        ("12", "12"),
    ],
)
def test_section_titles_lose_their_number(heading: str, title: str) -> None:
    assert read_section_title(heading) == title


def test_a_sentence_at_either_end_is_cut_whole() -> None:
    assert cut_sentence("One. Two.", 0) == "One."
    assert cut_sentence("One. Two", 7) == "Two"
