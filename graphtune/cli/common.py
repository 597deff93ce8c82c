"""What all commands share: options, output, and how errors become exit codes."""

import errno
import functools
import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from graphtune.errors import GraphtuneError
from graphtune.processes import is_main_process


@dataclass
class Outcome:
    """What a command has to say: `data` for --json, `text` for people; `ok` decides the exit code."""

    data: dict[str, Any]
    text: str
    ok: bool = field(default=True)


def command(group: click.Group, name: str | None = None) -> Callable[..., click.Command]:
    """Register a function that returns an `Outcome` as a command with --workspace and --json."""

    def register(function: Callable[..., Outcome]) -> click.Command:
        @functools.wraps(function)
        def run(*, as_json: bool, **arguments: Any) -> None:
            # Libraries may print; standard output is for the result alone.
            with redirect_stdout(sys.stderr):
                outcome, message = _call(function, arguments)
            if outcome is None:
                if as_json:
                    click.echo(json.dumps({"error": message}, ensure_ascii=False))
                click.echo(f"graphtune: {message}", err=True)
                sys.exit(1)
            if not is_main_process():
                pass  # what was launched beside it says the same
            elif as_json:
                click.echo(json.dumps(outcome.data, ensure_ascii=False, default=str))
            elif outcome.text:
                click.echo(outcome.text)
            sys.exit(0 if outcome.ok else 1)

        # Docstrings are raw, as ruff wants them; click knows the unwrapped paragraph by the character.
        run.__doc__ = (function.__doc__ or "").replace("\\b\n", "\b\n")
        decorated = click.option(
            "--json", "as_json", is_flag=True, help="Print one JSON document."
        )(run)
        decorated = click.option(
            "-w",
            "--workspace",
            type=click.Path(path_type=Path, file_okay=False),
            default=Path(),
            help="Folder of the workspace (default: the current one).",
        )(decorated)
        return group.command(name)(decorated)

    return register


def _call(
    function: Callable[..., Outcome], arguments: dict[str, Any]
) -> tuple[Outcome | None, str]:
    try:
        return function(**arguments), ""
    except GraphtuneError as error:
        return None, str(error)
    except sqlite3.OperationalError as error:
        on_disk = "disk" in str(error)
        remedy = "free some space" if on_disk else "see that no other program holds it"
        return (
            None,
            f"the database refused: {error}; {remedy} and run again (nothing stored is lost)",
        )
    except sqlite3.DatabaseError as error:
        return (
            None,
            f"the database is damaged ({error}): restore graph.db from a copy, or build again",
        )
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        full = error.errno == errno.ENOSPC
        remedy = "; free some space and run again (nothing stored is lost)" if full else ""
        return None, f"{error.strerror or error}{place}{remedy}"
