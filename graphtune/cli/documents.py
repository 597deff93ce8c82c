"""How reading the files went: the `documents` command, and the table at the end of a build."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from graphtune.cli.common import Outcome, command
from graphtune.records import Status

if TYPE_CHECKING:
    from graphtune.kg import BuildSummary

#: A build names so many of the files that are not whole.
MAX_NAMED = 20
STATUSES: tuple[Status, ...] = get_args(Status)


def documents(workspace: Path, status: str | None) -> Outcome:
    r"""List all known files: how reading them ended, pages, chunks, and what is wrong.

    \b
    Example: graphtune documents -w papers-ws --status crash
    """
    from graphtune.pipeline import list_files
    from graphtune.workspace import open_workspace

    files = [
        row for row in list_files(open_workspace(workspace)) if status in (None, row["status"])
    ]
    # In a file or a pipe, lines may be as long as they are.
    width = shutil.get_terminal_size((10_000, 24)).columns
    return Outcome({"documents": files}, render_files(files, width))


def render_files(files: list[dict[str, Any]], width: int) -> str:
    """Write a table of files; paths lose their beginnings and messages their ends to fit `width`.

    >>> row = {"status": "ok", "pages": 12, "chunks": 40, "message": "", "path": "/home/me/papers/a.pdf"}
    >>> print(render_files([row], 60))
    status      pages  chunks  path in /home/me/papers
    ok             12      40  a.pdf
    """
    if not files:
        return "no files"
    folder = os.path.commonpath([os.path.dirname(row["path"]) for row in files])
    names = [os.path.relpath(row["path"], folder) for row in files]
    messages = [row["message"].replace(row["path"], "").strip() for row in files]
    room = width - len(f"{'':10} {'':6} {'':7}  ")
    place = min(max(map(len, names)), max(20, room // 2) if any(messages) else room)
    lines = [f"{'status':10} {'pages':>6} {'chunks':>7}  path in {folder}"]
    for row, name, message in zip(files, names, messages, strict=True):
        path = name if len(name) <= place else "…" + name[1 - place :]
        rest = max(10, room - place - 2)
        short = message if len(message) <= rest else message[: rest - 1] + "…"
        counts = f"{row['pages']:6,} {row['chunks']:7,}"
        lines.append(f"{row['status']:10} {counts}  {path:{place}}  {short}")
    return "\n".join(line.rstrip() for line in lines)


def describe_files(summary: "BuildSummary") -> list[str]:
    """Say how reading ended: a table of counts by status, the speed, and the files that are not whole."""
    lines = []
    if summary.statuses:
        lines.append(f"{'status':10} {'files':>6} {'pages':>7}")
    for status in STATUSES:
        if counts := summary.statuses.get(status):
            lines.append(f"{status:10} {counts['files']:6,} {counts['pages']:7,}")
    if summary.pages_read:
        speed = summary.pages_read / max(summary.seconds["reading"], 0.01)
        lines.append(f"{summary.pages_read:,} pages read, {speed:,.0f} pages/s")
    wrong = [f"{status}: {message}" for _, status, message in summary.failed]
    wrong += [f"{status}: {path}: {message}" for path, status, message in summary.degraded]
    lines += wrong[:MAX_NAMED]
    if len(wrong) > MAX_NAMED:
        lines.append(f"… and {len(wrong) - MAX_NAMED:,} more: graphtune documents")
    return lines


def add_document_commands(group: click.Group) -> None:
    """Register the commands of this file."""
    status = click.option("--status", type=click.Choice(STATUSES), help="Only files that ended so.")
    command(group)(status(documents))
