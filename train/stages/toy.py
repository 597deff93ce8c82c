"""A training file made small: the same stages in seconds, to see that data and settings fit."""

from graphtune.errors import ConfigError
from graphtune.train.stages.settings import ModelConfig, Stage, StageFile

#: What a new encoder looks like then, and how it is trained.
_SHAPE = ModelConfig(
    embedding_size=16, hidden_size=32, layers=1, heads=2, intermediate_size=64, max_length=64
)
_FIT = {"max_steps": 3, "batch_size": 4, "max_length": 48, "evaluation_share": 0.2}
_PIECES = 4000


def shrink_file(file: StageFile) -> StageFile:
    """Return a training file with a tiny encoder and few steps, which needs no model hub.

    A vocabulary that is taken from a model is trained on the texts instead, and what starts from a model
    starts anew.

    Raises:
        ConfigError: the file names no texts for a vocabulary.
    """
    names = {stage.name for stage in file.stage}
    if not file.vocabulary or not file.vocabulary.texts:
        raise ConfigError("--toy trains a tokenizer of its own: name `texts` in [vocabulary]")
    size = min(file.vocabulary.size, _PIECES)
    vocabulary = file.vocabulary.model_copy(update={"base": None, "size": size})
    shape = _SHAPE.model_copy(update={"architecture": file.model.architecture})
    stages = tuple(_shrink_stage(stage, names) for stage in file.stage)
    changes = {"vocabulary": vocabulary, "model": shape, "stage": stages, "out": f"{file.out}-toy"}
    return file.model_copy(update=changes)


def _shrink_stage(stage: Stage, names: set[str]) -> Stage:
    start = stage.init_from if stage.init_from in names else None
    changes = {"fit": stage.fit.model_copy(update=_FIT), "init_from": start}
    return stage.model_copy(update=changes)
