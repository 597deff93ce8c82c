"""Writing a comparison down: a table for people, JSON for programs, TREC files for other tools."""

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import TypeAdapter
from tabulate import tabulate

from graphtune.bench.benchmark import Benchmark, Slice, hash_benchmark, list_slices
from graphtune.bench.compare import Report, Result
from graphtune.files import write_text
from graphtune.metrics import Qrels, Run

_HEADERS = (
    "Model", "Dim", "Queries", "n", "MRR@10", "NDCG@10 [95 %]", "Δ base", "Recall@10/20"
)  # fmt: skip
_ALIGN = ("left", "right", "left", "right", "right", "left", "left", "left")
RESULTS_NAME = "results.json"
#: Longer names are wrapped, so that the plain table fits 110 columns.
_NAME_WIDTH = 21


def render_table(report: Report, style: Literal["plain", "markdown"] = "plain") -> str:
    """Return the table, the verdicts and the benchmark's notes as text.

    `plain` is for a terminal (at most 110 columns, unless a group has a long name), `markdown` for
    a file. `Δ base` is the difference of NDCG@10 with its paired 95 % interval.
    """
    table = tabulate(
        [_render_row(result) for result in report.results],
        headers=[name.replace("@", "\n@") if style == "plain" else name for name in _HEADERS],
        tablefmt="simple" if style == "plain" else "github",
        colalign=_ALIGN,
        disable_numparse=True,
        maxcolwidths=[_NAME_WIDTH] if style == "plain" else None,
    )
    bullet = "" if style == "plain" else "- "
    benchmark = report.benchmark
    title = (
        f"{benchmark.name}: {len(benchmark.queries)} queries, {len(benchmark.documents)} passages"
    )
    missing = [f"not run: {one.system} ({one.reason})" for one in report.missing]
    remarks = [f"{bullet}{remark}" for remark in (*report.verdicts, *missing, *benchmark.notes)]
    return "\n".join([title, "", table, *([""] if remarks else []), *remarks]) + "\n"


def _render_row(result: Result) -> tuple[str, ...]:
    value = {name: f"{mean:.3f}" for name, mean in result.measures.items()}
    low, high = result.ndcg_interval
    difference = "–"
    if result.difference is not None:
        mean, below, above = result.difference
        difference = f"{mean:+.3f} [{below:+.3f}, {above:+.3f}]"
    return (
        result.system,
        _render_width(result),
        Slice(result.group, (), result.stratum, result.tier).label,
        str(result.n_queries),
        value["MRR@10"],
        f"{value['NDCG@10']} [{low:.3f}, {high:.3f}]",
        difference,
        f"{value['Recall@10']}/{value['Recall@20']}",
    )


def _render_width(result: Result) -> str:
    if not result.dim:
        return "–"
    return f"{result.dim}" if result.precision == "float32" else f"{result.dim} {result.precision}"


def describe_report(report: Report, provenance: Mapping[str, str]) -> dict[str, Any]:
    """Return the report as plain data for JSON: all numbers, no texts and no rankings.

    `provenance` names hashes of what was measured (corpus, graph, pairs, models); the hash of the
    benchmark itself is added.
    """
    benchmark = report.benchmark
    rows = TypeAdapter(tuple[Result, ...]).dump_python(report.results, mode="json")
    return {
        "benchmark": benchmark.name,
        "n_documents": len(benchmark.documents),
        "n_queries": len(benchmark.queries),
        "base": report.base,
        "bootstrap": report.bootstrap,
        "seed": report.seed,
        "provenance": dict(sorted({**provenance, "benchmark": hash_benchmark(benchmark)}.items())),
        "verdicts": list(report.verdicts),
        "missing": [{"system": one.system, "reason": one.reason} for one in report.missing],
        "notes": list(benchmark.notes),
        "results": rows,
    }


