"""What stands around the text of a page goes, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from graphtune.chunking import read_document
from graphtune.records import Document
from tests.pages import BOLD, FILLER, draw_lines, make_pdf, prose


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Document]:
    return lambda *pages: read_document(make_pdf(tmp_path / "paper.pdf", *pages))


def fill(number: int, count: int) -> list[str]:
    """Return lines of text that differ from page to page."""
    return [f"Topic{number} has {line}" for line in (FILLER * count)[:count]]


def test_running_heads_and_page_numbers_go(read: Callable[..., Document]) -> None:
    pages = []
    for number in range(1, 6):
        body = prose(72, 100, f"Page {number} speaks about topic{number}.", *FILLER)
        head = prose(72, 50, f"{number}") + prose(250, 50, "GROWTH OF PARTITIONS")
        pages.append([*head, *body, *prose(300, 760, f"- {number} -")])
    text = read(*pages).text
    assert "GROWTH" not in text
    assert "-" not in text
    assert all(f"topic{number}" in text for number in range(1, 6))


def test_heads_that_name_the_section_of_their_page_go(read: Callable[..., Document]) -> None:
    names = ["1 Growth", "Order of sums", "3 Limits", "Main terms", "Error terms"]
    pages = [
        [*prose(250, 50, name), *prose(72, 100, *[f"{name[::-1]}: {line}" for line in FILLER])]
        for name in names
    ]
    document = read(*pages)
    assert not any(name in document.text for name in names)
    assert [(item.text, item.reason) for item in document.removed] == [
        (name, "running head") for name in names
    ]


def test_first_lines_of_widely_set_pages_stay(read: Callable[..., Document]) -> None:
    pages = [
        [
            row
            for line in range(9)
            for row in prose(72, 100 + 26 * line, f"Line {line} of the {page} page is here.")
        ]
        for page in ("first", "second", "third", "fourth", "fifth")
    ]
    document = read(*pages)
    assert document.removed == ()
    assert document.text.count("Line 0") == document.text.count("Line 8") == 5


def test_text_beside_a_page_number_stays(read: Callable[..., Document]) -> None:
    pages = [
        [
            *prose(72, 100, f"Here is topic{number}.", *FILLER),
            *prose(72, 757, f"A last line, {'of some sort' if number == 2 else ''}")
            * (number == 2),
            *prose(300, 760, f"{number + 1}"),
        ]
        for number in range(5)
    ]
    assert "A last line, of some sort" in read(*pages).text


def test_text_on_the_line_of_a_page_number_stays(read: Callable[..., Document]) -> None:
    pages = [
        [
            *prose(72, 601, *fill(number, 13)),
            *prose(72, 757, "A hint is at the end.") * (number == 2),
            *prose(500, 757, f"{number + 1}"),
        ]
        for number in range(5)
    ]
    document = read(*pages)
    assert document.text.count("A hint is at the end.") == 1
    assert {item.reason for item in document.removed} == {"page number"}


def test_headings_that_open_pages_stay(read: Callable[..., Document]) -> None:
    pages = []
    for number in range(1, 9):
        opening = (
            f"{number}. {'Rings ' * number}"
            if number % 2
            else f"so topic{number} goes on from before, on this page"
        )
        pages.append(
            [*prose(72, 100, opening), *prose(72, 124 if number % 2 else 112, *fill(number, 12))]
        )
    document = read(*pages)
    assert document.removed == ()


def test_slides_keep_their_paragraphs_apart(read: Callable[..., Document]) -> None:
    pages = [
        [
            line
            for place in range(10)
            for line in [
                *prose(72, 90 + 60 * place, *fill(2 * place + 40 * page, 2)),
                *prose(72, 126 + 60 * place, *fill(2 * place + 40 * page + 1, 1)),
            ]
        ]
        for page in range(4)
    ]
    assert len(read(*pages).text.split("\n\n")) > 30


@pytest.mark.parametrize(
    "notes",
    [
        ["A note on the lattice of this ring.", "See Hardy.", "Here every ring has a unit."],
        ["See [10].", "See [11].", "See [12]."],
    ],
)
def test_footnotes_at_one_height_stay(read: Callable[..., Document], notes: list[str]) -> None:
    pages = [
        [
            *prose(72, 100, *fill(number, 9)),
            *prose(72, 748, f"{number}", size=5),
            *prose(75, 750, note, size=8),
            *prose(300, 800, f"{number}"),
        ]
        for number, note in enumerate(notes, 1)
    ]
    document = read(*pages)
    assert all(note in document.text for note in notes)
    assert {item.reason for item in document.removed} == {"page number"}


def test_a_running_foot_goes(read: Callable[..., Document]) -> None:
    foot = "This paper was written with the help of a grant."
    pages = [
        [*prose(72, 100, *fill(number, 9)), *prose(72, 780, foot, size=8)] for number in range(3)
    ]
    assert foot not in read(*pages).text


def test_words_of_the_text_that_repeat_at_one_place_stay(read: Callable[..., Document]) -> None:
    pages = [
        [
            *prose(72, 80, f"Problem {number}: {FILLER[number % 3]}", *fill(number, 3)),
            (72, 150, [(BOLD, "Solution.")], 10),
            *prose(72, 165, *fill(number + 10, 40)),
            *prose(20, 300, "Draft"),
        ]
        for number in range(6)
    ]
    document = read(*pages)
    assert document.text.count("Solution.") == 6
    assert [(item.text, item.reason) for item in document.removed] == [("Draft", "template")] * 6


def test_line_numbers_go(read: Callable[..., Document]) -> None:
    pages = [
        [
            *prose(72, 80, *fill(number, 20)),
            *prose(40, 80, *map(str, range(first, first + 20)), size=6),
        ]
        for number, first in ((1, 1), (2, 21), (3, 41))
    ]
    document = read(*pages)
    assert [item.reason for item in document.removed] == ["line number"] * 60
    assert document.text.count("Topic") == 60


def test_annotations_are_no_text(tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        draw_lines(page, prose(72, 100, *FILLER))
        page.add_freetext_annot(pymupdf.Rect(72, 300, 300, 340), "A note", fontsize=30)
        pdf.save(tmp_path / "a.pdf")
    document = read_document(tmp_path / "a.pdf")
    assert "A note" not in document.title + document.text
