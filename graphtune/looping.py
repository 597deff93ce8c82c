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
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from graphtune.errors import DataError, WorkspaceError
from graphtune.growing import carry_over, find_gaps, grow_graph, take_back
from graphtune.judging import hash_dev, make_dev, score_models
from graphtune.kg import ConceptGraph, GraphStore
from graphtune.kg.proposals import Proposals
from graphtune.kg.rounds import list_rounds
from graphtune.pairs import Split
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
    read_rounds,
    write_round,
)
from graphtune.tuning_config import TrainConfig
from graphtune.workspace import Workspace

if TYPE_CHECKING:
    from graphtune.kg.llm.run import Consent


@dataclass(frozen=True, slots=True)
class _Course:
    """What all rounds of a call have in common."""

    workspace: Workspace
    recipe: Recipe
    settings: TrainConfig
    consent: Consent | None


def loop_workspace(
    workspace: Workspace,
    rounds: int,
    recipe: Recipe | None = None,
    settings: TrainConfig | None = None,
    tell: Callable[[RoundRecord], None] = lambda record: None,
    consent: Consent | None = None,
) -> list[RoundRecord]:
    """Let the graph grow by what the tuned model finds, round by round, while that helps.

    An interrupted round is finished first and counts. The loop stops after a round that found nothing
    or was not accepted; such a round leaves graph, split, pairs and models as they were. `tell` hears of
    each round as it ends. Where a language model extracts, it also judges what no rule confirms;
    `consent` is asked before that costs money.

    Raises:
        DataError: there is no graph, there are no development concepts, or the pairs leak.
        WorkspaceError: another loop runs in this workspace.
    """
    recipe = recipe or workspace.config.pairs.recipe
    course = _Course(workspace, recipe, settings or workspace.config.train, consent)
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


def preview_round(
    workspace: Workspace, consent: Consent | None = None
) -> tuple[ConceptGraph, Proposals]:
    """Return the graph and what a round would add to it, found by the best model there is; add nothing."""
    from graphtune.encoder import load_encoder

    graph, split = read_graph(workspace)
    encoder = load_encoder(pick_model(workspace))
    return graph, find_gaps(workspace, graph, split, encoder, consent)


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
        return take_back(workspace, held[-1], "undone", held[-1].verdict)


def _resume_round(course: _Course) -> RoundRecord | None:
    """Return the round that was interrupted if it can go on; clear away what else is half done."""
    workspace = course.workspace
    with GraphStore(workspace.database) as store:
        held, hashes = list_rounds(store.db), store.hashes()
    for record in reversed(read_rounds(workspace)):
        if record.status not in ("open", "accepted"):
            continue
        if record.number not in held:  # killed before the graph took it, or while it was taken back
            take_back(workspace, record, "undone", "interrupted")
        elif record.status == "open":
            after = record.hashes["after"]
            if record.recipe == course.recipe and hashes.items() <= after.items():
                return record
            take_back(workspace, record, "undone", "interrupted; then graph or recipe changed")
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
    found = find_gaps(workspace, graph, split, encoder, course.consent)
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
    return grow_graph(workspace, record, found, graph, split)


def _finish_round(course: _Course, record: RoundRecord) -> RoundRecord:
    """Make pairs and a model from the graph that has grown, and judge the round."""
    workspace = course.workspace
    graph, split = carry_over(workspace, record.number)
    made = pair_workspace(workspace, course.recipe, force=False)
    record = record.model_copy(update={"pairs": {**record.pairs, "after": made.card.pairs}})
    if not made.certificate.is_clean():
        return take_back(workspace, record, "rejected", made.certificate.verdict)
    models = train_workspace(workspace, course.recipe, course.settings, resume=None, force=False)
    dev = make_dev(graph, split)
    if hash_dev(dev) != record.dev_hash:
        return take_back(workspace, record, "rejected", "the development queries have changed")
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
        return take_back(workspace, record, "rejected", verdict)
    verdict = f"better on the development queries ({before:.4f} → {after:.4f})"
    return write_round(
        workspace, record.model_copy(update={"status": "accepted", "verdict": verdict})
    )


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
