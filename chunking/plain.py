"""Markdown and plain text into a `Document`."""

import re
from collections.abc import Iterator
from pathlib import Path

from graphtune.chunking.builder import TextBuilder
from graphtune.chunking.handwritten import Block, add_blocks, read_head
from graphtune.chunking.heads import Head
from graphtune.chunking.text import SECTION_NUMBER, clean_text
from graphtune.errors import DocumentError
from graphtune.records import Document

_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_FRONT_MATTER = re.compile(r"\A---\n(?P<fields>.*?)\n---\n", re.DOTALL)
_TITLE_FIELD = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)
_AUTHOR_FIELD = re.compile(
    r"^authors?:[ \t]*(.*(?:\n[ \t]*-.*|\n[ \t]+.*)*)", re.MULTILINE | re.IGNORECASE
)
_AUTHOR = re.compile(r"(?:^[ \t]*-?[ \t]*(?:name:)?|,)[ \t]*([^,:\n]+)[ \t]*(?=,|$)", re.MULTILINE)
_UNDERLINE = re.compile(r" {0,3}(?P<first>=+|(?P<second>-{2,}))[ \t]*")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_FENCE = re.compile(r" {0,3}(```+|~~~+)[ \t]*(\w*)")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+")
_COMMENT = re.compile(r"<!--(?:(?!<!--).)*?-->", re.DOTALL)
#: Mathematics and code are taken as they are; what follows is emphasis.
_INLINE = re.compile(
    r"(?P<display>\$\$.+?\$\$)|(?P<keep>\$[^$\n]+\$|`[^`]+`)|\\(?P<escaped>[\\*_`#\[\]$])"
    r"|!?\[(?P<link>[^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)"
    r"|(?P<mark>\*\*\*|\*\*|\*|(?<!\w)__|(?<!\w)_)(?=\S)(?P<inner>[^*\n]{1,300}?)(?<=\S)(?P=mark)(?!\w)",
    re.DOTALL,
)
_SECTION = re.compile(
    r"(abstract|introduction|preface|references|bibliography|literature|acknowledge?ments?"
    r"|conclusions?|appendix)[.:]?",
    re.IGNORECASE,
)
_REFERENCES = frozenset("references bibliography literature".split())
_RUN_IN_ABSTRACT = re.compile(r"abstract\s*[.:—–-]+(?=\s)", re.IGNORECASE)
#: An entry of the bibliography: "[7] …", in a list "- [7] …" or "7. …".
_ENTRY = re.compile(r"\s*(?:[-*+]\s+)?(?:\[([^\[\]\s]{1,20})\]|(\d{1,3})[.)])\s+(?!\()")


def decode_text(path: Path, data: bytes) -> str:
    """Decode the bytes of a text file: by its byte-order mark, else UTF-8, else Latin-1.

    Raises:
        DocumentError: the file is binary.
    """
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            text = data.decode(encoding, errors="replace")
            break
    else:
        if b"\0" in data:
            raise DocumentError(
                f"{path} is not text but binary data. Check the file or its suffix."
            )
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")


def read_plain(path: Path, data: bytes) -> Document:
    """Read a text file; blank lines separate its paragraphs, a short first one is its title.

    Raises:
        DocumentError: the file is binary.
    """
    builder = TextBuilder()
    blocks: list[Block] = []
    section = title = ""
    for paragraph in _BLANK_LINES.split(decode_text(path, data)):
        for source in _split_entries(paragraph) if section in _REFERENCES else [paragraph]:
            text = _join_words(source)
            name = _read_section(text)
            is_first = text and not blocks and not name
            if name:
                section = name
                blocks.append(_open_section(text, 1))
            elif is_first and len(text) <= 120 and not text.endswith(".") and not read_head(text):
                title = text
                blocks.append(Block(text, head=Head("title", "")))
            else:
                blocks.append(Block(text, head=_find_head(text, section)))
    add_blocks(builder, [block for block in blocks if block.text])
    return builder.build_document(path, data, "txt", title)


def _read_section(text: str) -> str:
    """Return the name of a section that a paragraph holds alone, in small letters.

    >>> _read_section("1. Introduction"), _read_section("Introduction to trees")
    ('introduction', '')
    """
    number = SECTION_NUMBER.match(text)
    match = _SECTION.fullmatch(text[number.end() :] if number else text)
    return match[1].lower() if match else ""


def _open_section(title: str, level: int) -> Block:
    """Return a heading; the word "Abstract" is the head of a unit instead."""
    if _read_section(title) == "abstract":
        return Block(title, head=Head("abstract", "Abstract", length=len(title)))
    return Block(title, level=level)


def _read_front_matter(text: str) -> tuple[str, str]:
    r"""Return the title and the authors that the front matter of a Markdown text gives.

    >>> _read_front_matter("title: 'On trees'\nauthors:\n  - A. One\n  - name: B. Two")
    ('On trees', 'A. One, B. Two')
    """
    title, authors = _TITLE_FIELD.search(text), _AUTHOR_FIELD.search(text)
    names = _AUTHOR.findall(authors[1].strip("[] ")) if authors else []
    quotes = "\"' "
    return title[1].strip(quotes) if title else "", ", ".join(n.strip(quotes) for n in names)


