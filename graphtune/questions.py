"""A workspace's questions: a language model writes them, a round trip filters them, a file keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphtune.encoder import load_encoder
from graphtune.errors import ExtractionError
from graphtune.kg import GraphStore
from graphtune.kg.llm.questions import QuestionWriter
from graphtune.kg.summary import BuildSummary
from graphtune.pairs.questions import (
    Asked,
    QuestionsCard,
    keep_found,
    list_passages,
    write_questions,
)
from graphtune.pipeline import read_graph
from graphtune.workspace import Workspace, lock_workspace

if TYPE_CHECKING:
    from graphtune.kg.llm.run import Consent


@dataclass(frozen=True, slots=True)
class MadeQuestions:
    """Where questions lie, what is in the file, and what it took; `stopped` says why some are missing."""

    path: Path
    card: QuestionsCard
    requests: int
    spent: float | None
    stopped: str


def ask_questions(
    workspace: Workspace, path: Path, most: int | None, depth: int, consent: Consent | None
) -> MadeQuestions:
    """Let the language model of `[extract]` write questions to passages of training papers.

    Replies are stored as they come: what was interrupted goes on, and nothing is asked twice. A question
    is kept where the base model ranks its passage among the `depth` best. `path` is the file that is
    written, `most` how many passages are asked about (None: all), drawn over all papers; `consent` is
    asked before that costs money.

    Raises:
        DataError: there is no graph yet.
        ExtractionError: the model answered nothing at all; the message says why.
        ModelError: the base model cannot be loaded.
    """
    summary = BuildSummary("llm")
    with lock_workspace(workspace):
        graph, split = read_graph(workspace)
        passages = list_passages(graph, split)
        wanted = passages[:most]
        titles = {key: str(row["title"]) for key, row in graph.documents.items()}
        with GraphStore(workspace.database) as store:
            writer = QuestionWriter(store, workspace.config, summary, consent)
            found = writer.write([(titles[chunk.document_id], chunk) for chunk in wanted])
        asked = [Asked(*item) for item in zip(wanted, found, strict=True)]
        answered = [item for item in asked if item.questions is not None]
        if wanted and not answered:
            raise ExtractionError(f"no questions were written: {summary.stopped}")
        encoder = load_encoder(workspace.config.base)
        kept = keep_found(graph, answered, passages, encoder, depth)
        card = QuestionsCard(
            model=workspace.config.extract.model,
            passages=len(answered),
            eligible=len(passages),
            written=len({question for item in answered for question in item.questions or ()}),
            kept=len(kept),
            depth=depth,
            hashes={
                **graph.hashes,
                "split": split.digest,
                "base": workspace.config.base.digest(),
            },
        )
        card = write_questions(path, kept, card)
    return MadeQuestions(path, card, summary.requests, summary.spent, summary.stopped)
