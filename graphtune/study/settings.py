"""The file of a study: which variants are trained on which workspace, and measured on what."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from graphtune.errors import ConfigError
from graphtune.settings import Settings
from graphtune.tuning_config import PairsConfig, TrainConfig

Name = Annotated[str, StringConstraints(pattern=r"^\w[\w.+-]*$")]


class BeirFolder(Settings):
    """Queries that every variant is measured on."""

    folder: Path
    """A BEIR folder, from the study's file on."""
    splits: tuple[str, ...] = Field(default=("test",), min_length=1)
    """Files of judgements, `qrels/<split>.tsv`."""


class Variant(Settings):
    """One way to make pairs and to train."""

    name: Name
    pairs: dict[str, Any] = Field(default={})
    """Settings of [pairs] that differ from those of the study."""
    train: dict[str, Any] = Field(default={})
    """Settings of [train] that differ from those of the study."""
    seeds: tuple[int, ...] | None = None
    """Training seeds; none means those of the study."""


class StudyConfig(Settings):
    """A study. What neither it nor a variant sets keeps graphtune's default, not the workspace's."""

    workspace: Path
    """The workspace with the graph, from the study's file on; it is only read."""
    out: Path = Path("study")
    """Folder of the study, from its file on."""
    beir: tuple[BeirFolder, ...] = Field(min_length=1)
    """What is searched, and by which queries."""
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    """Training seeds of each variant; all variants run with the first one first."""
    steps: int | None = Field(default=None, ge=1)
    """Optimizer steps of each variant; none means what the epochs give."""
    keep_models: bool = False
    """Keep the trained models; else each is removed when it is measured."""
    pairs: dict[str, Any] = Field(default={})
    """Settings of [pairs] of all variants."""
    train: dict[str, Any] = Field(default={})
    """Settings of [train] of all variants."""
    variant: tuple[Variant, ...] = Field(min_length=1)


class Job(Settings):
    """One model of a study: a variant with all its settings, and a seed."""

    name: str
    seed: int
    pairs: PairsConfig
    train: TrainConfig

    @property
    def label(self) -> str:
        """Name of the model and its folder."""
        return f"{self.name}-{self.seed}"

    def digest_settings(self) -> str:
        """Return 16 hex digits of all but the name: equal settings are trained once."""
        rest = self.model_dump(mode="json", exclude={"name"})
        return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()[:16]


def read_study(path: Path) -> StudyConfig:
    """Read and check the file of a study; its paths are taken from where it lies.

    Raises:
        ConfigError: there is no such file, it is no TOML, or a setting is unknown or out of range.
    """
    try:
        study = StudyConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"cannot read the study {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {_list_problems(error)}. Correct it and run again.") from error
    names = [variant.name for variant in study.variant]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"{path}: the name {twice[0]!r} stands for two variants; rename one")
    here = path.resolve().parent
    beir = (one.model_copy(update={"folder": here / one.folder}) for one in study.beir)
    places = {"workspace": here / study.workspace, "out": here / study.out, "beir": tuple(beir)}
    study = study.model_copy(update=places)
    list_jobs(study)  # Every variant is checked before the first one runs.
    return study


def list_jobs(study: StudyConfig) -> list[Job]:
    """Return all models of a study: every variant with its first seed, then with its second, and so on.

    Raises:
        ConfigError: a variant has a setting that is unknown or out of range.
    """
    found = []
    for place, variant in enumerate(study.variant):
        for turn, seed in enumerate(variant.seeds or study.seeds):
            found.append((turn, place, _make_job(study, variant, seed)))
    return [job for _, _, job in sorted(found, key=lambda row: row[:2])]


def _make_job(study: StudyConfig, variant: Variant, seed: int) -> Job:
    steps = {"max_steps": study.steps} if study.steps else {}
    train = {**steps, **study.train, **variant.train}
    if "seeds" in train:
        raise ConfigError(
            f"variant {variant.name!r} sets seeds in [train]; set `seeds` of the study or the variant"
        )
    pairs = {**study.pairs, **variant.pairs}
    try:
        return Job.model_validate(
            {
                "name": variant.name,
                "seed": seed,
                "pairs": pairs,
                "train": {**train, "seeds": (seed,)},
            }
        )
    except ValidationError as error:
        raise ConfigError(f"variant {variant.name!r}: {_list_problems(error)}") from error


def _list_problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']} (found {item['input']!r})"
        for item in error.errors()
    )
