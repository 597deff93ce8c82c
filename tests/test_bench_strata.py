from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.strata import LITERAL, OTHER, label_strata, make_matcher

HELD = [
    ("The Pieri rules multiply.", "Pieri rule"),
    ("A one line notation", "one-line notations"),
    ("On Erdős–Rényi graphs", "Erdos-Renyi graph"),
    ("the \ufb01eld of fractions", "field"),
    ("naïve sets", "naive set"),
    ("Let $X \\cup Y$ be", "X \\cup Y"),
    ("where X∪Y is", "X ∪ Y"),
    ("broken \ud800 tableau here", "tableau \ud800"),
    (
        "\u6211\u4eec\u7814\u7a76\u8212\u5c14\u51fd\u6570\u7684\u6027\u8d28",
        "\u8212\u5c14\u51fd\u6570",
    ),
    ("\ud568\uc218\ub97c \uc0dd\uac01\ud558\uc790", "\ud568\uc218"),
    ("so (!?) it ends", "!?"),
]
MISSED = [
    ("subgraphs", "graph"),
    ("rule of Pieri", "Pieri rule"),
    ("Pieri's other rule", "Pieri rule"),
    ("where X, Y are", "X ∪ Y"),
    ("a function", "℘-function"),
    ("C", "C++"),
    ("", "tableau"),
    ("no sign", "!?"),
]


@pytest.mark.parametrize(("passage", "text"), HELD)
def test_texts_that_a_passage_holds(passage: str, text: str) -> None:
    assert make_matcher()(passage, text)


@pytest.mark.parametrize(("passage", "text"), MISSED)
def test_texts_that_a_passage_does_not_hold(passage: str, text: str) -> None:
    assert not make_matcher()(passage, text)


@given(st.text(st.characters(codec=None), min_size=1), st.text(), st.text())
def test_whatever_stands_between_blanks_is_found(text: str, before: str, after: str) -> None:
    """Words, signs and broken characters of any script; a cut inside a word is none."""
    assert make_matcher()(f"{before} {text} {after}", text)


def test_the_best_passages_decide() -> None:
    benchmark = Benchmark(
        "b",
        {"a": "The Pieri rule.", "b": "Strips.", "c": "More strips."},
        {"q": "Pieri rule", "r": "Pieri rule", "s": "strip"},
        {"q": {"a": 1, "b": 3}, "r": {"a": 2, "b": 2}, "s": {"c": 1, "a": 0}},
    )
    labelled = label_strata(benchmark)
    assert labelled.strata == {"q": OTHER, "r": LITERAL, "s": LITERAL}
    assert replace(labelled, strata={}) == benchmark
