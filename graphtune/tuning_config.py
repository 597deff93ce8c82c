"""Settings of the stages that learn: split, pairs, training."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from graphtune.records import Recipe, Role, Style
from graphtune.settings import Settings

#: How often a pair of each style of anchor is drawn, relative to the others.
STYLES: dict[Style, float] = {
    "name": 1.0,
    "alias": 1.0,
    "description": 1.0,
    "definition": 1.0,
    "section": 2.0,
    "proof": 1.0,
    "reference": 1.0,
    "question": 1.0,
    "edge": 1.0,
}
#: The same by what the passage does with the concept.
ROLE_WEIGHTS: dict[Role, float] = {"defines": 1.0, "states": 1.0, "uses": 1.0, "mentions": 1.0}


class SplitConfig(Settings):
    """Which concepts and papers training never sees."""

    test_concepts: float = Field(default=0.2, ge=0, lt=1)
    """Share of the concepts (with all their aliases) kept for the benchmark."""
    dev_concepts: float = Field(default=0.1, ge=0, lt=1)
    """Share of the concepts kept for choosing the best checkpoint."""
    test_papers: float = Field(default=0.1, ge=0, lt=1)
    """Share of the papers that never give a positive."""
    by: Literal["concept", "community"] = "concept"
    """`concept`: a concept with all its names is held out alone; `community`: with all its neighbours
    in the graph (harder, but a community larger than the share stays in training)."""
    seed: int = 0


class PairsConfig(Settings):
    """How training pairs are made."""

    recipe: Recipe = "evidence"
    """`evidence`: each style of anchor with the chunks that answer it; `mention`: names with any chunk
    that holds them; `seed`: names and descriptions with every chunk of their papers."""
    styles: dict[Style, float] = Field(default=STYLES)
    """`evidence`: how often a pair of each style is drawn, relative to the others; 0 makes none."""
    roles: dict[Role, float] = Field(default=ROLE_WEIGHTS)
    """`evidence`: the same by what the chunk does with the concept."""
    mask_names: float = Field(default=0.0, ge=0, le=1)
    """`evidence`: share of the pairs by name whose positive loses the name."""
    max_per_anchor: int = Field(default=20, ge=1)
    """At most this many positives an anchor."""
    max_weak: int = Field(default=3, ge=0)
    """`evidence`: of these, at most this many that only use or mention the concept."""
    max_per_edge: int = Field(default=5, ge=0)
    """At most this many positives for each direction of a relation."""
    negatives: Literal["none", "graph", "mined"] = "none"
    """Hard negatives, one a pair: `graph`: of sibling concepts or the same paper; `mined`: those that
    the base model ranks high, but not too near the positive."""
    extra: tuple[str, ...] = ()
    """JSONL files with pairs of your own (fields anchor, positive and, if you like, negative)."""
    seed: int = 0

    @field_validator("styles", "roles")
    @classmethod
    def complete(cls, value: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        """Refuse negative weights; what a file does not list keeps its default."""
        if min(value.values(), default=0.0) < 0:
            raise ValueError("weights are 0 or more")
        defaults = STYLES.items() if info.field_name == "styles" else ROLE_WEIGHTS.items()
        return {**{str(key): weight for key, weight in defaults}, **value}


class TrainConfig(Settings):
    """How the encoder is fine-tuned."""

    epochs: int = Field(default=3, ge=1)
    max_steps: int | None = Field(default=None, ge=1)
    """Optimizer steps; none means what the epochs give."""
    batch_size: int = Field(default=64, ge=2)
    """Pairs a step; also the number of in-batch candidates an anchor."""
    mini_batch: int | None = Field(default=None, ge=1)
    """Pairs held in memory at once (cached gradients): large batches in small memory, a little slower."""
    learning_rate: float = Field(default=1e-4, gt=0)
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """Course of the learning rate after the warm-up."""
    warmup: float = Field(default=0.1, ge=0, lt=1)
    """Share of the steps with a rising learning rate."""
    scale: float = Field(default=20.0, gt=0)
    """Inverse temperature of the contrastive loss."""
    graph_mask: bool = True
    """No passage counts as a negative that the graph says answers the anchor."""
    neighbour_weight: float = Field(default=1.0, ge=0, le=1)
    """With the mask: what a passage counts as a negative that defines a neighbour of the concept."""
    length_buckets: bool = True
    """Batches of passages of like length, which saves padding."""
    neighbourhoods: bool = True
    """Batches of pairs from the same papers, whose passages are harder to tell apart."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of activations dropped in training; none is faster."""
    rotate: bool = True
    """Turn the axes of the vectors first, so that the first few hold most of what tells queries apart;
    similarities at full width stay what they were."""
    merge: float = Field(default=0.3, ge=0, lt=1)
    """Share of the base model's weights in the saved model, against forgetting."""
    distill: float = Field(default=0.0, ge=0)
    """Weight of a loss that keeps similarities as the base model has them, against forgetting."""
    follow: float = Field(default=1.0, ge=0)
    """Weight of a loss that lets vectors cut short order a batch as the whole ones do."""
    max_seq_length: int = Field(default=256, ge=16)
    """Tokens after which a text is cut in training."""
    matryoshka_dims: tuple[int, ...] | None = None
    """None means 768, 512, 256, 128 where the model is that wide, else 384, 256, 128, 64."""
    matryoshka_weights: tuple[float, ...] | None = None
    """Weights of the loss at each of these; none means all alike."""
    eval_steps: int = Field(default=50, ge=1)
    """Steps between two evaluations on the development concepts."""
    patience: int = Field(default=5, ge=1)
    """Stop after this many evaluations without a better one."""
    keep: Literal["best", "last"] = "best"
    """`best`: the weights with the best development figure, the base's own among them; `last`: the
    last ones, whatever they are worth, to compare recipes."""
    bf16: Literal["auto", "on", "off"] = "auto"
    """bfloat16 autocast; `auto` uses it where the hardware has it."""
    report_to: tuple[str, ...] = ()
    """Where the trainer also reports, such as `tensorboard` or `wandb` (installed by you)."""
    seeds: tuple[int, ...] = (0,)
    """One model is trained for each seed."""
