"""Writing a comparison down: text for people, JSON and CSV for programs, TREC files for other tools."""

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from graphtune.bench.benchmark import (
    UNLABELLED,
    Benchmark,
    hash_benchmark,
    hash_parts,
)
from graphtune.bench.claims import Claim, state_claim
from graphtune.bench.compare import Report, Result
from graphtune.bench.costs import count_bytes, describe_costs, render_costs
from graphtune.bench.exposure import mark_group
from graphtune.bench.headline import find_headline
from graphtune.bench.page import render_page
from graphtune.bench.table import render_table
from graphtune.bench.trec import list_large_tiers, render_judgements, render_runs
from graphtune.files import write_text
from graphtune.metrics import MEASURES

RESULTS_NAME, SCORES_NAME, COSTS_NAME = "results.json", "scores.csv", "costs.json"
_TABLE_NAME = "table.txt"
#: What names a row of `scores.csv`.
SCORE_KEYS = ("query", "group", "stratum", "tier", "system", "dim", "precision")


def describe_report(report: Report, provenance: Mapping[str, str]) -> dict[str, Any]:
    """Return the report as plain data for JSON: all numbers, no texts, no rankings and no times.

    `provenance` names hashes of what was measured (corpus, graph, pairs, models); those of the
    benchmark and of its parts are added.
    """
    benchmark, headline = report.benchmark, find_headline(report)
    return {
        "benchmark": benchmark.name,
        "n_documents": len(benchmark.documents),
        "n_queries": len(benchmark.queries),
        "base": report.base,
        "bootstrap": report.bootstrap,
        "seed": report.seed,
        "headline": {
            "group": headline.group,
            "result": headline.result and _describe_result(report, headline.result),
            "text": headline.text,
        },
        "claims": [_describe_claim(claim) for claim in report.claims],
        "compared": [
            {
                "source": one.source,
                "claims": [_describe_claim(claim) for claim in one.claims],
                "notes": list(one.notes),
            }
            for one in report.compared
        ],
        "leakage": {
            "leaks": dict(report.training.leaks),
            "certificates": {name: dict(one) for name, one in report.training.certificates.items()},
        },
        "provenance": dict(sorted({**provenance, **_hash_benchmark(benchmark)}.items())),
        "missing": [asdict(one) for one in report.missing],
        "warnings": {one.label: one.warnings for one in report.rankings if one.warnings},
        "notes": list(benchmark.notes),
        "tiers_without_files": list_large_tiers(benchmark),
        "results": [_describe_result(report, row) for row in report.results],
    }


def _describe_claim(claim: Claim) -> dict[str, Any]:
    return {**asdict(claim), "sentence": state_claim(claim)}


def _describe_result(report: Report, row: Result) -> dict[str, Any]:
    kinds = {ranking.key: ranking.kind for ranking in report.rankings}
    return {
        **asdict(row),
        "kind": kinds[row.system, row.dim, row.precision],
        "vector_bytes": count_bytes(row.dim, row.precision),
        "mark": mark_group(report.benchmark, row.group, report.training.leaks),
    }


def _hash_benchmark(benchmark: Benchmark) -> dict[str, str]:
    parts = {f"benchmark {part}": value for part, value in hash_parts(benchmark).items()}
    return {"benchmark": hash_benchmark(benchmark), **parts}


