"""PDF files through PyMuPDF, the only place that knows it (its licence is AGPL or commercial)."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from graphtune.chunking.flow import flow_rows
from graphtune.chunking.glyphs import attach_mark, join_overprint, read_glyphs
from graphtune.chunking.rows import MATH, Row, Run, make_row
from graphtune.errors import DocumentError
from graphtune.records import Document, Removal

_MOST_WARNINGS, _LONGEST_WARNING = 20, 200
#: MuPDF keeps what it has loaded, without need once a page is read.
_PAGES_PER_SHRINK = 100
#: Their root signs hang from the baseline of the glyph, which is the height of the bar.
_ROOT_FONTS = ("CMSY", "CMBSY", "LMMathSy", "txsy", "pxsy")
Rectangle = tuple[float, float, float, float]


@dataclass
class _Content:
    """What a file holds: the pieces of text of each page, what was left out, what went wrong."""

    pages: list[list[Row]] = field(default_factory=list)
    removed: list[Removal] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_pdf(path: Path, data: bytes) -> Document:
    """Read the text layer of a PDF; what MuPDF complains of becomes the document's warnings.

    Raises:
        DocumentError: the file is no PDF or broken ("error"), needs a password ("encrypted"), opens
            with no pages ("zero_pages") or has no text ("empty").
    """
    begin = data.find(b"%PDF-")
    if begin < 0:
        raise DocumentError(f"{path} is not a PDF file. Check the file or its suffix.")
    with _pause_collector():
        return _read_whole(path, data, begin)


def _read_whole(path: Path, data: bytes, begin: int) -> Document:
    content = _read_content(path, data[begin:])
    if not any(content.pages):
        complaint = f" ({content.warnings[0]})" if content.warnings else ""
        raise DocumentError(f"{path} has no text layer{complaint}. Run OCR on it first.", "empty")
    builder, title, page_starts = flow_rows(content.pages)
    builder.removed = sorted(content.removed + builder.removed, key=lambda removal: removal.page)
    builder.warnings += content.warnings
    return builder.build_document(path, data, "pdf", title, page_starts)


@contextmanager
def _pause_collector() -> Iterator[None]:
    """Stop the search for reference cycles: many objects live on here, and none is in a cycle.

    It would take a third of the time of a long document.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read_content(path: Path, data: bytes) -> _Content:
    pymupdf = _load_pymupdf()
    # MuPDF's own errors do not derive from RuntimeError; a broken file can raise either kind.
    broken = (RuntimeError, ValueError, IndexError, pymupdf.mupdf.FzErrorBase)
    pymupdf.TOOLS.reset_mupdf_warnings()
    try:
        pdf = pymupdf.open(stream=data, filetype="pdf")
    except broken as error:
        raise DocumentError(
            f"{path} is a broken PDF ({error}). Repair it or get it anew."
        ) from error
    content = _Content()
    with pdf:
        if pdf.needs_pass:
            raise DocumentError(
                f"{path} is encrypted. Save a copy of it without the password.", "encrypted"
            )
        for number in range(len(pdf)):
            try:
                rows, removed = _read_page(pdf[number], number)
            except broken as error:
                rows, removed = [], []
                content.warnings.append(f"page {number + 1} could not be read: {error}")
            content.pages.append(rows)
            content.removed += removed
            if (number + 1) % _PAGES_PER_SHRINK == 0:
                pymupdf.TOOLS.store_shrink(100)
    if not content.pages:
        raise DocumentError(f"{path} opens with no pages. Repair it or get it anew.", "zero_pages")
    messages = content.warnings + pymupdf.TOOLS.mupdf_warnings().splitlines()
    unique = dict.fromkeys(message.strip()[:_LONGEST_WARNING] for message in messages)
    content.warnings = [text for text in unique if text and "... repeated" not in text]
    del content.warnings[_MOST_WARNINGS:]
    return content


@lru_cache(maxsize=1)
def _load_pymupdf() -> Any:
    """Import the library on first use (it takes a second) and keep its messages off stderr."""
    pymupdf = import_module("pymupdf")
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    return pymupdf


def _read_page(page: Any, number: int) -> tuple[list[Row], list[Removal]]:
    pymupdf = _load_pymupdf()
    flags = pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_IMAGES | pymupdf.TEXT_COLLECT_VECTORS
    if page.rotation:
        page.set_rotation(0)
    if page.first_annot:  # notes on the page are no text of it, but leaving them out costs time
        content = pymupdf.TextPage(page.get_displaylist(annots=0).get_textpage(flags))
    else:
        content = page.get_textpage(flags=flags)
    lines = _read_lines(content.extractDICT()["blocks"])
    # Turned lines are stamps in the margin and labels of figures, unless there is nothing else.
    upright = [line for line in lines if line["dir"][0] > 0.9]
    if not upright:
        upright = lines
        for line in lines:  # they stand side by side, without white space between them
            line["spans"][-1]["text"] += " "
    rows = [_read_line(line, number) for line in _join_marked(upright)]
    removed = []
    if len(upright) < len(lines):
        turned = (_read_line(line, number) for line in lines if line["dir"][0] <= 0.9)
        removed = [Removal(number + 1, row.text.strip(), "turned") for row in turned if row]
    return [row for row in rows if row], removed


