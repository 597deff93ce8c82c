"""Title, authors, abstract and table of contents of PDFs."""

from pathlib import Path

import pytest
from typeset import FULL, SHORT, find_units, texts, typeset

BODY = ["", "#*1 Introduction*", "", f">We know that {FULL}", SHORT]
TITLE = "^##On the Growth of Trees"


@pytest.mark.parametrize(
    ("rows", "authors"),
    [
        (["^A. Author and B. de Writer"], "A. Author, B. de Writer"),
        (["^Anna Author, Imperial College London", "^TCC, 22nd January 2026"], "Anna Author"),
        (["^Anna Author", "^Department of Trees, Oak University", "^anna@oak.org", "^Bert Writer",
          "^May 2026"], "Anna Author, Bert Writer"),
    ],
)  # fmt: skip
def test_authors_are_names_alone(tmp_path: Path, rows: list[str], authors: str) -> None:
    document = typeset(tmp_path / "a.pdf", [TITLE, "", *rows, *BODY])
    assert document.title == "On the Growth of Trees"
    assert document.authors == authors
    (unit,) = texts(document, "authors")
    assert unit == " ".join(row.lstrip("^") for row in rows)
    assert [unit.kind for unit in document.units] == ["title", "authors", "heading", "text"]


def test_a_formula_on_a_line_of_its_own_continues_the_title(tmp_path: Path) -> None:
    title = [TITLE + " for", "", "^##d = 2", "", "^##and of Leaves"]
    document = typeset(tmp_path / "a.pdf", [*title, "", "^A. Author", *BODY])
    assert document.title == "On the Growth of Trees for d = 2 and of Leaves"
    assert document.authors == "A. Author"


def test_a_title_alone_has_no_authors(tmp_path: Path) -> None:
    document = typeset(tmp_path / "a.pdf", [TITLE, *BODY])
    assert document.authors == ""
    assert not find_units(document, "authors")


@pytest.mark.parametrize(
    "rows",
    [
        ["^*Abstract*", "", f">-We show that {FULL}", "-its values grow."],
        ["-*Abstract.* We show that it is so, and that", "-its values grow."],
    ],
)
def test_an_abstract_ends_before_the_keywords(tmp_path: Path, rows: list[str]) -> None:
    page = [TITLE, "", "^A. Author", "", *rows, "-Key words: trees.", *BODY]
    document = typeset(tmp_path / "a.pdf", page)
    (abstract,) = find_units(document, "abstract")
    assert abstract.label == "Abstract"
    text = document.text[abstract.head_end : abstract.end]
    assert text.strip().startswith("We show")
    assert text.endswith("its values grow.")
    assert "Key words: trees." in texts(document, "text")
    assert [heading.title for heading in document.headings] == ["1 Introduction"]


def test_contents_are_logged_and_no_headings(tmp_path: Path) -> None:
    contents = ["#*Contents*", "", "*1 Introduction with a title that is so long that it needs a*",
                ">*second line* . . . . . . . . . . . . . . . 3",
                "1.1 Trees . . . . . . . . . . . . . . . . . 4"]  # fmt: skip
    document = typeset(tmp_path / "a.pdf", [TITLE, "", *contents, *BODY])
    assert [heading.title for heading in document.headings] == ["1 Introduction"]
    assert "Trees . ." not in document.text
    assert "second line" not in document.text
    removed = [removal.text.split()[0] for removal in document.removed]
    assert removed == ["Contents", "1", "second", "1.1"]
    assert {(removal.page, removal.reason) for removal in document.removed} == {(1, "contents")}
