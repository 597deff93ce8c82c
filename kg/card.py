"""The graph card: whether a graph is good enough to train on, line by line, and what to do if not."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["ok", "look", "bad", ""]

#: Examples that a line names.
MAX_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class CardLine:
    """A figure of the card: a count and the whole it is a part of, what it means, and what to do."""

    name: str
    value: int
    of: int
    verdict: Verdict = ""
    advice: str = ""
    examples: tuple[str, ...] = ()

    @property
    def share(self) -> float | None:
        """The value as a share of the whole; None where the whole is nothing."""
        return self.value / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class GraphCard:
    """The lines of a card, and the number of rejected records by reason."""

    lines: tuple[CardLine, ...]
    rejections: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return the card as plain data, with shares and warnings."""
        lines = [{**asdict(line), "share": line.share} for line in self.lines]
        return {"lines": lines, "rejections": self.rejections, "warnings": judge_card(self)}


@dataclass(frozen=True, slots=True)
class Bound:
    """Shares beyond which a line is worth a look, and is bad: above them, or below where `low`."""

    look: float
    bad: float
    advice: str
    low: bool = False


#: The thresholds. Spans and vocabulary are absolute: one violation is a fault. Above the others a
#: graph differs from those that trained well: look at the examples before you train.
BOUNDS: dict[str, Bound] = {
    "verified spans": Bound(
        1.0, 0.999, "a quote is not in its passage: build again, and report it if it stays", True
    ),
    "relations with evidence": Bound(
        0.95, 0.5, "imported relations have no passage that one could check", True
    ),
    "vocabulary violations": Bound(
        0.0, 0.01, "the ontology is another than when the graph was made: build again"
    ),
    "near-duplicates": Bound(0.01, 0.05, "join what is one: graphtune graph merge A B"),
    "homographs": Bound(0.01, 0.05, "rename one of them, or give the alias to one alone"),
    "concepts without relation": Bound(
        0.6, 0.9, "the extractors `hybrid` and `llm` find more relations than `rules`"
    ),
    "concepts without mention": Bound(0.05, 0.5, "no paper names them: they give no pairs"),
    "concepts in one paper only": Bound(0.85, 0.97, "add more papers of the field"),
    "related_to": Bound(0.2, 0.5, "they say nothing for training: give the ontology what fits"),
    "failed chunks": Bound(0.0, 0.05, "run `graphtune build` again: it tries them once more"),
    "pending chunks": Bound(0.0, 0.5, "run `graphtune build` again, or raise max_chunks"),
    "rejected records": Bound(0.3, 0.7, "the model does not quote what it reads: try a larger one"),
    "shared concepts": Bound(0.8, 0.5, "the two runs disagree on what the concepts are", True),
    "shared relations": Bound(0.5, 0.2, "the two runs disagree on how concepts relate", True),
    "shared aliases": Bound(0.7, 0.4, "the two runs disagree on names", True),
    "same type": Bound(0.9, 0.7, "the two runs disagree on types", True),
}


def make_line(name: str, value: int, of: int, examples: Sequence[str] = ()) -> CardLine:
    """Return a line with the verdict that `BOUNDS` gives its share; of nothing there is none.

    >>> make_line("homographs", 2, 100).verdict, make_line("verified spans", 9, 10).verdict
    ('look', 'bad')
    """
    bound, share = BOUNDS[name], value / of if of else None
    verdict: Verdict = ""
    if share is not None:
        sign = -1 if bound.low else 1
        beyond = [sign * share > sign * limit for limit in (bound.look, bound.bad)]
        verdict = "bad" if beyond[1] else "look" if beyond[0] else "ok"
    advice = bound.advice if verdict in ("look", "bad") else ""
    return CardLine(name, value, of, verdict, advice, tuple(examples[:MAX_EXAMPLES]))


def judge_card(card: GraphCard) -> list[str]:
    """Return a warning for each line that is not ok, the bad ones first."""
    found = [line for line in card.lines if line.advice]
    return [
        f"{line.verdict}: {line.name} {format_share(line)}: {line.advice}"
        for line in sorted(found, key=lambda line: line.verdict)
    ]


def format_share(line: CardLine) -> str:
    """Return value, whole and share as text; only what is all is shown as 100 %.

    >>> format_share(CardLine("", 5, 1000)), format_share(CardLine("", 9999, 10000))
    ('5 of 1,000 (0.5 %)', '9,999 of 10,000 (99.9 %)')
    """
    if line.share is None:
        return "none"
    percent = int(1000 * line.share) / 10
    return f"{line.value:,} of {line.of:,} ({percent:g} %)"


def render_card(card: GraphCard) -> str:
    """Return a card as text for a terminal."""
    rows = []
    for line in card.lines:
        rows.append(f"{line.verdict:5}{line.name:28}{format_share(line)}")
        if line.advice:
            rows.append(f"{'':5}→ {line.advice}")
            rows += [f"{'':7}{example}" for example in line.examples]
    if card.rejections:
        rows.append("rejected records by reason:")
        rows += [f"{count:>9,}  {reason}" for reason, count in card.rejections.items()]
    return "\n".join(rows)
