"""Heads of statements and proofs that a paper writes by hand: "**Theorem 2.3 (Pieri rule).** …"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from graphtune.chunking.builder import Spans, TextBuilder
from graphtune.chunking.heads import Head, parse_head
from graphtune.chunking.text import NAMED_HEAD, ends_sentence, opens_statement

_PROOF_OF = re.compile(
    r"Proof(?P<name>(?: sketch| idea)?\s+of\s+(?:\d+\.(?=\d)|[^.:]|\.(?=\d)){1,80})[.:](?=\s|$)",
    re.IGNORECASE,
)
_PROOF = re.compile(r"proof|sketch of proof|solution", re.IGNORECASE)
#: What ends a proof: its box, printed or as a formula, or the words.
_PROOF_END = re.compile(
    r"(?:[□■∎◻▢]|\bQ\.?\s?E\.?\s?D\.?|\$?\\(?:black)?(?:square|Box|qed)(?![A-Za-z])\s*\$?)[.\s]*$"
)


def read_head(text: str) -> Head | None:
    """Return the head that a paragraph begins with, None where it begins with none.

    >>> read_head("Theorem 2.3 (Pieri rule). Let")
    Head(kind='statement', label='Theorem', number='2.3', name='Pieri rule', length=25)
    >>> read_head("Proof of Lemma 2.1. By").name, read_head("Theorem 2.3 shows that")
    ('of Lemma 2.1', None)
    """
    if proof := _PROOF_OF.match(text):
        return Head("proof", "Proof", "", proof["name"].strip(), proof.end())
    named = NAMED_HEAD.match(text)
    if not opens_statement(text) or named is None or named[0][-1] not in ".:)":
        return None
    if _PROOF.match(named[0]):
        return Head("proof", "Proof", "", "", named.end())
    return parse_head(text)


def ends_proof(text: str) -> bool:
    r"""Tell whether a paragraph ends with the mark that closes a proof.

    >>> ends_proof("as claimed. $\\blacksquare$"), ends_proof("Q.E.D."), ends_proof("as claimed.")
    (True, True, False)
    """
    return _PROOF_END.search(text[-40:]) is not None


@dataclass(frozen=True)
class Block:
    """A paragraph with its marked spans (from its start); a heading where `level` is not 0.

    `head` is the head of the statement or proof that it opens.
    """

    text: str
    emphasis: Spans = ()
    displays: Spans = ()
    level: int = 0
    head: Head | None = None


def add_blocks(builder: TextBuilder, blocks: Sequence[Block]) -> None:
    """Append paragraphs and headings, grouped into the units whose heads they have."""
    end = -1
    for index, block in enumerate(blocks):
        if block.level:
            builder.add_heading(block.text, block.level)
            continue
        if block.head:
            head = block.head
            builder.begin_unit(head.kind, head.label, head.number, head.name, head.length)
            end = _find_end(blocks, index)
        builder.add_paragraph(block.text, block.emphasis, block.displays)
        if index == end:
            builder.end_unit()


def _find_end(blocks: Sequence[Block], start: int) -> int:
    """Return the last block of the unit that `blocks[start]` opens.

    A proof goes to its end mark, if that comes before the next head or heading. Else a proof, like a
    statement, ends with the first paragraph that ends a sentence. An abstract whose head stands
    alone is all that follows; a title, the authors, an entry of the bibliography are one paragraph.
    """
    head = blocks[start].head
    last = start
    while last + 1 < len(blocks) and not blocks[last + 1].level and not blocks[last + 1].head:
        last += 1
    own = range(start, last + 1)
    if head is None or head.kind in {"reference", "title", "authors"}:
        return start
    if head.kind == "abstract":
        return start if head.length < len(blocks[start].text) else last
    if head.kind == "proof":
        marked = next((index for index in own if ends_proof(blocks[index].text)), None)
        if marked is not None:
            return marked
    return next((index for index in own if _is_complete(blocks[index].text)), last)


def _is_complete(text: str) -> bool:
    bare = text.rstrip("$ ")
    return ends_sentence(bare) and not bare.endswith((":", ";"))
