"""A paragraph as rows, and what tells where one begins."""

import re
from dataclasses import dataclass, replace

from graphtune.chunking.heads import Head
from graphtune.chunking.rows import Row, Run
from graphtune.chunking.text import ends_sentence
from graphtune.records import UnitKind

_ITEM = re.compile(
    r"\s*(?:\[[\w+.-]{1,12}\]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5}|[A-Z]{1,2}\d{1,2})[.)]|[•●◦▪‣–—∗·*-])(?=\s|$)"
)


@dataclass
class OpenUnit:
    """A unit of which paragraphs are being read; `depth` counts the proofs that are open in it."""

    head: Head
    depth: int = 1
    has_claim: bool = False
    slanted: bool | None = None


@dataclass
class Block:
    """A paragraph as rows; those of one `unit` follow each other, one without is a unit alone."""

    rows: list[Row]
    kind: UnitKind = "text"
    unit: OpenUnit | None = None


def is_item(row: Row) -> bool:
    """Whether a row begins with the mark of a list item: "(1)", "ii.", "•"."""
    return _ITEM.match(row.text) is not None


def is_head_alone(block: Block) -> bool:
    """Whether a block is the line "Abstract" above an abstract."""
    is_abstract = block.unit is not None and block.unit.head.kind == "abstract"
    return is_abstract and len(block.rows) == 1 and block.rows[0].words == 1


def ends_paragraph(row: Row) -> bool:
    """Whether a row ends where a paragraph may end."""
    return ends_sentence(row.text) or row.is_display


def looks_new(row: Row) -> bool:
    """Whether a row does not begin in lower case."""
    return not row.text.lstrip()[:1].islower()


def opens_item(rows: list[Row], row: Row) -> bool:
    """Tell whether a row begins a list item, or ends the list that the paragraph of `rows` is in."""
    first, above = rows[0], rows[-1]
    hang = rows[1].indent if len(rows) > 1 else first.indent + row.size
    if is_item(row):
        is_outdented = row.indent < hang - 2 if is_item(first) else row.indent > hang + 2
        return is_outdented
    if not is_item(first):
        return False
    return row.indent < min(hang, first.indent) + 2 and (ends_paragraph(above) or not above.full)


def split_row(row: Row, length: int) -> tuple[Row, Row | None]:
    """Cut a row after `length` characters."""
    head: list[Run] = []
    rest: list[Run] = []
    for run in row.runs:
        taken = max(0, min(len(run.text), length))
        length -= len(run.text)
        if taken:
            head.append(run._replace(text=run.text[:taken]))
        if taken < len(run.text):
            rest.append(run._replace(text=run.text[taken:]))
    if not any(run.text.strip() for run in rest):
        return row, None
    first, second = ("".join(run.text for run in part) for part in (head, rest))
    return replace(row, runs=head, text=first), replace(row, runs=rest, text=second)
