"""Commands that learn: pairs, train."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from graphtune.cli.common import Outcome, command
from graphtune.records import Recipe

if TYPE_CHECKING:
    from graphtune.pairs import MadePairs
    from graphtune.train.records import TrainCosts

RECIPE = click.option(
    "--recipe",
    type=click.Choice(["evidence", "mention", "seed"]),
    help="evidence: chunks that answer each style of anchor; mention: chunks that hold the name; "
    "seed: all chunks of the papers.",
)


def pairs(
    workspace: Path,
    recipe: Recipe | None,
    file_format: Literal["jsonl", "parquet"],
    check: bool,
    extra: tuple[Path, ...],
    force: bool,
) -> Outcome:
    r"""Make the training pairs from the graph, or check what is held out from those there are.

    Pairs that are up to date are left as they are. A file of --extra has a pair a line, such as
    {"anchor": "…", "positive": "…", "negative": "…"}, the negative if you like.

    \b
    Example: graphtune pairs -w papers-ws --recipe evidence --format parquet
             graphtune pairs -w papers-ws --extra my-pairs.jsonl
             graphtune pairs -w papers-ws --check
    """
    from graphtune.pairs import render_certificate
    from graphtune.pipeline import check_pairs, pair_workspace
    from graphtune.workspace import open_workspace

    if check:
        found = check_pairs(open_workspace(workspace), recipe)
        return Outcome(
            {"certificates": [certificate.as_json() for certificate in found]},
            "\n\n".join(map(render_certificate, found)),
            ok=all(certificate.is_clean() for certificate in found),
        )
    result = pair_workspace(open_workspace(workspace), recipe, file_format, force, extra)
    certificate = result.certificate.as_json()
    data = {**result.card.model_dump(), "certificate": certificate, "made": result.made}
    text = f"{_describe_card(result)}\nleakage: {result.certificate.verdict}"
    return Outcome({"path": str(result.path), **data}, text, ok=result.certificate.is_clean())


def _describe_card(result: MadePairs) -> str:
    card = result.card
    styles = ", ".join(f"{style} {count:,}" for style, count in card.by_style.items())
    lines = [
        f"{result.path}: {card.pairs:,} pairs ({styles}){'' if result.made else ', unchanged'}",
        f"{card.anchors:,} anchors of {card.concepts:,} concepts, {card.chunks:,} chunks of "
        f"{card.documents:,} papers; held out: {card.held_out_concepts:,} concepts, "
        f"{card.held_out_documents:,} papers",
    ]
    if card.with_negative:
        lines.append(f"{card.with_negative:,} pairs with a hard negative")
    for reason, count in card.left_out.items():
        lines.append(f"left out of your own pairs: {count:,}, {reason}")
    return "\n".join(lines)


def train(
    workspace: Path,
    stages: Path | None,
    toy: bool,
    force: bool,
    recipe: Recipe | None,
    max_steps: int | None,
    seeds: tuple[int, ...],
    keep: Literal["best", "last"] | None,
    resume: bool,
    push_to_hub: str | None,
) -> Outcome:
    r"""Fine-tune the base model on the pairs; the best checkpoint is kept.

    The base itself competes on the development concepts. The result is a folder that
    SentenceTransformer(path) loads. Several GPUs train together under torchrun, each on its own
    batches; batch_size is that of each.

    With STAGES, a TOML file, encoders are trained in stages instead: a vocabulary, pre-training,
    reranking, classification, tagging. What is up to date is left alone.

    \b
    Example: graphtune train -w papers-ws --seed 0 --seed 1
             torchrun --nproc_per_node 2 -m graphtune train -w papers-ws
             graphtune train math-albert.toml --toy
    """
    if stages:
        _check_options(not (recipe or max_steps or seeds or keep or resume), True)
        return _train_stages(stages, force, toy, push_to_hub)
    _check_options(True, not (toy or force))
    from graphtune.pipeline import train_workspace
    from graphtune.workspace import open_workspace

    opened = open_workspace(workspace)
    changes: dict[str, Any] = {"max_steps": max_steps} if max_steps else {}
    if seeds:
        changes["seeds"] = seeds
    if keep:
        changes["keep"] = keep
    models = train_workspace(
        opened, recipe, opened.config.train.model_copy(update=changes), resume=resume
    )
    if push_to_hub:
        from graphtune.train.hub import push_model

        push_model(models[0].path, push_to_hub)
    data = [{"path": str(model.path), **model.report.model_dump(mode="json")} for model in models]
    lines = [f"{m.path}: {m.report.verdict}{_tell_costs(m.report.costs)}" for m in models]
    return Outcome({"models": data}, "\n".join(lines))


def _check_options(fit_stages: bool, fit_workspace: bool) -> None:
    """Refuse options of the one for the other."""
    if not fit_stages:
        raise click.UsageError(
            "STAGES says how its stages are trained: leave out --recipe, --max-steps, --seed, --keep "
            "and --resume, and set steps and seed in `fit`"
        )
    if not fit_workspace:
        raise click.UsageError("--toy and --force are for STAGES: name the file")


def _train_stages(path: Path, force: bool, toy: bool, push_to_hub: str | None) -> Outcome:
    from graphtune.train.stages.report import render_reports
    from graphtune.train.stages.running import find_out, run_stages

    reports = run_stages(path, force, toy)
    if push_to_hub:
        from graphtune.train.hub import push_model

        push_model(find_out(path, toy) / reports[-1].stage.name, push_to_hub)
    data = [report.model_dump(mode="json") for report in reports]
    return Outcome({"stages": data}, render_reports(reports))


def _tell_costs(costs: TrainCosts | None) -> str:
    if costs is None:
        return ""
    on_gpu = f", {costs.peak_gpu_memory:,} MiB on the GPU" if costs.peak_gpu_memory else ""
    return (
        f"\n  {costs.seconds + costs.evaluation_seconds:,.0f} s, of which "
        f"{costs.evaluation_seconds:,.0f} s on the development queries; "
        f"{costs.pairs_per_second:.1f} pairs/s; at most {costs.peak_memory:,} MiB{on_gpu}"
    )


def add_tuning_commands(group: click.Group) -> None:
    """Register the commands of this file."""
    file_format = click.option(
        "--format", "file_format", type=click.Choice(["jsonl", "parquet"]), default="jsonl"
    )
    check = click.option(
        "--check",
        is_flag=True,
        help="Make nothing; print the leakage certificate, exit 1 on a leak.",
    )
    extra = click.option(
        "--extra",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="JSONL or Parquet with pairs of your own; may be given again.",
    )
    force = click.option("--force", is_flag=True, help="Make pairs again that are up to date.")
    command(group)(RECIPE(file_format(check(extra(force(pairs))))))
    max_steps = click.option(
        "--max-steps", type=click.IntRange(1), help="Stop after this many steps."
    )
    seeds = click.option(
        "--seed", "seeds", multiple=True, type=int, help="One model for each seed."
    )
    keep = click.option(
        "--keep",
        type=click.Choice(["best", "last"]),
        help="best: by the development concepts, the base among the candidates; last: as they end.",
    )
    resume = click.option("--resume", is_flag=True, help="Go on with an interrupted training.")
    push = click.option(
        "--push-to-hub",
        metavar="REPO",
        help="Upload the first model to the hub, or the last stage of STAGES.",
    )
    again = click.option("--force", is_flag=True, help="Run stages again that are up to date.")
    stages = click.argument(
        "stages", required=False, type=click.Path(path_type=Path, dir_okay=False)
    )
    toy = click.option(
        "--toy",
        is_flag=True,
        help="Run STAGES with a tiny encoder and few steps, to see that all fits.",
    )
    command(group)(stages(toy(again(RECIPE(max_steps(seeds(keep(resume(push(train))))))))))
