"""Evidence for what a model says: quotes that are nearly right are found, others are not."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graphtune.kg.llm.evidence import (
    MAX_QUOTE,
    is_alias_stated,
    is_grounded,
    locate_concept,
    locate_quote,
    locate_relation,
)

TEXT = (
    "Definition 1.1. A semistandard Young tableau is a filling of the diagram of λ with positive "
    "integers which weakly increases along each row and strictly increases down each column. "
    "The Robinson–Schensted–Knuth correspondence (RSK), also known as the RSK algorithm, sends a "
    "matrix of non-negative integers to a pair of such tableaux of the same shape. Schützenberger’s "
    "theorem says that the dual Knuth relations describe the recording tableau; see [3, Chapter 7]. "
    "Polynomials of Macdonald specialize to the Hall–Littlewood polynomials when q = 0, and a "
    "theorem of Greene computes the shape from the longest unions of increasing subsequences."
)
WORDS = TEXT.split()


def cut(place, text=TEXT):
    return text[place.start : place.end]


@given(st.integers(0, len(WORDS) - 8), st.integers(6, 20))
def test_a_quote_of_the_text_is_found(start, length):
    quote = " ".join(WORDS[start : start + length])
    assert quote.strip("\"'“”‘’.,;: ") in cut(locate_quote(quote, TEXT))


@given(st.data())
def test_a_quote_with_a_few_wrong_letters_is_found_where_it_stands(data):
    start = data.draw(st.integers(0, len(WORDS) - 10))
    quote = " ".join(WORDS[start : start + 10])
    slips = data.draw(st.lists(st.integers(1, len(quote) - 2), max_size=2, unique=True))
    wrong = "".join("z" if i in slips else letter for i, letter in enumerate(quote))
    place = locate_quote(wrong, TEXT)
    begin = TEXT.index(quote)
    overlap = min(place.end, begin + len(quote)) - max(place.start, begin)
    assert overlap >= 0.8 * len(quote)


@given(st.data())
def test_a_found_span_never_cuts_a_word(data):
    start = data.draw(st.integers(0, len(TEXT) - 60))
    length = data.draw(st.integers(25, 60))
    place = locate_quote(TEXT[start : start + length], TEXT)
    assert place
    for offset in place:
        assert not (TEXT[offset - 1 : offset].isalnum() and TEXT[offset : offset + 1].isalnum())


@given(st.lists(st.text("bcdfghjkvwxz ", min_size=4, max_size=9), min_size=4, max_size=12))
def test_a_quote_of_other_words_is_not_found(words):
    quote = " ".join(words)
    assume(len("".join(quote.split())) > 20)
    assert locate_quote(quote, TEXT) is None


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_texts_give_a_span_inside_or_nothing(quote, text):
    place = locate_quote(quote, text)
    assert place is None or 0 <= place.start < place.end <= len(text)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("the Robinson-Schensted-Knuth  correspondence", "The Robinson–Schensted–Knuth correspondence"),
        ("Schutzenberger's theorem says", "Schützenberger’s theorem says"),
        ("A semistandard Young tableau ... weakly increases along each row",
         "weakly increases along each row"),
        ("“which weakly increases along each row.”", "which weakly increases along each row"),
        ("strictly increasing down each column", "strictly increases down each column"),
    ],
)  # fmt: skip
def test_small_differences_do_not_matter(quote, found):
    assert cut(locate_quote(quote, TEXT)) == found


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "...",
        "A shifted tableau is a filling with marked letters",
        "a Knuth equivalence class is a plactic class",
        "Young tableax",  # too short to be sought with slips
        TEXT + TEXT,
        "x" * (MAX_QUOTE + 1),
    ],
)
def test_other_words_and_retellings_are_not_found(quote):
    assert locate_quote(quote, TEXT) is None


def test_a_name_is_evidence_and_a_quote_only_if_it_holds_the_name():
    assert (
        cut(locate_concept("semistandard Young tableaux", "", TEXT)) == "semistandard Young tableau"
    )
    quote = "Polynomials of Macdonald specialize"
    assert cut(locate_concept("Macdonald polynomial", quote, TEXT)) == quote
    assert locate_concept("Hopf algebra", quote, TEXT) is None
    assert locate_concept("Macdonald polynomial", "Macdonald polynomials are nice", TEXT) is None


def test_of_several_mentions_the_quoted_one_is_the_evidence():
    place = locate_concept("tableau", "describe the recording tableau", TEXT)
    assert place.start == TEXT.index("tableau;")


def test_a_relation_needs_its_quote_and_both_ends():
    quote = "Polynomials of Macdonald specialize to the Hall–Littlewood polynomials"
    ends = [["Polynomials of Macdonald"], ["Hall-Littlewood polynomial"]]
    assert cut(locate_relation(quote, ends, TEXT)) == quote
    assert locate_relation("They specialize to these polynomials", ends, TEXT) is None
    assert locate_relation(quote, [ends[0], ["Jack polynomial"]], TEXT) is None
    assert locate_relation("to the", ends, TEXT) is None


def test_the_evidence_of_a_relation_names_both_ends():
    near = [["RSK"], ["recording tableau"]]
    quote = "theorem says that the dual Knuth relations describe"
    place = locate_relation(quote, near, TEXT)
    assert cut(place).startswith("The Robinson–Schensted–Knuth")  # the sentence before
    assert cut(place).endswith("[3, Chapter 7].")
    whole = locate_relation("the dual Knuth relations", [["dual Knuth relation"], near[1]], TEXT)
    assert cut(whole).startswith("Schützenberger’s theorem")  # its own sentence is enough
    far = [["semistandard Young tableau"], ["recording tableau"]]
    assert locate_relation(quote, far, TEXT) is None


@pytest.mark.parametrize(
    ("name", "alias", "stated"),
    [
        ("Robinson–Schensted–Knuth correspondence", "RSK", True),
        ("RSK", "RSK algorithm", True),
        ("dual Knuth relation", "recording tableau", False),
        ("Robinson–Schensted–Knuth correspondence", "pair of such tableaux", False),
        ("Robinson–Schensted–Knuth correspondence", "Burge correspondence", False),
    ],
)
def test_an_alias_stands_beside_its_name(name, alias, stated):
    assert is_alias_stated(alias, name, TEXT) is stated


def test_a_description_shares_its_words_with_the_passage():
    assert is_grounded("A filling that weakly increases along rows and strictly down columns", TEXT)
    assert not is_grounded("The best algebra of all, see my web page", TEXT)
    assert not is_grounded("", TEXT)
