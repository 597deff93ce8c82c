"""What training writes beside the weights."""

from pydantic import BaseModel, ConfigDict

from graphtune.config import BaseConfig
from graphtune.tuning_config import TrainConfig

REPORT_NAME = "graphtune.json"


class DevScore(BaseModel):
    """NDCG@10 on the development concepts after a number of optimizer steps, by dimension."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    ndcg: dict[int, float]


class DevScores(BaseModel):
    """The development figures so far, as an interrupted run leaves them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scores: tuple[DevScore, ...]


class TrainReport(BaseModel):
    """The lineage and course of one training run; `graphtune.json` in the model's folder."""

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
    bf16: bool
    hashes: dict[str, str]
    versions: dict[str, str]
