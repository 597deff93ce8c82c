"""The systems that a benchmark compares: dense search with an encoder, and BM25."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from graphtune.bench.benchmark import Benchmark, count_excluded
from graphtune.encoder import encode_texts, truncate_vectors
from graphtune.metrics import Run
from graphtune.nearest import search_exact, take_best
from graphtune.progress import track

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def rank_dense(
    encoder: SentenceTransformer, benchmark: Benchmark, dims: Sequence[int], k: int
) -> dict[int, Run]:
    """Rank all documents by cosine for every query, once for each Matryoshka dimension.

    Texts are encoded once; each dimension takes the first columns and normalises again.

    Args:
        encoder: a model from `graphtune.encoder.load_encoder`.
        benchmark: what to search; its queries carry the prompt of queries.
        dims: dimensions up to the model's width, as `graphtune.encoder.list_dims` gives them.
        k: answers a query.

    Returns:
        dimension -> query id -> (document id, cosine), best first, ties by document id.

    Raises:
        DataError: the model gives vectors with NaN or infinity.
    """
    ids = list(benchmark.documents)
    documents = encode_texts(encoder, list(benchmark.documents.values()), "document", "passages")
    queries = encode_texts(encoder, list(benchmark.queries.values()), "query", "queries")
    depth = k + count_excluded(benchmark)
    runs: dict[int, Run] = {}
    for dim in dims:
        found = search_exact(
            truncate_vectors(queries, dim), truncate_vectors(documents, dim), ids, depth
        )
        runs[dim] = _collect_answers(benchmark, found, k)
    return runs


def rank_bm25(benchmark: Benchmark, k: int) -> Run:
    """Rank by BM25 as Lucene computes it (k1 = 0.9, b = 0.4, English stop words and stemming).

    Parameters are those of Anserini's and BEIR's BM25 baselines; the scores come from `bm25s`
    (Lù, arXiv:2407.03618). Documents that share no word with the query are no answers.

    Returns:
        query id -> (document id, score), best first, ties by document id.
    """
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")

    def split_words(texts: Iterable[str]) -> list[list[str]]:
        words: Any = bm25s.tokenize(
            list(texts), stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False
        )
        return list(words)

    ids = sorted(benchmark.documents)
    passages = split_words(benchmark.documents[name] for name in ids)
    if not any(passages):  # Which the library cannot index.
        return {query: [] for query in benchmark.queries}
    index = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    index.index(passages, show_progress=False)
    depth, found = k + count_excluded(benchmark), []
    for words in track(split_words(benchmark.queries.values()), "BM25", "queries"):
        known = index.get_tokens_ids(words)
        best = take_best(index.get_scores_from_ids(known), ids, depth) if known else []
        found.append([(document, score) for document, score in best if score > 0])
    return _collect_answers(benchmark, found, k)


def _collect_answers(
    benchmark: Benchmark, found: Iterable[Sequence[tuple[str, float]]], k: int
) -> Run:
    """Name the queries, drop the documents that each excludes, and keep `k` answers."""
    return {
        query: [hit for hit in hits if hit[0] not in benchmark.excluded.get(query, ())][:k]
        for query, hits in zip(benchmark.queries, found, strict=True)
    }
