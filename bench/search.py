"""Searching the corpus by an encoder, with its chunk vectors kept on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphtune.bench.vectors import encode_cached
from graphtune.encoder import encode_texts, truncate_vectors
from graphtune.kg.graph import ConceptGraph
from graphtune.nearest import search_exact
from graphtune.reranker import score_passages

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer; `score` is the cosine, or the reranker's. For papers, the chunk is the paper's best."""

    rank: int
    score: float
    title: str
    path: str
    section: str
    page_start: int
    page_end: int
    text: str
    chunk_id: str


def search_graph(
    graph: ConceptGraph,
    encoder: SentenceTransformer,
    query: str,
    k: int,
    cache: Path,
    papers: bool = False,
    reranker: CrossEncoder | None = None,
    depth: int = 50,
) -> list[Hit]:
    """Return the k best chunks, or papers by their best chunk, for a query.

    A reranker orders the first `depth` chunks anew; their score is then its own, and no others are found.
    """
    texts = [graph.chunks[chunk].passage for chunk in sorted(graph.chunks)]
    raw = encode_cached(encoder, texts, "document", cache, "encoding the corpus (once)")
    vectors = truncate_vectors(raw, raw.shape[1])
    asked = truncate_vectors(encode_texts(encoder, [query], "query"), vectors.shape[1])
    wanted = depth if reranker else len(graph.chunks) if papers else k
    ranked = search_exact(asked, vectors, sorted(graph.chunks), wanted)[0]
    if reranker:
        read = score_passages(reranker, query, [graph.chunks[key].passage for key, _ in ranked])
        scored = zip([key for key, _ in ranked], read, strict=True)
        ranked = sorted(scored, key=lambda hit: -hit[1])
    hits: list[Hit] = []
    seen: set[str] = set()
    for chunk_id, score in ranked:
        chunk = graph.chunks[chunk_id]
        if papers and chunk.document_id in seen:
            continue
        seen.add(chunk.document_id)
        document = graph.documents[chunk.document_id]
        hits.append(
            Hit(
                rank=len(hits) + 1,
                score=round(score, 4),
                title=document["title"],
                path=document["path"],
                section=chunk.heading,
                page_start=chunk.page_start,
                page_end=chunk.page_end,
                text=chunk.text,
                chunk_id=chunk_id,
            )
        )
        if len(hits) == k:
            break
    return hits
