"""Passages for tests, with the units that a reader of plain text finds in them."""

import re
from pathlib import Path

from graphtune.chunking.bibliography import is_references
from graphtune.chunking.builder import TextBuilder
from graphtune.chunking.handwritten import Block, add_blocks, read_head
from graphtune.chunking.heads import Head
from graphtune.records import Chunk, Span, Unit


def make_passage(
    text: str, heading: str = "", emphasis: tuple[Span, ...] = (), chunk_id: str = "c"
) -> Chunk:
    """Make a chunk of document "d"; paragraphs that repeat a title of the section path are headings."""
    units = _find_units(text, heading)
    kind = "reference" if any(unit.kind == "reference" for unit in units) else "text"
    size = len(text) // 4
    return Chunk(
        chunk_id, "d", 0, text, 0, len(text), heading, 1, 1, size, emphasis, kind=kind, units=units
    )


def make_marked_passage(marked: str, heading: str = "1 Start") -> Chunk:
    """Make a passage in which *stars* set words in another face."""
    text, emphasis = "", []
    for number, part in enumerate(marked.split("*")):
        if number % 2:
            emphasis.append(Span(len(text), len(text) + len(part)))
        text += part
    return make_passage(text, heading, tuple(emphasis))


def _find_units(text: str, heading: str) -> tuple[Unit, ...]:
    titles = {_squash(part) for part in heading.split(" > ")}
    is_bibliography = is_references(heading.rpartition(" > ")[2])
    blocks = []
    for part in text.split("\n\n"):
        if _squash(part) in titles:
            blocks.append(Block(part, level=1))
        else:
            entry = Head("reference", "", "", "", 0) if is_bibliography else None
            blocks.append(Block(part, head=entry or read_head(part)))
    builder = TextBuilder()
    add_blocks(builder, blocks)
    document = builder.build_document(Path("d"), b"", "txt", "")
    return document.units if document.text == text else ()


def _squash(text: str) -> str:
    return re.sub(r"[\s.:]+", "", text)
