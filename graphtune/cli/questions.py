"""The command that lets a language model write training questions: questions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from graphtune.cli.common import Outcome, command
from graphtune.cli.papers import make_consent


def questions(
    workspace: Path, out: Path | None, max_chunks: int | None, depth: int, yes: bool
) -> Outcome:
    r"""Let the LLM of [extract] write questions that passages answer, for training.

    A question is kept where the base model finds its passage again (round trip). The file is one of pairs:
    mix it in with --extra, which leaves out questions that name what is held out. What was interrupted
    goes on; nothing is asked twice.

    \b
    Example: graphtune questions -w papers-ws --max-chunks 500
             graphtune pairs -w papers-ws --extra papers-ws/questions.jsonl
    """
    from graphtune.questions import ask_questions
    from graphtune.workspace import open_workspace

    opened = open_workspace(workspace)
    path = out or opened.root / "questions.jsonl"
    made = ask_questions(opened, path, max_chunks, depth, make_consent(yes))
    card = made.card
    lines = [
        f"{path}: {card.kept:,} questions, of {card.written:,} that {card.model} wrote to "
        f"{card.passages:,} of {card.eligible:,} passages",
        f"the others do not find their passage among the {card.depth} best of the base model",
        f"next: graphtune pairs -w {workspace} --extra {path}",
    ]
    if made.stopped:
        lines.append(f"some passages are missing: {made.stopped}")
    return Outcome(asdict(made) | {"card": card.model_dump()}, "\n".join(lines), not made.stopped)


def add_questions_command(group: click.Group) -> None:
    """Register the command."""
    out = click.option(
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The file (default: questions.jsonl in the workspace).",
    )
    most = click.option(
        "--max-chunks",
        type=click.IntRange(1),
        help="Ask about at most this many passages, drawn over all papers.",
    )
    depth = click.option(
        "--depth",
        type=click.IntRange(1),
        default=10,
        show_default=True,
        help="Ranks in which the base model has to find the passage.",
    )
    yes = click.option("--yes", is_flag=True, help="Agree to what this costs.")
    command(group)(out(most(depth(yes(questions)))))
