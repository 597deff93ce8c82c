"""The command that closes the loop: loop."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphtune.cli.common import Outcome, command
from graphtune.cli.papers import make_consent
from graphtune.cli.tuning import RECIPE

if TYPE_CHECKING:
    from graphtune.kg.graph import ConceptGraph
    from graphtune.kg.proposals import Proposals
    from graphtune.records import Recipe
    from graphtune.rounds import RoundRecord


def loop(
    workspace: Path,
    rounds: int,
    recipe: Recipe | None,
    max_steps: int | None,
    dry_run: int | None,
    undo: bool,
    yes: bool,
) -> Outcome:
    r"""Let the tuned model find what the graph lacks, and train the next model on that.

    In each round the model finds mentions written another way and names of one concept; rules, or the
    LLM that extracts, confirm them; the pairs are made again, and a model is trained from the base. A
    round stays only if that model is better on the development queries; else all is as it was, and the
    loop ends. Held-out concepts and papers take no part. What was interrupted goes on.

    \b
    Example: graphtune loop -w papers-ws --rounds 2
             graphtune loop -w papers-ws --dry-run 20
             graphtune loop -w papers-ws --undo
    """
    from graphtune.judging import estimate_loop
    from graphtune.looping import loop_workspace, preview_round, undo_round
    from graphtune.workspace import open_workspace

    opened = open_workspace(workspace)
    if undo:
        record = undo_round(opened)
        data = record.model_dump(mode="json")
        return Outcome(data, f"round {record.number} is undone: all is as it was before it")
    if dry_run is not None:
        return _describe_proposals(*preview_round(opened, make_consent(yes)), dry_run)
    changes: dict[str, Any] = {"max_steps": max_steps} if max_steps else {}
    settings = opened.config.train.model_copy(update=changes)
    print(estimate_loop(opened, rounds, recipe, settings), file=sys.stderr)

    def tell(record: RoundRecord) -> None:
        print(_tell(record), file=sys.stderr)

    done = loop_workspace(opened, rounds, recipe, settings, tell, make_consent(yes))
    data = {"rounds": [record.model_dump(mode="json") for record in done]}
    return Outcome(data, "\n".join(map(_tell, done)))


def _tell(record: RoundRecord) -> str:
    """Say in a few lines what a round found, added and was worth."""
    lines = [f"round {record.number}: {record.status}, {record.verdict}"]
    for name in ("mentions", "merges"):
        counts = getattr(record, name)
        lines.append(
            f"  {name}: {counts.proposed:,} proposed, {counts.verified:,} verified, "
            f"{counts.added:,} added"
        )
    pairs, dev = record.pairs, record.dev
    if "after" in pairs:
        lines.append(f"  pairs {pairs['before']:,} → {pairs['after']:,}")
    if "after" in dev:
        lines.append(f"  dev NDCG@10 {dev['before']:.4f} → {dev['after']:.4f}")
    return "\n".join(lines)


def _describe_proposals(graph: ConceptGraph, found: Proposals, most: int) -> Outcome:
    """Show what a round would add: counts, and some of it drawn at random, the same every time."""
    import random

    generator = random.Random(0)
    mentions = sorted(generator.sample(found.mentions, min(most, len(found.mentions))))
    merges = sorted(generator.sample(found.merges, min(most, len(found.merges))))
    rows = []
    for name, mention, origin in mentions:
        text = graph.chunks[mention.chunk_id].text
        before, after = text[max(0, mention.start - 40) : mention.start], text[mention.end :][:40]
        quote = f"{before}[{text[mention.start : mention.end]}]{after}"
        rows.append(f"  {name} ({mention.role}, {origin}): …{' '.join(quote.split())}…")
    lines = [
        f"{found.near_passages:,} passages looked at, {len(found.mentions):,} mentions verified",
        *rows,
        f"{found.near_names:,} pairs of names looked at, {len(found.merges):,} merges verified",
        *(f"  {kept} <- {gone} ({reason})" for kept, gone, reason in merges),
    ]
    data = {
        "near_passages": found.near_passages,
        "near_names": found.near_names,
        "mentions": [
            {"concept": name, **asdict(mention), "origin": origin}
            for name, mention, origin in found.mentions
        ],
        "merges": [merge._asdict() for merge in found.merges],
    }
    return Outcome(data, "\n".join(lines))


def add_loop_command(group: click.Group) -> None:
    """Register the command."""
    rounds = click.option(
        "--rounds", type=click.IntRange(1), default=1, show_default=True, help="At most so many."
    )
    max_steps = click.option(
        "--max-steps", type=click.IntRange(1), help="Stop each training after this many steps."
    )
    dry_run = click.option(
        "--dry-run",
        type=click.IntRange(0),
        metavar="N",
        help="Only show what the next round would add, N samples of each; train nothing.",
    )
    undo = click.option("--undo", is_flag=True, help="Take the last round back.")
    yes = click.option("--yes", is_flag=True, help="Agree to what an LLM's judgements cost.")
    command(group)(rounds(RECIPE(max_steps(dry_run(undo(yes(loop)))))))
