"""Which statement a proof proves."""

import re
from collections.abc import Sequence
from dataclasses import replace

from graphtune.chunking.references import fold_kind
from graphtune.records import Unit

_NAMED = re.compile(r"(?P<word>\b[A-Za-z][a-z]+)\.?\s(?P<number>[A-Z]?\d+(?:\.\d+)*[a-z]?|[A-Z]\b)")
_UNPROVED = frozenset(
    "definition example remark note notation convention exercise question problem conjecture".split()
)


def tie_proofs(units: Sequence[Unit]) -> tuple[Unit, ...]:
    """Return the units with `proves` set in each proof whose statement is known.

    "Proof of Theorem 2.3" names it; any other proof belongs to the last statement before it that can
    be proved and has no proof yet, unless a definition, a conjecture or a heading of another section
    stands between. A proof without a label is the rest of the one before.

    >>> lemma = Unit(0, 20, "statement", 8, "Lemma", "1")
    >>> [unit.proves for unit in tie_proofs([lemma, Unit(22, 40, "proof", 28, "Proof")])]
    [None, 0]
    """
    named = {(fold_kind(u.label), u.number): u.start for u in units if u.kind == "statement"}
    tied = []
    last: int | None = None
    proved: int | None = None
    for unit in units:
        if unit.kind == "statement":
            last = None if fold_kind(unit.label) in _UNPROVED else unit.start
        elif unit.kind == "heading":
            last = None
        elif unit.kind == "proof" and not unit.label:  # goes on behind a claim inside it
            unit = replace(unit, proves=proved)
        elif unit.kind == "proof":
            keys = [(fold_kind(m["word"]), m["number"]) for m in _NAMED.finditer(unit.name)]
            place = next((named[key] for key in keys if key in named), None) if keys else last
            unit = replace(unit, proves=place)
            last, proved = None, place
        tied.append(unit)
    return tuple(tied)
