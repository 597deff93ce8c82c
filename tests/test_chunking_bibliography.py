"""Bibliographies of PDFs, one unit an entry."""

from pathlib import Path

from typeset import FULL, find_units, texts, typeset

BODY = [f">We know that {FULL}", "its values grow quickly.", ""]


def test_marked_entries_over_lines_and_pages(tmp_path: Path) -> None:
    first = [*BODY, "#*References*", "", "[1] G. E. Andrews, The theory of partitions, a book that",
             ">everybody has read.", "[KR04] D. Knuth and A. Ram, A paper that goes"]  # fmt: skip
    second = [
        ">over the page.",
        "[12] R. Stanley, Enumeration, pages 231 to",
        "272.",
        "",
        "",
        "Department of Trees, Oak.",
    ]
    document = typeset(tmp_path / "a.pdf", first, second)
    assert [unit.number for unit in find_units(document, "reference")] == ["1", "KR04", "12"]
    entries = texts(document, "reference")
    assert entries[0].endswith("a book that everybody has read.")
    assert entries[1].endswith("that goes over the page.")
    assert entries[2] == "[12] R. Stanley, Enumeration, pages 231 to 272."
    assert texts(document, "text")[-1] == "Department of Trees, Oak."


def test_entries_without_marks_hang_out_to_the_left(tmp_path: Path) -> None:
    page = [*BODY, "#*7 Bibliography*", "", "Andrews, G. E. (1976). The theory of partitions. One of the",
            ">books of this series.", "Stanley, R. (1997). Enumeration.", ">Cambridge."]  # fmt: skip
    document = typeset(tmp_path / "a.pdf", page)
    assert [entry.split(",")[0] for entry in texts(document, "reference")] == ["Andrews", "Stanley"]
    assert {unit.number for unit in find_units(document, "reference")} == {""}


def test_the_next_heading_ends_a_bibliography(tmp_path: Path) -> None:
    page = [*BODY, "#*References*", "", "1. Andrews, The theory.", "2. Stanley, A book.", "",
            "#*Appendix A*", "", *BODY]  # fmt: skip
    document = typeset(tmp_path / "a.pdf", page)
    assert [unit.number for unit in find_units(document, "reference")] == ["1", "2"]
    assert [heading.title for heading in document.headings] == ["References", "Appendix A"]
    assert texts(document, "text")[-1].startswith("We know")
