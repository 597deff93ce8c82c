"""Ranking by words: BM25."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import bm25s
import Stemmer

from graphtune.bench.benchmark import Benchmark, count_excluded
from graphtune.bench.retrievers.answers import collect_answers, sample_queries, time_queries
from graphtune.bench.systems import Cost, Ranking
from graphtune.nearest import take_best
from graphtune.progress import track

#: Texts that are split into words at once.
_BATCH = 500


def rank_bm25(benchmark: Benchmark, k: int) -> Ranking:
    """Rank by BM25 as Lucene computes it (k1 = 0.9, b = 0.4, English stop words and stemming).

    Parameters are those of Anserini's and BEIR's BM25 baselines; the scores come from `bm25s`
    (Lù, arXiv:2407.03618). Documents that share no word with the query are no answers (queries that
    nothing answers are counted in the warnings); ties stand by document id.
    """
    began = perf_counter()
    index = _Index(benchmark.documents)
    built = perf_counter() - began
    texts = list(benchmark.queries.values())
    depth = k + count_excluded(benchmark)
    found = [
        index.search(words, depth)
        for words in track(_split_words(texts, "queries"), "BM25", "queries", total=len(texts))
    ]
    took = time_queries(
        lambda text: index.search(_split_words([text], "queries")[0], k), sample_queries(texts)
    )
    run = collect_answers(benchmark, found, k)
    silent = sum(not answers for answers in found)
    warning = f"BM25: {silent} of {len(texts)} queries share no word with any document and score 0"
    cost = Cost(built, took, index.count_bytes())
    warnings = (warning,) if silent else ()
    return Ranking("BM25", (run,), kind="lexical", cost=cost, warnings=warnings)


class _Index:
    """Documents by word; `ids` are sorted, as ties are to stand."""

    def __init__(self, documents: dict[str, str]) -> None:
        self.ids = sorted(documents)
        self.words = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
        passages = _split_words([documents[name] for name in self.ids], "passages")
        self.is_empty = not any(passages)  # Which the library cannot index.
        if not self.is_empty:
            self.words.index(passages, show_progress=False)

    def search(self, words: list[str], k: int) -> list[tuple[str, float]]:
        known = [] if self.is_empty else self.words.get_tokens_ids(words)
        best = take_best(self.words.get_scores_from_ids(known), self.ids, k) if known else []
        return [(document, score) for document, score in best if score > 0]

    def count_bytes(self) -> int:
        """Return the bytes of the postings and of the words."""
        if self.is_empty:
            return 0
        postings = sum(self.words.scores[name].nbytes for name in ("data", "indices", "indptr"))
        return int(postings) + sum(len(word.encode()) for word in self.words.vocab_dict)


def _split_words(texts: Sequence[str], what: str) -> list[list[str]]:
    stemmer = Stemmer.Stemmer("english")
    words: list[list[str]] = []
    for start in track(range(0, len(texts), _BATCH), f"words of {what}", "batches"):
        part: Any = bm25s.tokenize(
            list(texts[start : start + _BATCH]),
            stopwords="en",
            stemmer=stemmer,
            return_ids=False,
            show_progress=False,
        )
        words += part
    return words
