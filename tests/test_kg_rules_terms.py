"""Terms by rule: whose a property is, other names, results, and whole descriptions."""

import pytest

from graphtune.kg.names import is_plausible_name, normalize_name
from graphtune.kg.rules.descriptions import describe
from graphtune.kg.rules.extractor import RulesExtractor
from graphtune.kg.rules.phrases import is_adjective
from graphtune.kg.rules.subjects import find_bearer
from graphtune.records import Span
from tests.passages import make_marked_passage
from tests.test_kg_rules import extract, summarize


@pytest.mark.parametrize(
    ("text", "heading", "name"),
    [
        ("Let S be a semigroup. Then S is called *separative* if it is so.", "1 A", "separative semigroup"),
        ("Take a poset P of rank n. We say that P is *graded* if it is so.", "1 A", "graded poset"),
        ("A left module M over a ring is *torsionless* if it is so.", "1 A", "torsionless module"),
        ("Two ideals I and J are said to be *comaximal* if I + J = R.", "1 A", "comaximal ideal"),
        ("It is said to be *totally rigid* if it is so.", "2 Rigid tensor", "totally rigid tensor"),
    ],
)  # fmt: skip
def test_a_property_takes_the_noun_that_has_it(text, heading, name):
    assert name in {normalize_name(key) for key in summarize(text, heading)}


def test_a_property_without_a_noun_stays_alone():
    text = "We call it *semisimple* if it is a sum."
    start = text.index("*") + 1
    assert find_bearer(text, Span(0, len(text)), start) == ""
    assert "semisimple" in summarize(text)


def test_a_technical_property_is_an_alias_and_an_everyday_word_is_none():
    aliases = {
        c.name: c.aliases
        for c in extract(
            "A group G is said to be *polycyclic* if it has a series. "
            "A graph G is called *complete* if it has all edges. "
            "A *torsion-free module* is a module of a kind. "
            "The *star height of a word* is a number."
        )
    }
    assert aliases["polycyclic group"] == ("polycyclic",)
    assert aliases["complete graph"] == ()
    assert aliases["torsion-free module"] == ("torsion-free",)
    assert aliases["star height of a word"] == ("star height",)


@pytest.mark.parametrize("noun", ["minimal polynomial", "subring", "Ore ring", "coefficient"])
def test_nouns_with_the_ending_of_an_adjective(noun):
    assert not is_adjective(noun)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A right Artin ring is similarly defined.", "right Artin ring"),
        ("We can define the norm residue of x by this.", "norm residue"),
        ("The derived length of G, denoted by d(G), is finite.", "derived length"),
        ("All is clear “by definition” here.", ""),
        ("This process is called “peeling off” by some.", "peeling off"),
        ("Here we use the chromatic index of the graph G, called the *chromatic class of the graph* G.",
         "chromatic class"),
    ],
)  # fmt: skip
def test_wordings_that_define(text, name):
    names = {c.name for c in extract(text) if c.role == "defines"}
    assert names == ({name} if name else set())


def test_two_names_of_one_thing():
    (concept, *_) = extract("A directed tree is also called an arborescence. More.")
    assert (concept.name, concept.aliases) == ("directed tree", ("arborescence",))
    for text in (
        "A directed tree is also called an arborescence if it is finite.",
        "This is also called an arborescence.",
    ):
        assert all(not concept.aliases for concept in extract(text))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Conjecture 5.2 (Merino–Welsh). It holds.", {"Merino–Welsh conjecture"}),
        ("Theorem 2 (Robbins and Rumsey, 1986). It holds.", {"Robbins–Rumsey theorem"}),
        ("Theorem 2 (Deletion–restriction). It holds.", {"Deletion–restriction"}),
        ("Lemma 2 (Three subgroup lemma). It holds.", {"Three subgroup lemma"}),
        ("Remark 2 (Stanley). It holds.", set()),
        ("We use the Chinese Remainder theorem.", {"Chinese Remainder theorem"}),
        ("We use the prime number theorem.", {"prime number theorem"}),
        ("We use the following main theorem, and the same algorithm.", set()),
    ],
)
def test_results_have_names(text, names):
    assert set(summarize(text)) == names


def test_a_result_is_also_known_without_its_owner():
    (concept,) = extract("Theorem 4.4 (Tutte's activity expansion). It holds.")
    assert concept.aliases == ("activity expansion",)


@pytest.mark.parametrize(
    "text",
    [
        "Feit, W., *Solvability of odd groups*, Pacific J. Math. 13 (1963).",
        "*Face colourings.* These are used now.",
        "The next step is a computation. The distributive step is an expansion.",
        "An arbitrary graph is a pair.",
        "We write *pnJ* for it.",
    ],
)
def test_citations_heads_and_steps_are_no_concepts(text):
    assert summarize(text) == {}


def test_text_before_a_bibliography_is_read():
    text = "A *staircase* is a partition.\n\nReferences\n\n[1] J. Oxley, *Matroid Theory*, Oxford."
    assert "staircase" in summarize(text)


@pytest.mark.parametrize(
    ("text", "sentence", "expected"),
    [
        ("Fix n. Let P be a poset. Then it is a chain. More.", "Then it is a chain.",
         "Let P be a poset. Then it is a chain."),
        ("(2) A chain is a set. More.", "(2) A chain is a set.", "A chain is a set."),
        ("A chain is a set such that: (1) It is good. More.", "A chain is a set such that:",
         "A chain is a set such that: (1) It is good."),
        ("Let P be a poset. It has a chain. More.", "Let P be a poset.",
         "Let P be a poset. It has a chain."),
        ("A chain is good. More.", "A chain is good.", "A chain is good."),
    ],
)  # fmt: skip
def test_descriptions_are_whole(text, sentence, expected):
    chunk = make_marked_passage(text)
    start = text.index(sentence)
    assert describe(chunk, Span(start, start + len(sentence))) == expected


def test_descriptions_leave_out_the_head_of_a_statement():
    text = "2.1. The Kostant cone\n\nDefinition 2.1. The Kostant cone is the set of all such sums."
    concepts = {c.name: c for c in extract(text, "2 Sums > 2.1 The Kostant cone")}
    assert concepts["Kostant cone"].description == "The Kostant cone is the set of all such sums."


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("the minor (of a matrix)", "minors of matrices"),
        ("Direct products of groups", "direct product of groups"),
        ("the q-binomial theorem", "q-binomial theorem"),
        ("length of the word", "length of a word"),
    ],
)
def test_names_with_one_normal_form(name, same):
    assert normalize_name(name) == normalize_name(same)


def test_a_number_opens_the_name_of_a_theorem_alone():
    assert is_plausible_name("three subgroup lemma")
    assert not is_plausible_name("three subgroups")


def test_the_version_is_that_of_these_rules():
    assert RulesExtractor().version == "4"
