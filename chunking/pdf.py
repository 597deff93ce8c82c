"""PDF files through PyMuPDF, the only place that knows it (its licence is AGPL or commercial)."""

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from graphtune.chunking.flow import flow_rows
from graphtune.chunking.rows import BOLD, CAPS, ITALIC, MATH, Row, Run, make_row
from graphtune.chunking.text import clean_text, compose_accents
from graphtune.errors import DocumentError
from graphtune.records import Document

_MATH_FONTS = (
    "CMMI", "CMSY", "CMEX", "CMBSY", "CMMIB", "MSAM", "MSBM", "EUFM", "EUSM", "EURM", "RSFS", "LASY",
    "LMMATH", "MATH", "SYMBOL", "STMARY", "WASY", "BBOLD", "DSROM", "XYATIP", "XYBTIP", "XYDASH",
    "TXSY", "TXMI", "TXEX", "PXSY", "PXMI", "PXEX", "ESINT", "MTMI", "MTSY", "MTEX", "CAMBRIAMATH",
)  # fmt: skip
_EXTENSION_FONTS = ("CMEX", "LMMATHEXT", "TXEX", "PXEX", "MTEX")
#: TeX's extension fonts have no Unicode map: their big operators come out as letters.
_BIG_OPERATORS = str.maketrans("XPYQZRS[T\\LMNOFGHIV^W_U]", "∑∑∏∏∫∫⋃⋃⋂⋂⨁⨁⨂⨂⨆⨆∮∮⋀⋀⋁⋁⨄⨄")
#: Bitmap fonts have none either: the codes of ligatures, quotes and dashes in T1 and OT1.
_TEX_CODES = str.maketrans(
    dict(
        zip(
            "\x0b\x0c\x0d\x0e\x0f\x1b\x1c\x1d\x1e\x1f",
            ("ff", "fi", "fl", "ffi", "ffl") * 2,
            strict=True,
        )
    )
    | {"\x10": "“", "\x11": "”", "\x15": "–", "\x16": "—"}
)


def read_pdf(path: Path, data: bytes) -> Document:
    """Read the text layer of a PDF.

    Raises:
        DocumentError: the file is no PDF or broken ("error"), needs a password ("encrypted"), or
            has no pages or no text ("empty").
    """
    begin = data.find(b"%PDF-")
    if begin < 0:
        raise DocumentError(f"{path} is not a PDF file. Check the file or its suffix.")
    pages = _read_pages(path, data[begin:])
    if not any(pages):
        raise DocumentError(f"{path} has no text layer. Run OCR on it first.", "empty")
    builder, title, page_starts = flow_rows(pages)
    return builder.build_document(path, data, "pdf", title, page_starts)


def _read_pages(path: Path, data: bytes) -> list[list[Row]]:
    pymupdf = _load_pymupdf()
    # MuPDF's own errors do not derive from RuntimeError; a broken file can raise either kind.
    broken = (RuntimeError, ValueError, pymupdf.mupdf.FzErrorBase)
    try:
        pdf = pymupdf.open(stream=data, filetype="pdf")
    except broken as error:
        raise DocumentError(
            f"{path} is a broken PDF ({error}). Repair it or get it anew."
        ) from error
    with pdf:
        if pdf.needs_pass:
            raise DocumentError(
                f"{path} is encrypted. Save a copy of it without the password.", "encrypted"
            )
        pages = []
        for number in range(len(pdf)):
            try:
                pages.append(_read_page(pdf[number], number))
            except broken:
                pages.append([])
    if not pages:
        raise DocumentError(f"{path} has no pages. Repair it or get it anew.", "empty")
    return pages


@lru_cache(maxsize=1)
def _load_pymupdf() -> Any:
    """Import the library on first use (it takes a second) and keep its messages off stderr."""
    pymupdf = import_module("pymupdf")
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    return pymupdf


def _read_page(page: Any, number: int) -> list[Row]:
    pymupdf = _load_pymupdf()
    flags = pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_IMAGES
    blocks = page.get_text("dict", flags=flags)["blocks"]
    lines = [line for block in blocks for line in block.get("lines", ())]
    # Turned lines are stamps in the margin and labels of figures, unless there is nothing else.
    upright = [line for line in lines if line["dir"][0] > 0.9] or lines
    rows = (_read_line(line, number) for line in upright)
    return [row for row in rows if row is not None]


def _read_line(line: dict[str, Any], number: int) -> Row | None:
    runs: list[Run] = []
    baseline, longest = 0.0, -1
    bottom = line["bbox"][3]
    for span in line["spans"]:
        style, is_extension = _font_style(span["font"], span["flags"])
        text = span["text"]
        if is_extension:
            text = text.translate(_BIG_OPERATORS)
            bottom = max(bottom, span["bbox"][1] + 2 * span["size"])  # its glyphs hang down
        elif not style & MATH:
            text = compose_accents(text.translate(_TEX_CODES))
        text = clean_text(text)
        if len(text.strip()) > longest and text:
            baseline, longest = span["origin"][1], len(text.strip())
        if runs and runs[-1].style == style and runs[-1].size == span["size"]:
            runs[-1] = runs[-1]._replace(text=runs[-1].text + text)
        elif text:
            runs.append(Run(text, style, span["size"]))
    x0, y0, x1, _ = line["bbox"]
    return make_row(runs, (x0, y0, x1, bottom), baseline, number)


@lru_cache(maxsize=4096)
def _font_style(font: str, flags: int) -> tuple[int, bool]:
    """Return the style of a font (see `Run`) and whether it is one of TeX's extension fonts."""
    name = font.split("+")[-1].upper().replace(" ", "")
    if any(part in name for part in _MATH_FONTS):
        return MATH, any(part in name for part in _EXTENSION_FONTS)
    italic = flags & 2 or any(
        part in name for part in ("ITAL", "OBLI", "CMTI", "CMSL", "SFTI", "SFSL", "CMBXTI")
    )
    bold = flags & 16 or any(
        part in name for part in ("BOLD", "CMBX", "CMB1", "SFBX", "-MEDI", "BLACK", "HEAVY")
    )
    caps = any(part in name for part in ("CMCSC", "SFCC", "CAPS", "SMALLCAP", "-SC"))
    return (ITALIC if italic else 0) | (BOLD if bold else 0) | (CAPS if caps else 0), False
