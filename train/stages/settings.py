"""A training file: a vocabulary, the shape of a new encoder, and stages in order.

`graphtune train STAGES.toml` reads it; paths are from the folder of the file.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from graphtune.errors import ConfigError
from graphtune.settings import Settings

#: What the two segments of an example are: the sides of a formula, formulas and text, or sentences.
Segments = Literal["sides", "mixture", "sentences"]


class VocabularyConfig(Settings):
    """The tokenizer: a known one, or one that is trained on raw text; either can get LaTeX macros."""

    base: str | None = None
    """A hub id or a folder; none trains one on `texts`."""
    texts: tuple[str, ...] = ()
    """Where a new one, or the macros, come from: a workspace, folders, .txt or .jsonl files."""
    text_fields: tuple[str, ...] = ("text",)
    """Of .jsonl files."""
    size: int = Field(default=30_000, ge=300)
    """Pieces of a new one, bytes and special ones among them."""
    symbols: tuple[str, ...] = ()
    """Pieces of a new one that are never split or joined."""
    coverage: float = Field(default=0.9995, gt=0, le=1)
    """Share of the characters that get a piece of their own."""
    lower_case: bool = False
    """Fold case, as the first ALBERT models did."""
    strip_accents: bool = False
    """Drop accents; this makes й to и and آ to ا."""
    macros: int = Field(default=0, ge=0)
    """LaTeX macros to add, the most frequent of `texts`; none of fewer than two occurrences."""
    macro_list: str | None = None
    """A file with one macro a line: they fill up what the texts leave of `macros`, or are added all."""


class ModelConfig(Settings):
    """The shape of a new encoder; the defaults are ALBERT base."""

    architecture: Literal["albert", "bert"] = "albert"
    embedding_size: int = Field(default=128, ge=8)
    """Width of the token embeddings (`albert` only)."""
    hidden_size: int = Field(default=768, ge=8)
    layers: int = Field(default=12, ge=1)
    heads: int = Field(default=12, ge=1)
    intermediate_size: int = Field(default=3072, ge=8)
    max_length: int = Field(default=512, ge=16)
    """Tokens that the encoder can read."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    init_std: float = Field(default=0.02, gt=0)
    """Spread of the first weights; narrow encoders on little text learn much sooner from .1."""

    @model_validator(mode="after")
    def check_heads(self) -> "ModelConfig":
        """Refuse a width that the heads cannot share."""
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is no multiple of heads {self.heads}")
        return self


class FitConfig(Settings):
    """How a stage is trained."""

    epochs: float = Field(default=1.0, gt=0)
    max_steps: int | None = Field(default=None, ge=1)
    """Optimizer steps; none means what the epochs give."""
    batch_size: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=1e-4, gt=0)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    """Share of the steps with a rising learning rate."""
    weight_decay: float = Field(default=0.01, ge=0)
    max_length: int = Field(default=128, ge=8)
    """Tokens after which an example is cut."""
    evaluation_share: float = Field(default=0.1, gt=0, lt=1)
    """Share of the documents that the figures are of; a workspace's split goes before."""
    seed: int = 0


class _Stage(Settings):
    name: str = Field(pattern=r"^\w[\w.-]*$")
    """Its folder, and what later stages call it."""
    init_from: str | None = None
    """An earlier stage, a hub id or a folder; none means a new encoder of the shape in [model]."""
    data: tuple[str, ...] = ()
    """A workspace, folders, .txt or .jsonl files; none means the file's `workspace`."""
    fit: FitConfig = FitConfig()


class PretrainStage(_Stage):
    """Masked language modelling, and the order of two segments."""

    task: Literal["pretrain"] = "pretrain"
    segments: Segments = "sentences"
    mask_share: float = Field(default=0.15, gt=0, lt=1)
    ngram: int = Field(default=3, ge=1, le=10)
    """Tokens of the longest masked span."""
    text_fields: tuple[str, ...] = ("text",)
    """Of .jsonl files, joined by blank lines."""
    control: bool = False
    """Train a second time on shuffled order labels: its accuracy should be one half."""
    choose_by: Literal["last", "retrieval"] = "last"
    """Which weights are kept: the last ones, or those (of five looks) whose averaged tokens find the file's
    workspace's development passages best: a lower loss may retrieve worse."""


class EmbedStage(_Stage):
    """An embedding model, on the workspace's pairs."""

    task: Literal["embed"] = "embed"
    teacher: str | None = None
    """An earlier stage `rerank`, a hub id or a folder: vectors learn by how much it puts a positive above
    its hard negative (MarginMSE, arXiv:2010.02666)."""
    teach: float = Field(default=0.1, gt=0)
    """What that counts beside the contrast."""
    train: dict[str, Any] = Field(default_factory=dict)
    """Settings of the workspace's [train] that this stage changes; those of `fit` go before."""


class RerankStage(_Stage):
    """A cross-encoder that says whether a passage answers a query.

    From .jsonl files with `query`, `positive`, and `negative` or `tags`; or from a workspace's pairs.
    """

    task: Literal["rerank"] = "rerank"
    negatives: Literal["graph", "mined"] = "graph"
    """For pairs of a workspace: passages of sibling concepts, or those that its base ranks high."""
    test: str | None = None
    """A .jsonl file of the same form that is never trained on; its figures stand beside the others."""


class ClassifyStage(_Stage):
    """One label for a text, from .jsonl files."""

    task: Literal["classify"] = "classify"
    text_fields: tuple[str, ...] = ("text",)
    label_field: str = "label"
    labels: tuple[str, ...] = ()
    """All that may occur, in the order of the report; none means those of the data, sorted."""
    other_labels: Literal["refuse", "leave out"] = "refuse"
    """What becomes of texts with a label that is not listed."""


class TagStage(_Stage):
    """Entities in a text, from .jsonl files with `text` and `labels` as [start, end, type].

    A workspace gives sentences with the names of its concepts instead, labelled by their types.
    """

    task: Literal["tag"] = "tag"
    labels: tuple[str, ...] = ()
    """All types that may occur; none means those of the data, sorted."""


Stage = Annotated[
    PretrainStage | EmbedStage | RerankStage | ClassifyStage | TagStage, Field(discriminator="task")
]


class StageFile(Settings):
    """What `graphtune train STAGES.toml` does."""

    out: str
    """Folder of the checkpoints and the report."""
    workspace: str | None = None
    """Where passages, pairs, concepts and the split come from, if from anywhere."""
    vocabulary: VocabularyConfig | None = None
    """None: that of what the first stage starts from."""
    model: ModelConfig = ModelConfig()
    stage: tuple[Stage, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def check_names(self) -> "StageFile":
        """Refuse two stages of one name."""
        names = [stage.name for stage in self.stage]
        if "vocabulary" in names:
            raise ValueError("no stage may be called 'vocabulary': its folder holds the tokenizer")
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two stages have the name {min(twice)!r}")
        return self


def read_stages(path: Path) -> StageFile:
    """Read a training file.

    Raises:
        ConfigError: it cannot be read, or a setting is wrong; the message names it.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"the training file {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is no TOML in UTF-8: {error}") from error
    try:
        return TypeAdapter(StageFile).validate_python(data)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise ConfigError(
            f"{path}: {place}: {problem['msg']} (found {problem['input']!r})"
        ) from error
