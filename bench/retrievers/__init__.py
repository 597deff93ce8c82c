"""The systems that a benchmark compares; each function gives a `Ranking`, with what it cost."""

from graphtune.bench.retrievers.dense import rank_dense
from graphtune.bench.retrievers.floors import rank_oracle, rank_random
from graphtune.bench.retrievers.fusion import fuse_rankings
from graphtune.bench.retrievers.lexical import rank_bm25
from graphtune.bench.retrievers.rerank import rerank_answers

__all__ = [
    "fuse_rankings",
    "rank_bm25",
    "rank_dense",
    "rank_oracle",
    "rank_random",
    "rerank_answers",
]
