"""Cut a document into passages: at sections, then paragraphs, sentences, words, tokens."""

import hashlib
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from graphtune.chunking.text import NAMED_HEAD, SENTENCE_OPENERS, opens_statement
from graphtune.errors import ConfigError, ModelError
from graphtune.records import Chunk, Document, Heading, Span

#: Returns the character offsets (start, end) of all tokens of a text, in order.
TokenSpans = Callable[[str], Sequence[tuple[int, int]]]

_STOP = re.compile(r"[.!?…]+[)\]\"'”’]*(?=\s)|[。！？]+[”’」』）]*")
_FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.DOTALL)
_LAST_WORD = re.compile(r"[\w.&-]*$")
_NEXT_WORD = re.compile(r"\s*[(\[\"“‘'«]*(?P<start>(?P<word>\w+)|\S)(?P<dot>\.?)")
_SPACED_ABBREVIATION = re.compile(r"\b(?:i\. e|e\. g|q\. v|w\. r\. t|a\. e|s\. t)$")
_ABBREVIATIONS = frozenset(
    "al app approx ca cf ch chap chs cor def defs dr ed eds e.g eg eq eqn eqns eqs etc fig figs i.e "
    "ie inc jr lem mr mrs ms nos nr pp prof prop props pt q.v resp sec sect sects ser st tab thm "
    "thms trans univ viz vol vols vs w.l.o.g w.r.t conj".split()
)


