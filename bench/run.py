"""Running encoders and BM25 on a benchmark."""

from collections.abc import Mapping, Sequence

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.compare import Report, compare_systems
from graphtune.bench.retrievers import rank_bm25, rank_dense
from graphtune.bench.systems import Ranking
from graphtune.config import BaseConfig, BenchConfig
from graphtune.encoder import hash_model, list_dims, load_encoder
from graphtune.metrics import Run


def run_systems(
    benchmarks: Sequence[Benchmark],
    systems: Mapping[str, Sequence[BaseConfig]],
    base: str,
    dims: Sequence[int] | None,
    config: BenchConfig,
) -> tuple[list[Report], dict[str, str]]:
    """Rank and compare on every benchmark; each model is loaded once.

    Args:
        benchmarks: what to search.
        systems: name -> encoders, one a training seed; BM25 always runs beside them.
        base: the name of the system that the others are compared with.
        dims: Matryoshka dimensions; None means the usual ones of each model's width. Those wider
            than a model are left out for it.
        config: ranking depth and bootstrap settings.

    Returns:
        A report for each benchmark, and the hashes of all models by name.
    """
    runs: list[dict[tuple[str, int], list[Run]]] = [{} for _ in benchmarks]
    hashes = {}
    for name, encoders in systems.items():
        for number, reference in enumerate(encoders):
            encoder = load_encoder(reference)
            width = encoder.get_embedding_dimension() or 0
            ladder = list_dims(width, [dim for dim in dims if dim <= width] if dims else None)
            label = name if len(encoders) == 1 else f"{name} {number}"
            hashes[f"model {label}"] = hash_model(encoder)
            for benchmark, by_system in zip(benchmarks, runs, strict=True):
                for dim, run in rank_dense(encoder, benchmark, ladder, config.top_k).items():
                    by_system.setdefault((name, dim), []).append(run)
    reports = []
    for benchmark, by_system in zip(benchmarks, runs, strict=True):
        rankings = [Ranking(name, tuple(seeds), dim) for (name, dim), seeds in by_system.items()]
        rankings.append(Ranking("BM25", (rank_bm25(benchmark, config.top_k),), kind="lexical"))
        reports.append(compare_systems(benchmark, rankings, base, config.bootstrap, config.seed))
    return reports, hashes
