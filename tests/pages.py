"""PDF pages built line by line, for the tests of the PDF reader."""

from collections.abc import Iterable
from pathlib import Path

import pymupdf

ROMAN, ITALIC, BOLD = "tiro", "tiit", "tibo"
Line = tuple[float, float, list[tuple[str, str]], float]


def draw_lines(page: pymupdf.Page, lines: Iterable[Line]) -> None:
    """Write (x, y, [(font, text), …], size): the pieces of a line one after the other."""
    for x, y, pieces, size in lines:
        for font, text in pieces:
            page.insert_text((x, y), text, fontname=font, fontsize=size)
            x += pymupdf.get_text_length(text, fontname=font, fontsize=size)


def make_pdf(path: Path, *pages: list[Line]) -> Path:
    pdf = pymupdf.open()
    for lines in pages:
        draw_lines(pdf.new_page(), lines)
    pdf.save(path)
    return path


def prose(x: float, y: float, *lines: str, size: float = 10) -> list[Line]:
    return [(x, y + 12 * index, [(ROMAN, line)], size) for index, line in enumerate(lines)]


FILLER = [
    "The partition function counts the ways in which a whole number is a sum of others",
    "and its values grow quickly, which Hardy and Ramanujan described with great precision",
    "in a paper that opened the circle method to the whole of additive number theory.",
]
