"""Running all systems on benchmarks: what can run is ranked and compared, what cannot says why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.compare import Report, compare_systems
from graphtune.bench.embedder import open_local
from graphtune.bench.retrievers import (
    fuse_rankings,
    rank_bm25,
    rank_dense,
    rank_oracle,
    rank_random,
)
from graphtune.bench.systems import Missing, Ranking
from graphtune.config import BaseConfig, BenchConfig
from graphtune.errors import DataError, ModelError


@dataclass
class _Bench:
    """One benchmark with what ran on it and what could not."""

    benchmark: Benchmark
    bm25: Ranking
    rankings: list[Ranking] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)


def run_systems(
    benchmarks: Sequence[Benchmark],
    systems: Mapping[str, Sequence[BaseConfig]],
    base: str,
    dims: Sequence[int] | None,
    config: BenchConfig,
    cache: Path | None = None,
) -> tuple[list[Report], dict[str, str]]:
    """Rank and compare on every benchmark; each model is loaded once.

    Beside the models and the hybrids of each with BM25, BM25 runs, and random order and a perfect one
    as marks. A model that cannot be loaded or reached is reported as missing, unless it is the base.

    Args:
        benchmarks: what to search.
        systems: name -> encoders, one a training seed.
        base: the name of the system that the others are compared with.
        dims: Matryoshka dimensions; None means the usual ones of each model's width. Those wider
            than a model are left out for it.
        config: ranking depth, precisions and bootstrap settings.
        cache: folder of the vector cache; None for none.

    Returns:
        A report for each benchmark, and the hashes of all models by name.

    Raises:
        ModelError: the base cannot be loaded.
        DataError: a benchmark has no documents or no queries, or a model gives damaged vectors.
    """
    for one in benchmarks:
        if not one.documents or not one.queries:
            raise DataError(
                f"the benchmark {one.name} has {len(one.documents)} documents and "
                f"{len(one.queries)} queries: there is nothing to search"
            )
    benches = [_Bench(one, rank_bm25(one, config.top_k)) for one in benchmarks]
    hashes: dict[str, str] = {}
    for name, references in systems.items():
        try:
            hashes |= _run_model(name, references, benches, dims, config, cache)
        except ModelError as error:
            if name == base:
                raise
            for bench in benches:
                bench.missing.append(Missing(name, str(error)))
    return [_compare(bench, base, config) for bench in benches], hashes


def _run_model(
    name: str,
    references: Sequence[BaseConfig],
    benches: Sequence[_Bench],
    dims: Sequence[int] | None,
    config: BenchConfig,
    cache: Path | None,
) -> dict[str, str]:
    """Rank with a model of any number of seeds, and with its hybrid; return the hashes by name."""
    hashes = {}
    seeds: list[list[list[Ranking]]] = [[] for _ in benches]
    for number, reference in enumerate(references):
        embedder = open_local(reference, cache)
        label = name if len(references) == 1 else f"{name} {number}"
        hashes[f"model {label}"] = embedder.fingerprint
        for bench, found in zip(benches, seeds, strict=True):
            found.append(
                rank_dense(name, embedder, bench.benchmark, dims, config.precisions, config.top_k)
            )
    for bench, found in zip(benches, seeds, strict=True):
        dense = [_join_seeds(rows) for rows in zip(*found, strict=True)]
        bench.rankings += dense
        bench.rankings.append(fuse_rankings(f"hybrid {name}", dense[0], bench.bm25, config.top_k))
    return hashes


def _join_seeds(rows: Sequence[Ranking]) -> Ranking:
    """Make one ranking of those of several seeds; it costs what the first does."""
    warnings = tuple(dict.fromkeys(warning for row in rows for warning in row.warnings))
    runs = tuple(run for row in rows for run in row.runs)
    return replace(rows[0], runs=runs, warnings=warnings)


def _compare(bench: _Bench, base: str, config: BenchConfig) -> Report:
    marks = (
        rank_random(bench.benchmark, config.top_k, config.seed),
        rank_oracle(bench.benchmark, config.top_k),
    )
    rankings = [*bench.rankings, bench.bm25, *marks]
    return compare_systems(
        bench.benchmark, rankings, base, config.bootstrap, config.seed, bench.missing
    )
