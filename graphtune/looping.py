"""The loop closed: a tuned model finds what the graph lacks, and the next model learns from it.

A round: mentions and merges are proposed and confirmed (see `graphtune.kg.proposals`), the graph takes
them, the pairs are made again, a model is trained from the base, and the round stays only if that model
is better on the development queries. Only training concepts and training papers take part, and the
split is carried over, so what is held out stays as it was, and every figure measures the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from filelock import FileLock, Timeout

from graphtune.errors import DataError, WorkspaceError
from graphtune.files import read_record, write_record
from graphtune.judging import hash_dev, list_scope, make_dev, moves_held_out, score_models
from graphtune.kg import ConceptGraph, GraphStore, load_graph
from graphtune.kg.build import read_ontology
from graphtune.kg.names import normalize_name
from graphtune.kg.proposals import Proposals, propose
from graphtune.kg.resolution.edits import list_apart, read_edits
from graphtune.kg.resolution.resolve import resolve_graph
from graphtune.kg.rounds import delete_round, list_rounds, save_round
from graphtune.pairs import Split
from graphtune.pairs.split import carry_split
from graphtune.pipeline import (
    TrainedModel,
    pair_workspace,
    pick_model,
    read_graph,
    refer_to,
    train_workspace,
)
from graphtune.records import Recipe
from graphtune.rounds import (
    Counts,
    RoundRecord,
    copy_files,
    forget_copies,
    locate_copies,
    read_rounds,
    restore_files,
    write_round,
)
from graphtune.tuning_config import TrainConfig
from graphtune.workspace import Workspace, lock_workspace


class _RefusedError(Exception):
    """The graph must not take this round."""


@dataclass(frozen=True, slots=True)
class _Course:
    """What all rounds of a call have in common."""

    workspace: Workspace
    recipe: Recipe
    settings: TrainConfig


def loop_workspace(
    workspace: Workspace,
    rounds: int,
    recipe: Recipe | None = None,
    settings: TrainConfig | None = None,
    tell: Callable[[RoundRecord], None] = lambda record: None,
) -> list[RoundRecord]:
    """Let the graph grow by what the tuned model finds, round by round, while that helps.

    An interrupted round is finished first and counts. The loop stops after a round that found nothing
    or was not accepted; such a round leaves graph, split, pairs and models as they were. `tell` hears of
    each round as it ends.

    Raises:
        DataError: there is no graph, there are no development concepts, or the pairs leak.
        WorkspaceError: another loop runs in this workspace.
    """
    course = _Course(
        workspace, recipe or workspace.config.pairs.recipe, settings or workspace.config.train
    )
    done: list[RoundRecord] = []
    with _lock_loop(workspace):
        while len(done) < rounds:
            record = _resume_round(course) or _begin_round(course)
            if record.status == "open":
                record = _finish_round(course, record)
            done.append(record)
            tell(record)
            if record.status != "accepted":
                break
    return done


def preview_round(workspace: Workspace) -> tuple[ConceptGraph, Proposals]:
    """Return the graph and what a round would add to it, found by the best model there is; add nothing."""
    from graphtune.encoder import load_encoder

    graph, split = read_graph(workspace)
    encoder = load_encoder(pick_model(workspace))
    return graph, propose(graph, list_scope(graph, split), encoder, _list_apart(workspace))


def undo_round(workspace: Workspace) -> RoundRecord:
    """Take back the last round that the graph holds: graph, split, pairs and models are as before it.

    If papers or edits came since, the graph keeps those, and pairs and models are out of date.

    Raises:
        DataError: the graph holds no round.
    """
    with _lock_loop(workspace):
        held = [r for r in read_rounds(workspace) if r.status in ("open", "accepted")]
        if not held:
            raise DataError("there is no round to undo: the graph holds none")
        return _take_back(workspace, held[-1], "undone", held[-1].verdict)


def _resume_round(course: _Course) -> RoundRecord | None:
    """Return the round that was interrupted if it can go on; clear away what else is half done."""
    workspace = course.workspace
    with GraphStore(workspace.database) as store:
        held, hashes = list_rounds(store.db), store.hashes()
    for record in reversed(read_rounds(workspace)):
        if record.status not in ("open", "accepted"):
            continue
        if record.number not in held:  # killed before the graph took it, or while it was taken back
            _take_back(workspace, record, "undone", "interrupted")
        elif record.status == "open":
            after = record.hashes["after"]
            if record.recipe == course.recipe and hashes.items() <= after.items():
                return record
            _take_back(workspace, record, "undone", "interrupted; then graph or recipe changed")
    return None


def _begin_round(course: _Course) -> RoundRecord:
    """Find what the graph lacks, hold what will be replaced, and let the graph take it."""
    from graphtune.encoder import load_encoder

    workspace = course.workspace
    made = pair_workspace(workspace, course.recipe, force=False)
    if not made.certificate.is_clean():
        raise DataError(f"the pairs are not clean, so no round begins: {made.certificate.verdict}")
    models = train_workspace(workspace, course.recipe, course.settings, resume=None, force=False)
    graph, split = read_graph(workspace)
    dev = make_dev(graph, split)
    if not dev.queries:
        raise DataError("there are no development concepts to judge a round by: see dev_concepts")
    encoder = load_encoder(refer_to(models[0].path, workspace.config.base))
    found = propose(graph, list_scope(graph, split), encoder, _list_apart(workspace))
    number = max((r.number for r in read_rounds(workspace)), default=0) + 1
    record = RoundRecord(
        number=number,
        status="open",
        recipe=course.recipe,
        mentions=Counts(proposed=found.near_passages, verified=len(found.mentions), added=0),
        merges=Counts(proposed=found.near_names, verified=len(found.merges), added=0),
        pairs={"before": made.card.pairs},
        dev={"before": score_models(course.workspace, models, dev)},
        dev_hash=hash_dev(dev),
        hashes={"before": _name_artefacts(graph, split, made.card.hashes, models)},
    )
    if not found.mentions and not found.merges:
        verdict = "nothing was found that the graph lacks"
        return write_round(
            workspace, record.model_copy(update={"status": "empty", "verdict": verdict})
        )
    copy_files(workspace, number, course.recipe)
    return _grow(workspace, record, found, graph, split)


def _grow(
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


def _finish_round(course: _Course, record: RoundRecord) -> RoundRecord:
    """Make pairs and a model from the graph that has grown, and judge the round."""
    workspace = course.workspace
    graph, split = _carry_split(workspace, record.number)
    made = pair_workspace(workspace, course.recipe, force=False)
    record = record.model_copy(update={"pairs": {**record.pairs, "after": made.card.pairs}})
    if not made.certificate.is_clean():
        return _take_back(workspace, record, "rejected", made.certificate.verdict)
    models = train_workspace(workspace, course.recipe, course.settings, resume=None, force=False)
    dev = make_dev(graph, split)
    if hash_dev(dev) != record.dev_hash:
        return _take_back(workspace, record, "rejected", "the development queries have changed")
    before, after = record.dev["before"], score_models(course.workspace, models, dev)
    hashes = _name_artefacts(graph, split, made.card.hashes, models)
    record = record.model_copy(
        update={
            "dev": {**record.dev, "after": after},
            "hashes": {**record.hashes, "after": hashes},
        }
    )
    if after <= before:
        verdict = f"not better on the development queries ({before:.4f} → {after:.4f})"
        return _take_back(workspace, record, "rejected", verdict)
    verdict = f"better on the development queries ({before:.4f} → {after:.4f})"
    return write_round(
        workspace, record.model_copy(update={"status": "accepted", "verdict": verdict})
    )


def _take_back(
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


def _carry_split(workspace: Workspace, number: int) -> tuple[ConceptGraph, Split]:
    """Keep the split of before the round for the graph of now."""
    before = read_record(locate_copies(workspace, number) / workspace.split.name, Split)
    with lock_workspace(workspace):
        with GraphStore(workspace.database) as store:
            graph = load_graph(store, read_ontology(workspace))
        split = carry_split(before, graph, workspace.config.split)
        write_record(workspace.split, split)
    return graph, split


def _list_apart(workspace: Workspace) -> set[frozenset[str]]:
    """Return the pairs of names that somebody keeps apart, also by undoing a merge."""
    with GraphStore(workspace.database) as store:
        edits = read_edits(store.db)
    undone = [e.arguments for e in edits if e.action == "merge" and e.undone]
    names = ({normalize_name(pair["a"]), normalize_name(pair["b"])} for pair in undone)
    return list_apart(edits) | {frozenset(pair) for pair in names}


def _name_artefacts(
    graph: ConceptGraph, split: Split, pairs: Mapping[str, str], models: Sequence[TrainedModel]
) -> dict[str, str]:
    """Return the hashes of all that a round changes."""
    return {
        **graph.hashes,
        "split": split.digest,
        "pairs": pairs["pairs"],
        **{f"model {model.path.name}": model.report.hashes["model"] for model in models},
    }


@contextmanager
def _lock_loop(workspace: Workspace) -> Iterator[None]:
    """Keep a second loop out; the stages lock the workspace themselves, each while it works."""
    try:
        with FileLock(workspace.root / ".loop.lock", timeout=0):
            yield
    except Timeout:
        raise WorkspaceError(
            f"another loop runs in {workspace.root}; try again when it has finished"
        ) from None
