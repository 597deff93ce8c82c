"""What training met of a benchmark's queries: which group may give the result, and which may not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from graphtune.bench.benchmark import GROUPS, UNLABELLED, UNSEEN, Benchmark
from graphtune.pairs.traces import measure_overlap

#: `leaks`: counted as held out, but found in training pairs; `mixed`: seen and held-out ones together;
#: `unknown`: nobody said whether training met them.
Mark = Literal["held out", "leaks", "seen", "mixed", "unknown"]


@dataclass(frozen=True)
class Training:
    """What the trained systems of a report learned from.

    `systems` names them. `leaks` says of groups that count as held out why they are not, and what to
    do. `certificates` holds the leakage certificate of each recipe as plain data, `curves` the picture
    of each model's training, as SVG for the page, and its verdict.
    """

    systems: tuple[str, ...] = ()
    leaks: Mapping[str, str] = field(default_factory=dict)
    certificates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    curves: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def mark_group(benchmark: Benchmark, group: str, leaks: Collection[str] = ()) -> Mark:
    """Say of a group of queries whether training met them; `leaks` are groups that it did meet.

    >>> mark_group(Benchmark("b", {}, {"q": ""}, {}, {"q": "dev"}), "dev")
    'seen'
    """
    if group in UNSEEN:
        return "leaks" if group in leaks else "held out"
    if group == UNLABELLED:
        return "unknown" if find_headline_group(benchmark) == UNLABELLED else "mixed"
    return "seen" if group in GROUPS else "unknown"


def find_headline_group(benchmark: Benchmark) -> str | None:
    """Return the group whose figure may be called the result; None where all queries were met.

    That is the first of `UNSEEN`, or all queries where no group is known of any.

    >>> find_headline_group(Benchmark("b", {}, {"q": "", "r": ""}, {}, {"q": "seen"})) is None
    True
    """
    groups = {benchmark.groups.get(query, UNLABELLED) for query in benchmark.queries}
    if groups == {UNLABELLED}:
        return UNLABELLED
    return next((group for group in UNSEEN if group in groups), None)


def note_overlap(benchmark: Benchmark, positives: Collection[str]) -> tuple[str, ...]:
    """Say how many answers training has read; groups are about queries alone."""
    relevant = {
        document
        for grades in benchmark.qrels.values()
        for document, grade in grades.items()
        if grade > 0
    }
    shares = measure_overlap({key: benchmark.documents[key] for key in relevant}, positives)
    met = sum(share >= 0.5 for share in shares.values())
    note = (
        f"{met} of {len(relevant)} relevant documents largely stand in training passages (half of "
        "their three-word sequences or more); held-out is said of queries, not of their answers"
    )
    return (note,) if met else ()
