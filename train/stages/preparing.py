"""What a stage needs of its data and its beginning: examples, a tokenizer, a model with the right head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphtune.errors import ConfigError
from graphtune.train.heads.classify import prepare_classification, read_labelled
from graphtune.train.heads.rerank import (
    LABELS,
    Triple,
    prepare_reranking,
    read_graph_triples,
    read_triples,
)
from graphtune.train.heads.tag import prepare_tagging, read_tagged
from graphtune.train.pretraining.task import prepare_pretraining
from graphtune.train.stages.fitting import Work
from graphtune.train.stages.models import Head, load_model, load_tokenizer, make_encoder
from graphtune.train.stages.settings import (
    ClassifyStage,
    PretrainStage,
    RerankStage,
    Stage,
    StageFile,
    TagStage,
)
from graphtune.train.stages.sources import list_files, read_rows, read_texts, split_documents

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


@dataclass
class Run:
    """A training file at work; `added` are the old ids of each macro that the vocabulary got."""

    file: StageFile
    root: Path
    tokenizer: PreTrainedTokenizerFast | None = None
    added: list[list[int]] = field(default_factory=list)
    vocabulary_hash: str = ""

    @property
    def out(self) -> Path:
        """Where checkpoints go."""
        return self.root / self.file.out


def find_sources(run: Run, stage: Stage) -> list[Path]:
    """Return where a stage's data are.

    Raises:
        ConfigError: nothing is named.
    """
    named = stage.data or ((run.file.workspace,) if run.file.workspace else ())
    if not named:
        raise ConfigError(
            f"stage {stage.name!r} has no data: name files in `data`, or a `workspace`"
        )
    return [run.root / name for name in named]


def prepare_stage(
    run: Run,
    stage: PretrainStage | RerankStage | ClassifyStage | TagStage,
    sources: Sequence[Path],
    shuffled: bool = False,
) -> Work:
    """Read the data of a stage, hold documents out, and make model and examples.

    With `shuffled`, pre-training learns an order that is drawn at random.
    """
    tokenizer = _find_tokenizer(run, stage)
    if isinstance(stage, PretrainStage):
        texts = list(read_texts(sources, stage.text_fields))
        held = split_documents((t.id for t in texts), stage.fit.evaluation_share, sources)
        model = _make_model(run, stage, tokenizer, "pretrain")
        train = [text for text in texts if text.id not in held]
        measured = [text for text in texts if text.id in held]
        return prepare_pretraining(stage, model, tokenizer, train, measured, shuffled)
    if isinstance(stage, RerankStage):
        triples = _read_triples(stage, sources)
        model = _make_model(run, stage, tokenizer, "classify", **_name_labels(LABELS))
        # A workspace's pairs are all of papers that its split trains on.
        return prepare_reranking(stage, model, tokenizer, *_hold_out(triples, stage, ()))
    rows = [row for file in list_files(sources) for row in read_rows(file)]
    if isinstance(stage, ClassifyStage):
        items, labels = read_labelled(rows, stage)
        model = _make_model(run, stage, tokenizer, "classify", **_name_labels(labels))
        parts = _hold_out(items, stage, sources)
        return prepare_classification(stage, model, tokenizer, *parts, labels)
    tagged, labels = read_tagged(rows, stage)
    model = _make_model(run, stage, tokenizer, "tag", **_name_labels(labels))
    return prepare_tagging(stage, model, tokenizer, *_hold_out(tagged, stage, sources), labels)


def _read_triples(stage: RerankStage, sources: Sequence[Path]) -> list[Triple]:
    found: list[Triple] = []
    for file in list_files(sources):
        if file.is_dir():
            found += read_graph_triples(file)
        else:
            found += read_triples(list(read_rows(file)), stage.fit.seed)
    return found


def _hold_out(
    items: Sequence[Any], stage: Stage, sources: Sequence[Path]
) -> tuple[list[Any], list[Any]]:
    """Return what is trained on and what is measured with."""
    held = split_documents((item.place for item in items), stage.fit.evaluation_share, sources)
    return [i for i in items if i.place not in held], [i for i in items if i.place in held]


def _name_labels(labels: Sequence[str]) -> dict[str, Any]:
    return {
        "id2label": dict(enumerate(labels)),
        "label2id": {label: number for number, label in enumerate(labels)},
    }


def _find_tokenizer(run: Run, stage: Stage) -> PreTrainedTokenizerFast:
    if run.tokenizer is not None:
        return run.tokenizer
    if not stage.init_from:
        raise ConfigError(
            f"stage {stage.name!r} begins a new encoder and needs a [vocabulary], or an `init_from`"
        )
    return load_tokenizer(find_start(run, stage))


def find_start(run: Run, stage: Stage) -> str:
    """Return what a stage starts from: the folder of an earlier stage, another folder, or a hub id."""
    names = [other.name for other in run.file.stage]
    start = stage.init_from or ""
    inside = run.out / start if start in names else run.root / start
    return str(inside) if inside.is_dir() else start


def _make_model(
    run: Run, stage: Stage, tokenizer: PreTrainedTokenizerFast, head: Head, **settings: Any
) -> PreTrainedModel:
    if not stage.init_from:
        return make_encoder(run.file.model, tokenizer, head, stage.fit.seed, **settings)
    start = find_start(run, stage)
    return load_model(start, head, tokenizer, run.added, stage.fit.seed, **settings)