def _read_lines(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of a page; boxes that end proofs become lines too, where they are drawn."""
    lines: list[dict[str, Any]] = []
    rules: list[Rectangle] = []
    for block in blocks:
        if block["type"] == 0:
            lines += block["lines"]
            rules = []
        elif block["type"] == 3:
            rules = [*rules[-3:], block["bbox"]]
            box = unite_box(rules, lines[-1]["bbox"] if lines else None)
            if box:
                mark = "■" if len(rules) == 1 and not block["stroked"] else "□"
                size = lines[-1]["spans"][-1]["size"] if lines else 10.0
                span = {"text": mark, "font": "MSAM", "flags": 0, "size": size}
                span |= {"origin": (box[0], box[3]), "bbox": box}
                lines.append({"spans": [span], "bbox": box, "dir": (1.0, 0.0)})
                rules = []
    return lines


def unite_box(rules: Sequence[Rectangle], line: Rectangle | None) -> Rectangle | None:
    """Return the small square that the last four rules frame, or the last one alone is.

    A square alone ends a proof only where it stands to the right of the last line of text; others
    are bullets and dots in figures.

    >>> sides = [(0, 0, 1, 8), (0, 0, 7, 1), (0, 7, 7, 8), (6, 0, 7, 8)]
    >>> unite_box(sides, None), unite_box([(0, 0, 7, 7)], None)
    ((0, 0, 7, 8), None)
    """
    x0, y0, x1, y1 = rules[-1]
    if _is_small_square(x0, y0, x1, y1):
        is_beside = line is not None and line[2] < x0 + 1 and line[1] < (y0 + y1) / 2 < line[3]
        return rules[-1] if is_beside else None
    uprights = sum(y1 - y0 > 4 > 1.5 > x1 - x0 for x0, y0, x1, y1 in rules)
    levels = sum(x1 - x0 > 4 > 1.5 > y1 - y0 for x0, y0, x1, y1 in rules)
    if uprights != 2 or levels != 2:
        return None
    left, top, right, bottom = zip(*rules, strict=True)
    box = min(left), min(top), max(right), max(bottom)
    return box if _is_small_square(*box) else None


def _is_small_square(x0: float, y0: float, x1: float, y1: float) -> bool:
    width, height = x1 - x0, y1 - y0
    return 4.5 < width < 11 and 0.75 * width < height < 1.33 * width


def _join_marked(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Continue a line that ends with an accent by the one that follows: it holds the letter."""
    joined: list[dict[str, Any]] = []
    for line in lines:
        last = joined[-1] if joined else None
        if last and last["bbox"][3] > line["bbox"][1] and _has_open_mark(last["spans"][-1]):
            (x0, y0, x1, y1), (u0, v0, u1, v1) = last["bbox"], line["bbox"]
            last["spans"] += line["spans"]
            last["bbox"] = (min(x0, u0), min(y0, v0), max(x1, u1), max(y1, v1))
        else:
            joined.append(line)
    return joined


def _has_open_mark(span: dict[str, Any]) -> bool:
    return read_glyphs(span["text"], span["font"], span["flags"], False).mark != ""


def _read_line(line: dict[str, Any], number: int) -> Row | None:
    runs: list[Run] = []
    x0, y0, x1, bottom = line["bbox"]
    whole, face, points = "", 0, 0.0  # the run that goes on
    baseline, longest, mark = 0.0, 0, ""
    for span in line["spans"]:
        size = span["size"]
        text, next_mark, style, hangs = read_glyphs(
            span["text"], span["font"], span["flags"], not (runs or whole)
        )
        if mark and text.strip():
            text = attach_mark(mark, text, bool(style & MATH))
            mark = ""
        mark += next_mark
        if not text:
            continue
        if hangs:
            bottom = max(bottom, span["bbox"][1] + 2 * size)
        if len(text) > longest:
            baseline, longest = span["origin"][1], len(text)
        if whole and style & MATH:
            whole, text = join_overprint(whole, text, bool(face & MATH))
        if style != face or size != points:
            if whole:
                runs.append(Run(whole, face, points))
            whole, face, points = text, style, size
        else:
            whole += text
    if whole or mark:
        runs.append(Run(whole + mark, face, points))
    if whole == "√" and all(run.size < 0.7 * points for run in runs[:-1]):
        span = line["spans"][-1]
        if any(part in span["font"] for part in _ROOT_FONTS):
            y0 = span["origin"][1]
            bottom, baseline = y0 + points, y0 + 0.8 * points
    return make_row(runs, (x0, y0, x1, bottom), baseline, number)
