"""One training that is timed, in a process of its own, so that its memory is its own too.

`graphtune.train.speed` starts it: `python -m graphtune.train.measured JOB.json RESULT.json`.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict
from transformers import TrainerCallback

from graphtune.config import BaseConfig
from graphtune.encoder import list_dims, load_encoder
from graphtune.files import read_record, write_record
from graphtune.kg import GraphStore, load_graph
from graphtune.pairs.mask import make_mask
from graphtune.records import Pair
from graphtune.train.fitting import make_trainer
from graphtune.train.layers import prepare_layers
from graphtune.train.selection import CheckpointKeeper, DevSet, score_dev
from graphtune.tuning_config import TrainConfig

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer

#: A script as sentence-transformers' documentation has it, in float32 or in bfloat16, and graphtune.
Way = Literal["plain", "plain bf16", "graphtune"]
WAYS: tuple[Way, ...] = ("plain", "plain bf16", "graphtune")


class Job(BaseModel):
    """What is trained: one epoch on these pairs. `graph` is a graph.db for the graph mask, if any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    way: Way
    base: BaseConfig
    settings: TrainConfig
    seed: int
    pairs: tuple[Pair, ...]
    graph: Path | None = None
    dev: DevSet | None = None
    every: int = 0
    """Steps between two looks at the development figure; 0 for none."""


class Point(BaseModel):
    """The mean development NDCG@10 over the dimensions, after so many steps and seconds of training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    seconds: float
    ndcg: float


class Measured(BaseModel):
    """What a training took: `setup` seconds to make ready, `seconds` for all its steps.

    Memory is in GiB: the process's (on a GPU the device's), before the first step and at its peak.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    way: Way
    samples: int
    steps: int
    setup: float
    seconds: float
    before: float
    peak: float
    points: tuple[Point, ...] = ()

    @property
    def rate(self) -> float:
        """Pairs a second."""
        return self.samples / self.seconds


class _Clock(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Counts the seconds of the steps alone, and looks at the development figure between them."""

    def __init__(self, encoder: SentenceTransformer, job: Job, dims: tuple[int, ...]) -> None:
        self.encoder, self.job, self.dims = encoder, job, dims
        self.seconds, self.began = 0.0, 0.0
        self.points: list[Point] = []

    def look(self, step: int) -> None:
        """Score the encoder as it is, without the clock."""
        if self.job.dev and self.job.every and step % self.job.every == 0:
            scores = score_dev(self.encoder, self.job.dev, self.dims)
            figure = sum(scores.values()) / len(scores)
            self.points.append(Point(step=step, seconds=self.seconds, ndcg=figure))

    def on_train_begin(self, *arguments: Any, **kwargs: Any) -> None:
        self.look(0)
        self.began = perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.seconds += perf_counter() - self.began
        self.look(state.global_step)
        self.began = perf_counter()


def measure_training(job: Job) -> Measured:
    """Train as a job says and return what it took.

    Raises:
        ModelError: the base cannot be loaded.
    """
    began = perf_counter()
    encoder = load_encoder(job.base)
    encoder.max_seq_length = job.settings.max_seq_length
    dims = list_dims(encoder.get_embedding_dimension() or 0, job.settings.matryoshka_dims)
    clock = _Clock(encoder, job, dims)
    with TemporaryDirectory() as folder:
        is_ours = job.way == "graphtune"
        make = _make_ours if is_ours else _make_plain
        trainer = make(encoder, job, dims, Path(folder))
        trainer.add_callback(clock)
        # The first batch of a process pays for what all others find ready.
        encoder.encode([pair.positive for pair in job.pairs[:8]], show_progress_bar=False)
        setup, before = perf_counter() - began, read_memory()
        with prepare_layers(encoder, job.settings.dropout) if is_ours else nullcontext():
            trainer.train()
    steps = int(trainer.state.global_step)
    return Measured(
        way=job.way,
        samples=min(len(job.pairs), steps * job.settings.batch_size),
        steps=steps,
        setup=setup,
        seconds=clock.seconds,
        before=before,
        peak=read_memory(),
        points=tuple(clock.points),
    )


def _make_plain(
    encoder: SentenceTransformer, job: Job, dims: Sequence[int], folder: Path
) -> SentenceTransformerTrainer:
    """Set up training as a short script does: all that is not said is the library's default."""
    from datasets import Dataset
    from sentence_transformers.sentence_transformer.losses import (
        MatryoshkaLoss,
        MultipleNegativesRankingLoss,
    )
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.training_args import (
        SentenceTransformerTrainingArguments,
    )

    columns = {"anchor": [p.anchor for p in job.pairs], "positive": [p.positive for p in job.pairs]}
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        num_train_epochs=1,
        per_device_train_batch_size=job.settings.batch_size,
        bf16=job.way == "plain bf16",
        use_cpu=encoder.device.type == "cpu",
        seed=job.seed,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    loss = MatryoshkaLoss(encoder, MultipleNegativesRankingLoss(encoder), list(dims))
    return SentenceTransformerTrainer(
        model=encoder, args=arguments, train_dataset=Dataset.from_dict(columns), loss=loss
    )


def _make_ours(
    encoder: SentenceTransformer, job: Job, dims: tuple[int, ...], folder: Path
) -> SentenceTransformerTrainer:
    mask = None
    if job.graph and job.settings.graph_mask:
        with GraphStore(job.graph) as store:
            mask = make_mask(load_graph(store), job.pairs, job.settings.neighbour_weight)
    keeper = CheckpointKeeper(folder, dict, 1)
    return make_trainer(encoder, job.pairs, job.settings, job.seed, dims, keeper, mask)


def read_memory() -> float:
    """Return the most memory that was in use so far, in GiB: the device's on a GPU, else the process's."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


if __name__ == "__main__":
    write_record(Path(sys.argv[2]), measure_training(read_record(Path(sys.argv[1]), Job)))
