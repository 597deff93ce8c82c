"""Heads of statements, taken apart by their words: "Theorem 2.3 (Pieri rule)."."""

import re
from typing import NamedTuple

from graphtune.chunking.text import NAMED_HEAD
from graphtune.records import UnitKind

#: A kind of the author's own: "Scholion 2.3".
OTHER_HEAD = re.compile(
    r"(?!(?:Fig|Table|Part|Chapter|Appendix|Section|Step|Case|Phase|Stage|Eq|Item|Page|Volume|Vol|Level|"
    r"Layer|Lecture|Version|Method|Type|Class|Group|Input|Row|Column|Day|Week|Line)[a-z]*\b)"
    r"(?P<kind>[A-Z][^\W\d_]{2,}(?:-[^\W\d_]+)?)\s+(?P<number>\d+(?:\.\d+)*)"
    r"(?:\s*\((?P<name>[^()]*)\))?\s*[.:]?(?!\w)"
)
_UPPER_WORD = re.compile(r"[A-Z]{2,}")


class Head(NamedTuple):
    """What the head of a unit says (see `Unit`); `length` counts its characters."""

    kind: UnitKind
    label: str
    number: str = ""
    name: str = ""
    length: int = 0


def parse_head(text: str) -> Head | None:
    """Take the head of a statement apart, by its words alone.

    >>> parse_head("Theorem 2.3 (Pieri rule). Let")
    Head(kind='statement', label='Theorem', number='2.3', name='Pieri rule', length=25)
    >>> parse_head("2.4. Lemma. Let")
    Head(kind='statement', label='Lemma', number='2.4', name='', length=11)
    """
    match = NAMED_HEAD.match(text) or OTHER_HEAD.match(text)
    if not match:
        return None
    groups = match.groupdict()
    name = (groups["name"] or groups.get("note") or "").strip()
    number = groups["number"] or groups.get("before") or ""
    return Head("statement", _tidy_label(match["kind"]), number, name, match.end())


def _tidy_label(label: str) -> str:
    return label.capitalize() if _UPPER_WORD.match(label) else label[0].upper() + label[1:]
