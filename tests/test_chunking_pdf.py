"""PDF reading, on files built here in the layouts that papers have."""

from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from graphtune.chunking import read_document
from graphtune.records import Document
from tests.pages import BOLD, FILLER, ITALIC, ROMAN, draw_lines, make_pdf, prose


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Document]:
    return lambda *pages: read_document(make_pdf(tmp_path / "paper.pdf", *pages))


def emphasised(document: Document) -> list[str]:
    return [document.text[start:end] for start, end in document.emphasis]


def test_title_headings_levels_and_pages(read: Callable[..., Document]) -> None:
    first = [
        (150, 80, [(ROMAN, "On the Growth of Partitions")], 18),
        (230, 105, [(ROMAN, "A. Author")], 11),
        (72, 150, [(BOLD, "1")], 14),
        (90, 150, [(BOLD, "Introduction")], 14),
        *prose(72, 175, *FILLER),
        (72, 240, [(BOLD, "1.1  Asymptotics of sums")], 12),
        *prose(72, 262, *FILLER),
    ]
    second = [
        (72, 80, [(BOLD, "2")], 14),
        (90, 80, [(BOLD, "Results")], 14),
        *prose(72, 105, *FILLER),
        (72, 170, [(BOLD, "References")], 14),
        *prose(72, 192, "[1] G. H. Hardy, Collected papers."),
    ]
    document = read(first, second)
    assert document.title == "On the Growth of Partitions"
    found = [(heading.level, heading.title) for heading in document.headings]
    assert found == [(1, "1 Introduction"), (2, "1.1 Asymptotics of sums"), (1, "2 Results"),
                     (1, "References")]  # fmt: skip
    for heading in document.headings:
        assert document.text[heading.start :].startswith(heading.title.split()[0])
    assert document.text[document.page_starts[1] :].startswith("2 Results")
    assert document.format == "pdf"
    assert document.id == document.sha256[:16]


def test_paragraphs_are_one_line_each(read: Callable[..., Document]) -> None:
    lines = [
        *prose(72, 100, *FILLER[:2], "in additive number theory."),
        *prose(
            86, 136, "An indented line opens the next paragraph of the text and runs to the margin"
        ),
        *prose(72, 148, "before it ends."),
    ]
    paragraphs = read(lines).text.split("\n\n")
    assert [paragraph.split()[0] for paragraph in paragraphs] == ["The", "An"]
    assert not any("\n" in paragraph for paragraph in paragraphs)


def test_two_columns_are_read_one_after_the_other(read: Callable[..., Document]) -> None:
    left = [f"left{index} alpha beta gamma delta epsilon" for index in range(20)]
    right = [f"right{index} alpha beta gamma delta epsilon" for index in range(20)]
    rows = []
    for index in range(20):  # written row by row, as some programs do
        rows += prose(60, 120 + 12 * index, left[index])
        rows += prose(320, 120 + 12 * index, right[index])
    title = [(150, 80, [(ROMAN, "A Title Over Both of the Columns of the Page")], 17)]
    text = read(title + rows).text
    order = [word for word in text.split() if word.startswith(("left", "right"))]
    assert order == [line.split()[0] for line in left + right]
    assert text.startswith("A Title Over Both")


def test_a_paragraph_runs_over_the_page_break(read: Callable[..., Document]) -> None:
    document = read(
        [
            *prose(
                72,
                100,
                *FILLER,
                "and this sentence is not at its end when the page is full of text and",
            )
        ],
        [
            *prose(72, 100, "so it goes on here.", size=10),
            *prose(86, 112, "A new paragraph follows."),
        ],
    )
    assert "full of text and so it goes on here." in document.text
    assert document.text[document.page_starts[1] :].startswith("so it goes on")


@pytest.mark.parametrize(
    ("end", "start", "elsewhere", "expected"),
    [
        ("a well-", "known path", "It is well-known.", "a well-known path"),
        ("multi-", "graphs", "All multigraphs count.", "multigraphs"),
    ],
)
def test_hyphens_at_line_ends(
    read: Callable[..., Document], end: str, start: str, elsewhere: str, expected: str
) -> None:
    lines = prose(
        72,
        100,
        elsewhere,
        *FILLER[:2],
        "which shows that the graph under consideration has always " + end,
    )
    document = read([*lines, *prose(72, 148, start + " of some length.")])
    assert expected in document.text


