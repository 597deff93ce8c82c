"""The leakage certificate: what of the held-out queries stands in the training pairs, line by line."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Group = Literal["held-out", "dev", "new papers"]
GROUPS: tuple[Group, ...] = ("held-out", "dev", "new papers")
_WIDTH = 100
_NOTE = (
    "Concepts are held out, not their passages: an answer of a held-out concept may have served\n"
    "others in training. Only for new papers must no answer have been a positive."
)


class Finding(BaseModel):
    """`count` of `total` things of one kind stand in the pairs; a `gate` must be zero."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: Group
    what: str
    count: int
    total: int
    gate: bool
    examples: tuple[str, ...] = ()
    """One or two of them, where a gate is not zero."""

    @property
    def leaks(self) -> bool:
        """Tell whether a gate is not zero."""
        return self.gate and self.count > 0


class Certificate(BaseModel):
    """What training on a file of pairs has met of each group of queries that counts as held out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str
    pairs: int
    untraced: int
    """Positives whose text is no passage of the graph and repeats none: nothing is known of them."""
    findings: tuple[Finding, ...]
    hops: dict[Group, dict[str, int]]
    """Concepts by their distance in the graph to the nearest concept that training met, no gate."""
    stale: tuple[str, ...]
    """Inputs of the pairs that have changed since: `corpus`, `graph` or `split`."""
    hashes: dict[str, str]
    """sha256 of the corpus, the graph, the split and the pairs that were compared."""

    def is_clean(self, group: Group | None = None) -> bool:
        """Tell whether the pairs are current and all gates of a group, or all gates, are zero."""
        asked = [row for row in self.findings if group in (None, row.group)]
        return not self.stale and not any(row.leaks for row in asked)

    def as_json(self) -> dict[str, Any]:
        """Return the certificate and its verdict, whole and by group."""
        clean = {group: self.is_clean(group) for group in GROUPS}
        return {**self.model_dump(mode="json"), "clean": clean, "verdict": self.verdict}

    @property
    def verdict(self) -> str:
        """One sentence that says whether figures of this training may be called held out."""
        if self.stale:
            return (
                f"STALE: made from another {', '.join(self.stale)} than the workspace has now; make "
                f"the pairs again with `graphtune pairs`"
            )
        leaking = [group for group in GROUPS if not self.is_clean(group)]
        if leaking:
            return f"LEAK: {', '.join(leaking)} cannot be called held out after training on these"
        gates = sum(row.gate for row in self.findings)
        return f"clean: all {gates} gates are zero"


def render_certificate(certificate: Certificate) -> str:
    """Return a certificate as a table of at most 100 columns, its verdict last."""
    title = f"{certificate.recipe}: {certificate.pairs:,} pairs"
    lines = [title, f"{'group':10}  {'what stands in the pairs':57} {'count':>8} {'of':>8}  gate"]
    for row in certificate.findings:
        mark = ("LEAK" if row.count else "zero") if row.gate else "–"
        lines.append(f"{row.group:10}  {row.what:57} {row.count:>8,} {row.total:>8,}  {mark}")
        for example in row.examples:
            lines += textwrap.wrap(
                f"“{example}”", _WIDTH, initial_indent=" " * 14, subsequent_indent=" " * 14
            )
    for group, counts in certificate.hops.items():
        shown = ", ".join(f"{distance}: {count:,}" for distance, count in counts.items() if count)
        lines.append(f"{group:10}  hops to the nearest concept in training  {shown or '–'}")
    lines.append(_NOTE)
    if certificate.untraced:
        lines.append(f"{certificate.untraced:,} positives are no passage of the graph: unknown")
    verdict = f"{certificate.recipe}: {certificate.verdict}"
    return "\n".join([*lines, *textwrap.wrap(verdict, _WIDTH)])


def certificate_path(folder: Path, recipe: str) -> Path:
    """Return where the certificate of a recipe lies."""
    return folder / f"{recipe}.leakage.json"


def shorten_examples(texts: Sequence[str], most: int = 2, length: int = 80) -> tuple[str, ...]:
    """Return the first of some texts in order, cut to a readable length.

    >>> shorten_examples(["b", "a", "c", "x" * 99], length=5)
    ('a', 'b')
    """
    chosen = sorted(set(texts))[:most]
    return tuple(" ".join(text.split())[:length] for text in chosen)
