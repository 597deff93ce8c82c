"""The parts of a passage: what each paragraph is (heading, statement, proof …), and its sentences."""

import re
from typing import Literal, NamedTuple

from graphtune.chunking.sentences import split_sentences
from graphtune.records import Chunk, Span

ParagraphKind = Literal["heading", "definition", "statement", "proof", "bibliography", "text"]

_STATEMENT_WORDS = (
    "theorem|lemma|proposition|corollary|conjecture|definition|claim|fact|hypothesis|axiom|observation"
    "|problem|question|principle|law|algorithm|construction|property"
)
_OTHER_WORDS = (
    "example|remark|note|notation|convention|exercise|comment|discussion|warning|case|step|terminology"
    "|acknowledge?ments?|solution|answer"
)
_NUMBER = r"(?:[A-Z]|[A-Z]?\d+(?:\.\d+)*[a-z]?|[IVX]+)(?:['′*])?"
_TITLE = r"\((?P<title>(?:[^()]|\([^()]*\))*)\)"
_HEAD = re.compile(
    rf"(?:{_NUMBER}\.?\s+)?(?P<word>(?:main\s+|key\s+)?(?:{_STATEMENT_WORDS}|{_OTHER_WORDS}))s?"
    rf"(?:\s+(?P<number>{_NUMBER}))?(?:\s*{_TITLE})?(?:\s*\[[^\]]*\])?"
    r"(?P<stop>\s*[.:](?!\d)|(?=\s+(?-i:[A-Z])))",
    re.IGNORECASE,
)
_PROOF = re.compile(
    r"(?:(?:sketch|idea|outline|end)\s+of\s+(?:the\s+)?)?proof\b"
    r"(?:\s+\([^)]*\)|\s+(?:of|sketch|idea)\b[^.:]{0,60}(?:\d\.\d[^.:]{0,20})*)?\s*[.:]",
    re.IGNORECASE,
)
_BIBLIOGRAPHY = re.compile(
    r"(?:references|bibliography|literature(?:\s+cited)?|works\s+cited)\W*$", re.I
)


class Paragraph(NamedTuple):
    """A paragraph `[start, end)` of a passage.

    `head_end` is where its text begins behind a head such as "Theorem 2.1 (Pieri rule).", `word` the
    head's lower-case word ("theorem", "" without a head), `title` the span in the parentheses.
    """

    start: int
    end: int
    kind: ParagraphKind
    head_end: int
    word: str = ""
    title: Span | None = None


def is_bibliography(chunk: Chunk) -> bool:
    """Tell whether a passage stands in the list of references."""
    last = chunk.heading.rpartition(" > ")[2]
    return bool(_BIBLIOGRAPHY.match(re.sub(r"^[\d.\sIVX]+", "", last).strip() or last.strip()))


def split_paragraphs(chunk: Chunk) -> list[Paragraph]:
    """Return the paragraphs of a passage, each with its kind.

    A statement or definition that ends without a full stop goes on in the next paragraph; a proof
    goes on to the next head, the end sign or the end of the passage.
    """
    bibliography = is_bibliography(chunk)
    titles = {_squash(part) for part in chunk.heading.split(" > ")} - {""}
    result: list[Paragraph] = []
    running: ParagraphKind = "text"
    for match in re.finditer(r"\S(?:.|\n(?!\s*\n))*", chunk.text):
        start, end = match.start(), match.start() + len(match[0].rstrip())
        text = chunk.text[start:end]
        in_title = all(item.kind == "heading" for item in result)
        if in_title and _squash(text) in titles:
            paragraph = Paragraph(start, end, "heading", start)
        elif bibliography:
            paragraph = Paragraph(start, end, "bibliography", start)
        else:
            paragraph = _classify_paragraph(text, start, running)
        result.append(paragraph)
        running = _continue_kind(paragraph, text)
    return result


def _squash(text: str) -> str:
    """Reduce a heading to what its line and its entry in the section path have in common."""
    return re.sub(r"[\s.:]+", "", text)


def _classify_paragraph(text: str, start: int, running: ParagraphKind) -> Paragraph:
    end = start + len(text)
    if proof := _PROOF.match(text):
        return Paragraph(start, end, "proof", start + proof.end(), "proof")
    head = _HEAD.match(text)
    if head is None or not (head["stop"] or head["number"] or head["title"] is not None):
        return Paragraph(start, end, running, start)
    word = head["word"].lower().split()[-1]
    kind: ParagraphKind = "text"
    if word == "definition":
        kind = "definition"
    elif re.fullmatch(_STATEMENT_WORDS, word):
        kind = "statement"
    title = None
    if head["title"]:
        title = Span(start + head.start("title"), start + head.end("title"))
    return Paragraph(start, end, kind, start + head.end(), word, title)


def _continue_kind(paragraph: Paragraph, text: str) -> ParagraphKind:
    """Return the kind of a following paragraph that has no head of its own."""
    if paragraph.kind == "proof":
        return "text" if re.search(r"(?:[□■∎◻▢]|\bQ\.?E\.?D\.?)\W*$", text) else "proof"
    if paragraph.kind in ("definition", "statement"):
        return "text" if re.search(r"[.?!□■∎][)\]”\"’]*$", text) else paragraph.kind
    return "text"


def list_sentences(text: str, start: int, end: int) -> list[Span]:
    """Return the spans of the sentences in `text[start:end]`, a paragraph.

    >>> text = "See Thm. 2 of J. Stembridge. It holds, i.e. it is true. Done"
    >>> [text[a:b] for a, b in list_sentences(text, 0, len(text))]
    ['See Thm. 2 of J. Stembridge.', 'It holds, i.e. it is true.', 'Done']
    """
    return [Span(start + a, start + b) for a, b in split_sentences(text[start:end])]