def write_report(
    report: Report, folder: Path, provenance: Mapping[str, str] | None = None
) -> list[Path]:
    """Write all files of a report into a folder; return what was written.

    - `results.json`, and its rows as `results.csv`
    - `scores.csv`: every query, tier and ranking, averaged over the training seeds
    - `report.html`: one page to look at, without a network
    - `table.txt` as a terminal shows it, and `table.md` with all rows
    - `costs.json`: times; they, also in the page, are all that differs when a report is written again
    - `runs/<model>-<dim>[-<precision>][-seed<i>].trec` with all queries
    - `qrels.trec` for all queries and `qrels-<slice>.trec` for some, so that `ir_measures
      qrels-held-out.trec runs/<file> nDCG@10` gives a row of the table again. Whitespace in ids,
      which the format cannot hold, is percent-encoded.
    """
    described = describe_report(report, provenance or {})
    scores = render_scores(report)
    described["scores_sha256"] = hash_text(scores)
    texts = {
        "results.csv": _render_results(described["results"]),
        SCORES_NAME: scores,
        "table.md": render_table(report, "markdown", show_all=True),
        _TABLE_NAME: render_table(report),
        COSTS_NAME: _render_json(describe_costs(report)),
        "report.html": render_page(report, described["provenance"]),
    }
    # Results come last and go first: where they are, all other files are there and theirs.
    (folder / RESULTS_NAME).unlink(missing_ok=True)
    shutil.rmtree(folder / "runs", ignore_errors=True)
    (folder / "runs").mkdir(parents=True)
    for stale in folder.glob("qrels*.trec"):
        stale.unlink()
    written = []
    # One at a time: all runs together may be larger than memory.
    for name, text in chain(
        texts.items(),
        render_judgements(report.benchmark),
        render_runs(report.rankings),
        [(RESULTS_NAME, _render_json(described))],
    ):
        write_text(folder / name, text)
        written.append(folder / name)
    return written


def read_data(folder: Path) -> dict[str, Any]:
    """Return the content of `results.json` in a folder that `write_report` wrote."""
    data: dict[str, Any] = json.loads((folder / RESULTS_NAME).read_bytes())
    return data


def read_result(
    folder: Path, benchmark: Benchmark, inputs: Mapping[str, str]
) -> tuple[dict[str, Any], str] | None:
    """Return the data and the text in a folder if they are of this benchmark and these inputs."""
    try:
        data = read_data(folder)
        table = (folder / _TABLE_NAME).read_text(encoding="utf-8")
        costs = json.loads((folder / COSTS_NAME).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    wanted = {**inputs, **_hash_benchmark(benchmark)}
    held = data.get("provenance", {})
    is_current = all(held.get(key) == value for key, value in wanted.items())
    trained = {key for key in held if key.startswith("trained ")}
    if not is_current or not trained <= wanted.keys():
        return None
    return data, _join_texts(table, render_costs(costs))


def render_text(report: Report, show_all: bool = False) -> str:
    """Return what a terminal shows: the tables (see `render_table`), and what each system costs."""
    costs = render_costs(describe_costs(report))
    return _join_texts(render_table(report, show_all=show_all), costs)


def _join_texts(*texts: str) -> str:
    return "\n".join(text for text in texts if text)


def render_scores(report: Report) -> str:
    """Return the measures of every query as CSV, averaged over seeds, at full precision."""
    benchmark = report.benchmark
    tiers = {"": benchmark.qrels, **benchmark.tiers}
    rows = (
        (
            query,
            benchmark.groups.get(query, UNLABELLED),
            benchmark.strata.get(query, ""),
            tier,
            *ranking.key,
            *values,
        )
        for tier, qrels in tiers.items()
        for ranking in report.rankings
        for query, values in zip(
            benchmark.queries,
            report.scores[tier, ranking.key].mean(axis=0).tolist(),
            strict=True,
        )
        if query in qrels
    )
    return _render_csv((*SCORE_KEYS, *MEASURES), rows)


def _render_results(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows of results.json as CSV, intervals and differences in columns of their own."""
    keys = (
        "system", "kind", "dim", "precision", "vector_bytes", "group", "stratum", "tier", "mark",
        "n_queries", "n_clusters",
    )  # fmt: skip
    ends = (
        "NDCG@10_low",
        "NDCG@10_high",
        "difference",
        "difference_low",
        "difference_high",
        "seeds",
    )
    cells = (
        (
            *(row[key] for key in keys),
            *(row["measures"][measure] for measure in MEASURES),
            *row["ndcg_interval"],
            *(row["difference"] or ("", "", "")),
            len(row["by_seed"]["NDCG@10"]),
        )
        for row in rows
    )
    return _render_csv((*keys, *MEASURES, *ends), cells)


def _render_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()


def _render_json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def hash_text(text: str) -> str:
    """Return the sha256 of a text as it is written."""
    return hashlib.sha256(text.encode()).hexdigest()
