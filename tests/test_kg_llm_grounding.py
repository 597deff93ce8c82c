"""What a passage bears out of a reply: every record by itself, and each loss has its reason."""

from graphtune.config import ExtractConfig
from graphtune.kg.llm.grounding import ground_entry
from graphtune.kg.ontology import load_ontology
from graphtune.records import Chunk

ONTOLOGY = load_ontology()
TEXT = (
    "Definition 1. A Dyck path is a lattice path that stays above the axis.\n\n"
    "The Chung–Feller theorem generalizes the ballot theorem, also called the cycle lemma (CL)."
)
CHUNK = Chunk("a", "d", 0, TEXT, 0, len(TEXT), "1 Paths", 1, 1, 40)


def concept(name="Dyck path", **changes):
    record = {"name": name, "type": "object", "role": "defines", "aliases": [], "description": ""}
    return {**record, **changes}


def relation(**changes):
    quote = "The Chung–Feller theorem generalizes the ballot theorem"
    record = {"source": "Chung–Feller theorem", "type": "generalizes", "target": "ballot theorem"}
    return {"quote": quote, **record, **changes}


def ground(concepts=(), relations=(), ontology=ONTOLOGY, **settings):
    entry = {"concepts": list(concepts), "relations": list(relations)}
    return ground_entry(entry, CHUNK, ontology, ExtractConfig(**settings))


def names(extraction):
    return [found.name for found in extraction.concepts]


def test_records_are_judged_one_by_one_and_counted_by_reason():
    concepts = [
        concept(),
        concept("Motzkin path"),
        concept("Theorem 1"),
        concept("ballot theorem", aliases=["Chung–Feller theorem", "Bertrand's theorem"]),
        concept("lattice path", description="Buy cheap watches here today", role="proclaims"),
        {"type": "object"},
        "Dyck path",
        None,
    ]
    relations = [
        relation(),
        relation(quote="It is well known that one generalizes the other"),
        relation(target="Raney lemma"),
        relation(target="Chung–Feller theorems"),
        {"source": "Dyck path"},
    ]
    found = ground(concepts, relations)
    assert names(found) == ["Dyck path", "ballot theorem", "lattice path"]
    assert (found.concepts[2].description, found.concepts[2].role) == ("", "mentions")
    assert found.concepts[1].aliases == ()
    assert len(found.relations) == 1
    assert dict(found.rejections) == {
        "alias without evidence": 2,
        "concept that is no name": 1,
        "concept without evidence": 1,
        "description without evidence": 1,
        "malformed concept": 3,
        "malformed relation": 1,
        "relation whose ends are no two names": 1,
        "relation with an end not named": 1,
        "relation without evidence": 1,
    }


def test_names_outside_the_ontology_are_mapped_and_counted():
    records = [
        concept(type="Lemma"),
        concept("lattice path", type="banana"),
        concept("axis", type=3),
    ]
    edges = [
        relation(type="is generalized by"),
        relation(type="subsumes"),
        relation(type="extends", target="cycle lemma"),
    ]
    found = ground(records, edges)
    assert [c.type for c in found.concepts] == ["theorem", "object", "object"]
    assert [(r.source, r.type, r.target) for r in found.relations] == [
        ("ballot theorem", "generalizes", "Chung–Feller theorem"),
        ("Chung–Feller theorem", "related_to", "ballot theorem"),
        ("Chung–Feller theorem", "generalizes", "cycle lemma"),
    ]
    assert dict(found.rejections) == {
        "relation outside the ontology: subsumes": 1,
        "type outside the ontology: ": 1,
        "type outside the ontology: banana": 1,
    }


def test_without_a_fallback_an_unknown_relation_goes():
    ontology = ONTOLOGY.model_copy(update={"fallback_relation": ""})
    found = ground([], [relation(type="subsumes"), relation()], ontology)
    assert [edge.type for edge in found.relations] == ["generalizes"]
    assert [number for _, number in found.rejections] == [1]


def test_longer_lists_than_allowed_are_cut_and_counted():
    many = [concept(name) for name in ("Dyck path", "lattice path", "axis", "ballot theorem")]
    found = ground(many, max_records=2)
    assert names(found) == ["Dyck path", "lattice path"]
    assert found.rejections == (("more than 2 concepts", 2),)
