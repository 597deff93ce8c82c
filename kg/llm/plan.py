"""Which batches a model has still to read, and what decides whether an answer is up to date."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from graphtune.config import ExtractConfig
from graphtune.kg.findings import pending_chunks
from graphtune.kg.llm.batches import Batch, make_batches
from graphtune.kg.llm.prompts import make_gleaning_messages, make_messages
from graphtune.kg.llm.records import make_schema
from graphtune.kg.ontology import Ontology
from graphtune.kg.rules.extractor import RulesExtractor
from graphtune.kg.store import GraphStore
from graphtune.records import Chunk, FoundConcept

#: Part of the version of the extractor: raise it when the code keeps other things of a reply. Stored
#: replies are then read again, without a request.
READING_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Job:
    """A batch with at least one pending chunk."""

    batch: Batch
    pending: tuple[Chunk, ...]


def make_version(ontology: Ontology, config: ExtractConfig) -> str:
    """Return a fingerprint of all that an answer depends on: model, prompt, schema, ontology, batches.

    Endpoint, limits and prices are no part of it, nor is the limit of tokens: a higher one helps only
    the chunks that failed, and those are asked about again anyway.
    """
    chunk = Chunk("", "", 0, "text", 0, 4, "heading", 1, 1, 1)
    messages = make_messages(Batch("title", (chunk,), ((),)), ontology, config)
    rules = RulesExtractor().version if config.extractor == "hybrid" else ""
    parts = [
        READING_VERSION,
        config.extractor,
        config.model,
        config.temperature,
        config.batch_tokens,
        config.max_records,
        config.gleaning,
        make_gleaning_messages(messages, "reply"),
        make_schema(ontology, config).model_json_schema(),
        ontology.digest(),
        rules,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def list_jobs(store: GraphStore, config: ExtractConfig, version: str) -> list[Job]:
    """Return the batches with pending chunks; those that only failed before come last.

    A paper's batches are made from all its chunks, pending or not: its stored replies are then found
    again, whenever and in whatever portions its chunks were read.
    """
    pending = pending_chunks(store.db, config.extractor, version)
    rank = {chunk.id: number for number, (_, chunk) in enumerate(pending)}
    titles = {chunk.document_id: title for title, chunk in pending}
    jobs = []
    for document_id, group in groupby(store.chunks(), key=lambda chunk: chunk.document_id):
        if document_id in titles:
            jobs += list(_list_jobs(list(group), titles[document_id], config, rank))
    return sorted(jobs, key=lambda job: min(rank[chunk.id] for chunk in job.pending))


def _list_jobs(
    chunks: list[Chunk], title: str, config: ExtractConfig, rank: dict[str, int]
) -> Iterator[Job]:
    proposals: dict[str, tuple[FoundConcept, ...]] | None = None
    if config.extractor == "hybrid":
        rules = RulesExtractor()
        proposals = {chunk.id: rules.extract(title, chunk).concepts for chunk in chunks}
    for batch in make_batches(chunks, title, config, proposals):
        if wanted := tuple(chunk for chunk in batch.chunks if chunk.id in rank):
            yield Job(batch, wanted)


def list_unasked(store: GraphStore, config: ExtractConfig, version: str) -> list[Chunk]:
    """Return pending chunks that stand in no batch: bibliographies and passages without words."""
    pending = [chunk for _, chunk in pending_chunks(store.db, config.extractor, version)]
    body = {chunk.id for batch in make_batches(pending, "", config) for chunk in batch.chunks}
    return [chunk for chunk in pending if chunk.id not in body]
