"""What a PDF's text is made of: units that cover it, the boxes of its lines, its formulas."""

from itertools import pairwise
from pathlib import Path

import pymupdf
import pytest
from typeset import FULL, SHORT, texts, typeset

from graphtune.chunking import read_document
from graphtune.records import Document

SAMPLE = sorted((Path(__file__).parent.parent / "data" / "sample" / "pdf").glob("*.pdf"))[::9]
BODY = [f">We know that {FULL}", SHORT]


@pytest.fixture(scope="module", params=SAMPLE, ids=lambda path: path.stem)
def sample(request: pytest.FixtureRequest) -> Document:
    return read_document(request.param)


def test_units_cover_the_text_in_order(sample: Document) -> None:
    assert sample.units[0].start == 0
    assert sample.units[-1].end == len(sample.text)
    for unit, following in pairwise(sample.units):
        assert sample.text[unit.end : following.start] == "\n\n"
        assert unit.start <= unit.head_end <= unit.end


def test_lines_begin_words_and_lie_on_their_page(sample: Document) -> None:
    starts = [start for start, _ in sample.lines]
    assert starts == sorted(starts)
    assert starts[0] == 0
    pages = len(sample.page_starts)
    assert all(1 <= box.page <= pages and box.x0 < box.x1 for _, box in sample.lines)
    whole = [start for start in starts if start == 0 or sample.text[start - 1].isspace()]
    assert len(whole) > 0.9 * len(starts)


def test_displays_hold_formulas_with_their_numbers(tmp_path: Path) -> None:
    page = [*BODY, "^a + b = c", "^d + e = f                                        (2.1)", *BODY]
    document = typeset(tmp_path / "a.pdf", page)
    (display,) = document.displays
    formula = document.text[display.start : display.end]
    assert formula.startswith("a + b")
    assert formula.endswith("(2.1)")


def test_a_part_and_its_title_are_one_heading(tmp_path: Path) -> None:
    page = ["###Trees", *BODY, "", "#*Part II*", "", "##*Results*", "", *BODY]
    headings = typeset(tmp_path / "a.pdf", page).headings
    assert [heading.title for heading in headings] == ["Part II Results"]


def test_bold_items_of_a_list_are_no_headings(tmp_path: Path) -> None:
    page = [*BODY, ">1. *Green.* It is done.", ">2. *Red.* It is not.", *BODY]
    document = typeset(tmp_path / "a.pdf", page)
    assert not document.headings
    assert "2. Red. It is not." in texts(document, "text")


def test_a_numbered_line_that_names_a_kind_is_a_heading(tmp_path: Path) -> None:
    page = [*BODY, "", "*2.1 Examples*", "", *BODY, "", "*2.2 Lemma.* _All is well._", *BODY]
    document = typeset(tmp_path / "a.pdf", page)
    assert [heading.title for heading in document.headings] == ["2.1 Examples"]
    assert texts(document, "statement") == ["2.2 Lemma. All is well."]


def test_a_symbol_that_comes_back_takes_no_line_with_it(tmp_path: Path) -> None:
    words = ["Apples", "Pears", "Cherries", "Plums"]
    pdf = pymupdf.open()
    for number, word in enumerate(words):
        page = pdf.new_page()
        page.insert_text((72, 60), f"{word} end this proof.")
        if number % 2:
            page.insert_text((500, 60), "#")
        for index, line in enumerate([FULL, word + " and more of it, " + SHORT, FULL, SHORT]):
            page.insert_text((72, 90 + 14 * index), line)
    pdf.save(tmp_path / "a.pdf")
    text = read_document(tmp_path / "a.pdf").text
    assert all(f"{word} end this" in text for word in words)
