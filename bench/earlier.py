"""Earlier results: read back from their folder, and held against what was measured now."""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from graphtune.bench.benchmark import DATA_PARTS, UNLABELLED, Benchmark, hash_benchmark, hash_parts
from graphtune.bench.claims import Comparison, judge_claims
from graphtune.bench.compare import (
    NDCG,
    Compared,
    Report,
    list_clusters,
    take_queries,
)
from graphtune.bench.headline import find_headline, list_widest
from graphtune.bench.output import RESULTS_NAME, SCORE_KEYS, SCORES_NAME
from graphtune.bench.systems import MARKS, Precision, Ranking
from graphtune.errors import DataError

_MEASURE = "NDCG@10"


@dataclass(frozen=True)
class Earlier:
    """An earlier report: `scores` maps (system, dimension, precision) -> query -> NDCG@10.

    `groups` says of each query how it was labelled then; `data` is the content of `results.json`.
    """

    source: str
    data: Mapping[str, Any]
    scores: Mapping[tuple[str, int, Precision], Mapping[str, float]]
    groups: Mapping[str, str]


def read_earlier(path: Path) -> Earlier:
    """Read a results folder, or its `results.json`, back.

    Raises:
        DataError: files are missing, damaged, or of an older version that kept no scores.
    """
    results = path / RESULTS_NAME if path.is_dir() else path
    if not results.is_file():
        raise DataError(
            f"{path} holds no {RESULTS_NAME}; name a folder that `graphtune bench` wrote, such as "
            "results/graph of a workspace"
        )
    remedy = "make the report again with `graphtune bench`"
    try:
        data = json.loads(results.read_bytes())
    except ValueError as error:
        raise DataError(f"{results} is damaged ({error}); {remedy}") from error
    if not isinstance(data, dict) or not {"scores_sha256", "provenance", "headline"} <= data.keys():
        raise DataError(f"{results} is of another version, without scores by query; {remedy}")
    scores = results.with_name(SCORES_NAME)
    if not scores.is_file():
        raise DataError(f"{scores} is missing, so there is nothing to pair queries with; {remedy}")
    content = scores.read_bytes()
    if hashlib.sha256(content).hexdigest() != data["scores_sha256"]:
        raise DataError(f"{scores} is damaged or cut off (its hash does not fit); {remedy}")
    return _collect(str(path), data, content.decode())


def _collect(source: str, data: Mapping[str, Any], text: str) -> Earlier:
    scores: dict[tuple[str, int, Precision], dict[str, float]] = {}
    groups = {}
    for row in csv.DictReader(io.StringIO(text, newline="")):
        if not row["tier"]:
            query, group, _, _, system, dim, precision = (row[key] for key in SCORE_KEYS)
            key = system, int(dim), cast(Precision, precision)
            scores.setdefault(key, {})[query] = float(row[_MEASURE])
            groups[query] = group
    return Earlier(source, data, scores, groups)


def is_same_data(earlier: Earlier, benchmark: Benchmark) -> bool:
    """Tell whether documents, queries and judgements are those of an earlier report."""
    return bool(earlier.data["provenance"].get("benchmark") == hash_benchmark(benchmark))


def check_same_data(earlier: Earlier, benchmarks: Sequence[Benchmark]) -> None:
    """Refuse an earlier report of other data than any of the benchmarks.

    Raises:
        DataError: documents, queries or judgements are others; the message says which.
    """
    if any(is_same_data(earlier, one) for one in benchmarks):
        return
    named = [one for one in benchmarks if one.name == earlier.data["benchmark"]]
    nearest = (*named, *benchmarks)[0]
    now, then = hash_parts(nearest), earlier.data["provenance"]
    changed = [part for part in DATA_PARTS if then.get(f"benchmark {part}") != now[part]]
    raise DataError(
        f"{earlier.source} cannot be compared with {nearest.name}: it was measured on other "
        f"{_enumerate(changed)} ({earlier.data['n_queries']:,} queries and "
        f"{earlier.data['n_documents']:,} passages then, {len(nearest.queries):,} and "
        f"{len(nearest.documents):,} now). Figures compare on the same data only: measure both "
        "systems on one benchmark"
    )


def compare_earlier(report: Report, earlier: Earlier) -> Compared:
    """Judge each system that ran then and now, at full width, on the group that gives the result.

    All these differences are one family of claims. Queries that had another label then are left out,
    for what was trained then may have met them. Where nothing can be claimed, a note says why.

    Raises:
        DataError: the data is not the same.
    """
    check_same_data(earlier, [report.benchmark])
    headline, then = find_headline(report), earlier.data["headline"]
    if headline.result is None or headline.group is None:
        return Compared(earlier.source, (), ("nothing is claimed: there is no headline now",))
    if then["result"] is None:
        return Compared(earlier.source, (), (f"nothing is claimed, for then: {then['text']}",))
    common = [
        one for one in list_widest(report) if one.key in earlier.scores and one.kind not in MARKS
    ]
    if not common:
        ran = ", ".join(dict.fromkeys(system for system, _, _ in earlier.scores))
        note = f"nothing is claimed: no system ran both times at the same full width (then: {ran})"
        return Compared(earlier.source, (), (note,))
    kept, notes = _keep_labels(report.benchmark, earlier, headline.group)
    comparisons = [_pair(report, earlier, one, headline.group, kept) for one in common if kept]
    return Compared(earlier.source, judge_claims(comparisons, report.bootstrap, report.seed), notes)


def _pair(
    report: Report, earlier: Earlier, ranking: Ranking, group: str, queries: Sequence[str]
) -> Comparison:
    benchmark, scores = report.benchmark, earlier.scores[ranking.key]
    then = np.array([[scores[query] for query in queries]])
    now = take_queries(benchmark, report.scores["", ranking.key], queries)[:, :, NDCG]
    if np.array_equal(now.mean(axis=0), then[0]):
        now = then  # Seeds would only be told apart from their own mean.
    return Comparison(
        ours_label=f"{ranking.label} now",
        base_label=f"{ranking.label} then",
        group=group,
        ours=now,
        base=then,
        clusters=list_clusters(benchmark, queries),
    )


def _keep_labels(
    benchmark: Benchmark, earlier: Earlier, group: str
) -> tuple[list[str], tuple[str, ...]]:
    """Return the queries that are of a group now and were then, and what is to be said of others."""
    now = {query: benchmark.groups.get(query, UNLABELLED) for query in benchmark.queries}
    kept = [query for query, label in now.items() if label == group == earlier.groups[query]]
    moves = Counter(
        f"{earlier.groups[query]} → {label}"
        for query, label in now.items()
        if label != earlier.groups[query]
    )
    if not moves:
        return kept, ()
    counts = ", ".join(f"{move}: {count:,}" for move, count in sorted(moves.items()))
    return kept, (
        f"another split: {moves.total():,} of {len(now):,} queries have another label than then "
        f"({counts}); compared are the {len(kept):,} that are {group} both times",
    )


def _enumerate(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
