"""From packed spans of a document to chunks with their ids, pages, boxes and quality."""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from graphtune.records import Box, Chunk, Document, Quality, Span, Unit, UnitKind

_WORD = re.compile(r"[^\W\d_]{2,}|[.,;:!?()\[\]\"'“”‘’–—-]")
#: What tells of text that was not read well: no character, a font's private code, a loose accent.
_JUNK = re.compile(r"[\ufffd\ue000-\uf8ff\x00-\x1f\x7f-\x9f´¨ˆ˜ˇ˘¯˙¸˚˝]")
#: Raised when other text gets another `content_id`.
_VERSION = "1"


class Draft(NamedTuple):
    """A chunk to be: its span, the tokens of its passage, its section path and the prefix from it."""

    start: int
    end: int
    tokens: int
    path: str
    prefix: str


def make_chunks(document: Document, drafts: Sequence[Draft]) -> list[Chunk]:
    """Turn drafts, in the order of the text, into the chunks of a document."""
    facts = _Facts(document)
    seen: Counter[str] = Counter()
    chunks = []
    for position, draft in enumerate(drafts):
        text = document.text[draft.start : draft.end]
        content_id = hash_content(draft.path, text)
        seen[content_id] += 1
        key = f"{document.id}\n{content_id}\n{seen[content_id]}"
        units = facts.clip_units(draft.start, draft.end)
        boxes = facts.find_boxes(draft.start, draft.end)
        pages = facts.find_pages(draft.start, draft.end, boxes)
        chunks.append(
            Chunk(
                id=hashlib.sha256(key.encode()).hexdigest()[:16],
                document_id=document.id,
                position=position,
                text=text,
                start=draft.start,
                end=draft.end,
                heading=draft.path,
                page_start=pages[0],
                page_end=pages[1],
                n_tokens=draft.tokens,
                emphasis=facts.clip_emphasis(draft.start, draft.end),
                prefix=draft.prefix,
                kind=_find_kind(units),
                units=units,
                boxes=boxes,
                quality=facts.rate(draft.start, draft.end),
                content_id=content_id,
            )
        )
    return chunks


def hash_content(heading: str, text: str) -> str:
    """Return 16 hex digits that depend on the section path and the text, but for its white space.

    >>> hash_content("1 A", "One  two.") == hash_content("1 A", "One two.")
    True
    """
    content = "\n".join((_VERSION, heading, " ".join(text.split())))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _find_kind(units: Sequence[Unit]) -> UnitKind:
    """Return the kind of most of the text; headings count only where there is nothing else."""
    lengths: Counter[UnitKind] = Counter()
    for unit in units:
        lengths[unit.kind] += unit.end - unit.start if unit.kind != "heading" else 0
    return max(lengths, key=lengths.__getitem__, default="text")


class _Facts:
    """What is known about stretches of one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.emphasis = sorted(document.emphasis)
        self.unit_ends = [unit.end for unit in document.units]
        self.lines = sorted(document.lines)
        self.line_starts = [start for start, _ in self.lines]

    def clip_emphasis(self, start: int, end: int) -> tuple[Span, ...]:
        """Return the emphasised spans inside [start, end), relative to `start`."""
        first = max(0, bisect_left(self.emphasis, (start, start)) - 1)
        last = bisect_left(self.emphasis, (end, end))
        spans = self.emphasis[first:last]
        clipped = (Span(max(a, start) - start, min(b, end) - start) for a, b in spans)
        return tuple(span for span in clipped if span.end > max(span.start, 0))

    def clip_units(self, start: int, end: int) -> tuple[Unit, ...]:
        """Return the units that have text inside [start, end), relative to `start`."""
        units = []
        for index in range(bisect_right(self.unit_ends, start), len(self.unit_ends)):
            unit = self.document.units[index]
            if unit.start >= end:
                break
            units.append(
                replace(
                    unit,
                    start=max(unit.start, start) - start,
                    end=min(unit.end, end) - start,
                    head_end=min(max(unit.head_end, start), end) - start,
                    proves=None,
                )
            )
        return tuple(units)

    def find_boxes(self, start: int, end: int) -> tuple[Box, ...]:
        """Return the rectangles that the lines inside [start, end) fill, one a column and page."""
        first = max(0, bisect_right(self.line_starts, start) - 1)
        boxes: list[Box] = []
        for _, box in self.lines[first : bisect_left(self.line_starts, end)]:
            last = boxes[-1] if boxes else None
            if last and _continues(last, box):
                boxes[-1] = Box(
                    box.page,
                    min(last.x0, box.x0),
                    min(last.y0, box.y0),
                    max(last.x1, box.x1),
                    max(last.y1, box.y1),
                )
            else:
                boxes.append(box)
        return tuple(Box(box.page, *(round(edge, 1) for edge in box[1:])) for box in boxes)

    def find_pages(self, start: int, end: int, boxes: Sequence[Box]) -> tuple[int, int]:
        """Return the first and the last page of [start, end), from 1."""
        if boxes:
            pages = [box.page for box in boxes]
            return min(pages), max(pages)
        starts = self.document.page_starts
        return max(1, bisect_right(starts, start)), max(1, bisect_left(starts, end))

    def rate(self, start: int, end: int) -> Quality:
        """Return the quality of the text in [start, end)."""
        text = "".join(self.document.text[start:end].split())
        size = max(1, len(text))
        junk = len(_JUNK.findall(text)) / size
        mathematics = 1 - sum(map(len, _WORD.findall(self.document.text, start, end))) / size
        first, last = bisect_left(self.line_starts, start), bisect_left(self.line_starts, end)
        edges = [*self.line_starts[first:last], end]
        shorts = sum(b - a < 5 for a, b in pairwise(edges))
        short_lines = shorts / max(1, len(edges) - 1)
        score = (
            (1 - min(1.0, 5 * junk)) * (1 - 0.5 * short_lines) * (1 - max(0.0, mathematics - 0.5))
        )
        score *= 0.9 if self.document.warnings else 1.0
        return Quality(*(round(value, 4) for value in (score, junk, short_lines, mathematics)))


def _continues(above: Box, box: Box) -> bool:
    """Whether a line goes on in the column of the lines above it."""
    is_beside = box.x0 < above.x1 and box.x1 > above.x0
    return box.page == above.page and is_beside and box.y1 > above.y0 + (box.y1 - box.y0)