def _split_entries(paragraph: str) -> list[str]:
    """Split the entries of a bibliography that stand on lines below each other."""
    entries: list[str] = []
    for line in paragraph.split("\n"):
        if entries and not _ENTRY.match(line):
            entries[-1] += "\n" + line
        else:
            entries.append(line)
    return entries


def _find_head(text: str, section: str) -> Head | None:
    """Return the head of what a paragraph opens, by its words and the section that it is in."""
    entry = _ENTRY.match(text) if section in _REFERENCES else None
    if entry:
        return Head("reference", "", entry[1] or entry[2], "", entry.end(entry.lastindex or 0) + 1)
    abstract = _RUN_IN_ABSTRACT.match(text)
    return Head("abstract", "Abstract", length=abstract.end()) if abstract else read_head(text)


def read_markdown(path: Path, data: bytes) -> Document:
    """Read a Markdown file: headings, emphasis, lists, heads of statements; code is kept as text.

    Title and authors are those of the front matter, if it has any; else the first heading is the title.

    Raises:
        DocumentError: the file is binary.
    """
    text = decode_text(path, data)
    front = _FRONT_MATTER.match(text)
    front_title, authors = _read_front_matter(front["fields"]) if front else ("", "")
    text = _COMMENT.sub("", text[front.end() :] if front else text)
    blocks = [Block(front_title, head=Head("title", "")), Block(authors, head=Head("authors", ""))]
    section = ""
    for source, kind in _split_markdown(text):
        if kind in {"code", "math"}:
            words = _join_words(source)
            words = f"$${words}$$" if kind == "math" and words else words
            spans = [(0, len(words))] if kind == "math" else []
            blocks.append(Block(words, displays=spans))
        elif kind:
            title = _read_inline(source)[0]
            section = _read_section(title)
            if title != front_title:
                blocks.append(_open_section(title, len(kind)))
        else:
            words, emphasis, displays = _read_inline(source)
            head = _find_head(words, section)
            length = head.length if head else 0
            marked = [(begin, end) for begin, end in emphasis if begin >= length]
            blocks.append(Block(words, marked, displays, head=head))
    builder = TextBuilder(authors=authors)
    add_blocks(builder, [block for block in blocks if block.text])
    first = min(builder.headings, key=lambda heading: heading.level, default=None)
    return builder.build_document(path, data, "md", front_title or (first.title if first else ""))


def _split_markdown(text: str) -> Iterator[tuple[str, str]]:
    """Yield the blocks of a Markdown text, each with "code", "math", the marks of a heading or ""."""
    lines: list[str] = []
    fence = language = ""
    in_display = False
    for line in [*text.split("\n"), ""]:
        mark = _FENCE.match(line)
        if fence:
            if mark is not None and line.strip().startswith(fence):
                yield "\n".join(lines), "math" if language == "math" else "code"
                lines, fence = [], ""
            else:
                lines.append(line)
            continue
        underline = _UNDERLINE.fullmatch(line) if len(lines) == 1 and not in_display else None
        if underline and not _ITEM.match(lines[0]):
            yield lines[0].strip(), "##" if underline["second"] else "#"
            lines = []
            continue
        heading = None if in_display else _HEADING.match(line)
        is_entry = _ENTRY.match(line) is not None and line.lstrip().startswith("[")
        opens = not in_display and (mark or heading or _ITEM.match(line) or is_entry)
        if opens or not line.strip():
            yield "\n".join(lines), ""
            lines, in_display = [], False
        if heading:
            yield heading[2].strip().rstrip("#"), heading[1]
        elif opens and mark:
            fence, language = mark[1], mark[2]
        elif line.strip():
            lines.append(line)
            in_display ^= line.count("$$") % 2 == 1
    yield "\n".join(lines), ""


def _read_inline(source: str) -> tuple[str, list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the text of a paragraph without its marks, the emphasised spans, the displays.

    >>> _read_inline("a *proper* [map](x.html), $a*b*c$")
    ('a proper map, $a*b*c$', [(2, 8)], [])
    """
    source = _join_words(source)
    parts: list[str] = []
    emphasis: list[tuple[int, int]] = []
    displays: list[tuple[int, int]] = []
    length = position = 0
    for match in _INLINE.finditer(source):
        before = source[position : match.start()]
        inner = match["inner"] or match["escaped"] or match[0]
        start = length + len(before)
        if match["link"] is not None:
            inner, marked, _ = _read_inline(match["link"])
            emphasis += [(start + begin, start + end) for begin, end in marked]
        parts += [before, inner]
        length = start + len(inner)
        if match["inner"]:
            emphasis.append((start, length))
        elif match["display"]:
            displays.append((start, length))
        position = match.end()
    return "".join(parts) + source[position:], emphasis, displays


def _join_words(text: str) -> str:
    return " ".join(clean_text(text).split())
