"""Relations by rule: what sentences, definitions, proofs and references say of linked concepts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphtune.kg.mentions import link_mentions
from graphtune.kg.names import normalize_name
from graphtune.kg.ontology import load_ontology
from graphtune.kg.rules.extractor import RulesExtractor
from graphtune.kg.rules.relations import find_relations
from graphtune.records import Mention, Span
from tests.passages import make_marked_passage

ALPHA, BETA, GAMMA = "alpha rule", "beta rule", "gamma rule"


def relate(marked, *names, heading="1 Start"):
    """Return the relations of one passage between the names and what the rules find defined in it."""
    chunk = make_marked_passage(marked, heading)
    found = RulesExtractor().extract("", chunk).concepts
    defined = {
        ("c", normalize_name(c.name)): [Span(c.start, c.end)] for c in found if c.role == "defines"
    }
    surfaces = {name: normalize_name(name) for name in (*names, *(c.name for c in found))}
    mentions = list(link_mentions(surfaces, [chunk], defined))
    relations = find_relations([chunk], [], {"c": mentions})
    assert all(r.chunk_id == "c" and r.origin == "rules" for r in relations)
    return [(r.source, r.type, r.target) for r in relations]


def state(text, *names):
    """Return the relations of one passage in which nothing is defined."""
    chunk = make_marked_passage(text)
    mentions = list(link_mentions({name: name for name in names or (ALPHA, BETA, GAMMA)}, [chunk]))
    return [(r.source, r.type, r.target) for r in find_relations([chunk], [], {"c": mentions})]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The alpha rule generalizes the beta rule.", (ALPHA, "generalizes", BETA)),
        ("The alpha rule is a generalisation of beta rule.", (ALPHA, "generalizes", BETA)),
        ("The alpha rule was generalized by the beta rule.", (BETA, "generalizes", ALPHA)),
        ("A generalization of the alpha rule due to Euler is the beta rule.", (BETA, "generalizes", ALPHA)),
        ("The alpha rule has a generalization to posets, the beta rule.", (BETA, "generalizes", ALPHA)),
        ("The alpha rule is the q-analogue of the beta rule.", (ALPHA, "generalizes", BETA)),
        ("This makes the alpha rule a generalization of the beta rule.", (ALPHA, "generalizes", BETA)),
        ("The alpha rule, a special case of the beta rule, is old.", (BETA, "specializes_to", ALPHA)),
        ("The alpha rule is a special case of the beta rule.", (BETA, "specializes_to", ALPHA)),
        ("The alpha rule [3] specializes to the beta rule.", (ALPHA, "specializes_to", BETA)),
        ("The alpha rule also implies the beta rule.", (ALPHA, "implies", BETA)),
        ("The alpha rule follows from the beta rule.", (BETA, "implies", ALPHA)),
        ("The alpha rule is an easy consequence of the beta rule.", (BETA, "implies", ALPHA)),
        ("There are two consequences of the alpha rule: the beta rule and more.", (ALPHA, "implies", BETA)),
        ("The alpha rule is equivalent to the beta rule.", (ALPHA, "equivalent_to", BETA)),
        ("The alpha rule and the beta rule are equivalent.", (ALPHA, "equivalent_to", BETA)),
        ("If n is odd, the alpha rule is the same as the beta rule.", (ALPHA, "related_to", BETA)),
        ("The alpha rule relies on the beta rule.", (ALPHA, "uses", BETA)),
        ("The alpha rule is used in the proof of the beta rule.", (BETA, "uses", ALPHA)),
        ("The alpha rule gives a short proof of the beta rule.", (ALPHA, "proves", BETA)),
        ("The alpha rule was named after the beta rule.", (ALPHA, "related_to", BETA)),
        ("The alpha rule is old (see also the beta rule).", (ALPHA, "related_to", BETA)),
        ("The alpha rule is an example of a beta rule.", (ALPHA, "is_instance_of", BETA)),
        ("An alpha rule is a finite beta rule.", (ALPHA, "is_instance_of", BETA)),
        ("Every alpha rule is also a beta rule.", (ALPHA, "is_instance_of", BETA)),
        ("There are beta rules such as the alpha rule.", (ALPHA, "is_instance_of", BETA)),
        ("It uses the alpha rule, which implies the beta rule.", (ALPHA, "implies", BETA)),
        ("The alpha rule is old. It generalizes the beta rule.", (ALPHA, "generalizes", BETA)),
    ],
)  # fmt: skip
def test_phrases_give_relations(text, expected):
    assert state(text) == [expected]


def test_people_conjecture_and_results_are_proved():
    assert state("The alpha rule was conjectured by Euler.", ALPHA, "Euler") == [
        (ALPHA, "conjectured_by", "Euler")
    ]
    assert state("The alpha rule was conjectured by posets.", ALPHA, "poset") == []
    assert state("Then Euler proved the alpha rule.", ALPHA, "Euler") == [
        ("Euler", "proves", ALPHA)
    ]
    assert state("A poset proves the graph.", "poset", "graph") == []


def test_coordinated_concepts_are_all_related():
    assert state("The alpha rule and the beta rule are special cases of the gamma rule.") == [
        (GAMMA, "specializes_to", ALPHA),
        (GAMMA, "specializes_to", BETA),
    ]
    assert state("The alpha rule implies the beta rule and the gamma rule.") == [
        (ALPHA, "implies", BETA),
        (ALPHA, "implies", GAMMA),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The alpha rule does not imply the beta rule.",
        "The alpha rule is not a generalization of the beta rule.",
        "If the alpha rule implies the beta rule, we are done.",
        "Suppose that the alpha rule generalizes the beta rule.",
        "We ask whether the alpha rule is equivalent to the beta rule.",
        "The alpha rule would imply the beta rule.",
        "Conjecture 2. The alpha rule implies the beta rule.",
        "The alpha rule is a beta rule argument.",
        "An alpha rule is a beta rule if it ends.",
        "The number of alpha rules is a beta rule.",
        "The alpha rule. Here implies the beta rule.",
        "The alpha rule is not a beta rule.",
        "No alpha rule is a beta rule.",
        "The alpha rule A is a beta rule.",
        "Here the alpha rule and the beta rule are used.",
        "An alpha rule is a product of beta rule.",
        "An alpha rule that corresponds to a beta rule is good.",
        "The alpha rule generalizes the alpha rule.",
        "Titles are the alpha rule, proof of the beta rule, and more.",
    ],
)
def test_other_sentences_give_none(text):
    assert state(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "A *lattice* is a poset in which all meets exist.",
        "A *lattice* L is a finite poset if it is so.",
        "*Lattices* are posets with meets.",
        "A poset is called a *lattice* if it has meets.",
        "A poset P in which meets exist is said to be a *lattice*.",
        "We call a poset P a *lattice* if it has meets.",
        "By a *lattice* we mean a poset with meets.",
        "Let P be a finite poset. Then P is called a *lattice* if it has meets.",
    ],
)
def test_a_definition_gives_the_genus(text):
    assert relate(text, "poset") == [("lattice", "is_instance_of", "poset")]


def test_a_definition_uses_the_concepts_behind_its_term():
    text = "Definition. The *Kostka number* is the number of tableaux of given shape and weight."
    assert relate(text, "tableau", "shape", "weight")[:2] == [
        ("kostka number", "uses", "tableau"),
        ("kostka number", "uses", "shape"),
    ]


def test_a_part_is_defined_in_its_whole():
    assert relate(
        "The *rank* of a matroid is the size of a basis. Take one matroid.", "matroid"
    ) == [("rank of matroid", "defined_in", "matroid")]
    assert relate("Here the *rank* of every matroid is finite.", "matroid") == [
        ("rank", "defined_in", "matroid")
    ]


def test_what_a_section_about_an_object_defines_is_defined_in_it():
    text = "2 Matroids\n\nIn matroids much is finite. A *coloop* is an element of all bases."
    assert relate(text, "matroid", heading="2 Matroids") == [("coloop", "defined_in", "matroid")]
    assert relate(text, "matroid", heading="2 More on them") == []


def test_a_defined_compound_is_of_the_kind_that_it_names():
    assert relate("A *directed graph* is one with arrows. Take one graph.", "graph") == [
        ("directed graph", "is_instance_of", "graph")
    ]
    assert relate("A *quasi field* is one without zero. Take one field.", "field") == []
    assert relate("A *generalized inverse* is one of many. Take one inverse.", "inverse") == [
        ("generalized inverse", "generalizes", "inverse")
    ]


def test_relation_evidence_is_the_sentence():
    text = "First this. The alpha rule implies the beta rule. Then that."
    chunk = make_marked_passage(text)
    mentions = [Mention("a", "c", 16, 26, "mentions"), Mention("b", "c", 39, 48, "mentions")]
    (relation,) = find_relations([chunk], [], {"c": mentions})
    assert text[relation.start : relation.end] == "The alpha rule implies the beta rule."
    assert find_relations([chunk], [], {"c": mentions[:1]}) == []


def test_one_relation_of_a_kind_in_a_passage_and_the_telling_one_stays():
    text = (
        "The alpha rule implies the beta rule. The alpha rule implies the beta rule, and uses it."
    )
    assert state(text) == [(ALPHA, "implies", BETA)]
    assert state("The alpha rule uses the beta rule. The alpha rule implies the beta rule.") == [
        (ALPHA, "implies", BETA)
    ]


WORDS = st.sampled_from(
    ["A", "the", "*poset*", "*", "is", "called", "a", "if", "Theorem 2.1 (", ").", "Proof.", "λ", "by",
     "Schur–Weyl", "duality", "(RSK)", "or", "\n\n", ".", "Definition.", "implies", "special case of",
     "and", "alpha rule", "beta rule", "generalizes", ",", "which", "\ue000", "It", "$", "Lemma 2.1"]
)  # fmt: skip


@given(
    st.lists(WORDS, max_size=40), st.sampled_from(["", "1 Posets > 1.1 A poset", "1 Alpha rule"])
)
@settings(max_examples=150, deadline=None)
def test_relations_are_well_formed_on_any_text(words, heading):
    chunk = make_marked_passage(" ".join(words), heading)
    found = RulesExtractor().extract("", chunk).concepts
    names = {name: normalize_name(name) for name in (ALPHA, BETA, *(c.name for c in found))}
    mentions = list(link_mentions(names, [chunk]))
    relations = find_relations([chunk], [], {"c": mentions})
    assert relations == find_relations([chunk], [], {"c": mentions[::-1]})
    assert len({(r.source, r.type, r.target) for r in relations}) == len(relations)
    for relation in relations:
        assert relation.source != relation.target
        assert {relation.source, relation.target} <= {m.concept_id for m in mentions}
        assert relation.type in load_ontology().relations
        assert 0 <= relation.start < relation.end <= len(chunk.text)


def test_a_kind_is_read_from_the_text_and_not_from_a_name_put_together() -> None:
    apart = make_marked_passage("A ring R is *left artinian* if it is artinian as a left module.")
    whole = make_marked_passage("A *left artinian ring* has a composition series.")
    for chunk, end, kinds in ((apart, 26, []), (whole, 20, ["artinian ring"])):
        start = chunk.text.index("left artinian")
        mentions = [Mention("left artinian ring", "c", start, end, "defines")]
        far = replace(chunk, id="other", text="An artinian ring.")
        mentions_elsewhere = [Mention("artinian ring", "other", 3, 16, "mentions")]
        found = find_relations([chunk, far], [], {"c": mentions, "other": mentions_elsewhere})
        assert [r.target for r in found if r.type == "is_instance_of"] == kinds
