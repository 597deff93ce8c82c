"""Running all systems on benchmarks: what can run is ranked and compared, what cannot says why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.compare import Report, compare_systems
from graphtune.bench.embedder import Embedder, open_local
from graphtune.bench.embedding_api import find_api_model, open_api
from graphtune.bench.retrievers import (
    fuse_rankings,
    rank_bm25,
    rank_dense,
    rank_oracle,
    rank_random,
    rerank_answers,
)
from graphtune.bench.systems import Missing, Ranking
from graphtune.config import BaseConfig, BenchConfig
from graphtune.encoder import hash_model
from graphtune.errors import DataError, ModelError
from graphtune.models import resolve_model
from graphtune.prices import PRICES, Price
from graphtune.reranker import load_reranker

#: Systems that are always compared; to name them changes nothing.
_ALWAYS = ("bm25", "hybrid", "random", "oracle")


@dataclass
class _Bench:
    """One benchmark with what ran on it and what could not; `bm25` is None where it finds nothing."""

    benchmark: Benchmark
    bm25: Ranking | None
    rankings: list[Ranking] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)


def run_systems(
    benchmarks: Sequence[Benchmark],
    systems: Mapping[str, Sequence[BaseConfig]],
    base: str,
    dims: Sequence[int] | None,
    config: BenchConfig,
    cache: Path | None = None,
    rerankers: Sequence[str] = (),
    prices: Mapping[str, Price] = PRICES,
) -> tuple[list[Report], dict[str, str]]:
    """Rank and compare on every benchmark; each model is loaded once.

    Beside the models and the hybrids of each with BM25, BM25 runs, and random order and a perfect one
    as marks. A model that cannot be loaded or reached is reported as missing, unless it is the base;
    so is BM25 with all hybrids where no query shares a word with a document.
    Models are sentence-transformers models, or embeddings by an API under the names that
    `graphtune.bench.embedding_api.find_api_model` knows.

    Args:
        benchmarks: what to search.
        systems: name -> encoders, one a training seed.
        base: the name of the system that the others are compared with.
        dims: Matryoshka dimensions; None means the usual ones of each model's width. Those wider
            than a model are left out for it.
        config: ranking depth, precisions and bootstrap settings.
        cache: folder of the vector cache; None for none.
        rerankers: cross-encoders; each reranks the hybrid of the base (that of its first seed), or
            the base itself where BM25 finds nothing.
        prices: dollars for a million tokens, to foresee what an API costs.

    Returns:
        A report for each benchmark, and the hashes of all models by name.

    Raises:
        ModelError: the base cannot be loaded or reached.
        DataError: a benchmark has no documents or no queries, or a model gives damaged vectors.
    """
    benches = [_start_bench(one, config.top_k) for one in benchmarks]
    hashes: dict[str, str] = {}
    for name, references in systems.items():
        try:
            models = (_open_model(one, config, cache, prices) for one in references)
            hashes |= _run_system(name, models, benches, dims, config)
        except ModelError as error:
            if name == base:
                raise
            for bench in benches:
                bench.missing.append(Missing(name, str(error)))
    for model in rerankers:
        hashes |= _rerank(model, base, benches, config)
    return [_compare(bench, base, config) for bench in benches], hashes


def _start_bench(benchmark: Benchmark, k: int) -> _Bench:
    """Rank by BM25, unless it answers nothing: zeros would say that it ran and lost."""
    if not benchmark.documents or not benchmark.queries:
        raise DataError(
            f"the benchmark {benchmark.name} has {len(benchmark.documents)} documents and "
            f"{len(benchmark.queries)} queries: there is nothing to search"
        )
    bm25 = rank_bm25(benchmark, k)
    if any(bm25.runs[0].values()):
        return _Bench(benchmark, bm25)
    reason = (
        f"none of the {len(benchmark.queries)} queries of {benchmark.name} shares a word with a "
        "document; BM25 takes runs of two letters or more for words, which finds little in scripts "
        "without blanks"
    )
    return _Bench(benchmark, None, missing=[Missing("BM25", reason)])


def _run_system(
    name: str,
    models: Iterable[Embedder],
    benches: Sequence[_Bench],
    dims: Sequence[int] | None,
    config: BenchConfig,
) -> dict[str, str]:
    """Rank with the models of all seeds, one in memory at a time; return their hashes by name."""
    seeds: list[list[list[Ranking]]] = [[] for _ in benches]
    hashes = []
    for embedder in models:
        hashes.append(embedder.fingerprint)
        for bench, found in zip(benches, seeds, strict=True):
            found.append(
                rank_dense(name, embedder, bench.benchmark, dims, config.precisions, config.top_k)
            )
    for bench, found in zip(benches, seeds, strict=True):
        dense = [_join_seeds(rows) for rows in zip(*found, strict=True)]
        bench.rankings += dense
        hybrid = f"hybrid {name}"
        if bench.bm25:
            bench.rankings.append(fuse_rankings(hybrid, dense[0], bench.bm25, config.top_k))
        else:
            bench.missing.append(Missing(hybrid, "BM25 answers no query: there is nothing to fuse"))
    if len(hashes) == 1:
        return {f"model {name}": hashes[0]}
    return {f"model {name} {number}": one for number, one in enumerate(hashes)}


def list_named(models: Sequence[str], base: str) -> list[str]:
    """Return the models named, each once, without the base and what is always compared.

    >>> list_named(["specter2", "bm25", "allenai/specter2_base", "a/b"], "a/b")
    ['specter2']
    """
    named: dict[str, str] = {}
    for model in models:
        if model.lower() not in _ALWAYS:
            named.setdefault(_identify(model), model)
    named.pop(_identify(base), None)
    return list(named.values())


def _identify(model: str) -> str:
    """Return the same for every way to write a model's name."""
    target = resolve_model(model)
    return str(Path(target).resolve()) if Path(target).is_dir() else target


