"""What a chunk carries besides its text: units, prefix, boxes, quality, ids."""

from itertools import pairwise
from pathlib import Path

from graphtune.chunking.builder import TextBuilder
from graphtune.chunking.split import split_document
from graphtune.config import ChunkingConfig
from graphtune.records import Box, Chunk, Document, Heading
from tests.test_chunking_split import minilm

STATEMENT = (
    "Theorem 1 (Hall). " + "Every finite group of this kind has a subgroup of that kind. " * 4
)


def split(document: Document, max_tokens: int = 64, overlap: int = 0) -> list[Chunk]:
    config = ChunkingConfig(max_tokens=max_tokens, overlap=overlap)
    return split_document(document, config, minilm())


def add_theorem(builder: TextBuilder, text: str = STATEMENT) -> None:
    builder.begin_unit("statement", "Theorem", "1", "Hall", head=17)
    builder.add_paragraph(text.strip())
    builder.end_unit()


def build(builder: TextBuilder, data: bytes = b"x") -> Document:
    return builder.build_document(Path("a.pdf"), data, "pdf", "")


def test_the_budget_counts_the_section_path() -> None:
    builder = TextBuilder()
    builder.add_heading("1 A section about the finite groups", 1)
    builder.add_paragraph("The ring of symmetric functions is a polynomial ring. " * 20)
    first, *others = split(build(builder))
    assert first.prefix == ""
    assert first.passage == first.text
    assert others
    for chunk in others:
        assert chunk.prefix == chunk.heading == "1 A section about the finite groups"
        assert chunk.passage == f"{chunk.prefix}\n{chunk.text}"
    for chunk in (first, *others):
        assert chunk.n_tokens == len(minilm()(chunk.passage)) <= 64


def test_a_path_that_is_too_long_loses_its_beginning() -> None:
    builder = TextBuilder()
    builder.add_heading("1 A long title of a chapter about all of the finite groups", 1)
    builder.add_heading("1.1 Sylow", 2)
    builder.add_paragraph("The ring of symmetric functions is a polynomial ring. " * 20)
    last = split(build(builder), max_tokens=48)[-1]
    assert last.prefix == "1.1 Sylow"
    assert last.heading.endswith("groups > 1.1 Sylow")


def test_a_statement_stays_whole_at_the_cost_of_the_path() -> None:
    builder = TextBuilder()
    builder.add_heading("1 The groups of this kind and of that kind", 1)
    builder.add_paragraph("Before it comes a paragraph of text.")
    add_theorem(builder)
    size = len(minilm()(STATEMENT))
    chunks = split(build(builder), max_tokens=size + 2)
    assert [chunk.text for chunk in chunks][-1] == STATEMENT.strip()
    assert chunks[-1].prefix == ""
    assert chunks[-1].kind == "statement"
    with_room = split(build(builder), max_tokens=size + 12)
    assert with_room[-1].prefix == chunks[-1].heading


def test_a_statement_behind_its_heading_stays_whole() -> None:
    builder = TextBuilder()
    builder.add_heading("1 The groups of this kind and of that kind", 1)
    add_theorem(builder)
    size = len(minilm()(STATEMENT))
    heading, theorem = split(build(builder), max_tokens=size + 2)
    assert (heading.kind, theorem.kind) == ("heading", "statement")
    assert theorem.text == STATEMENT.strip()


def test_units_are_clipped_to_the_chunk() -> None:
    builder = TextBuilder()
    builder.add_paragraph("Before it comes a paragraph of text.")
    add_theorem(builder)
    (chunk,) = split(build(builder), max_tokens=200)
    assert [unit.kind for unit in chunk.units] == ["text", "statement"]
    unit = chunk.units[1]
    assert chunk.text[unit.start : unit.head_end] == "Theorem 1 (Hall). "
    assert chunk.text[unit.head_end : unit.end].startswith("Every finite")
    parts = split(build(builder), max_tokens=20)
    assert len(parts) > 3
    for part in parts[1:]:
        (unit,) = part.units
        assert (unit.start, unit.end) == (0, len(part.text))
        assert unit.name == "Hall"
    assert [part.units[0].head_end for part in parts[2:]] == [0] * len(parts[2:])


