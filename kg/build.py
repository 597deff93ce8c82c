"""Build: files in, documents, chunks, findings and a resolved graph in the store; only what changed."""

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from graphtune.chunking import (
    find_papers,
    link_chunks,
    load_token_spans,
    read_document,
    split_document,
)
from graphtune.config import Config
from graphtune.encoder import locate_tokenizer
from graphtune.errors import DocumentError, EndpointError, ExtractionError
from graphtune.kg.duplicates import link_near_duplicates
from graphtune.kg.exchange import read_graph_file
from graphtune.kg.extract import Extractor, choose_extractor
from graphtune.kg.findings import (
    count_extractions,
    pending_chunks,
    save_extractions,
    save_import,
)
from graphtune.kg.resolve import resolve_graph
from graphtune.kg.store import GraphStore
from graphtune.progress import track
from graphtune.records import Chunk, Extraction, Reading
from graphtune.workspace import Workspace

#: An endpoint that fails so often is taken to be broken: each failure may cost minutes of waiting.
MAX_FAILURES_IN_A_ROW = 5
#: Part of what decides whether a stored paper is read again: raise it when reading or cutting changes.
CHUNKING_VERSION = "1"


@dataclass
class BuildSummary:
    """What a build did. `failed` holds (path, status, message); `seconds` is wall time a step."""

    extractor: str
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: list[tuple[str, str, str]] = field(default_factory=list)
    extracted_chunks: int = 0
    failed_chunks: int = 0
    pending_chunks: int = 0
    rejected_records: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    endpoint_error: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def did_nothing(self) -> bool:
        """Whether the store was up to date already."""
        return not (
            self.added
            or self.changed
            or self.removed
            or self.extracted_chunks
            or self.left_out
            or self.endpoint_error
        )


def build_graph(workspace: Workspace, papers: Sequence[Path]) -> BuildSummary:
    """Bring `graph.db` up to date with files and folders of papers.

    Files whose bytes and settings did not change are skipped; files gone from a named folder are
    forgotten with all that only they supported. A file that cannot be read is listed in the summary
    and the others go on; so do chunks on which the extractor fails, which are tried again next time.

    Raises:
        ModelError: the base model's tokenizer cannot be had.
    """
    config = workspace.config
    extractor = choose_extractor(config.extract, os.environ)
    summary = BuildSummary(extractor.name)
    with GraphStore(workspace.database) as store:
        with _timed(summary, "chunking"):
            _update_documents(store, workspace, papers, summary)
            link_near_duplicates(store.db)
        with _timed(summary, "extraction"):
            _extract_pending(store, config, extractor, summary)
        with _timed(summary, "resolution"):
            # An endpoint that is out of reach must not replace another extractor's graph.
            if not summary.endpoint_error or store.meta().get("extractor") == extractor.name:
                summary.left_out = resolve_graph(store, extractor.name)
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


def _update_documents(
    store: GraphStore, workspace: Workspace, papers: Sequence[Path], summary: BuildSummary
) -> None:
    config = workspace.config
    tokenizer = locate_tokenizer(config.base, workspace.cache)
    tokenizer_hash = hashlib.sha256(tokenizer.read_bytes()).hexdigest()[:16]
    chunking = f"{CHUNKING_VERSION}-{config.chunking.digest()}-{tokenizer_hash}"
    known = store.files()
    paths: dict[str, Path] = {}
    for paper in papers:
        try:
            paths |= {_spell(path): path for path in find_papers([paper.resolve()])}
        except DocumentError as error:
            summary.failed.append((_spell(paper), error.status, str(error)))
    _read_files(store, config, (tokenizer, chunking), paths, summary)
    # Last, so that a moved file is known by its bytes and keeps what was found in it.
    for gone in _list_gone(known, papers, paths):
        store.delete_file(gone)
        summary.removed += 1


def _read_files(
    store: GraphStore,
    config: Config,
    tokenizer: tuple[Path, str],
    paths: dict[str, Path],
    summary: BuildSummary,
) -> None:
    """Read the files that are new or changed; `tokenizer` is its path and the chunking fingerprint."""
    chunking = tokenizer[1]
    known = store.files()
    todo = list(_list_new(known, chunking, paths, summary))
    if not todo:
        return
    count = load_token_spans(tokenizer[0])
    for name, path, digest in track(todo, "reading papers", "files"):
        if name in known:
            summary.changed += 1
        else:
            summary.added += 1
        twin = store.find_document(digest, chunking)
        if twin:
            store.save_duplicate_file(name, digest, twin)
            continue
        try:
            document = read_document(path)
        except DocumentError as error:
            store.save_reading(Reading(name, error.status, str(error)), digest, chunking)
            summary.failed.append((name, error.status, str(error)))
            continue
        document = replace(document, title=_spell(document.title))
        chunks = split_document(document, config.chunking, count)
        links = link_chunks(document, chunks)
        reading = Reading(name, "ok", "", document, tuple(chunks), tuple(links))
        store.save_reading(reading, digest, chunking)


def _list_new(
    known: dict[str, dict[str, Any]], chunking: str, paths: dict[str, Path], summary: BuildSummary
) -> Iterator[tuple[str, Path, str]]:
    """Yield (name, path, sha256) of each file that is new or changed, or was cut in another way."""
    for name, path in paths.items():
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            message = f"{name} cannot be read ({error.strerror}); check its permissions"
            summary.failed.append((name, "error", message))
            continue
        held = known.get(name)
        if (
            held
            and held["sha256"] == digest
            and (held["chunking"] == chunking or held["status"] != "ok")
        ):
            summary.unchanged += held["status"] == "ok"
            if held["status"] != "ok":
                summary.failed.append((name, held["status"], held["message"]))
        else:
            yield name, path, digest


def _spell(name: Path | str) -> str:
    """Return a file name as text that SQLite can hold, also where it is no UTF-8."""
    return str(name).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _list_gone(
    known: dict[str, dict[str, Any]], papers: Sequence[Path], present: dict[str, Path]
) -> list[str]:
    folders = [path.resolve() for path in papers if path.is_dir()]
    return [
        path
        for path in known
        if path not in present and any(Path(path).is_relative_to(folder) for folder in folders)
    ]


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


def import_graph(store: GraphStore, file: Path) -> dict[str, Any]:
    """Add the concepts and relations of a graph file, and link the concepts in the papers.

    Returns:
        Counts: `concepts` and `relations` of the file, how its relations were `mapped` to ours,
        what was `skipped` and why, and the sizes of the `graph` now.

    Raises:
        DataError: the file is no graph in a known form.
    """
    found = read_graph_file(file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    save_import(store.db, digest, str(file), found.concepts, found.relations)
    resolve_graph(store, store.meta().get("extractor", "rules"))
    return {
        "concepts": len(found.concepts),
        "relations": len(found.relations),
        "mapped": found.mapped,
        "skipped": found.skipped,
        "graph": count_graph(store),
    }