def write_report(
    report: Report, folder: Path, provenance: Mapping[str, str] | None = None
) -> list[Path]:
    """Write `results.json`, the table and TREC files into a folder; return what was written.

    There is one run file a model, dimension and training seed, `runs/<model>-<dim>[-seed<i>].trec`,
    with all queries; `qrels.trec` judges all, `qrels-<group>.trec` one group of them, so that
    `ir_measures qrels-held-out.trec runs/<file> nDCG@10` gives a row of the table again (other
    tools may order ties differently). Same report, same bytes. Whitespace in ids, which the format
    cannot hold, is percent-encoded.
    """
    described = describe_report(report, provenance or {})
    texts = {
        RESULTS_NAME: json.dumps(described, indent=2, ensure_ascii=False) + "\n",
        "table.md": render_table(report, "markdown"),
        "table.txt": render_table(report),
    }
    texts["qrels.trec"] = render_qrels(report.benchmark.qrels, report.benchmark.queries)
    texts |= _render_slices(report.benchmark)
    systems = list(dict.fromkeys(ranking.system for ranking in report.rankings))
    stems = dict(zip(systems, name_files(systems), strict=True))
    for ranking in report.rankings:
        stem = f"{stems[ranking.system]}-{ranking.dim}"
        stem += "" if ranking.precision == "float32" else f"-{ranking.precision}"
        for number, run in enumerate(ranking.runs):
            tag = stem + (f"-seed{number}" if len(ranking.runs) > 1 else "")
            texts[f"runs/{tag}.trec"] = render_run(run, tag)
    shutil.rmtree(folder / "runs", ignore_errors=True)
    (folder / "runs").mkdir(parents=True)
    # Last what says that the rest is there.
    for name in sorted(texts, key=lambda name: name == RESULTS_NAME):
        write_text(folder / name, texts[name])
    return [folder / name for name in texts]


def _render_slices(benchmark: Benchmark) -> dict[str, str]:
    """Return the judgements of every slice but that of all queries, by file name."""
    slices = [part for part in list_slices(benchmark) if len(part.queries) < len(benchmark.queries)]
    stems = name_files(part.label for part in slices)
    tiers = {"": benchmark.qrels, **benchmark.tiers}
    return {
        f"qrels-{stem}.trec": render_qrels(tiers[part.tier], part.queries)
        for part, stem in zip(slices, stems, strict=True)
    }


def read_result(
    folder: Path, benchmark: Benchmark, inputs: Mapping[str, str]
) -> tuple[dict[str, Any], str] | None:
    """Return the data and the table in a folder if they are of this benchmark and these inputs."""
    try:
        data: dict[str, Any] = json.loads((folder / RESULTS_NAME).read_bytes())
        table = (folder / "table.txt").read_text(encoding="utf-8")
    except (FileNotFoundError, ValueError):
        return None
    wanted = {**inputs, "benchmark": hash_benchmark(benchmark)}
    held = data.get("provenance", {})
    is_current = all(held.get(key) == value for key, value in wanted.items())
    trained = {key for key in held if key.startswith("trained ")}
    return (data, table) if is_current and trained <= wanted.keys() else None


def render_run(run: Run, tag: str) -> str:
    """Return a run in TREC form: query, Q0, document, rank, score, tag.

    >>> print(render_run({"q": [("d 1", 0.5)]}, "bm25"), end="")
    q Q0 d%201 1 0.500000 bm25
    """
    return "".join(
        f"{_encode_id(query)} Q0 {_encode_id(document)} {rank} {score:.6f} {tag}\n"
        for query, answers in run.items()
        for rank, (document, score) in enumerate(answers, start=1)
    )


def render_qrels(qrels: Qrels, queries: Iterable[str]) -> str:
    """Return the judgements of some queries in TREC form: query, 0, document, grade."""
    return "".join(
        f"{_encode_id(query)} 0 {_encode_id(document)} {grade}\n"
        for query in queries
        for document, grade in qrels[query].items()
    )


def name_files(names: Iterable[str]) -> list[str]:
    """Return a distinct file name stem for each name, of letters, digits, points and dashes.

    >>> name_files(["allenai/specter2_base", "allenai specter2_base", "../.."])
    ['allenai-specter2_base', 'allenai-specter2_base-2', 'unnamed']
    """
    stems: list[str] = []
    for name in names:
        stem = candidate = re.sub(r"[^\w.-]+", "-", name)[-80:].strip("-.") or "unnamed"
        number = 1
        while candidate.casefold() in (taken.casefold() for taken in stems):
            number += 1
            candidate = f"{stem}-{number}"
        stems.append(candidate)
    return stems


def _encode_id(identifier: str) -> str:
    return re.sub(r"[\s%]", lambda match: quote(match[0]), identifier)
