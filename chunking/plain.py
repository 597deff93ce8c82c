"""Markdown and plain text into a `Document`."""

import re
from pathlib import Path

from graphtune.chunking.builder import TextBuilder
from graphtune.chunking.text import clean_text
from graphtune.errors import DocumentError
from graphtune.records import Document

_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*$")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
#: Mathematics and code are taken as they are; what follows is emphasis.
_INLINE = re.compile(
    r"(?P<keep>\$\$.+?\$\$|\$[^$\n]+\$|`[^`]+`|\\[\\*_`#\[\]])"
    r"|(?P<mark>\*\*\*|\*\*|\*|(?<!\w)__|(?<!\w)_)(?=\S)(?P<inner>[^*\n]+?)(?<=\S)(?P=mark)(?!\w)",
    re.DOTALL,
)


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
    for paragraph in _BLANK_LINES.split(decode_text(path, data)):
        builder.add_paragraph(_join_words(paragraph))
    first = builder.paragraphs[0] if builder.paragraphs else ""
    title = first if len(first) <= 120 and not first.endswith(".") else ""
    return builder.build_document(path, data, "txt", title)


def read_markdown(path: Path, data: bytes) -> Document:
    """Read a Markdown file: ATX headings, emphasis, lists; code is kept as text.

    Raises:
        DocumentError: the file is binary.
    """
    text = _COMMENT.sub("", _FRONT_MATTER.sub("", decode_text(path, data)))
    builder = TextBuilder()
    lines: list[str] = []
    fence = ""
    for line in [*text.split("\n"), ""]:
        mark = _FENCE.match(line)
        if fence:
            is_end = mark is not None and line.strip().startswith(fence)
            if is_end:
                builder.add_paragraph(_join_words("\n".join(lines)))
                lines, fence = [], ""
            else:
                lines.append(line)
            continue
        heading = _HEADING.match(line)
        if mark or heading or not line.strip() or _ITEM.match(line):
            _add_inline(builder, lines)
            lines = []
        if mark:
            fence = mark[1]
        elif heading:
            builder.add_heading(_read_inline(heading[2])[0], len(heading[1]))
        elif line.strip():
            lines.append(line)
    _add_inline(builder, lines)
    first = min(builder.headings, key=lambda heading: heading.level, default=None)
    return builder.build_document(path, data, "md", first.title if first else "")


def _add_inline(builder: TextBuilder, lines: list[str]) -> None:
    text, emphasis = _read_inline("\n".join(lines))
    builder.add_paragraph(text, emphasis)


def _read_inline(source: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the text of a paragraph without its marks, and the emphasised spans.

    >>> _read_inline("a *proper* [map](x.html), $a*b*c$")
    ('a proper map, $a*b*c$', [(2, 8)])
    """
    source = _join_words(_LINK.sub(r"\1", source))
    parts: list[str] = []
    emphasis: list[tuple[int, int]] = []
    length = position = 0
    for match in _INLINE.finditer(source):
        before = source[position : match.start()]
        inner = match["inner"] or match[0].lstrip("\\") or match[0]
        parts += [before, inner]
        start = length + len(before)
        length = start + len(inner)
        if match["inner"]:
            emphasis.append((start, length))
        position = match.end()
    return "".join(parts) + source[position:], emphasis


def _join_words(text: str) -> str:
    return " ".join(clean_text(text).split())
