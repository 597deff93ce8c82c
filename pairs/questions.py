"""Questions to passages, written by a language model and kept where the base model finds the passage again.

They are filtered by round trip (Promptagator, arXiv:2209.11755) and written as a file of extra pairs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from graphtune.encoder import encode_texts, truncate_vectors
from graphtune.files import write_bytes, write_record
from graphtune.kg.graph import ConceptGraph
from graphtune.nearest import search_exact
from graphtune.pairs.recipes import NO_PASSAGES
from graphtune.pairs.split import Split, cluster_repeats
from graphtune.pairs.styles import find_body
from graphtune.records import Chunk

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: Shorter passages answer nothing; in words, without their headings.
_MIN_WORDS = 20


class QuestionsCard(BaseModel):
    """What a file of questions holds and was made from; hashes are sha256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    passages: int
    """That the model was asked about, of `eligible`."""
    eligible: int
    written: int
    kept: int
    depth: int
    hashes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A passage with the questions that a model wrote to it; None where it has not answered."""

    chunk: Chunk
    questions: list[str] | None


def list_passages(
    graph: ConceptGraph, split: Split, most: int | None = None, seed: int = 0
) -> list[Chunk]:
    """Return the passages of training papers that can answer a question, `most` of them at most.

    These are drawn at random over all papers; a larger number adds to those of a smaller one.
    """
    found = [
        chunk
        for chunk in graph.chunks.values()
        if split.may_train_on(chunk)
        and chunk.kind not in NO_PASSAGES
        and len(chunk.text[find_body(chunk) :].split()) >= _MIN_WORDS
    ]
    found.sort(key=lambda chunk: Random(f"{seed} {chunk.id}").random())
    return found[:most]


def keep_found(
    graph: ConceptGraph,
    asked: Sequence[Asked],
    passages: Sequence[Chunk],
    encoder: SentenceTransformer,
    depth: int,
) -> list[tuple[str, Chunk]]:
    """Return the questions to which the encoder ranks their passage, or one that repeats it, high.

    High means among the `depth` best of all `passages`. A question to two passages stays with the first.
    """
    chunks = {question: item.chunk for item in reversed(asked) for question in item.questions or ()}
    if not chunks:
        return []
    questions, sorted_passages = sorted(chunks), sorted(passages, key=lambda chunk: chunk.id)
    texts = [chunk.passage for chunk in sorted_passages]
    width = encoder.get_embedding_dimension() or 0
    queries = truncate_vectors(encode_texts(encoder, questions, "query", "questions"), width)
    documents = truncate_vectors(encode_texts(encoder, texts, "document", "passages"), width)
    best = search_exact(queries, documents, [chunk.id for chunk in sorted_passages], depth)
    twins = {key: min(same) for same in cluster_repeats(graph) for key in same}

    def name_twin(key: str) -> str:
        return twins.get(key, key)

    return [
        (question, chunks[question])
        for question, ranking in zip(questions, best, strict=True)
        if name_twin(chunks[question].id) in {name_twin(key) for key, _ in ranking}
    ]


def write_questions(
    path: Path, kept: Sequence[tuple[str, Chunk]], card: QuestionsCard
) -> QuestionsCard:
    """Write questions with the bodies of their passages as extra pairs, and the card beside them.

    Returns:
        The card with the hash of the file.

    Raises:
        DataError: the folder does not exist.
    """
    rows = (
        {"anchor": question, "positive": chunk.text[find_body(chunk) :], "style": "question"}
        for question, chunk in kept
    )
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    write_bytes(path, content)
    digest = hashlib.sha256(content).hexdigest()
    card = card.model_copy(update={"hashes": {**card.hashes, "questions": digest}})
    write_record(path.with_suffix(".card.json"), card)
    return card
