"""The graph takes a round of the loop, or gives it back, with the files that depend on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from graphtune.errors import ExtractionError
from graphtune.files import read_record, write_record
from graphtune.judging import list_scope, moves_held_out
from graphtune.kg import ConceptGraph, GraphStore, load_graph
from graphtune.kg.build import read_ontology
from graphtune.kg.extract import choose_extractor
from graphtune.kg.names import normalize_name
from graphtune.kg.proposals import Proposals, propose
from graphtune.kg.resolution.edits import list_apart, read_edits
from graphtune.kg.resolution.resolve import resolve_graph
from graphtune.kg.rounds import delete_round, save_round
from graphtune.kg.summary import BuildSummary
from graphtune.pairs import Split
from graphtune.pairs.split import carry_split
from graphtune.rounds import (
    RoundRecord,
    forget_copies,
    locate_copies,
    restore_files,
    write_round,
)
from graphtune.workspace import Workspace, lock_workspace

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from graphtune.kg.llm.run import Consent


class _RefusedError(Exception):
    """The graph must not take this round."""


def find_gaps(
    workspace: Workspace,
    graph: ConceptGraph,
    split: Split,
    encoder: SentenceTransformer,
    consent: Consent | None,
) -> Proposals:
    """Find what the graph lacks; the language model that extracts, if any, judges too.

    Raises:
        ExtractionError: it cannot be asked about all; what was answered is kept for the next time.
    """
    scope, extract = list_scope(graph, split), workspace.config.extract
    with GraphStore(workspace.database) as store:
        apart = _list_apart(store)
        if choose_extractor(extract) == "rules":
            return propose(graph, scope, encoder, apart)
        from graphtune.kg.llm.quoting import ModelJudge

        summary = BuildSummary(choose_extractor(extract))
        judge = ModelJudge(store, workspace.config, summary, consent)
        found = propose(graph, scope, encoder, apart, judge)
    if summary.stopped:
        raise ExtractionError(f"the language model did not judge all: {summary.stopped}")
    return found


def grow_graph(
    workspace: Workspace, record: RoundRecord, found: Proposals, graph: ConceptGraph, split: Split
) -> RoundRecord:
    """Let the graph take a round in one transaction, without the merges where they move what is held out."""
    ontology = read_ontology(workspace)
    with lock_workspace(workspace), GraphStore(workspace.database) as store:
        for merges in (found.merges, ()):
            try:
                with store.db.atomic():
                    save_round(store.db, record.number, found.mentions, merges)
                    resolve_graph(store, store.meta().get("extractor", "rules"), ontology)
                    grown = load_graph(store, ontology)
                    if grown.hashes == graph.hashes or moves_held_out(graph, grown, split):
                        raise _RefusedError
                    # On record before the graph takes it, so that no round in the graph is unknown.
                    return write_round(workspace, _count_added(record, found, graph, grown))
            except _RefusedError:
                continue
    forget_copies(workspace, record.number)
    verdict = "nothing of what was found can be added"
    return write_round(workspace, record.model_copy(update={"status": "empty", "verdict": verdict}))


def _count_added(
    record: RoundRecord, found: Proposals, before: ConceptGraph, after: ConceptGraph
) -> RoundRecord:
    held = {(m.chunk_id, m.start, m.end) for mentions in after.mentions.values() for m in mentions}
    new = [m for _, m, _ in found.mentions if (m.chunk_id, m.start, m.end) in held]
    added = {
        "mentions": record.mentions.model_copy(update={"added": len(new)}),
        "merges": record.merges.model_copy(
            update={"added": len(before.concepts) - len(after.concepts)}
        ),
        "hashes": {**record.hashes, "after": dict(after.hashes)},
    }
    return record.model_copy(update=added)


def take_back(
    workspace: Workspace,
    record: RoundRecord,
    status: Literal["rejected", "undone"],
    verdict: str,
) -> RoundRecord:
    """Take a round out of the graph and put the files back that it replaced; can be repeated."""
    with lock_workspace(workspace):
        with GraphStore(workspace.database) as store, store.db.atomic():
            delete_round(store.db, record.number)
            extractor = store.meta().get("extractor", "rules")
            resolve_graph(store, extractor, read_ontology(workspace))
        restore_files(workspace, record.number, record.recipe)
    record = write_round(
        workspace, record.model_copy(update={"status": status, "verdict": verdict})
    )
    forget_copies(workspace, record.number)
    return record


def carry_over(workspace: Workspace, number: int) -> tuple[ConceptGraph, Split]:
    """Keep the split of before the round for the graph of now."""
    before = read_record(locate_copies(workspace, number) / workspace.split.name, Split)
    with lock_workspace(workspace):
        with GraphStore(workspace.database) as store:
            graph = load_graph(store, read_ontology(workspace))
        split = carry_split(before, graph, workspace.config.split)
        write_record(workspace.split, split)
    return graph, split


def _list_apart(store: GraphStore) -> set[frozenset[str]]:
    """Return the pairs of names that somebody keeps apart, also by undoing a merge."""
    edits = read_edits(store.db)
    undone = [e.arguments for e in edits if e.action == "merge" and e.undone]
    names = ({normalize_name(pair["a"]), normalize_name(pair["b"])} for pair in undone)
    return list_apart(edits) | {frozenset(pair) for pair in names}
