"""A copy of the database while it is in use."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from graphtune.errors import WorkspaceError


def backup_database(source: Path, target: Path, force: bool = False) -> int:
    """Copy a database as it is at one moment; others may go on writing to it.

    The copy is checked, and stands in its place whole or not at all.

    Returns:
        The size of the copy in bytes.

    Raises:
        WorkspaceError: there is no database, the target is there already (and no `force`) or is the
            database itself, or the copy is damaged, as the database then is.
    """
    if not source.is_file():
        raise WorkspaceError(f"{source} does not exist: there is nothing to copy yet")
    if not target.absolute().parent.is_dir():
        raise WorkspaceError(
            f"{target.absolute().parent} is no folder; make it, or name another file"
        )
    if target.exists() and (target.samefile(source) or not force):
        remedy = "name another file" if target.samefile(source) else "name another, or use --force"
        raise WorkspaceError(f"{target} exists already; {remedy}")
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        _copy(source, partial)
        partial.replace(target)
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            partial.with_name(partial.name + end).unlink(missing_ok=True)
    return target.stat().st_size


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as held, closing(sqlite3.connect(target)) as copy:
        # All pages in one step are one snapshot; in many steps each write would begin it anew.
        held.backup(copy, pages=-1)
        try:
            problems = [row[0] for row in copy.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            problems = [str(error)]
    if problems != ["ok"]:
        raise WorkspaceError(
            f"the copy of {source} is damaged ({problems[0]}), so the database is too: keep older "
            "copies, and run `graphtune build` in a new workspace"
        )