def test_overlap_repeats_whole_sentences_inside_the_budget() -> None:
    builder = TextBuilder()
    for number in range(3):
        builder.add_heading(f"{number} Part", 1)
        builder.add_paragraph(" ".join(f"This is sentence number {i}." for i in range(40)))
    document = build(builder)
    plain, chunks = split(document), split(document, overlap=16)
    assert all(chunk.n_tokens <= 64 for chunk in chunks)
    repeated = 0
    for before, after in pairwise(chunks):
        if before.heading != after.heading:
            assert after.start >= before.end
            continue
        assert before.start < after.start < before.end < after.end
        assert after.text.startswith("This is sentence")
        assert len(minilm()(document.text[after.start : before.end])) <= 16
        repeated += 1
    assert repeated > 6
    assert all(b.start >= a.end for a, b in pairwise(plain))


def test_boxes_and_pages_come_from_the_lines() -> None:
    builder = TextBuilder()
    lines = [
        (0, Box(1, 50, 700, 280, 710)),
        (10, Box(1, 50, 712, 280, 722)),
        (20, Box(1, 300, 60, 540, 70)),
        (30, Box(2, 50, 60, 200, 70)),
    ]
    builder.add_paragraph("one lineA two lineB thr lineC fou lineD", lines=lines)
    (chunk,) = split(build(builder))
    assert chunk.boxes == (
        Box(1, 50, 700, 280, 722),
        Box(1, 300, 60, 540, 70),
        Box(2, 50, 60, 200, 70),
    )
    assert (chunk.page_start, chunk.page_end) == (1, 2)


def test_a_footnote_keeps_its_own_page() -> None:
    builder = TextBuilder()
    builder.add_paragraph("Text of page two.", lines=[(0, Box(2, 50, 50, 90, 60))])
    builder.add_heading("1 A", 1)
    builder.begin_unit("footnote")
    builder.add_paragraph("A note of page one.", lines=[(0, Box(1, 50, 750, 90, 760))])
    assert [chunk.page_start for chunk in split(build(builder))] == [2, 1]


def test_quality_tells_bad_text_from_prose() -> None:
    builder = TextBuilder()
    prose = "This is a sentence of plain prose, and it is a good one."
    for text in (prose, "\ufffd\ufffd\ue000 a \ufffd", "x = y + z 1 2 3 < 4 ∑ a b c"):
        builder.add_heading("A", 1)
        builder.add_paragraph(text)
    good, junk, formula = (chunk.quality for chunk in split(build(builder)))
    assert good.score > 0.9
    assert good.junk == 0
    assert junk.junk > 0.5
    assert junk.score == 0
    assert formula.mathematics > 0.7
    assert good.score > formula.score > 0
    builder.warnings.append("page 3 could not be read")
    assert split(build(builder))[0].quality.score < good.score


def test_short_lines_count_against_a_chunk() -> None:
    builder = TextBuilder()
    box = Box(1, 0, 0, 9, 9)
    builder.add_paragraph("a b c and a line", lines=[(0, box), (2, box), (4, box), (6, box)])
    (chunk,) = split(build(builder))
    assert chunk.quality.short_lines == 0.75


def test_content_ids_follow_the_text_not_the_file() -> None:
    def chunks(first: str, data: bytes) -> list[Chunk]:
        builder = TextBuilder()
        builder.add_heading("1 A", 1)
        builder.add_paragraph(first)
        builder.add_heading("2 B", 1)
        builder.add_paragraph("Same text.")
        builder.add_heading("2 B", 1)
        builder.add_paragraph("Same text.")
        return split(build(builder, data))

    old, new = chunks("Old text.", b"old"), chunks("New text.", b"new")
    assert old[0].content_id != new[0].content_id
    assert old[1].content_id == new[1].content_id == new[2].content_id
    assert len({chunk.id for chunk in (*old, *new)}) == 6


def test_sibling_headings_without_text_do_not_nest() -> None:
    builder = TextBuilder()
    builder.add_heading("A", 1)
    builder.add_heading("B", 1)
    builder.add_paragraph("Text.")
    document = build(builder)
    assert document.headings[1] == Heading(3, 1, "B")
    (chunk,) = split(document)
    assert (chunk.heading, chunk.prefix) == ("B", "")
