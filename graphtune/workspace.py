"""A workspace: the folder that holds one corpus with its settings, graph, pairs, models and results."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from graphtune.config import Config, load_config, render_toml
from graphtune.errors import WorkspaceError

CONFIG_NAME = "graphtune.toml"


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths and settings of a workspace; made by `open_workspace` or `init_workspace`."""

    root: Path
    config: Config

    @property
    def database(self) -> Path:
        """The SQLite file with documents, chunks and the concept graph."""
        return self.root / "graph.db"

    @property
    def split(self) -> Path:
        """The file that says which concepts and papers training never sees."""
        return self.root / "split.json"

    @property
    def pairs(self) -> Path:
        """Folder of training pairs."""
        return self.root / "pairs"

    @property
    def models(self) -> Path:
        """Folder of fine-tuned models."""
        return self.root / "models"

    @property
    def results(self) -> Path:
        """Folder of benchmark results."""
        return self.root / "results"

    @property
    def cache(self) -> Path:
        """Folder of things that can be made again."""
        return self.root / ".cache"


def init_workspace(root: Path, config: Config | None = None) -> Workspace:
    """Create a workspace in `root`; one that exists already is opened and left as it is.

    Raises:
        WorkspaceError: `root` is a file, or cannot be written.
    """
    if (root / CONFIG_NAME).exists():
        return open_workspace(root)
    workspace = Workspace(root, config or Config())
    try:
        for folder in (root, workspace.pairs, workspace.models, workspace.results):
            folder.mkdir(parents=True, exist_ok=True)
        (root / CONFIG_NAME).write_text(render_toml(workspace.config), encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"cannot create a workspace in {root}: {error.strerror}") from error
    return workspace


def open_workspace(root: Path) -> Workspace:
    """Open the workspace in `root`.

    Raises:
        WorkspaceError: there is none.
        ConfigError: its settings are wrong.
    """
    path = root / CONFIG_NAME
    if not path.is_file():
        raise WorkspaceError(
            f"{root} is no graphtune workspace (it has no {CONFIG_NAME}); "
            "make one with `graphtune init DIR`, or name one with -w DIR"
        )
    return Workspace(root, load_config(path))


@contextmanager
def lock_workspace(workspace: Workspace, wait: float = 600.0) -> Iterator[None]:
    """Hold the workspace for one writing process; say who holds it and wait up to `wait` seconds.

    Raises:
        WorkspaceError: another process held it all that time.
    """
    lock = FileLock(workspace.root / ".lock")
    holder = workspace.root / ".lock.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        try:
            who = f"process {json.loads(holder.read_text(encoding='utf-8'))['pid']}"
        except (FileNotFoundError, ValueError):  # gone, or being written
            who = "another process"
        print(f"{workspace.root} is in use by {who}; waiting up to {wait:.0f} s …", file=sys.stderr)
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise WorkspaceError(
                f"{workspace.root} is still in use by {who}; try again when it has finished"
            ) from None
    try:
        holder.write_text(json.dumps({"pid": os.getpid()}), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
