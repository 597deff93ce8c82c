"""What training writes beside the weights."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from graphtune.config import BaseConfig
from graphtune.tuning_config import TrainConfig

REPORT_NAME = "graphtune.json"
#: What the trainer's log tells beside its own: seconds of training, those of evaluation, the density
#: of the mask.
SECONDS, EVALUATION_SECONDS, DENSITY = "seconds", "evaluation_seconds", "mask_density"


class Margins(NamedTuple):
    """By how much a cross-encoder puts the positive of each pair above its hard negative.

    NaN where a pair has none. `weight` is what learning them counts beside the contrast.
    """

    values: Sequence[float]
    weight: float


class DevScore(BaseModel):
    """NDCG@10 on the development concepts after a number of optimizer steps, by dimension."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    ndcg: dict[int, float]


class DevScores(BaseModel):
    """The development figures so far, as an interrupted run leaves them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scores: tuple[DevScore, ...]


class TrainCosts(BaseModel):
    """What a run took on this machine; all that differs when it is run again.

    `seconds` are those of training alone, `pairs_per_second` their rate; `evaluation_seconds` went to
    the development set. `peak_memory` is the most that the main process held, `peak_gpu_memory` what
    its GPU held for it, both in MiB.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float
    evaluation_seconds: float
    pairs_per_second: float
    peak_memory: int
    peak_gpu_memory: int
    processes: int


class TrainReport(BaseModel):
    """The lineage and course of one training run; `graphtune.json` in the model's folder.

    `losses`, `learning_rates` and `mask_density` (the share of in-batch passages that the graph took
    out of the negatives) are pairs of step and value; a loss is the mean since the pair before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    recipe: str
    seed: int
    base: BaseConfig
    settings: TrainConfig
    dims: tuple[int, ...]
    pairs: int
    dev_queries: int
    dev_passages: int
    steps: int
    best_step: int
    verdict: str
    scores: tuple[DevScore, ...]
    losses: tuple[tuple[int, float], ...]
    learning_rates: tuple[tuple[int, float], ...] = ()
    mask_density: tuple[tuple[int, float], ...] = ()
    costs: TrainCosts | None = None
    bf16: bool
    hashes: dict[str, str]
    versions: dict[str, str]


def read_seconds(log: Sequence[Mapping[str, float]]) -> tuple[float, float]:
    """Return the seconds of training and of evaluation that a trainer's log tells of.

    >>> read_seconds([{"step": 1, "seconds": 2.0, "evaluation_seconds": 0.5}, {"step": 1, "loss": 3.0}])
    (2.0, 0.5)
    """
    rows = [row for row in log if SECONDS in row]
    return (rows[-1][SECONDS], rows[-1][EVALUATION_SECONDS]) if rows else (0.0, 0.0)