def _open_model(
    reference: BaseConfig, config: BenchConfig, cache: Path | None, prices: Mapping[str, Price]
) -> Embedder:
    at_api = find_api_model(reference.model)
    if at_api:
        return open_api(at_api, config.base_url, cache, prices)
    return open_local(reference, cache)


def _rerank(
    model: str, base: str, benches: Sequence[_Bench], config: BenchConfig
) -> dict[str, str]:
    """Rerank answers on every benchmark; return the model's hash by name."""
    system = f"reranked by {model}"
    over = {name: system if name == "hybrid" else f"{name} {system}" for name in config.rerank_over}
    try:
        reranker = load_reranker(model)
        found = [
            [
                rerank_answers(
                    row,
                    reranker,
                    bench.benchmark,
                    _find_first(bench, base, name),
                    config.rerank_depth,
                )
                for name, row in over.items()
            ]
            for bench in benches
        ]
    except ModelError as error:
        for bench in benches:
            bench.missing.append(Missing(system, str(error)))
        return {}
    for bench, rankings in zip(benches, found, strict=True):
        bench.rankings += rankings
    return {f"reranker {model}": hash_model(reranker)}


def _find_first(bench: _Bench, base: str, name: str) -> Ranking:
    """Return what is reranked: a row by its name, or the base's hybrid; without BM25 the base.

    Raises:
        ModelError: there is no such row.
    """
    if name != "hybrid":
        rows = [*bench.rankings, *([bench.bm25] if bench.bm25 else [])]
        known = {ranking.system: ranking for ranking in rows}
        if name not in known:
            raise ModelError(
                f"rerank_over of [bench] names {name!r}; the rows are: {', '.join(sorted(known))}"
            )
        return known[name]
    row = f"hybrid {base}" if bench.bm25 else base
    first = next(ranking for ranking in bench.rankings if ranking.system == row)
    if bench.bm25:
        return first
    note = f"what is reranked comes from {base} alone, because BM25 answers no query"
    return replace(first, warnings=(*first.warnings, note))


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
    rankings = [*bench.rankings, *([bench.bm25] if bench.bm25 else []), *marks]
    return compare_systems(
        bench.benchmark, rankings, base, config.bootstrap, config.seed, bench.missing
    )
