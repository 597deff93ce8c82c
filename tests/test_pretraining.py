"""Segments and masks: nothing but meaning may tell their order, and masks are drawn as said."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphtune.train.pretraining.formulas import (
    RELATIONS,
    cut_formula,
    find_formulas,
    list_pieces,
)
from graphtune.train.pretraining.masking import IGNORED, NgramCollator, draw_masked
from graphtune.train.pretraining.metrics import score_by_words
from graphtune.train.pretraining.order import (
    Line,
    OrderPair,
    draw_pairs,
    read_mixture,
    read_sides,
)
from graphtune.train.vocabulary.unigram import train_unigram

TEXT = [f"Хүн {n} морь унаж, {n + 3} хонь хариулав. Өвс ногоон байна." for n in range(80)]


@pytest.mark.parametrize(
    ("formula", "parts"),
    [
        (r"a = b", ("a", "b")),
        (r"\sum_{i=1}^{n} i", (r"\sum_{i=1}^{n} i",)),
        (r"\int_0^\infty f \geq g", (r"\int_0^\infty f", "g")),
        (r"\left( x \in A \right) \le y", (r"\left( x \in A \right)", "y")),
        (r"a \not\in B", ("a", "B")),
        (r"f \colon A \to B", (r"f \colon A", "B")),
        (r"x &= y \\ &= z.", ("x", "y", "z")),
        (r"\leftarrow \infty \lemma", (r"\leftarrow \infty \lemma",)),
        (r"= 3", ("3",)),
        (r"\begin{matrix} a = b \end{matrix} = c", (r"\begin{matrix} a = b \end{matrix}", "c")),
    ],
)
def test_formulas_are_cut_at_relations_outside_of_braces(
    formula: str, parts: tuple[str, ...]
) -> None:
    found = cut_formula(formula)
    assert found.parts == parts
    assert len(found.signs) == max(0, len(parts) - 1)


@given(st.text(alphabet="ab=<{}\\ ,.&$", max_size=40))
def test_any_text_can_be_cut(text: str) -> None:
    found = cut_formula(text)
    assert len(found.signs) == max(0, len(found.parts) - 1)
    assert all(part in text for part in found.parts)
    for start, end, content in find_formulas(text):
        assert content in text[start:end]


def test_plain_dollars_are_no_formulas() -> None:
    assert list(find_formulas(r"It costs \$5 or \$6.")) == []
    assert [c for *_, c in find_formulas(r"\(a\) and $$b$$ and \[c\]")] == ["a", "b", "c"]


def draw(count: int = 2000) -> list[OrderPair]:
    texts = [rf"We see $f_{{{n}}}(x) = {n} + y$ here." for n in range(count)]
    documents = [(str(n), lines) for n, text in enumerate(texts) for lines in read_sides(text)]
    return list(draw_pairs(documents, lambda text: len(list_pieces(text)), 64, seed=3))


def test_the_place_of_the_sign_says_nothing_about_the_order() -> None:
    pairs = draw()
    assert len(pairs) == 2000
    counts = Counter((pair.swapped, pair.first.split()[-1] in RELATIONS) for pair in pairs)
    assert all(400 < count < 600 for count in counts.values())
    assert all(("=" in pair.first) != ("=" in pair.second) for pair in pairs)


def test_words_alone_tell_these_sides_apart_and_no_shuffled_labels() -> None:
    rows = [(pair.first, pair.second, pair.swapped) for pair in draw(600)]
    assert score_by_words(rows[:400], rows[400:]) > 0.95
    labels = np.random.default_rng(0).random(400) < 0.5
    shuffled = [(a, b, bool(s)) for (a, b, _), s in zip(rows[:400], labels, strict=True)]
    assert 0.35 < score_by_words(shuffled, rows[400:]) < 0.65


def test_swaps_are_genuine_and_draws_repeat() -> None:
    documents = [("d", [Line("same"), Line("same")]), ("e", [Line("a"), Line("b"), Line("c")])]
    first = list(draw_pairs(documents, len, 2, seed=1))
    assert first == list(draw_pairs(documents, len, 2, seed=1))
    assert [(pair.document, {pair.first, pair.second}) for pair in first] == [("e", {"a", "b"})]
    assert list(draw_pairs([("f", [Line("alone")])], len, 9)) == []


def test_short_pieces_of_text_are_glued() -> None:
    long = r"$\alpha+\beta = \gamma\delta$"
    lines = [line.text for line in read_mixture(f"It is {long} so {long}, and that was all of it.")]
    assert lines == ["It is", f"{long} so", f"{long}", ", and that was all of it."]


@given(
    maskable=st.lists(st.booleans(), min_size=1, max_size=80),
    share=st.floats(0.01, 0.9),
    longest=st.integers(1, 5),
)
def test_masks_keep_to_what_may_be_masked(maskable: list[bool], share: float, longest: int) -> None:
    allowed = np.array(maskable)
    drawn = draw_masked(allowed, share, longest, np.random.default_rng(0))
    assert not (drawn & ~allowed).any()
    assert drawn.sum() == (max(1, round(share * allowed.sum())) if allowed.any() else 0)


def test_spans_are_longer_than_single_tokens() -> None:
    random = np.random.default_rng(0)
    allowed = np.ones(200, dtype=bool)

    def count_spans(longest: int) -> float:
        drawn = [draw_masked(allowed, 0.15, longest, random) for _ in range(50)]
        starts = sum((np.diff(np.r_[0, row.astype(int)]) == 1).sum() for row in drawn)
        return float(sum(map(np.sum, drawn)) / starts)

    assert count_spans(1) < 1.3 < 1.5 < count_spans(3)


def test_a_batch_is_padded_and_masked_anew_or_once() -> None:
    _, tokenizer = train_unigram(TEXT, 330)
    examples = [dict(tokenizer(text)) for text in TEXT[:8]]
    collator = NgramCollator(tokenizer, 0.15, 3, seed=0)
    one, other = collator(examples), collator(examples)
    assert one["input_ids"].shape == one["labels"].shape == one["token_type_ids"].shape
    assert not bool((one["labels"] == other["labels"]).all())
    asked = one["labels"] != IGNORED
    special = set(tokenizer.all_special_ids)
    assert not special & set(one["labels"][asked].tolist())
    hidden = float((one["input_ids"][asked] == tokenizer.mask_token_id).float().mean())
    assert 0.6 < hidden < 0.95
    fixed = collator.mask_once(examples)
    assert bool((collator(fixed)["labels"] == collator(fixed)["labels"]).all())
