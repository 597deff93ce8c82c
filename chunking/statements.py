"""Heads of statements, proofs and captions, and where a statement ends, judged by its faces."""

import re
from collections.abc import Collection, Iterable, Sequence

from graphtune.chunking.heads import OTHER_HEAD, Head, parse_head
from graphtune.chunking.rows import BOLD, CAPS, END_MARKS, ITALIC, MATH, Row
from graphtune.chunking.text import NAMED_HEAD, SENTENCE_OPENERS, STATEMENT_HEAD

FACE = BOLD | ITALIC | CAPS
#: Kinds that may stand inside a proof as a step of it.
INNER_KINDS = frozenset({"Claim", "Subclaim", "Fact", "Observation", "Sublemma"})
_QED = re.compile(r"(?:^|[\s.])(?:Q\. ?E\. ?D\.?|QED\.?)$")
_PROOF = re.compile(
    r"(?:(?P<way>[A-Z][a-z]+)(?P<joint> (?:of|on|about|for))? (?:the |a )?)?"
    r"(?:(?<= )proof|Proof|Beweis|Preuve|Démonstration)\b"
)
_NOTE = re.compile(r"\s*\([^()]{1,80}\)\s*[.:]?")
_STOP = re.compile(r"[.:](?=\s|$)")
_WORD = re.compile(r"[^\W\d_]{2,}")
_CAPTION = re.compile(
    r"(?P<kind>Figure|Fig\.|Table|Algorithm|Listing|Scheme|Diagram)\s+(?P<number>[A-Z]?\d+(?:\.\d+)*)"
)


def read_head(row: Row, head_faces: Collection[int] = ()) -> Head | None:
    """Return the head of the statement or proof that a row opens, None where it opens none.

    Its first words must be in another face than upright text. `head_faces` are the faces of the
    document's heads of known kinds; in these the author's own kinds count too.
    """
    face = _opening_face(row)
    if not face:
        return None
    text = " ".join(row.text.split())
    if not (text[:1].isupper() or text[:1].isdigit()):
        return None
    if match := _PROOF.match(text):
        return _read_proof(row, text, match, face)
    if match := STATEMENT_HEAD.match(text):
        return parse_head(text) if _is_head(text, match, row, face) else None
    if face in head_faces and face & (BOLD | CAPS) and (match := OTHER_HEAD.match(text)):
        return parse_head(text) if _is_head(text, match, row, face) else None
    return None


def collect_faces(rows: Iterable[Row]) -> set[int]:
    """Return the faces in which heads of the known kinds are set."""
    return {_opening_face(row) for row in rows if row.runs[0].style & FACE and read_head(row)}


def _opening_face(row: Row) -> int:
    """Return the face of a row's first words, a number before them aside; 0 is upright."""
    for run in row.runs:
        if run.style & MATH:
            return 0
        if run.style & FACE and not run.text.isspace():
            return run.style & FACE
        if _WORD.search(run.text):
            return 0
    return 0


def _is_head(text: str, match: re.Match[str], row: Row, face: int) -> bool:
    """Whether a face or a stop parts the words of a head from what follows them."""
    after = text[match.end() :].lstrip()
    if not after or after[0] in ".:" or (after[0] in "([" and face & (BOLD | CAPS)):
        return True
    if after[0] == "(":
        return NAMED_HEAD.match(text + ".")[0].endswith((".", ":"))  # type: ignore[index]
    length = match.end() + len(row.text) - len(row.text.lstrip())
    return bool(face & (BOLD | CAPS)) and _face_at(row, length) != face


def _face_at(row: Row, offset: int) -> int:
    """Return the face of the first letters behind an offset, -1 for mathematics and the end."""
    for run in row.runs:
        if offset < len(run.text) and not run.text[offset:].isspace():
            return -1 if run.style & MATH else run.style & FACE
        offset = max(0, offset - len(run.text))
    return -1