def test_emphasis_differs_from_its_surroundings(read: Callable[..., Document]) -> None:
    upright = [
        (ROMAN, "A "),
        (ITALIC, "chromatic number"),
        (ROMAN, " of G is the least number of colours."),
    ]
    head = (BOLD, "Theorem 2.1.")
    slanted = [head, (ITALIC, " Every planar graph is known as "), (ROMAN, "four-colourable graph"),
               (ITALIC, " in the books of the trade.")]  # fmt: skip
    document = read(
        [
            (72, 100, [(BOLD, "Definition 2.0."), (ROMAN, " "), *upright], 10),
            (72, 130, slanted, 10),
            (
                72,
                160,
                [(ITALIC, "Proof."), (ROMAN, " It took a computer to go through all cases.")],
                10,
            ),
        ]
    )
    assert emphasised(document) == ["chromatic number", "four-colourable graph"]
    assert [part.split()[0] for part in document.text.split("\n\n")] == [
        "Definition",
        "Theorem",
        "Proof.",
    ]


def test_emphasis_goes_on_over_a_line_break(read: Callable[..., Document]) -> None:
    document = read(
        [
            (72, 100, [(ROMAN, FILLER[0] + " and one calls it a "), (ITALIC, "plane")], 10),
            (
                72,
                112,
                [(ITALIC, "partition of depth two"), (ROMAN, ", as usual in this field.")],
                10,
            ),
        ]
    )
    assert emphasised(document) == ["plane partition of depth two"]


def test_list_items_and_bibliography_entries_are_paragraphs(read: Callable[..., Document]) -> None:
    document = read(
        [
            *prose(72, 90, *FILLER),
            *prose(
                82,
                132,
                "(1) the first item of the list which is so long that it needs a second line to",
            ),
            *prose(97, 144, "come to its end;"),
            *prose(82, 156, "(2) the second item."),
            *prose(
                72,
                190,
                "[1] G. E. Andrews, The theory of partitions, a book that everybody in this field has",
            ),
            *prose(88, 202, "read, Cambridge."),
            *prose(72, 214, "[2] R. Stanley, Enumerative combinatorics."),
        ]
    )
    starts = [paragraph[:3] for paragraph in document.text.split("\n\n")]
    assert starts == ["The", "(1)", "(2)", "[1]", "[2]"]


def test_contents_pages_give_no_headings(read: Callable[..., Document]) -> None:
    contents = [
        (72, 80, [(BOLD, "Contents")], 14),
        (72, 110, [(BOLD, "1 Introduction")], 10),
        (500, 110, [(BOLD, "2")], 10),
        (
            72,
            125,
            [(ROMAN, "1.1 Overview . . . . . . . . . . . . . . . . . . . . . . . . . . 3")],
            10,
        ),
    ]
    body = [(72, 100, [(BOLD, "1 Introduction")], 14), *prose(72, 125, *FILLER)]
    document = read([*prose(72, 50, *FILLER[:1]), *contents], body)
    assert [heading.title for heading in document.headings] == ["1 Introduction"]
    assert "Overview" not in document.text


def test_ligatures_expand_and_mathematics_stays(tmp_path: Path) -> None:
    pdf = pymupdf.open()
    page = pdf.new_page()
    page.insert_htmlbox(pymupdf.Rect(72, 72, 500, 200), "<p>The eﬃcient ﬂow x² ∈ ℤ is ½ full.</p>")
    pdf.save(tmp_path / "a.pdf")
    text = read_document(tmp_path / "a.pdf").text
    assert "efficient flow" in text
    assert "²" in text
    assert "½" in text


