"""Commands that take papers: init, build, run, demo."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from graphtune.cli.common import Outcome, command
from graphtune.cli.documents import describe_files

if TYPE_CHECKING:
    from graphtune.kg import BuildSummary
    from graphtune.kg.llm.cost import Estimate
    from graphtune.kg.llm.run import Consent
    from graphtune.workspace import Workspace

PAPERS = click.argument(
    "papers",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=False),
    metavar="PAPERS…",
)


def init(workspace: Path, directory: Path | None, base: str | None) -> Outcome:
    r"""Make a workspace: settings, and folders for pairs, models and results.

    \b
    Example: graphtune init papers-ws --base minilm
    """
    from graphtune.config import BaseConfig, Config
    from graphtune.errors import WorkspaceError
    from graphtune.kg import GraphStore
    from graphtune.workspace import init_workspace

    config = Config(base=BaseConfig(model=base)) if base else Config()
    made = init_workspace(directory or workspace, config)
    model = made.config.base.model
    if base and base != model:
        raise WorkspaceError(
            f"{made.root} is a workspace already, with the base model {model!r}; "
            "change it in its graphtune.toml, or name a new folder"
        )
    GraphStore(made.database).db.close()
    return Outcome(
        {"workspace": str(made.root), "base": model},
        f"workspace {made.root} (base model {model}); settings are in {made.root / 'graphtune.toml'}\n"
        f"next: graphtune run -w {made.root} PAPERS",
    )


def build(
    workspace: Path,
    papers: tuple[Path, ...],
    retry: str | None,
    workers: int | None,
    estimate: bool,
    yes: bool,
) -> Outcome:
    r"""Read papers (.pdf .tex .md .txt, files or folders) into the concept graph.

    Unchanged files are skipped, also those that failed; changed ones are read again, and files that
    are gone from a folder named here are forgotten. With an LLM that costs money, a terminal is asked
    before anything is sent; a script needs --yes, or max_cost in [extract].

    \b
    Example: graphtune build -w papers-ws ~/papers extra/note.tex
    Example: graphtune build -w papers-ws --estimate ~/papers
    """
    from graphtune.pipeline import build_workspace, estimate_workspace
    from graphtune.workspace import open_workspace

    opened = open_workspace(workspace)
    if estimate:
        return describe_estimate(*estimate_workspace(opened, papers, retry == "failed", workers))
    summary = build_workspace(opened, papers, retry == "failed", workers, make_consent(yes))
    return Outcome(asdict(summary), describe_build(summary), is_good(summary))


def make_consent(yes: bool) -> "Consent | None":
    """Return what agrees to costs: --yes, the user at a terminal, or in a script nobody."""
    if yes:
        return lambda estimate: True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return lambda estimate: click.confirm(f"{estimate.describe()}\nSend it?", err=True)


def describe_estimate(summary: "BuildSummary", estimate: "Estimate | None") -> Outcome:
    """Say what a build would send, and which files cannot be read."""
    text = (
        f"still to be sent to {estimate.describe()}"
        if estimate
        else "nothing would be sent: the rules extract, which is free"
    )
    data = {"estimate": asdict(estimate) if estimate else None, "failed": summary.failed}
    return Outcome(data, "\n".join([*describe_files(summary), text]), not summary.failed)


def is_good(summary: "BuildSummary") -> bool:
    """Tell whether every file and chunk came through."""
    return not (summary.failed or summary.failed_chunks or summary.stopped)


def describe_build(summary: "BuildSummary") -> str:
    """Say what a build did, with every failure by name."""
    counts = ", ".join(f"{number:,} {name}" for name, number in summary.counts.items())
    done = "nothing to do: " if summary.did_nothing else ""
    lines = [
        f"{done}{summary.added} new, {summary.changed} changed, {summary.removed} removed, "
        f"{summary.unchanged} unchanged files ({summary.extractor} extractor)",
        *describe_files(summary),
        f"graph: {counts}",
    ]
    if summary.rejected_records:
        lines.append(
            f"{summary.rejected_records} records without evidence in their chunk were rejected"
        )
    if summary.failed_chunks:
        lines.append(
            f"chunks that failed, which `graphtune build` tries again: {summary.failed_chunks}"
        )
        lines += [
            f"  {number} × {message}" for message, number in list(summary.failures.items())[:3]
        ]
    if summary.requests:
        from graphtune.kg.llm.cost import format_money

        spent = "at a price unknown" if summary.spent is None else format_money(summary.spent)
        lines.append(f"{summary.requests:,} replies of the model, {spent}")
    if summary.stopped:
        lines.append(f"extraction stopped: {summary.stopped}")
    if summary.pending_chunks:
        lines.append(f"{summary.pending_chunks:,} chunks are still to be read by the extractor")
    if not summary.did_nothing:
        lines.append(", ".join(f"{step} {value:.1f} s" for step, value in summary.seconds.items()))
    return "\n".join(lines)


def run(workspace: Path, papers: tuple[Path, ...], beir: tuple[Path, ...], yes: bool) -> Outcome:
    r"""Build, make pairs, train and benchmark, skipping what is up to date.

    \b
    Example: graphtune run -w papers-ws ~/papers
    """
    from graphtune.workspace import open_workspace

    return run_all(open_workspace(workspace), papers, beir, make_consent(yes))


def run_all(
    workspace: "Workspace",
    papers: tuple[Path, ...],
    beir: tuple[Path, ...],
    consent: "Consent | None" = None,
) -> Outcome:
    """Run all stages on a workspace."""
    from graphtune import measuring, pipeline

    def say(text: str) -> None:
        click.echo(text, err=True)

    summary = pipeline.build_workspace(workspace, papers, consent=consent)
    say(describe_build(summary))
    if summary.stopped:
        return Outcome({"build": asdict(summary)}, "", ok=False)
    pairs = pipeline.pair_workspace(workspace, force=False)
    say(f"pairs: {pairs.card.pairs:,} in {pairs.path}" + ("" if pairs.made else " (up to date)"))
    models = pipeline.train_workspace(workspace, resume=None, force=False)
    for model in models:
        say(f"model {model.path}: {model.report.verdict}" + ("" if model.made else " (up to date)"))
    results = measuring.bench_workspace(workspace, force=False)
    if beir:
        results += measuring.bench_workspace(
            workspace, measuring.BenchRequest(beir=beir), force=False
        )
    for result in results:
        say(f"results {result.folder}" + ("" if result.made else " (up to date)"))
    best = pipeline.pick_model(workspace).model
    closing = f"the model: {best}\nreports: {workspace.results}"
    data = {
        "build": asdict(summary),
        "pairs": pairs.card.model_dump(),
        "models": [str(model.path) for model in models],
        "model": best,
        "results": [result.data for result in results],
    }
    tables = [result.table for result in results]
    return Outcome(data, "\n".join([*tables, closing]), is_good(summary))


def demo(workspace: Path, directory: Path | None) -> Outcome:
    r"""Run everything on the sample corpus: 27 short papers on algebraic combinatorics.

    Takes some minutes on two cores. DIRECTORY is the new workspace (default: graphtune-demo).

    \b
    Example: graphtune demo my-demo
    """
    import graphtune.data
    from graphtune import config as settings
    from graphtune import tuning_config as tuning
    from graphtune.errors import WorkspaceError
    from graphtune.workspace import init_workspace

    sample = Path(next(iter(graphtune.data.__path__))) / "sample"
    # Short passages and few steps: the whole demo has to end within minutes on two cores.
    config = settings.Config(
        base=settings.BaseConfig(model="minilm"),
        chunking=settings.ChunkingConfig(max_tokens=128),
        extract=settings.ExtractConfig(extractor="rules"),
        split=tuning.SplitConfig(test_concepts=0.3),
        train=tuning.TrainConfig(seeds=(0, 1, 2), max_steps=40, max_seq_length=128, eval_steps=20),
    )
    target = directory or (workspace / "graphtune-demo")
    made = init_workspace(target, config)
    if made.config != config:
        raise WorkspaceError(
            f"{target} is a workspace with other settings than the demo's; name a new folder"
        )
    outcome = run_all(made, (sample / "pdf",), (sample / "gold",))
    outcome.text += f'\ntry: graphtune search -w {target} "number of standard tableaux of a shape"'
    return outcome


def add_paper_commands(group: click.Group) -> None:
    """Register the commands of this file."""
    directory = click.argument(
        "directory", required=False, type=click.Path(path_type=Path, file_okay=False)
    )
    base = click.option("--base", help="Base model: a hub id, a folder, or minilm.")
    beir = click.option(
        "--beir",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Also benchmark on this BEIR folder; can be given several times.",
    )
    command(group)(directory(base(init)))
    retry = click.option("--retry", type=click.Choice(["failed"]), help="Read failed files again.")
    workers = click.option("--workers", type=click.IntRange(1), help="Processes that read files.")
    estimate = click.option(
        "--estimate", is_flag=True, help="Say what an LLM would be sent and cost; send nothing."
    )
    yes = click.option("--yes", is_flag=True, help="Agree to what the LLM costs.")
    command(group)(PAPERS(retry(workers(estimate(yes(build))))))
    command(group)(PAPERS(beir(yes(run))))
    command(group)(directory(demo))
