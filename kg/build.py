"""Build: files in, documents, chunks, findings and a resolved graph in the store; only what changed."""

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from graphtune.config import Config
from graphtune.errors import EndpointError, ExtractionError
from graphtune.kg.duplicates import link_near_duplicates
from graphtune.kg.exchange import read_graph_file
from graphtune.kg.extract import Extractor, choose_extractor
from graphtune.kg.findings import (
    count_extractions,
    pending_chunks,
    save_extractions,
    save_import,
)
from graphtune.kg.intake import update_documents
from graphtune.kg.ontology import Ontology, load_ontology
from graphtune.kg.resolution.resolve import resolve_graph
from graphtune.kg.store import GraphStore
from graphtune.kg.summary import BuildSummary
from graphtune.progress import track
from graphtune.records import Chunk, Extraction
from graphtune.workspace import Workspace

#: An endpoint that fails so often is taken to be broken: each failure may cost minutes of waiting.
MAX_FAILURES_IN_A_ROW = 5


def build_graph(
    workspace: Workspace, papers: Sequence[Path], retry_failed: bool = False
) -> BuildSummary:
    """Bring `graph.db` up to date with files and folders of papers.

    Files whose bytes and settings did not change are skipped; files gone from a named folder are
    forgotten with all that only they supported. A file that cannot be read is listed in the summary
    and the others go on; it is read again once it has changed, or with `retry_failed`. Chunks on which
    the extractor fails are tried again next time.

    Raises:
        ModelError: the base model's tokenizer cannot be had.
        ConfigError: the file of the ontology is missing or wrong.
    """
    config = workspace.config
    extractor = choose_extractor(config.extract, os.environ)
    ontology_file = config.extract.ontology
    ontology = load_ontology(workspace.root / ontology_file if ontology_file else None)
    summary = BuildSummary(extractor.name)
    with GraphStore(workspace.database) as store:
        with _timed(summary, "reading"):
            update_documents(store, workspace, papers, summary, retry_failed)
        with _timed(summary, "comparison"):
            link_near_duplicates(store.db)
        with _timed(summary, "extraction"):
            _extract_pending(store, config, extractor, summary)
        with _timed(summary, "resolution"):
            # An endpoint that is out of reach must not replace another extractor's graph.
            if not summary.endpoint_error or store.meta().get("extractor") == extractor.name:
                summary.left_out = resolve_graph(store, extractor.name, ontology)
        summary.counts = count_graph(store)
        extractions = count_extractions(store.db, extractor.name)
        summary.failed_chunks = extractions["failed"]
        summary.pending_chunks = summary.counts["chunks"] - sum(
            extractions[status] for status in ("ok", "failed")
        )
        summary.rejected_records = extractions["rejected"]
    return summary


def count_graph(store: GraphStore) -> dict[str, int]:
    """Return the sizes of all parts of the store."""
    documents = store.documents()
    counts = {"papers": len(documents), "pages": sum(row["n_pages"] for row in documents)}
    for table in ("chunks", "concepts", "aliases", "mentions", "relations"):
        counts[table] = store.db.table(table).count
    return counts


@contextmanager
def _timed(summary: BuildSummary, step: str) -> Iterator[None]:
    start = perf_counter()
    yield
    summary.seconds[step] = round(perf_counter() - start, 2)


def _extract_pending(
    store: GraphStore, config: Config, extractor: Extractor, summary: BuildSummary
) -> None:
    pending = pending_chunks(store.db, extractor.name, extractor.version)
    if extractor.name == "llm":
        pending = pending[: config.extract.max_chunks]
        tokens = sum(chunk.n_tokens for _, chunk in pending)
        print(
            f"asking {config.extract.model} about {len(pending):,} chunks ({tokens:,} tokens of text)",
            file=sys.stderr,
        )
    # Replies of a paid endpoint are stored one by one, the free rules' a few hundred at a time.
    size = 1 if extractor.name == "llm" else 256
    batches = [pending[start : start + size] for start in range(0, len(pending), size)]
    in_a_row = 0
    unit = "chunks" if size == 1 else "batches of chunks"
    for batch in track(batches, f"extracting concepts ({extractor.name})", unit):
        try:
            results = list(_extract_batch(extractor, batch))
        except EndpointError as error:
            summary.endpoint_error = str(error)
            return
        save_extractions(store.db, extractor.name, extractor.version, results)
        summary.extracted_chunks += len(results)
        failures = [result for _, result in results if isinstance(result, str)]
        in_a_row = in_a_row + 1 if failures else 0
        if in_a_row == MAX_FAILURES_IN_A_ROW:
            summary.endpoint_error = f"{in_a_row} chunks failed in a row, the last: {failures[-1]}"
            return


def _extract_batch(
    extractor: Extractor, batch: Sequence[tuple[str, Chunk]]
) -> Iterator[tuple[Chunk, Extraction | str]]:
    for title, chunk in batch:
        try:
            yield chunk, extractor.extract(title, chunk)
        except EndpointError:
            raise
        except ExtractionError as error:
            yield chunk, str(error)


def import_graph(store: GraphStore, file: Path, ontology: Ontology) -> dict[str, Any]:
    """Add the concepts and relations of a graph file, and link the concepts in the papers.

    Returns:
        Counts: `concepts` and `relations` of the file, how its relations were `mapped` to ours,
        what was `skipped` and why, and the sizes of the `graph` now.

    Raises:
        DataError: the file is no graph in a known form.
    """
    found = read_graph_file(file, ontology)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    save_import(store.db, digest, str(file), found.concepts, found.relations)
    resolve_graph(store, store.meta().get("extractor", "rules"), ontology)
    return {
        "concepts": len(found.concepts),
        "relations": len(found.relations),
        "mapped": found.mapped,
        "skipped": found.skipped,
        "graph": count_graph(store),
    }
