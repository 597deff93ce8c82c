"""Small pages for tests: lines of *bold*, _italic_ and upright words, one under the other."""

import re
from collections.abc import Sequence
from pathlib import Path

import pymupdf

from graphtune.chunking import read_document
from graphtune.records import Document, Unit

FONTS = {"*": "tibo", "_": "tiit"}
#: A line of running text that fills the column, and one that ends a paragraph.
FULL = "the partition function counts the ways in which a whole number is a sum of others, and"
SHORT = "its values grow quickly."


def typeset(path: Path, *pages: Sequence[str]) -> Document:
    """Write pages and read them back.

    A line begins with its marks: ">" indents it, "^" sets it in the middle, "#" larger, "-" smaller.
    An empty line is white space.
    """
    pdf = pymupdf.open()
    for lines in pages:
        page = pdf.new_page()
        y = 90.0
        for line in lines:
            if line:
                _draw(page, y, line)
            y += 12 if line else 9
    pdf.save(path)
    return read_document(path)


def _draw(page: pymupdf.Page, y: float, line: str) -> None:
    text = line.lstrip(">^#-")
    marks = line[: len(line) - len(text)]
    size = 10 + 4 * marks.count("#") - 2 * marks.count("-")
    x = 72 + 15 * marks.count(">") + 130 * marks.count("^")
    for piece in re.findall(r"\*[^*]+\*|_[^_]+_|[^*_]+", text):
        font = FONTS.get(piece[0], "tiro")
        words = piece.strip("*_") if piece[0] in FONTS else piece
        page.insert_text((x, y), words, fontname=font, fontsize=size)
        x += pymupdf.get_text_length(words, fontname=font, fontsize=size)


def find_units(document: Document, kind: str) -> list[Unit]:
    return [unit for unit in document.units if unit.kind == kind]


def texts(document: Document, kind: str) -> list[str]:
    return [document.text[unit.start : unit.end] for unit in find_units(document, kind)]
