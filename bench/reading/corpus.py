"""The papers of a folder: PDFs with their sources, and what PyMuPDF itself says about them."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from graphtune.bench.reading.truth import Truth, read_truth
from graphtune.errors import DataError


@dataclass(frozen=True, slots=True)
class Paper:
    """A PDF and its source."""

    pdf: Path
    tex: Path

    @property
    def truth(self) -> Truth:
        """What the source says."""
        return read_truth(self.tex.read_text(encoding="utf-8", errors="replace"))


def find_pairs(folder: Path) -> list[Paper]:
    """List the PDFs that have a source: `x.pdf` beside `x.tex`, or `pdf/x.pdf` and `tex/x.tex`.

    Raises:
        DataError: there is none.
    """
    papers = []
    for pdf in find_pdfs(folder):
        sources = (pdf.with_suffix(".tex"), pdf.parent.parent / "tex" / f"{pdf.stem}.tex")
        papers += [Paper(pdf, tex) for tex in sources if tex.is_file()][:1]
    if not papers:
        raise DataError(
            f"{folder} holds no PDF with a source: put x.tex beside x.pdf, or use pdf/ and tex/"
        )
    return papers


def find_pdfs(folder: Path) -> list[Path]:
    """List all PDFs under a folder, sorted.

    Raises:
        DataError: there is none.
    """
    pdfs = sorted(folder.rglob("*.pdf"))
    if not pdfs:
        raise DataError(f"{folder} holds no PDF: name a folder with papers")
    return pdfs


def load_pymupdf() -> Any:
    """Import the library, silent."""
    pymupdf = import_module("pymupdf")
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    return pymupdf


def read_raw_pages(pdf: Path) -> list[str]:
    """Return the plain text of each page, as the library gives it."""
    with load_pymupdf().open(pdf) as file:
        return [page.get_text("text") for page in file]
