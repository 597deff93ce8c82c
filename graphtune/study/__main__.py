"""The command line of studies."""

import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path

import click

from graphtune.errors import GraphtuneError


@click.command()
@click.argument("study", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--summary", is_flag=True, help="Only print what is stored so far; run nothing.")
@click.option(
    "--against", default="base", show_default=True, help="What the others are compared with."
)
@click.option(
    "--group",
    help="Queries to average over: held-out, dev, seen or all (default: held-out, if there are any).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def main(study: Path, summary: bool, against: str, group: str | None, as_json: bool) -> None:
    r"""Train and measure every variant of STUDY, a TOML file, and print one table.

    What is measured is stored at once: a study that was stopped goes on, and two processes on the
    same file share its work (give each its own processor with OMP_NUM_THREADS=1).

    \b
    Example: python -m graphtune.study study.toml
             python -m graphtune.study study.toml --summary --against plain --group all
    \b
    study.toml:
        workspace = "papers-ws"
        out = "study"
        seeds = [0, 1, 2]
        steps = 300
        beir = [{ folder = "gold", splits = ["test", "transfer"] }]
        [train]                      # of all variants
        keep = "last"
        [[variant]]
        name = "full"
        [[variant]]
        name = "no-mask"
        train = { graph_mask = false }
        [[variant]]
        name = "plain"
        pairs = { recipe = "mention" }
    """
    try:
        # Libraries may print; standard output is for the result alone.
        with redirect_stdout(sys.stderr):
            text, is_whole = _run(study, summary, against, group, as_json)
    except GraphtuneError as error:
        raise click.ClickException(str(error)) from error
    click.echo(text)
    sys.exit(0 if is_whole else 1)


def _run(
    path: Path, summary: bool, against: str, group: str | None, as_json: bool
) -> tuple[str, bool]:
    from graphtune.study.settings import read_study
    from graphtune.study.summary import summarise_study
    from graphtune.study.table import render_summary

    study, failed = read_study(path), {}
    if not summary:
        from graphtune.study.running import run_study

        done = run_study(study)
        failed = dict(done.failed)
        if done.busy:
            click.echo(f"other processes are at {', '.join(done.busy)}", err=True)
    found = summarise_study(study, against, group, failed)
    text = json.dumps(asdict(found), ensure_ascii=False) if as_json else render_summary(found)
    return text, not failed


if __name__ == "__main__":
    main()
