r"""Source of a LaTeX paper before macros: files it includes, comments, raw text, unclosed braces."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from graphtune.chunking.plain import decode_text
from graphtune.errors import DocumentError

_RAW_START = re.compile(
    r"\\verb\*?(?P<mark>[^A-Za-z\s*])|\\(?:url|nolinkurl|path)\s*\{(?P<url>[^{}\n]*)\}"
    r"|\\href\s*(?:\[[^\[\]\n]*\]\s*)?\{(?P<target>[^{}\n]*)\}"
    r"|\\begin\s*\{(?P<name>verbatim\*?|lstlisting|minted)\}|(?P<comment>(?<!\\)(?:\\\\)*%[^\n]*)"
)
_FULL_COMMENT = re.compile(r"^[ \t]*%[^\n]*\n?", re.MULTILINE)
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*(\n[ \t]*(?=\S))?")
_COMMAND_END = re.compile(r"\\[A-Za-z@]+\Z")
_INPUT = re.compile(r"\\(?:input|include|subfile)(?![A-Za-z@])\s*(?:\{([^{}\n]*)\}|([^\s\\{}]+))")
_CONDITION = re.compile(r"\\(iff|ifthenelse|if[A-Za-z@]*|else|fi)(?![A-Za-z@])")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BLANK = re.compile(r"\n[ \t]*\n")
_MAX_INCLUDED = 20_000_000


@dataclass
class Source:
    """Text of a paper with what it includes; raw texts stand aside, a mark in their place."""

    text: str = ""
    raw: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    n_included: int = 0


def load_source(path: Path, data: bytes) -> Source:
    r"""Read a LaTeX file and what it takes in by `\input` and `\include` from its own folder.

    A file that is missing, outside the folder or taken in by itself is a warning, because its text
    is not in the paper then.

    Raises:
        DocumentError: the file is not text.
    """
    source = Source()
    text = _include_files(decode_text(path, data), path, source, (path.resolve(),))
    source.text = _close_braces(_drop_false(text, source.warnings), source.warnings)
    return source


def _include_files(text: str, paper: Path, source: Source, open_files: tuple[Path, ...]) -> str:
    text = strip_comments(_set_raw_aside(text.replace("\x1a", ""), source.raw))
    parts, position = [], 0
    for match in _INPUT.finditer(text):
        name = (match[1] or match[2] or "").strip().strip('"')
        parts.append(text[position : match.start()])
        position = match.end()
        if "#" in name or not name:
            parts.append(match[0])
        else:
            parts.append(_read_included(name, paper, source, open_files))
    return "".join(parts) + text[position:]


def _read_included(name: str, paper: Path, source: Source, open_files: tuple[Path, ...]) -> str:
    folder = paper.parent.resolve()
    try:
        candidates = [(folder / (name + ".tex")).resolve(), (folder / name).resolve()]
        found = next((path for path in candidates if path.is_file()), None)
        if found is None:
            raise FileNotFoundError("it is missing")
        if not found.is_relative_to(folder):
            raise PermissionError("it lies outside the paper's folder")
        if found in open_files:
            raise RecursionError("it includes itself")
        data = found.read_bytes()
        source.n_included += len(data)
        if source.n_included > _MAX_INCLUDED or len(open_files) > 20:
            raise RecursionError("too much is included")
        return _include_files(decode_text(found, data), paper, source, (*open_files, found))
    except (OSError, ValueError, RecursionError, DocumentError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        source.warnings.append(f"included file {name!r} was not read: {reason}")
        return ""


def _set_raw_aside(text: str, raw: list[str]) -> str:
    r"""Put marks for `\verb`, `\url` and verbatim environments: nothing in them is a command."""
    parts, position, missing = [], 0, set[str]()
    for match in _RAW_START.finditer(text):
        if match.start() < position or match["comment"]:
            continue
        if match["target"] is not None:  # a link prints its second argument alone
            parts.append(text[position : match.start()])
            position = match.end()
            continue
        if match["url"] is not None:
            content, end = match["url"], match.end()
        else:
            closing = match["mark"] or rf"\end{{{match['name']}}}"
            limit = text.find("\n", match.end()) if match["mark"] else -1
            stop = -1 if closing in missing else text.find(closing, match.end())
            if stop < 0 or -1 < limit < stop:
                if stop < 0:
                    missing.add(closing)
                continue
            content, end = text[match.end() : stop], stop + len(closing)
        raw.append(content)
        parts += [text[position : match.start()], f"\x1a{len(raw) - 1}\x1a"]
        position = end
    return "".join(parts) + text[position:]


def strip_comments(source: str) -> str:
    r"""Remove comments; a line that holds nothing else goes as a whole.

    As in LaTeX the line break behind a comment goes too, unless it ends the name of a command.

    >>> strip_comments("50\\% of a grap% half\n% note\nh")
    '50\\% of a graph'
    """
    return _COMMENT.sub(_join_lines, _FULL_COMMENT.sub("", source))


def _join_lines(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 40) : match.start()]
    return match[1] + ("\n" if match[2] and _COMMAND_END.search(before) else "")


def _drop_false(text: str, warnings: list[str]) -> str:
    r"""Remove what stands between `\iffalse` and its `\fi` or `\else`.

    >>> _drop_false(r"a \iffalse b \ifx c \fi d\else e\fi f \iff g", [])
    'a  e f \\iff g'
    """
    if r"\iffalse" not in text:
        return text
    parts, position = [], 0
    stack: list[tuple[str, int]] = []
    hidden = 0
    for match in _CONDITION.finditer(text):
        word = match[1]
        if word in {"iff", "ifthenelse"}:
            continue
        if word.startswith("if"):
            stack.append((word, match.start()))
            is_switch = word == "iffalse"
        elif not stack:
            continue
        else:
            is_switch = stack[-1][0] in {"iffalse", "else"}
        was_hidden = hidden
        if word == "iffalse":
            hidden += 1
        elif word == "else" and stack[-1][0] == "iffalse":
            hidden -= 1
            stack[-1] = ("else", match.start())
        elif word == "fi":
            hidden -= stack.pop()[0] == "iffalse"
        if not was_hidden:
            parts.append(text[position : match.start() if is_switch else match.end()])
        position = match.end()
    if hidden:
        first = next(start for word, start in stack if word == "iffalse")
        warnings.append(r"an \iffalse has no \fi")
        return _drop_false(text[:first], []) + text[first:].replace(r"\iffalse", "")
    return "".join(parts) + text[position:]


def _close_braces(text: str, warnings: list[str]) -> str:
    r"""Close an open brace at the end of its paragraph, drop a closing one that has no partner.

    >>> warnings = []
    >>> _close_braces("{a} {b\n\nc}} d", warnings), warnings
    ('{a} {b\n\nc} d', ["1 unbalanced braces, the first near '{a} {b c}} d'"])
    """
    opened: list[int] = []
    edits: list[tuple[int, int, str]] = []
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            opened.append(match.start())
        elif match[0] == "}" and opened:
            opened.pop()
        elif match[0] == "}":
            edits.append((match.start(), match.end(), ""))
    if opened:
        ends = [match.start() for match in _BLANK.finditer(text)] + [len(text)]
        index = 0
        for start in opened:
            while ends[index] < start:
                index += 1
            edits.append((ends[index], ends[index], "}"))
    if not edits:
        return text
    edits.sort()
    first = min([start for start, end, _ in edits if end > start] + opened)
    excerpt = " ".join(text[max(0, first - 15) : first + 25].split())
    warnings.append(f"{len(edits)} unbalanced braces, the first near {excerpt!r}")
    parts, position = [], 0
    for start, end, replacement in edits:
        parts += [text[position:start], replacement]
        position = end
    return "".join(parts) + text[position:]
