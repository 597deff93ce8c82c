"""What a stage hangs on, as sha256: with the same ones it need not run again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from graphtune.errors import DataError
from graphtune.pairs import read_pairs
from graphtune.train.stages.sources import list_files, name_file
from graphtune.workspace import open_workspace


def hash_sources(sources: Sequence[Path], with_pairs: bool = False) -> dict[str, str]:
    """Return a hash of each file's bytes; of a workspace those of its database, split and pairs.

    Args:
        sources: workspaces, folders and files.
        with_pairs: whether a workspace's pairs count.

    Raises:
        DataError: one cannot be read, or there are no pairs.
    """
    found = {}
    for file in list_files(sources):
        if not file.is_dir():
            found[name_file(file)] = _hash_file(file)
            continue
        workspace = open_workspace(file)
        found[f"{file.name}/graph.db"] = _hash_file(workspace.database)
        if workspace.split.exists():
            found[f"{file.name}/split.json"] = _hash_file(workspace.split)
        if with_pairs:
            _, card = read_pairs(workspace.pairs, workspace.config.pairs.recipe)
            found[f"{file.name}/pairs"] = hash_parts(card.model_dump_json())
            found[f"{file.name}/settings"] = hash_parts(workspace.config.model_dump_json())
    return found


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
