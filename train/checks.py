"""What is wrong with a training before its first step: data, dimensions, where to report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphtune.encoder import list_dims
from graphtune.errors import ConfigError, DataError
from graphtune.processes import count_processes
from graphtune.tuning_config import TrainConfig

if TYPE_CHECKING:
    from graphtune.train.trainer import TrainingData

#: Packages of the trainer's reporters that are not named as these are.
_PACKAGES = {"azure_ml": "azureml-mlflow", "comet_ml": "comet-ml"}


def check_data(data: TrainingData, config: TrainConfig) -> None:
    """Refuse data that cannot be trained on.

    Raises:
        DataError: the pairs do not fill one batch in each process, or no query chooses the checkpoint.
    """
    n_processes = count_processes()
    if len(data.pairs) < n_processes * config.batch_size:
        processes = f" in each of {n_processes} processes" if n_processes > 1 else ""
        raise DataError(
            f"{len(data.pairs)} pairs do not fill one batch of {config.batch_size}{processes}: "
            "add papers, or lower [train] batch_size"
        )
    if config.keep == "best" and not data.dev.queries:
        raise DataError(
            "there are no development queries, so nothing can tell the best weights, or whether they "
            'are better than the base: raise [split] dev_concepts, or set [train] keep = "last"'
        )


def check_dims(width: int, config: TrainConfig) -> tuple[int, ...]:
    """Return the Matryoshka dimensions, widest first, for a model of this width.

    Raises:
        ModelError: a wanted dimension is wider than the model.
        ConfigError: there is not one weight for each dimension.

    >>> check_dims(384, TrainConfig(matryoshka_dims=(384, 64), matryoshka_weights=(1.0, 0.5)))
    (384, 64)
    """
    dims = list_dims(width, config.matryoshka_dims)
    weights = config.matryoshka_weights
    if weights is not None and config.matryoshka_dims not in (None, dims):
        raise ConfigError(
            f"matryoshka_weights go with matryoshka_dims {list(dims)}, widest first and with the full "
            f"width of the model: list them so, not as {list(config.matryoshka_dims or ())}"
        )
    if weights is not None and (len(weights) != len(dims) or min(weights) < 0 or not sum(weights)):
        raise ConfigError(
            f"matryoshka_weights has {list(weights)}: give {len(dims)} values of 0 or more, not all 0, "
            f"one for each of the dimensions {list(dims)}"
        )
    return dims


def check_reporters(names: tuple[str, ...]) -> None:
    """Refuse reporters that the trainer does not know, or that are not installed.

    Raises:
        ConfigError: says which, and what to install.
    """
    if not names:
        return
    from transformers.integrations.integration_utils import (
        INTEGRATION_TO_CALLBACK,
        get_available_reporting_integrations,
    )

    unknown = [name for name in names if name not in INTEGRATION_TO_CALLBACK]
    if unknown:
        raise ConfigError(
            f"[train] report_to names {unknown}: use some of {', '.join(sorted(INTEGRATION_TO_CALLBACK))}"
        )
    installed = get_available_reporting_integrations()
    missing = [_PACKAGES.get(name, name) for name in names if name not in installed]
    if missing:
        raise ConfigError(
            f"[train] report_to wants what is not installed: run `pip install {' '.join(missing)}`, "
            "or take it out"
        )
