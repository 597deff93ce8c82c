"""Names: what counts as equal, what can be a name at all, and folding with offsets."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphtune.kg.names import (
    fold_plural,
    fold_text,
    is_plausible_name,
    is_useful_alias,
    make_plural,
    normalize_name,
    trim_name,
)


@pytest.mark.parametrize(
    "names",
    [
        (
            "Rogers–Ramanujan identities",
            "rogers-ramanujan identity",
            "The Rogers—Ramanujan identity",
        ),
        ("Bailey's lemma", "Bailey’s lemma", "Bailey lemma"),
        ("Stokes' theorem", "Stokes theorem"),
        ("Erdős–Ko–Rado theorem", "Erdo\u030bs-Ko-Rado theorem"),
        ("Young tableau", "Young tableaux", " the  Young\ntableaux. "),
        ("finite field", "ﬁnite ﬁelds"),
        ("q-series", "$q$-series", "q–series"),
        ("Möbius function", "Mobius functions"),
        ("“small” category", "small categories"),
    ],
)
def test_spellings_of_one_name_have_one_normal_form(names):
    assert len({normalize_name(name) for name in names}) == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("q-series", "series"),
        ("(q,t)-Catalan number", "Catalan number"),
        ("Gauss sum", "Gaus sum"),
        ("A5", "5"),
        ("group ring", "ring group"),
        ("A-module", "module"),
        ("λ-ring", "μ-ring"),
        ("ёлка", "елка"),
    ],
)
def test_different_names_stay_different(left, right):
    assert normalize_name(left) != normalize_name(right)


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("bases", "basis"), ("matrices", "matrix"), ("radii", "radius"), ("lattices", "lattice"),
        ("classes", "class"), ("indices", "index"), ("identities", "identity"), ("boxes", "box"),
        ("tableaux", "tableau"), ("posets", "poset"), ("multi-indices", "multi-index"),
        ("branches", "branch"), ("keys", "key"),
    ],
)  # fmt: skip
def test_plurals_fold_and_unfold(plural, singular):
    assert fold_plural(plural) == singular
    assert make_plural(singular) == plural


@pytest.mark.parametrize(
    "word", ["series", "calculus", "basis", "class", "physics", "gauss", "stokes", "genus", "gas"]
)
def test_singulars_that_look_like_plurals_are_kept(word):
    assert fold_plural(word) == word


@given(st.text(max_size=60))
def test_normal_form_is_stable_and_single_spaced(text):
    normal = normalize_name(text)
    assert "  " not in normal
    assert normal == normal.strip()


@given(st.text(alphabet="aB é\u0301ﬁß–—’$\n\u00adλЙ(x", max_size=40))
def test_folding_keeps_track_of_offsets(text):
    folded, offsets = fold_text(text)
    assert len(offsets) == len(folded) + 1
    assert list(offsets) == sorted(offsets)
    assert offsets[len(folded)] == len(text)
    for index, char in enumerate(folded):
        source = text[offsets[index]]
        assert fold_text(source)[0][:1] == char or source in "ﬁß"


@pytest.mark.parametrize(
    "name",
    ["Schur function", "RSK", "LR", "q-binomial theorem", "finitely generated", "p-adic number",
     "first isomorphism theorem", "ring of symmetric functions", "well-ordering principle",
     "inner product", "Smith normal form", "type A root system", "poset"],
)  # fmt: skip
def test_names_are_plausible(name):
    assert is_plausible_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "λ", "x + y", "n = 2", "1.2", "proof", "Theorem", "the function", "if and only if",
     "respectively", "basic notions", "Introduction", "the following", "of a graph", "ring of",
     "main result", "f", "xy", "a graph is a set", "see [4]", "such that every vertex", "x_1",
     "one two three four five six seven eight nine", "proof of Vizing's theorem", "(open"],
)  # fmt: skip
def test_junk_is_not_plausible(name):
    assert not is_plausible_name(name)


def test_an_alias_must_tell_its_concept():
    assert is_useful_alias("RSK", "Robinson–Schensted–Knuth correspondence")
    assert not is_useful_alias("posets", "poset")
    assert not is_useful_alias("correspondence", "RSK correspondence")
    assert not is_useful_alias("the", "poset")


def test_trimming_keeps_the_spelling():
    assert trim_name(" the Möbius function, ") == "Möbius function"
    assert trim_name("(q,t)-analogue") == "(q,t)-analogue"
    assert trim_name("(poset)") == "poset"


def test_a_name_without_end_takes_no_time() -> None:
    start = perf_counter()
    normalize_name("a" * 200_000 + " b")
    assert perf_counter() - start < 0.5
