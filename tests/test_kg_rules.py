"""Concepts by rule, on passages that look like those of real papers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphtune.kg.names import is_plausible_name
from graphtune.kg.rules.extractor import RulesExtractor
from tests.passages import make_marked_passage


def extract(marked, heading="1 Start"):
    return RulesExtractor().extract("A paper", make_marked_passage(marked, heading)).concepts


def summarize(marked, heading="1 Start"):
    return {c.name: (c.type, c.role) for c in extract(marked, heading)}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Definition 2.1. A *Dyck path* is a lattice path.", "Dyck path"),
        ("Such a sequence is called a *lattice word* if it is good.", "lattice word"),
        ("This map is said to be an *isometry*.", "isometry"),
        ("We call the number n the *rank* of P.", "rank"),
        ("By an *order ideal* we mean a down-closed set.", "order ideal"),
        ("Let a *Kempe chain* be any component.", "Kempe chain"),
        ("The *length* of w is the number of its letters.", "length"),
        ("The series is known as the *Euler product*.", "Euler product"),
        ("Such a word is called a ballot sequence.", "ballot sequence"),
        ("It is called the ring of symmetric functions.", "ring of symmetric functions"),
        ("A word of this kind is said to be a Lyndon word if it is minimal.", "Lyndon word"),
        ("By a perfect matching we mean a set of edges.", "perfect matching"),
        ("A plane partition is an array of integers.", "plane partition"),
        ("A *locally cyclic* group is a group of a kind.", "locally cyclic group"),
        ("The T-*conductor* of x is the ideal of all f.", "T-conductor"),
    ],
)
def test_defined_terms_are_found(text, name):
    concepts = {c.name: c for c in extract(text)}
    assert concepts[name].role == "defines"
    assert name in concepts[name].description
    assert concepts[name].description in text.replace("*", "")


@pytest.mark.parametrize(
    "text",
    [
        "This is *not* true, and *if and only if* is emphasised.",
        "We *must* prove it. *Clearly*, it holds.",
        "The proof is a computation. The following is an example.",
        "It is called so by everybody.",
        "Theorem 2.1 implies the claim. Section 3 is a survey.",
        "Theorem (Stanley). It holds. Theorem (see [4]). It holds.",
        "Main Theorem. It holds for every algorithm.",
        "Using Lemma 3, the function f is a solution.",
        "Definition. One has *equated* both. So there is a “copy” of F in K.",
        "*Checking tilings*: it is easy. That is not a very *interesting tiling*.",
    ],
)
def test_ordinary_words_are_no_concepts(text):
    assert summarize(text) == {}


def test_properties_take_their_noun():
    concepts = summarize("A poset P is said to be *graded* if it has a rank function.")
    assert concepts == {"graded poset": ("definition", "defines")}
    assert "connected graph" in summarize("A finite graph is *connected* if it is one piece.")
    assert "semisimple" in summarize("In this case R is called *semisimple*.")


def test_the_description_is_the_defining_sentence():
    text = "Definition 3. Fix n. A *composition* of n is a sequence of positive integers. Yes."
    (concept,) = extract(text)
    assert concept.description == "A composition of n is a sequence of positive integers."
    long = f"A *composition* of n is a sequence {'of positive integers ' * 30}."
    assert len(extract(long)[0].description) <= 300
    assert extract(long)[0].description.endswith("…")


def test_aliases_stand_beside_their_term():
    aliases = {
        c.name: c.aliases
        for c in extract(
            "An *order ideal* (or *down-set*) of P is a subset. "
            "A *crossed homomorphism*, also called a 1-cocycle, is a map. "
            "An *alternating sign matrix* (ASM) is a square matrix. "
            "A *border strip* (rim hook) is a skew shape. "
            "The map is the *fundamental involution*, or simply the *involution*."
        )
    }
    assert aliases["order ideal"] == ("down-set",)
    assert aliases["crossed homomorphism"] == ("1-cocycle",)
    assert aliases["alternating sign matrix"] == ("ASM",)
    assert aliases["border strip"] == ("rim hook",)
    assert aliases["fundamental involution"] == ()


def test_acronyms_in_running_text_are_aliases():
    (concept,) = extract("The Robinson–Schensted–Knuth (RSK) correspondence is a bijection.")[:1]
    assert concept.name == "Robinson–Schensted–Knuth correspondence"
    assert concept.aliases == ("RSK",)
    assert concept.type == "technique"


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("Theorem 2.1 (Pieri rule). We have it.", "Pieri rule", "theorem"),
        ("Lemma 4 (Key lemma on strips [7]). We have it.", "Key lemma on strips", "theorem"),
        ("Theorem (Euler, 1748; pentagonal numbers). It holds.", "", ""),
        (
            "Conjecture 1.2 (Positivity of coefficients). Yes.",
            "Positivity of coefficients",
            "conjecture",
        ),
        ("Proposition 2 (Jacobi–Trudi identity). Yes.", "Jacobi–Trudi identity", "identity"),
        ("Algorithm 3 (Row insertion). Insert x.", "Row insertion", "technique"),
        ("Corollary (Hook length formula). It counts.", "Hook length formula", "formula"),
    ],
)
def test_named_statements_are_concepts(text, name, kind):
    assert summarize(text) == ({name: (kind, "states")} if name else {})


def test_results_named_after_people_are_found_in_running_text():
    concepts = summarize(
        "We use Pieri's rule, the Jacobi–Trudi identity, Young's lattice and Weyl character "
        "formula. Every Theorem is a Lemma. By Hilbert's basis theorem it stops."
    )
    assert concepts == {
        "Pieri's rule": ("theorem", "mentions"),
        "Jacobi–Trudi identity": ("identity", "mentions"),
        "Young's lattice": ("object", "mentions"),
        "Weyl character formula": ("formula", "mentions"),
        "Hilbert's basis theorem": ("theorem", "mentions"),
    }


def test_a_capital_that_opens_a_sentence_makes_no_name():
    assert summarize("Similar matrices exist. Weighted graphs too.") == {}
    assert "Schur functions" in summarize("Schur functions form a basis; see Schur functions.")


def test_a_name_inside_a_longer_one_is_dropped():
    assert summarize("A *semistandard Young tableau* is a filling.") == {
        "semistandard Young tableau": ("object", "defines")
    }


def test_people_are_credited():
    concepts = summarize("It was conjectured by MacMahon and is due to D. Zeilberger.")
    assert concepts["MacMahon"] == ("person", "mentions")
    assert concepts["D. Zeilberger"] == ("person", "mentions")


def test_headings_name_concepts_that_their_text_speaks_of():
    heading = "2 Posets > 2.1 The Möbius function"
    text = "2.1. The Möbius function\n\nThe Möbius function of P is the inverse of zeta."
    assert summarize(text, heading)["Möbius function"] == ("object", "defines")
    used = "2.1. Proof of the Möbius inversion\n\nNow Möbius inversion is used."
    assert summarize(used, "2.1 Proof of the Möbius inversion")["Möbius inversion"][1] == "states"
    assert summarize("3. Basic notions\n\nWe fix notation.", "3 Basic notions") == {}
    unspoken = "3. Cyclic descents\n\nLet us fix some more notation before we go on."
    assert summarize(unspoken, "3 Cyclic descents") == {}


def test_two_concepts_of_one_heading():
    text = "4. Chains and antichains\n\nA poset has chains and it has antichains."
    assert set(summarize(text, "4 Chains and antichains")) == {"chains", "antichains"}


def test_bibliographies_give_nothing():
    text = "[1] J. Oxley, *Matroid Theory*, Oxford. The Pieri rule."
    assert extract(text, "References") == ()


def test_the_extractor_says_who_it_is():
    extractor = RulesExtractor()
    assert extractor.name == "rules"
    assert extractor.version
    assert extractor.extract("", make_marked_passage("A *poset* is a set.")).relations == ()


WORDS = st.sampled_from(
    ["A", "the", "*poset*", "*", "is", "called", "a", "if", "Theorem 2.1 (", ").", "Proof.", "λ",
     "Schur–Weyl", "duality", "(RSK)", "or", "\n\n", ".", "Definition.", "we", "mean", "by", "—", "$"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=40), st.sampled_from(["", "1 Posets > 1.1 A poset", "References"]))
@settings(max_examples=150, deadline=None)
def test_evidence_is_always_in_the_passage(words, heading):
    chunk = make_marked_passage(" ".join(words), heading)
    found = RulesExtractor().extract("", chunk).concepts
    assert found == RulesExtractor().extract("", chunk).concepts
    for concept in found:
        assert 0 <= concept.start < concept.end <= len(chunk.text)
        assert concept.name
        assert all(is_plausible_name(alias) for alias in concept.aliases)