def load_token_spans(tokenizer_json: Path) -> TokenSpans:
    """Load a tokenizer as a function that returns the offsets of a text's tokens.

    Special tokens do not count, and nothing is cut off or filled up.

    Raises:
        ModelError: the file is missing or no tokenizer.
    """
    from tokenizers import Tokenizer

    try:
        content = tokenizer_json.read_text(encoding="utf-8")
        if "model" not in json.loads(content):  # checked here: the library raises a bare Exception
            raise ValueError("it has no model")
    except OSError as error:
        raise ModelError(f"{tokenizer_json} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ModelError(f"{tokenizer_json} is no tokenizer: {error}.") from error
    tokenizer = Tokenizer.from_str(content)
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def find_spans(text: str) -> Sequence[tuple[int, int]]:
        return list(tokenizer.encode(text, add_special_tokens=False).offsets)

    return find_spans


def split_document(document: Document, max_tokens: int, count: TokenSpans) -> list[Chunk]:
    """Cut a document into chunks of at most `max_tokens` tokens.

    The chunks come in order and cover every character but white space once. None crosses a
    heading; a heading belongs to the text that follows it, and one without text to the next
    section. Within a section whole paragraphs are packed, then whole sentences of a paragraph
    that is too long, then words, then tokens. A statement or proof opens a new chunk where the
    current one is more than half full.

    Raises:
        ConfigError: `max_tokens` is not positive.
    """
    if max_tokens < 1:
        raise ConfigError(f"max_tokens is {max_tokens}; allowed are 1 and more.")
    cutter = _Cutter(document.text, max_tokens, count)
    sections = _find_sections(document)
    spans = [span for section in sections for span in cutter.pack_section(*section)]
    return _make_chunks(document, cutter, spans)


def _find_sections(document: Document) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end of the headings it opens with, end) of each section."""
    text = document.text
    starts = [0, *(heading.start for heading in document.headings if heading.start > 0), len(text)]
    headings = {heading.start for heading in document.headings}
    begin = 0
    for start, end in pairwise(starts):
        head = _end_of_paragraph(text, start) if start in headings else start
        if end < len(text) and not text[head:end].strip():
            continue
        if text[begin:end].strip():
            yield begin, head, end
        begin = end


def _end_of_paragraph(text: str, start: int) -> int:
    end = text.find("\n\n", start)
    return len(text) if end < 0 else end


class _Cutter:
    """Cuts one text, knowing where its tokens end."""

    def __init__(self, text: str, max_tokens: int, count: TokenSpans) -> None:
        self.text = text
        self.max_tokens = max_tokens
        self.count = count
        self.ends = sorted(end for start, end in count(text) if end > start)

    def size(self, start: int, end: int) -> int:
        """Count the tokens that end inside a span; their leading space may lie before it."""
        return bisect_right(self.ends, end) - bisect_right(self.ends, start)

    def pack_section(self, begin: int, head: int, end: int) -> Iterator[Span]:
        """Yield the chunks of a section whose headings end at `head`."""
        current: Span | None = None
        for piece in self._cut_section(begin, head, end):
            if current is None:
                current = piece
                continue
            is_statement = opens_statement(self.text[piece.start : piece.start + 80])
            is_filled = 2 * self.size(*current) > self.max_tokens and current.end > head
            if self.size(current.start, piece.end) > self.max_tokens or (
                is_statement and is_filled
            ):
                yield current
                current = piece
            else:
                current = Span(current.start, piece.end)
        if current is not None:
            yield current

    def _cut_section(self, begin: int, head: int, end: int) -> Iterator[Span]:
        limit = self.max_tokens
        if 2 * self.size(begin, head) <= limit:
            # The headings stay together, and the text after them leaves them room.
            if self.text[begin:head].strip():
                yield _trim(self.text, begin, head)
            limit -= self.size(begin, head)
            begin = head
        for start, stop in _find_paragraphs(self.text, begin, end):
            yield from self._cut_paragraph(start, stop, limit)
            limit = self.max_tokens

    def _cut_paragraph(self, start: int, end: int, limit: int) -> Iterator[Span]:
        if self.size(start, end) <= limit:
            yield Span(start, end)
            return
        for sentence in split_sentences(self.text[start:end]):
            yield from self._cut_words(start + sentence.start, start + sentence.end, limit)

    def _cut_words(self, start: int, end: int, limit: int) -> Iterator[Span]:
        while self.size(start, end) > limit:
            index = bisect_right(self.ends, start) + limit - 1
            stop = self._last_break(start, self.ends[index])
            if stop is None:
                stop = self.ends[index]
                while self.ends[index - 1] > start and self._is_over(start, stop, limit):
                    index -= 1
                    stop = self.ends[index]
            yield _trim(self.text, start, stop)
            start = _trim(self.text, stop, end).start
        yield Span(start, end)

    def _last_break(self, start: int, end: int) -> int | None:
        """Return the last place in (start, end] between words, else at a sign, else None."""
        for pattern in (r"\s", r"[^\w\s]"):
            edge = re.compile(rf"{pattern}")
            position = end
            while position > start and not edge.search(self.text[position - 1 : position + 1]):
                position -= 1
            if position > start and self.text[start:position].strip():
                return position
        return None

    def _is_over(self, start: int, end: int, limit: int) -> bool:
        """Whether a piece of a word has more tokens on its own than it had inside the word."""
        return len(self.count(self.text[start:end])) > limit


def _find_paragraphs(text: str, begin: int, end: int) -> Iterator[Span]:
    while begin < end:
        stop = min(_end_of_paragraph(text, begin), end)
        if text[begin:stop].strip():
            yield _trim(text, begin, stop)
        begin = stop + 2


def _trim(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    return Span(end - len(piece.lstrip()), start + len(piece.rstrip()))


def split_sentences(text: str) -> list[Span]:
    """Return the spans of the sentences of a paragraph.

    Abbreviations, initials, the head of a statement and formulas between dollar signs hold none.

    >>> text = "By Thm. 2.3 of G. H. Hardy et al. this holds. Let $a. B$ be given. Then so."
    >>> [text[start:end] for start, end in split_sentences(text)][1:]
    ['Let $a. B$ be given.', 'Then so.']
    """
    head = NAMED_HEAD.match(text)
    begin = head.end() if head and opens_statement(text) else 0
    formulas = [match.span() for match in _FORMULA.finditer(text)]
    spans, start = [], 0
    for stop in _STOP.finditer(text):
        index = bisect_right(formulas, (stop.start(), len(text)))
        in_formula = index > 0 and stop.start() < formulas[index - 1][1]
        if stop.end() > begin and not in_formula and _ends_sentence(text, start, stop):
            spans.append(_trim(text, start, stop.end()))
            start = stop.end()
    if text[start:].strip():
        spans.append(_trim(text, start, len(text)))
    return spans


def _ends_sentence(text: str, start: int, stop: re.Match[str]) -> bool:
    if stop[0][0] in "。！？":
        return True
    after = _NEXT_WORD.match(text, stop.end())
    if after is None or after["start"][0].islower() or after["start"][0].isdigit():
        return False
    if stop[0][0] != ".":
        return True
    before = text[max(start, stop.start() - 30) : stop.start()]
    found = _LAST_WORD.search(before)
    word = found[0] if found else ""
    if stop.start() - len(word) == start and len(word) < 4:
        return False  # the number of a list item
    is_opener = after["word"] in SENTENCE_OPENERS and not after["dot"]
    if word.lower() in _ABBREVIATIONS or _SPACED_ABBREVIATION.search(before):
        return is_opener and word.lower() in {"al", "etc"}
    return is_opener or not (len(word) == 1 and word.isupper())


def _make_chunks(document: Document, cutter: _Cutter, spans: Sequence[Span]) -> list[Chunk]:
    heading_starts = [heading.start for heading in document.headings]
    paths = _heading_paths(document.headings)
    emphasis = sorted(document.emphasis)
    chunks = []
    for position, (start, end) in enumerate(spans):
        text = document.text[start:end]
        index = bisect_left(heading_starts, end)
        digest = hashlib.sha256(f"{document.id}\n{start}\n{text}".encode()).hexdigest()
        chunks.append(
            Chunk(
                id=digest[:16],
                document_id=document.id,
                position=position,
                text=text,
                start=start,
                end=end,
                heading=paths[index - 1] if index else "",
                page_start=max(1, bisect_right(document.page_starts, start)),
                page_end=max(1, bisect_left(document.page_starts, end)),
                n_tokens=cutter.size(start, end),
                emphasis=_clip_spans(emphasis, start, end),
            )
        )
    return chunks


def _heading_paths(headings: Sequence[Heading]) -> list[str]:
    paths: list[str] = []
    stack: list[Heading] = []
    for heading in headings:
        while stack and stack[-1].level >= heading.level:
            stack.pop()
        stack.append(heading)
        paths.append(" > ".join(item.title for item in stack))
    return paths


def _clip_spans(spans: Sequence[Span], start: int, end: int) -> tuple[Span, ...]:
    """Return the parts of sorted spans inside [start, end), relative to `start`."""
    first = max(0, bisect_left(spans, (start, start)) - 1)
    last = bisect_left(spans, (end, end))
    clipped = (Span(max(a, start) - start, min(b, end) - start) for a, b in spans[first:last])
    return tuple(span for span in clipped if span.end > max(span.start, 0))
