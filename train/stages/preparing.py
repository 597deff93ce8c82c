"""What a stage needs of its data and its beginning: examples, a tokenizer, a model with the right head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphtune.errors import ConfigError, DataError
from graphtune.train.heads.classify import prepare_classification, read_labelled
from graphtune.train.heads.rerank import (
    LABELS,
    Triple,
    check_rows,
    prepare_reranking,
    read_graph_triples,
    read_triples,
)
from graphtune.train.heads.tag import prepare_tagging, read_tagged
from graphtune.train.pretraining.task import prepare_pretraining
from graphtune.train.stages.choosing import RetrievalChooser
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
from graphtune.train.stages.sources import (
    Row,
    hash_text,
    list_files,
    read_mentions,
    read_rows,
    read_texts,
    split_documents,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


@dataclass
class Run:
    """A training file at work.

    `added` are the old ids of each macro that the vocabulary got, `vocabulary` are figures of it.
    """

    file: StageFile
    root: Path
    tokenizer: PreTrainedTokenizerFast | None = None
    added: list[list[int]] = field(default_factory=list)
    vocabulary: dict[str, float] = field(default_factory=dict)
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
        work = prepare_pretraining(stage, model, tokenizer, train, measured, shuffled)
        return work if shuffled else _choose_by_retrieval(run, stage, work)
    if isinstance(stage, RerankStage):
        known, unknown = _read_triples(stage, sources)
        model = _make_model(run, stage, tokenizer, "classify", **_name_labels(LABELS))
        test = read_triples(list(read_rows(run.root / stage.test)), 0) if stage.test else ()
        return prepare_reranking(stage, model, tokenizer, known, unknown, test)
    rows = [row for file in list_files(sources) for row in _read_rows(file, stage)]
    if isinstance(stage, ClassifyStage):
        items, labels = read_labelled(rows, stage)
        model = _make_model(run, stage, tokenizer, "classify", **_name_labels(labels))
        parts = _hold_out(items, stage, sources)
        return prepare_classification(stage, model, tokenizer, *parts, labels)
    tagged, labels = read_tagged(rows, stage)
    model = _make_model(run, stage, tokenizer, "tag", **_name_labels(labels))
    return prepare_tagging(stage, model, tokenizer, *_hold_out(tagged, stage, sources), labels)


def _choose_by_retrieval(run: Run, stage: PretrainStage, work: Work) -> Work:
    if stage.choose_by == "last":
        return work
    if not run.file.workspace:
        raise ConfigError(
            f'stage {stage.name!r}: choose_by = "retrieval" needs a `workspace` whose development '
            "queries tell"
        )
    chooser = RetrievalChooser(work.model, work.tokenizer, run.root / run.file.workspace)
    details = {**work.details, "retrieval": chooser.looks}
    return replace(work, choose=chooser, details=details)


def _read_rows(file: Path, stage: ClassifyStage | TagStage) -> Iterator[Row]:
    if not file.is_dir():
        return read_rows(file)
    if isinstance(stage, TagStage):
        return read_mentions(file)
    raise DataError(f"{file} is a workspace and has no labels to classify by: give .jsonl files")


def _read_triples(stage: RerankStage, sources: Sequence[Path]) -> tuple[list[Triple], list[Triple]]:
    """Return triples to train on and to measure with; wrong answers are drawn on each side alone."""
    files = list_files(sources)
    graphs = [t for f in files if f.is_dir() for t in read_graph_triples(f, stage.negatives)]
    rows = [row for f in files if not f.is_dir() for row in read_rows(f)]
    check_rows(rows)
    # A workspace's pairs are all of papers that its split trains on.
    units = [*(t.unit for t in graphs), *(hash_text(row.values["query"]) for row in rows)]
    held = split_documents(units, stage.fit.evaluation_share, ())
    sides = []
    for is_held in (False, True):
        ours = [row for row in rows if (hash_text(row.values["query"]) in held) == is_held]
        theirs = [triple for triple in graphs if (triple.unit in held) == is_held]
        sides.append([*theirs, *read_triples(ours, stage.fit.seed)])
    _check_sides(stage, sides[0], sides[1])
    return sides[0], sides[1]


def _hold_out(
    items: Sequence[Any], stage: Stage, sources: Sequence[Path]
) -> tuple[list[Any], list[Any]]:
    """Return what is trained on and what is measured with."""
    held = split_documents((item.unit for item in items), stage.fit.evaluation_share, sources)
    sides = [i for i in items if i.unit not in held], [i for i in items if i.unit in held]
    _check_sides(stage, *sides)
    return sides


def _check_sides(stage: Stage, train: Sequence[Any], held_out: Sequence[Any]) -> None:
    if not train or not held_out:
        raise DataError(
            f"stage {stage.name!r} has {len(train)} texts to train on and {len(held_out)} to measure with: "
            "give more, or change evaluation_share"
        )


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
    """Return what a stage starts from; "" for a new encoder."""
    return find_folder(run, stage.init_from or "")


def find_folder(run: Run, name: str) -> str:
    """Return what a name stands for: the folder of an earlier stage, another folder, or a hub id."""
    names = [other.name for other in run.file.stage]
    inside = run.out / name if name in names else run.root / name
    return str(inside) if name and inside.is_dir() else name


def save_new_encoder(run: Run, stage: Stage, folder: Path) -> str:
    """Write a new encoder of the file's shape, with its tokenizer, and return where it lies."""
    tokenizer = _find_tokenizer(run, stage)
    model = make_encoder(run.file.model, tokenizer, "pretrain", stage.fit.seed)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def _make_model(
    run: Run, stage: Stage, tokenizer: PreTrainedTokenizerFast, head: Head, **settings: Any
) -> PreTrainedModel:
    if not stage.init_from:
        return make_encoder(run.file.model, tokenizer, head, stage.fit.seed, **settings)
    start = find_start(run, stage)
    return load_model(start, head, tokenizer, run.added, stage.fit.seed, **settings)
