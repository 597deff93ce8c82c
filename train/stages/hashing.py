"""What a stage hangs on, as sha256: with the same ones it need not run again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from graphtune.errors import DataError
from graphtune.pairs import read_pairs
from graphtune.train.stages.sources import list_files, read_workspace
from graphtune.workspace import open_workspace

#: What of a model's folder says how it reads and what it knows.
_MODEL_FILES = ("*.json", "*.safetensors", "*.model", "*.txt")


def hash_sources(sources: Sequence[Path], root: Path, with_pairs: bool = False) -> dict[str, str]:
    """Return a hash of each file's bytes; of a workspace those of its database, split and pairs.

    Args:
        sources: workspaces, folders and files.
        root: the folder from which they are named.
        with_pairs: whether a workspace's pairs count.

    Raises:
        DataError: one cannot be read, or there are no pairs.
    """
    found = {}
    for file in list_files(sources):
        name = os.path.relpath(file, root)
        if not file.is_dir():
            found[name] = _hash_file(file)
            continue
        _, split = read_workspace(file)  # which settles the split
        workspace = open_workspace(file)
        found[f"{name}/graph.db"] = _hash_file(workspace.database)
        found[f"{name}/split"] = split.digest
        if with_pairs:
            _, card = read_pairs(workspace.pairs, workspace.config.pairs.recipe)
            found[f"{name}/pairs"] = hash_parts(card.model_dump_json())
            found[f"{name}/settings"] = hash_parts(workspace.config.model_dump_json())
    return found


def hash_model_folder(name: str) -> str:
    """Return a hash of a local model's files, or the name of one that is none."""
    folder = Path(name)
    if not name or not folder.is_dir():
        return name
    files = sorted({path for kind in _MODEL_FILES for path in folder.rglob(kind)})
    return hash_parts(*(f"{path.relative_to(folder)} {_hash_file(path)}" for path in files))


def hash_parts(*parts: str) -> str:
    """Return the sha256 of some texts, in hex.

    >>> hash_parts("a", "b")[:8]
    '7e18f737'
    """
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _hash_file(path: Path) -> str:
    try:
        with path.open("rb") as data:
            return hashlib.file_digest(data, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
