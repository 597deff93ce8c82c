"""Runs and judgements in the form that TREC's tools read.

Runs are packed by gzip: `ir_measures` reads them as they are; other tools after `gunzip`.
"""

import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from urllib.parse import quote

import numpy as np

from graphtune.bench.benchmark import Benchmark, list_slices
from graphtune.bench.exposure import mark_group
from graphtune.bench.systems import MARKS, Ranking
from graphtune.metrics import Qrels, Run
from graphtune.progress import track

#: Judgements of a tier beyond which no files are written: every passage of a paper for every query
#: about it grows with the square of the corpus.
MAX_TIER = 500_000


def render_runs(rankings: Sequence[Ranking]) -> Iterator[tuple[str, bytes]]:
    """Yield file name and packed run, one a ranking and training seed; same run, same bytes.

    Floors and ceilings have none: they are made again from the benchmark and the seed.
    """
    systems = list(dict.fromkeys(ranking.system for ranking in rankings))
    stems = dict(zip(systems, name_files(systems), strict=True))
    for ranking in track([one for one in rankings if one.kind not in MARKS], "runs", "rankings"):
        stem = f"{stems[ranking.system]}-{ranking.dim}"
        stem += "" if ranking.precision == "float32" else f"-{ranking.precision}"
        for number, run in enumerate(ranking.runs):
            tag = stem + (f"-seed{number}" if len(ranking.runs) > 1 else "")
            packed = gzip.compress(render_run(run, tag).encode(), compresslevel=6, mtime=0)
            yield f"runs/{tag}.trec.gz", packed


def render_judgements(benchmark: Benchmark) -> Iterator[tuple[str, str]]:
    """Yield file name and judgements: of all queries, and of every group, stratum and tier.

    A tier's are written once, group by group; those of `list_large_tiers` are not.
    """
    yield "qrels.trec", render_qrels(benchmark.qrels, benchmark.queries)
    large = list_large_tiers(benchmark)
    slices = [
        part
        for part in list_slices(benchmark)
        if part.tier not in large
        and (part.tier or len(part.queries) < len(benchmark.queries))
        and not (part.tier and mark_group(benchmark, part.group) == "mixed")
    ]
    tiers = {"": benchmark.qrels, **benchmark.tiers}
    for part, stem in zip(slices, name_files(part.label for part in slices), strict=True):
        yield f"qrels-{stem}.trec", render_qrels(tiers[part.tier], part.queries)


def list_large_tiers(benchmark: Benchmark) -> dict[str, int]:
    """Return the tiers with more than `MAX_TIER` judgements, with their number."""
    sizes = {tier: sum(map(len, qrels.values())) for tier, qrels in benchmark.tiers.items()}
    return {tier: size for tier, size in sizes.items() if size > MAX_TIER}


def render_run(run: Run, tag: str) -> str:
    """Return a run in TREC form: query, Q0, document, rank, score, tag.

    TREC's tools order by score, in float32, and break ties by the greater document id. A score that
    does not fall is therefore lowered by the least that such a tool can see, so that they find our
    order.

    >>> print(render_run({"q": [("d 1", 0.5), ("e", 0.5)]}, "bm25"), end="")
    q Q0 d%201 1 0.5 bm25
    q Q0 e 2 0.49999997 bm25
    """
    encode = cache(_encode_id)  # the same documents answer many queries
    return "".join(
        f"{encode(query)} Q0 {encode(document)} {rank} {score!s} {tag}\n"
        for query, answers in run.items()
        for rank, (document, score) in enumerate(_separate_ties(answers), start=1)
    )


def _separate_ties(answers: Iterable[tuple[str, float]]) -> Iterator[tuple[str, np.float32]]:
    """Yield the answers with scores that fall strictly in float32."""
    below = np.float32(np.inf)
    for document, score in answers:
        lowered = min(np.float32(score), below)
        below = np.nextafter(lowered, np.float32(-np.inf))
        yield document, lowered


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
