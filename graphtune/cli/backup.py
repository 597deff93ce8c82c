"""The `backup` command."""

from datetime import datetime
from pathlib import Path

import click

from graphtune.cli.common import Outcome, command


def backup(workspace: Path, file: Path | None, force: bool) -> Outcome:
    r"""Copy the database, also while a build is running, and check the copy.

    Without FILE, the copy stands in the workspace with the time in its name. To go back to it, move
    it to graph.db.

    \b
    Example: graphtune backup -w papers-ws ~/papers-graph.db
    """
    from graphtune.kg.backup import backup_database
    from graphtune.workspace import open_workspace

    opened = open_workspace(workspace)
    target = file or opened.root / f"graph-{datetime.now():%Y-%m-%d-%H%M%S}.db"
    size = backup_database(opened.database, target, force)
    return Outcome(
        {"file": str(target), "bytes": size}, f"{target}: {size / 2**20:,.1f} MiB, checked"
    )


def add_backup_command(group: click.Group) -> None:
    """Register the command."""
    force = click.option("--force", is_flag=True, help="Overwrite FILE.")
    place = click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
    command(group)(place(force(backup)))
