"""Dense search: cosines of vectors, at every width and precision."""

from collections.abc import Sequence
from functools import partial
from time import perf_counter

from graphtune.bench.benchmark import Benchmark, count_excluded
from graphtune.bench.embedder import Embedder, use_one_thread
from graphtune.bench.retrievers.answers import collect_answers, sample_queries, time_queries
from graphtune.bench.retrievers.index import Index
from graphtune.bench.systems import Cost, Precision, Ranking
from graphtune.encoder import list_dims, truncate_vectors


def rank_dense(
    system: str,
    embedder: Embedder,
    benchmark: Benchmark,
    dims: Sequence[int] | None,
    precisions: Sequence[Precision],
    k: int,
) -> list[Ranking]:
    """Rank all documents by cosine for every query, with one model.

    Texts are encoded once; each Matryoshka dimension takes the first columns and normalises again.

    Args:
        system: name of the rows.
        embedder: the model.
        benchmark: what to search; its queries carry the prompt of queries.
        dims: Matryoshka dimensions, None for the usual ones; those wider than the model are left out.
        precisions: further ways to keep the vectors of full width.
        k: answers a query.

    Returns:
        float32 at every dimension, widest first, then the other precisions; one run each.

    Raises:
        ModelError: the model cannot be reached.
        DataError: the model gives vectors with NaN or infinity.
    """
    ids = sorted(benchmark.documents)
    began = perf_counter()
    documents, is_new = embedder.embed((benchmark.documents[name] for name in ids), "document")
    encoded = perf_counter() - began if is_new else None
    texts = list(benchmark.queries.values())
    queries, _ = embedder.embed(texts, "query")
    encode_ms = None if embedder.is_remote else _time_encoding(embedder, texts)
    warnings = _warn_cut(system, embedder, [*benchmark.documents.values(), *texts])
    width = documents.shape[1]
    ladder = list_dims(width, [dim for dim in dims if dim <= width] if dims else None)
    rows: list[tuple[int, Precision]] = [(dim, "float32") for dim in ladder]
    rankings = []
    for dim, precision in [*rows, *((width, one) for one in precisions)]:
        began = perf_counter()
        index = Index(truncate_vectors(documents, dim), ids, precision)
        indexed = perf_counter() - began
        asked = truncate_vectors(queries, dim)
        run = collect_answers(benchmark, index.search(asked, k + count_excluded(benchmark)), k)
        timed = sample_queries([asked[row : row + 1] for row in range(len(asked))])
        search_ms = time_queries(partial(index.search_one, k=k), timed)
        cost = Cost(
            build_seconds=None if encoded is None else encoded + indexed,
            query_ms=None if encode_ms is None else encode_ms + search_ms,
            index_bytes=index.nbytes,
        )
        rankings.append(Ranking(system, (run,), dim, precision, cost=cost, warnings=warnings))
    return rankings


def _time_encoding(embedder: Embedder, texts: Sequence[str]) -> float:
    with use_one_thread():
        return time_queries(
            lambda text: list(embedder.encode([text], "query")), sample_queries(texts)
        )


def _warn_cut(system: str, embedder: Embedder, texts: Sequence[str]) -> tuple[str, ...]:
    n_cut = sum(embedder.prepare(text) != text for text in texts)
    cut = f"{system}: {n_cut} of {len(texts)} texts are longer than the model takes and were cut"
    return (cut,) if n_cut else ()
