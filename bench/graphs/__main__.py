"""The command line of the judge."""

from pathlib import Path

import click

from graphtune.bench.graphs.planetmath import judge_concepts, judge_related, read_gold, sample_wrong
from graphtune.bench.graphs.sample import judge_sample, read_sample_gold
from graphtune.bench.reading.output import render_json, render_rows
from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph, load_graph
from graphtune.kg.store import GraphStore

WORKSPACE = click.argument("workspace", type=click.Path(path_type=Path, exists=True))
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def judge() -> None:
    """Judge the concept graph of a workspace (a folder, or its graph.db) against a gold graph."""


def read_graph(path: Path) -> ConceptGraph:
    """Read the graph of a workspace or of a graph.db.

    Raises:
        DataError: there is none.
    """
    database = path / "graph.db" if path.is_dir() else path
    if not database.is_file():
        raise DataError(
            f"{path} holds no graph.db; make one with `graphtune build -w {path} PAPERS`"
        )
    with GraphStore(database) as store:
        return load_graph(store)


@judge.command()
@WORKSPACE
@click.argument("gold", type=click.Path(path_type=Path, exists=True, file_okay=False))
@JSON
@click.option("--wrong", type=int, default=0, help="Print so many random concepts not in the gold.")
@click.option("--seed", type=int, default=0, show_default=True)
def planetmath(workspace: Path, gold: Path, as_json: bool, wrong: int, seed: int) -> None:
    """Concepts, aliases and related pairs against GOLD/concepts.jsonl."""
    graph, concepts = read_graph(workspace), read_gold(gold / "concepts.jsonl")
    rows = judge_concepts(graph, concepts) + judge_related(graph, concepts, seed)
    samples = sample_wrong(graph, concepts, wrong, seed)
    if as_json:
        click.echo(render_json({"rows": rows, "wrong": samples}))
        return
    click.echo(render_rows(rows))
    for number, sample in enumerate(samples, 1):
        click.echo(f"\n{number}. {sample['name']} ({sample['type']}): {sample['description']}")
        click.echo(f"   [{sample['role']}] …{sample['quote']}…")


@judge.command()
@WORKSPACE
@click.argument("gold", type=click.Path(path_type=Path, exists=True, file_okay=False))
@JSON
def sample(workspace: Path, gold: Path, as_json: bool) -> None:
    """Concepts, aliases and relations against the sample's own GOLD/gold.json."""
    rows = judge_sample(read_graph(workspace), read_sample_gold(gold / "gold.json"))
    click.echo(render_json({"rows": rows}) if as_json else render_rows(rows))


if __name__ == "__main__":
    judge(prog_name="python -m graphtune.bench.graphs")
