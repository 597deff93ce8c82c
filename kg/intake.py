"""Intake: files in, documents and chunks in the store, one status for each file; only what changed."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphtune.chunking import find_papers, read_papers
from graphtune.config import Config
from graphtune.encoder import locate_tokenizer
from graphtune.errors import DocumentError
from graphtune.kg.store import GraphStore
from graphtune.kg.summary import STATUSES_WITH_TEXT, BuildSummary
from graphtune.progress import track
from graphtune.records import Reading
from graphtune.workspace import Workspace

#: Part of what decides whether a stored paper is read again: raise it when reading or cutting changes.
CHUNKING_VERSION = "2"


def update_documents(
    store: GraphStore,
    workspace: Workspace,
    papers: Sequence[Path],
    summary: BuildSummary,
    retry_failed: bool = False,
) -> None:
    """Bring the documents in the store up to date with files and folders.

    A file that failed is read again when its bytes change, or with `retry_failed`.

    Raises:
        ModelError: the base model's tokenizer cannot be had.
        DocumentError: no process can be started to read files.
    """
    config = workspace.config
    tokenizer = locate_tokenizer(config.base, workspace.cache)
    tokenizer_hash = hashlib.sha256(tokenizer.read_bytes()).hexdigest()[:16]
    chunking = f"{CHUNKING_VERSION}-{config.chunking.digest()}-{tokenizer_hash}"
    known = store.files()
    paths = _find_paths(papers, summary)
    # Files with the same bytes are read once; those whose paper is stored already, not at all.
    unread: dict[str, list[str]] = {}
    for name, digest in _list_new(store, chunking, paths, summary, retry_failed):
        summary.changed += name in known
        summary.added += name not in known
        if twin := store.find_document(digest, chunking):
            store.save_duplicate_file(name, digest, twin)
        else:
            unread.setdefault(digest, []).append(name)
    _read_files(store, config, (tokenizer, chunking), paths, unread, summary)
    # Last, so that a moved file is known by its bytes and keeps what was found in it.
    for gone in _list_gone(known, papers, paths):
        store.delete_file(gone)
        summary.removed += 1
    _count_statuses(store, paths, summary)


def _find_paths(papers: Sequence[Path], summary: BuildSummary) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for paper in papers:
        try:
            paths |= {_spell(path): path for path in find_papers([paper.resolve()])}
        except DocumentError as error:
            summary.failed.append((_spell(paper), error.status, str(error)))
    return paths


def _list_new(
    store: GraphStore,
    chunking: str,
    paths: dict[str, Path],
    summary: BuildSummary,
    retry_failed: bool,
) -> Iterator[tuple[str, str]]:
    """Yield (name, sha256) of each file that is new or changed, was cut in another way, or is retried."""
    known = store.files()
    for name, path in paths.items():
        held = known.get(name)
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            message = f"{name} cannot be read ({error.strerror}); check its permissions"
            if held and held["document_id"]:  # out of reach is no reason to forget a paper
                summary.failed.append((name, "error", message))
            else:
                store.save_reading(Reading(name, "error", message), "", chunking)
            continue
        if held and held["sha256"] == digest:
            if held["status"] not in STATUSES_WITH_TEXT and not retry_failed:
                continue
            if held["chunking"] == chunking:
                summary.unchanged += 1
                continue
        yield name, digest


def _read_files(
    store: GraphStore,
    config: Config,
    tokenizer: tuple[Path, str],
    paths: dict[str, Path],
    unread: dict[str, list[str]],
    summary: BuildSummary,
) -> None:
    """Read one file for each digest; `tokenizer` is its path and the chunking fingerprint."""

    def show_speed(seconds: float) -> str:
        return f"{summary.pages_read / max(seconds, 0.001):.0f} pages/s"

    firsts = [paths[names[0]] for names in unread.values()]
    readings = read_papers(firsts, config.reading, config.chunking, tokenizer[0])
    with closing(readings):
        progress = track(readings, "reading papers", "files", len(firsts), show_speed)
        for (digest, names), reading in zip(unread.items(), progress, strict=True):
            _save_reading(store, tokenizer[1], digest, names, reading)
            if reading.document:
                summary.pages_read += len(reading.document.page_starts)


def _save_reading(
    store: GraphStore, chunking: str, digest: str, names: Sequence[str], reading: Reading
) -> None:
    document = reading.document
    if document:
        document = replace(document, title=_spell(document.title))
    for name in names:
        if document and name != names[0]:
            store.save_duplicate_file(name, digest, document.id)
        else:
            message = _spell(reading.message).replace(_spell(reading.path), name)
            own = replace(reading, path=name, message=message, document=document)
            store.save_reading(own, digest, chunking)


def _count_statuses(store: GraphStore, paths: dict[str, Path], summary: BuildSummary) -> None:
    for name, row in store.files().items():
        if name not in paths:
            continue
        status = row["status"]
        counts = summary.statuses.setdefault(status, {"files": 0, "pages": 0})
        counts["files"] += 1
        counts["pages"] += row["n_pages"]
        if status != "ok":
            rows = summary.degraded if status in STATUSES_WITH_TEXT else summary.failed
            rows.append((name, status, row["message"]))


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