def _read_proof(row: Row, text: str, match: re.Match[str], face: int) -> Head | None:
    """Read "Proof.", "Proof of Theorem 2.", "Sketch of proof:"; a face or a stop ends it."""
    lead = " ".join(_lead(row, face).split())
    if len(lead) < match.end():
        return None
    note = _NOTE.match(text, match.end())
    stop = _STOP.search(text, note.end() - 1 if note else match.end())
    if note:
        lead = text[: max(len(lead), note.end())]
    end = stop.end() if stop and stop.start() <= len(lead) else len(lead)
    name = text[match.end() : end].strip(" .:–—")
    if name[:1] in {"(", "["}:
        name = name.strip("()[]")
    if match["way"] and not (stop and abs(stop.end() - len(lead)) < 2):
        return None
    if not stop and len(lead) == len(text) and name and face == ITALIC:
        return None  # a sentence about proofs
    if not (stop and stop.end() == end) and not name.startswith(("of", "sketch", "idea")):
        end = match.end() if len(lead) > match.end() and face == ITALIC else end
        name = name if end > match.end() else ""
    if match["way"]:
        joint = "" if match["way"] in {"Sketch", "Idea", "Outline"} else match["joint"] or ""
        name = f"{match['way'].lower()}{joint} {name}".strip()
    return Head("proof", "Proof", "", name, end)


def _lead(row: Row, face: int) -> str:
    """Return the text up to the first word in another face; formulas and numbers do not count."""
    end = 0
    for index, run in enumerate(row.runs):
        if not run.style & MATH and run.style & FACE == face:
            end = index + 1
        elif not run.style & MATH and _WORD.search(run.text):
            break
    return "".join(run.text for run in row.runs[:end])


def read_caption(row: Row) -> Head | None:
    """Return the head of a caption ("Figure 3:"), None where a row opens none."""
    text = " ".join(row.text.split())
    if text[:1] not in "FTALSD":
        return None
    match = _CAPTION.match(text)
    if not match:
        return None
    face, after = _opening_face(row), text[match.end() : match.end() + 1]
    is_parted = _face_at(row, match.end() + len(row.text) - len(row.text.lstrip())) != face
    if after not in {":", "."} and after and not (face and is_parted):
        return None
    if match["kind"] == "Algorithm" and after == "." and face:
        return None  # a statement of that kind
    end = match.end() + (after in {":", "."})
    return Head("caption", match["kind"].replace("Fig.", "Figure"), match["number"], "", end)


def ends_with_box(row: Row) -> bool:
    """Whether a row ends with the box, or the letters, that close a proof."""
    text = row.text.rstrip()
    return text[-1] in END_MARKS or (text[-2:] in {"D.", "ED"} and _QED.search(text) is not None)


def is_formula(row: Row) -> bool:
    """Whether a row is part of a displayed formula, a case of it ("otherwise") included."""
    return row.is_display or (row.words < 4 and row.indent > 3 * row.size and not row.full)


def is_slanted(rows: Sequence[Row]) -> bool | None:
    """Whether the body of a statement is in italics, by its words behind the head; None: too few."""
    head = parse_head(" ".join(row.text for row in rows[:3]).lstrip())
    skipped = head.length if head else 0
    upright = slanted = 0
    for row in rows:
        for run in row.runs:
            if skipped < len(run.text) and not run.style & MATH and not row.is_display:
                words = re.findall(r"[^\W\d_]+", run.text[skipped:])
                letters = sum(map(len, words))
                if not upright + slanted and letters and words[0] in SENTENCE_OPENERS:
                    return bool(run.style & ITALIC)
                slanted += letters if run.style & ITALIC else 0
                upright += 0 if run.style & ITALIC else letters
            skipped = max(0, skipped - len(run.text))
        skipped = max(0, skipped - 1)
    return slanted > upright if slanted + upright > 12 else None


def leaves_slanted(row: Row) -> bool:
    """Whether a row is running text in upright words: it left a statement in italics."""
    words = [0, 0]
    opening = ""
    for run in row.runs:
        found = [] if run.style & MATH else _WORD.findall(run.text)
        if found:
            opening = opening or found[0]
            words[run.style & ITALIC] += len(found)
    upright, slanted = words
    if upright < 4 or row.prose < 0.4 * len(row.text):
        return not slanted and opening in SENTENCE_OPENERS
    return slanted < 0.3 * upright
