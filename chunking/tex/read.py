r"""LaTeX source into a `Document`, read the way its PDF would print."""

import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

from graphtune.chunking.tex.counters import Counters, Theorem, read_counters, read_theorems
from graphtune.chunking.tex.load import load_source
from graphtune.chunking.tex.macros import Expansion
from graphtune.chunking.tex.output import OpenUnit, Target
from graphtune.chunking.tex.reader import Reader
from graphtune.chunking.tex.source import take_group, take_option
from graphtune.records import Document

_FRONT = re.compile(
    r"\\(title|author|date|address|curraddr|email|urladdr|thanks|keywords|subjclass|affiliation"
    r"|affil|institute|dedicatory)\*?\s*(?=[\[{])"
)
_BEGIN = r"\begin{document}"
_END = r"\end{document}"
_AUTHOR_BREAK = re.compile(r"\\(?:and|AND|And)(?![A-Za-z])")
_LINE_BREAK = re.compile(r"\\\\(?:\[[^\]]{0,20}\])?")
_AUTHOR_MARK = re.compile(r"\s*\$[^$]*\$")
_NOTES = {
    "keywords": "Key words and phrases. ",
    "subjclass": "Mathematics Subject Classification. ",
}
_DETAILS = ("address", "affiliation", "affil", "institute", "curraddr", "email", "urladdr",
            "dedicatory", "date")  # fmt: skip


def read_latex(path: Path, data: bytes) -> Document:
    r"""Read a LaTeX file; what stands outside its document environment is not printed.

    Mathematics stays as it is, between dollar signs. The file is read twice, as LaTeX does, because a
    reference may stand before its label. Files that it includes from its own folder belong to it.

    Raises:
        DocumentError: the file is not text.
    """
    source = load_source(path, data)
    expansion = Expansion()
    text = expansion.expand(source.text)
    begin, end = text.find(_BEGIN), text.rfind(_END)
    body = text[begin + len(_BEGIN) if begin >= 0 else 0 : end if end > begin else len(text)]
    theorems, counters = read_theorems(text), read_counters(text, expansion.macros)
    front = _find_front(text)
    known: dict[str, Target] = {}
    for _ in range(2):
        reader = _read_once(front, body, theorems, counters, known, source.raw)
        known = reader.output.targets
    builder = reader.output.builder
    builder.labels += reader.output.resolve_references()
    builder.warnings[:0] = source.warnings
    if expansion.budget <= 0:
        builder.warnings.append("macros that grow without end were left as they are")
    title = next((builder.paragraphs[0] for unit in builder.units[:1] if unit.kind == "title"), "")
    return builder.build_document(path, data, "tex", title)


def _read_once(
    front: list[tuple[str, str]],
    body: str,
    theorems: Mapping[str, Theorem],
    counters: Counters,
    known: Mapping[str, Target],
    raw: list[str],
) -> Reader:
    reader = Reader(dict(theorems), deepcopy(counters), known, raw)
    _print_front(reader, front)
    reader.read(body)
    reader.output.end_unit()
    reader.read_waiting()
    return reader


def _find_front(text: str) -> list[tuple[str, str]]:
    """Return the commands of the title page with their arguments, in order."""
    found: list[tuple[str, str]] = []
    position = 0
    for match in _FRONT.finditer(text):
        if match.start() < position:
            continue
        _, position = take_option(text, match.end())
        argument, position = take_group(text, position)
        if argument.strip():
            found.append((match[1], argument))
    return found


def _print_front(reader: Reader, front: list[tuple[str, str]]) -> None:
    """Print title and authors; affiliations, addresses and the date follow the authors."""
    output = reader.output
    output.paragraph.is_plain = True
    title = next((argument for name, argument in front if name == "title"), "")
    output.begin_unit(OpenUnit("title"))
    reader.read(" ".join(title.split()))
    output.end_unit()
    names, details = _split_authors([argument for name, argument in front if name == "author"])
    output.begin_unit(OpenUnit("authors"))
    for index, name in enumerate(names):
        output.paragraph.print(", " if index else "")
        reader.read(" ".join(name.split()))
    output.builder.authors = _AUTHOR_MARK.sub("", output.paragraph.text)
    output.end_paragraph()
    for kind in _DETAILS:
        details += [argument for name, argument in front if name == kind]
    for detail in details:
        reader.read(" ".join(detail.split()))
        output.end_paragraph()
    output.end_unit()
    output.paragraph.is_plain = False
    for name, argument in front:
        if name in {"keywords", "subjclass", "thanks"}:
            reader.waiting.append(("", _NOTES.get(name, "") + argument))
    reader.read_waiting()


def _split_authors(arguments: list[str]) -> tuple[list[str], list[str]]:
    r"""Return the names of authors, and what stands under them.

    >>> _split_authors([r"A. One\\ Sofia \and B. Two", "C. Three"])
    (['A. One', 'B. Two', 'C. Three'], ['Sofia'])
    """
    names: list[str] = []
    details: list[str] = []
    for argument in arguments:
        for author in _AUTHOR_BREAK.split(argument):
            name, *lines = (line.strip() for line in _LINE_BREAK.split(author))
            names += [name] if name else []
            details += filter(None, lines)
    return names, details