def test_junk_before_the_header_is_cut_off(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", prose(72, 100, *FILLER))
    path.write_bytes(b"HTTP/1.1 200 OK\r\n" + b"x" * 1900 + b"\r\n" + path.read_bytes())
    assert "partition function" in read_document(path).text


def draw_box(page: pymupdf.Page, x: float, y: float, side: float = 7) -> None:
    """Draw what TeX draws: four thin filled rules."""
    right, bottom = x + side, y + side
    for rule in ((x, y, x + 0.4, bottom), (x, y, right, y + 0.4),
                 (x, bottom - 0.4, right, bottom), (right - 0.4, y, right, bottom)):  # fmt: skip
        page.draw_rect(rule, color=None, fill=(0, 0, 0))


@pytest.mark.parametrize("drop", [0, 12])
def test_a_drawn_box_ends_its_proof(tmp_path: Path, drop: float) -> None:
    pdf = pymupdf.open()
    page = pdf.new_page()
    draw_lines(page, [(72, 100, [(ITALIC, "Proof."), (ROMAN, " It is easy to see this.")], 10)])
    draw_box(page, 500, 93 + drop)
    draw_lines(page, prose(72, 150, *FILLER))
    draw_box(page, 72, 300, side=40)  # a figure
    pdf.save(tmp_path / "a.pdf")
    paragraphs = read_document(tmp_path / "a.pdf").text.split("\n\n")
    assert paragraphs[0] == "Proof. It is easy to see this. □"
    assert "□" not in paragraphs[1]


def test_a_filled_square_ends_a_proof_only_beside_text(tmp_path: Path) -> None:
    pdf = pymupdf.open()
    page = pdf.new_page()
    draw_lines(page, prose(72, 100, "It is easy to see this."))
    page.draw_rect((500, 93, 506, 99), color=None, fill=(0, 0, 0))
    page.draw_rect((60, 143, 66, 149), color=None, fill=(0, 0, 0))  # a bullet
    draw_lines(page, prose(72, 150, *FILLER))
    pdf.save(tmp_path / "a.pdf")
    text = read_document(tmp_path / "a.pdf").text
    assert text.startswith("It is easy to see this. ■")
    assert text.count("■") == 1


def test_sums_in_a_matrix_are_no_contents(read: Callable[..., Document]) -> None:
    line = "The numbers 1, 7, 21, 35, . . . . Indeed, they are in the triangle"
    assert line in read(prose(72, 100, *FILLER, line)).text


def test_words_strewn_over_the_right_half_are_no_column(tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        for line in range(24):
            page.insert_text((72, 72 + 24 * line), "each row increases weakly")
            page.insert_text((330 + 7 * line, 84 + 24 * line), "and so it goes")
        pdf.save(tmp_path / "strewn.pdf")
    text = read_document(tmp_path / "strewn.pdf").text
    assert text.count("each row increases weakly") == text.count("and so it goes") == 24


def test_a_root_sign_joins_its_line(tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        page.insert_font(fontname="F9", fontbuffer=pymupdf.Font("symb").buffer)
        for xref in range(1, pdf.xref_length()):  # TeX's fonts draw the sign below its baseline
            if "BaseFont" in pdf.xref_get_keys(xref):
                pdf.xref_set_key(xref, "BaseFont", "/CMSY10")
        draw_lines(page, prose(72, 88, "The first of the lines of text ends with a stop."))
        draw_lines(page, prose(72, 100, "Let Q("))
        x = 72 + pymupdf.get_text_length("Let Q(", ROMAN, 10)
        page.insert_text((x, 91), "√", fontname="F9", fontsize=10)
        draw_lines(page, prose(x + 5.5, 100, "2) be a field of numbers."))
        page.insert_text((72, 103), "√", fontname="F9", fontsize=10)
        draw_lines(page, prose(77.5, 112, "2 is in it."))
        pdf.save(tmp_path / "a.pdf")
    text = read_document(tmp_path / "a.pdf").text
    assert text.endswith("Let Q(√2) be a field of numbers. √2 is in it.")


def test_lines_of_a_turned_page_are_apart(tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        for row in range(5):
            page.insert_text((100 + 14 * row, 700), f"row {row} of a table", rotate=90)
        pdf.save(tmp_path / "a.pdf")
    expected = " ".join(f"row {row} of a table" for row in range(5))
    assert read_document(tmp_path / "a.pdf").text == expected
