"""The graph mask: what answers an anchor is no negative, what is near is half of one."""

import numpy as np

from graphtune.kg.graph import ConceptGraph
from graphtune.pairs.mask import GraphMask, make_mask
from graphtune.records import Chunk, ChunkLink, Concept, Mention, Pair, Relation, Role

TEXT = "A long passage that says what a thing is, and says it in more than twenty words, so that "


def make_chunk(key: str) -> Chunk:
    return Chunk(key, "d", 0, f"{TEXT} {key}", 0, 99, "", 1, 1, 10)


def make_graph() -> ConceptGraph:
    """Rings and fields; "anneau" is equivalent to ring, a field generalizes to a ring."""
    roles: dict[str, list[tuple[str, Role]]] = {
        "ring": [("ring-def", "defines"), ("ring-use", "uses"), ("bib", "bibliography")],
        "anneau": [("anneau-def", "defines")],
        "field": [("field-def", "defines"), ("field-use", "mentions")],
        "poset": [("poset-def", "defines")],
    }
    keys = [key for found in roles.values() for key, _ in found] + ["ring-copy", "section"]
    return ConceptGraph(
        documents={"d": {"title": "T"}},
        chunks={key: make_chunk(key) for key in keys},
        concepts={
            key: Concept(key, key, "object", aliases=("rng",) if key == "ring" else ())
            for key in roles
        },
        mentions={
            concept: [Mention(concept, key, 0, 1, role) for key, role in found]
            for concept, found in roles.items()
        },
        relations=[
            Relation("ring", "equivalent_to", "anneau", "rules"),
            Relation("ring", "generalizes", "field", "rules"),
            Relation("ring", "related_to", "poset", "rules"),
        ],
        hashes={},
        links=[ChunkLink("ring-copy", "near_duplicate", "ring-use")],
    )


def make_pair(anchor: str, chunk: str, concept: str = "", negative: str = "") -> Pair:
    return Pair(anchor, f"about {chunk}", "name", concept, chunk, "d", 1.0, negative, negative)


ANSWERS = ["poset-def", "ring-use", "anneau-def", "ring-copy", "bib", "field-def", "field-use"]


def weigh_first(anchor: str, chunk: str, concept: str) -> dict[str, float]:
    """Return the weight of each of ANSWERS, positives of unrelated anchors, for one anchor."""
    others = [make_pair(f"another {n}", key) for n, key in enumerate(ANSWERS)]
    pairs = [make_pair(anchor, chunk, concept), *others]
    weights = make_mask(make_graph(), pairs, 0.5).weigh(range(len(pairs)))
    assert (np.diag(weights) == 1).all()
    assert (weights[1:] - np.triu(weights[1:], 1)).max() == 1  # nobody else is masked by this
    return dict(zip(ANSWERS, weights[0, 1:].tolist(), strict=True))


def test_evidence_equivalents_and_repeats_are_no_negatives() -> None:
    expected = {
        "poset-def": 1.0,
        "ring-use": 0.0,
        "anneau-def": 0.0,
        "ring-copy": 0.0,
        "bib": 1.0,
        "field-def": 0.5,
        "field-use": 1.0,
    }
    assert weigh_first("ring", "ring-def", "ring") == expected
    assert weigh_first("a sentence about it", "ring-def", "ring") == expected
    # A section's title that is a concept's name, or an alias, in any form.
    assert weigh_first("Rings", "section", "") == expected
    assert weigh_first("the rng", "section", "") == expected
    assert set(weigh_first("Rings and more", "section", "").values()) == {1.0}


def test_the_same_anchor_and_the_same_concept_share_answers() -> None:
    pairs = [
        make_pair("1 Results", "poset-def"),
        make_pair("1 results", "section"),
        make_pair("poset", "poset-def", "poset"),
        make_pair("what is ordered in part", "field-use", "poset"),
    ]
    weights = make_mask(make_graph(), pairs).weigh(range(4))
    assert weights.tolist() == [[1, 0, 0, 1], [0, 1, 0, 1], [0, 1, 1, 0], [0, 1, 0, 1]]


def test_hard_negatives_have_columns_where_any_pair_has_one() -> None:
    pairs = [
        make_pair("ring", "ring-def", "ring", negative="poset-def"),
        make_pair("field", "field-def", "field", negative="ring-use"),
        make_pair("poset", "poset-def", "poset"),
    ]
    mask = make_mask(make_graph(), pairs)
    assert mask.weigh([0, 1, 2]).tolist() == [
        [1, 1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1, 0],
        [1, 1, 1, 0, 1, 0],
    ]
    assert mask.weigh([2, 2]).shape == (2, 4)
    assert GraphMask(pairs[2:]).weigh([0]).tolist() == [[1]]


def test_pairs_without_a_graph_are_masked_by_anchor_alone() -> None:
    own = [Pair(a, p, "extra", "", "", "") for a, p in (("x", "1"), ("X", "2"), ("y", "1"))]
    assert make_mask(make_graph(), own).weigh([0, 1, 2]).tolist() == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 1, 1],
    ]
    assert (GraphMask(own).weigh([0, 1, 2]) == 1).all()
