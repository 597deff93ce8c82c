"""Build: files in, documents, chunks, findings and a resolved graph in the store; only what changed."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from graphtune.config import Config
from graphtune.kg.duplicates import link_near_duplicates
from graphtune.kg.exchange import read_graph_file
from graphtune.kg.extract import choose_extractor, extract_by_rules
from graphtune.kg.findings import count_extractions, list_failures, save_import
from graphtune.kg.intake import update_documents
from graphtune.kg.ontology import Ontology, load_ontology
from graphtune.kg.resolution.resolve import resolve_graph
from graphtune.kg.store import GraphStore
from graphtune.kg.summary import BuildSummary
from graphtune.workspace import Workspace

if TYPE_CHECKING:
    from graphtune.kg.llm.cost import Estimate
    from graphtune.kg.llm.run import Consent
    from graphtune.kg.resolution.candidates import Verifier


def build_graph(
    workspace: Workspace,
    papers: Sequence[Path],
    retry_failed: bool = False,
    consent: "Consent | None" = None,
) -> BuildSummary:
    """Bring `graph.db` up to date with files and folders of papers.

    Files whose bytes and settings did not change are skipped; files gone from a named folder are
    forgotten with all that only they supported. A file that cannot be read is listed in the summary
    and the others go on; it is read again once it has changed, or with `retry_failed`. Chunks on which
    the extractor fails are tried again next time. Before a language model is sent anything that costs
    money, or may, `consent` is asked; without it, nothing is sent unless `max_cost` is set.

    Raises:
        ModelError: the base model's tokenizer cannot be had.
        ConfigError: the ontology's file is missing or wrong.
    """
    workspace = _settle_extractor(workspace)
    extractor = workspace.config.extract.extractor
    ontology = read_ontology(workspace)
    summary = BuildSummary(extractor)
    with GraphStore(workspace.database) as store:
        with _timed(summary, "reading"):
            update_documents(store, workspace, papers, summary, retry_failed)
        with _timed(summary, "comparison"):
            link_near_duplicates(store.db)
        with _timed(summary, "extraction"):
            if extractor == "rules":
                extract_by_rules(store, summary)
            else:
                from graphtune.kg.llm.run import ModelRun

                ModelRun(store, workspace.config, ontology).extract(summary, consent)
        with _timed(summary, "resolution"):
            # Extraction that stopped early must not replace another extractor's graph.
            if not summary.stopped or store.meta().get("extractor") in (None, extractor):
                verify = _make_verifier(store, workspace.config, summary, consent)
                summary.left_out = resolve_graph(store, extractor, ontology, verify)
        summary.counts = count_graph(store)
        extractions = count_extractions(store.db, extractor)
        summary.failed_chunks = extractions["failed"]
        summary.failures = list_failures(store.db, extractor)
        summary.pending_chunks = summary.counts["chunks"] - sum(
            extractions[status] for status in ("ok", "failed")
        )
        summary.rejected_records = extractions["rejected"]
    return summary


def _make_verifier(
    store: GraphStore, config: Config, summary: BuildSummary, consent: "Consent | None"
) -> "Verifier | None":
    if summary.extractor == "rules" or not config.extract.verify_merges or summary.stopped:
        return None
    from graphtune.kg.llm.verification import ModelVerifier

    return ModelVerifier(store, config, summary, consent)


def estimate_build(
    workspace: Workspace, papers: Sequence[Path], retry_failed: bool = False
) -> "tuple[BuildSummary, Estimate | None]":
    """Read papers into the store and foresee what their extraction would send; nothing is sent.

    Returns:
        How reading went, and the estimate: None where the rules extract.
    """
    workspace = _settle_extractor(workspace)
    extractor = workspace.config.extract.extractor
    summary = BuildSummary(extractor)
    with GraphStore(workspace.database) as store:
        with _timed(summary, "reading"):
            update_documents(store, workspace, papers, summary, retry_failed)
        if extractor == "rules":
            return summary, None
        from graphtune.kg.llm.run import ModelRun

        return summary, ModelRun(store, workspace.config, read_ontology(workspace)).estimate()


def read_ontology(workspace: Workspace) -> Ontology:
    """Return the ontology that the settings name.

    Raises:
        ConfigError: its file is missing or wrong.
    """
    name = workspace.config.extract.ontology
    return load_ontology(workspace.root / name if name else None)


def _settle_extractor(workspace: Workspace) -> Workspace:
    """Return the workspace with `auto` replaced by what it means here."""
    config = workspace.config
    chosen = choose_extractor(config.extract)
    extract = config.extract.model_copy(update={"extractor": chosen})
    return Workspace(workspace.root, config.model_copy(update={"extract": extract}))


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
