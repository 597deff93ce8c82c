"""Commands that look at the graph: stats, show, path, communities, card."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphtune.cli.common import Outcome, command

if TYPE_CHECKING:
    from graphtune.kg import ConceptGraph

#: Neighbours of one kind, and passages, that `show` lists without --all.
SHOWN = 8


@click.group("graph")
def graph_group() -> None:
    """Look at the concept graph, export it, or import another."""


@command(graph_group)
def stats(workspace: Path) -> Outcome:
    r"""Sizes and shares of the graph.

    \b
    Example: graphtune graph stats -w papers-ws
    """
    from graphtune.kg import describe_graph

    figures = describe_graph(_load(workspace))
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict):
            shown = ", ".join(f"{k} {n:,}" for k, n in value.items())
        else:
            shown = f"{value:,}"
            if name.startswith("concepts_") and figures["concepts"]:
                shown += f" ({100 * value / figures['concepts']:.0f} %)"
        lines.append(f"{name.replace('_', ' '):26} {shown}")
    lines.append("whether it is good enough to train on: graphtune graph card")
    return Outcome(figures, "\n".join(lines))


@command(graph_group)
@click.argument("concept")
@click.option("--all", "show_all", is_flag=True, help="Show all relations and mentions.")
def show(workspace: Path, concept: str, show_all: bool) -> Outcome:
    r"""Show a concept: names, definition, related concepts, and where papers name it.

    \b
    Example: graphtune graph show -w papers-ws "Schur function"
    """
    from graphtune.cli.display import describe_concept, render_concept
    from graphtune.kg import find_concept
    from graphtune.pipeline import read_graph
    from graphtune.workspace import open_workspace

    graph, split = read_graph(open_workspace(workspace))
    data = describe_concept(graph, find_concept(graph, concept), split)
    return Outcome(data, render_concept(data, None if show_all else SHOWN))


@command(graph_group)
@click.argument("source")
@click.argument("target")
def path(workspace: Path, source: str, target: str) -> Outcome:
    r"""Show a shortest path between two concepts, along or against relations, with their quotes.

    \b
    Example: graphtune graph path -w papers-ws "Kostka number" "Schur function"
    """
    from graphtune.cli.display import describe_steps, render_steps
    from graphtune.kg import find_concept
    from graphtune.kg.communities import find_path

    graph = _load(workspace)
    ends = [find_concept(graph, text) for text in (source, target)]
    steps = describe_steps(graph, find_path(graph, *ends))
    return Outcome({"length": len(steps), "steps": steps}, render_steps(steps))


@command(graph_group)
@click.option("--top", default=20, show_default=True, type=click.IntRange(1), help="Show so many.")
def communities(workspace: Path, top: int) -> Outcome:
    r"""List the communities of the graph: how large they are, and their most central concepts.

    \b
    Example: graphtune graph communities -w papers-ws --top 10
    """
    from graphtune.kg.communities import find_communities

    graph = _load(workspace)
    found = find_communities(graph)
    rows: list[dict[str, Any]] = [
        {
            "size": len(community.members),
            "label": community.label,
            "concepts": [graph.concepts[key].name for key in community.members],
        }
        for community in found
    ]
    covered = sum(row["size"] for row in rows)
    lines = [
        f"{len(rows)} communities of {covered:,} concepts; "
        f"{len(graph.concepts) - covered:,} concepts have no relation"
    ]
    lines += [f"{row['size']:>6,}  {', '.join(row['concepts'][:8])}" for row in rows[:top]]
    if len(rows) > top:
        lines.append(f"and {len(rows) - top} more (all with --json)")
    data = {"communities": rows, "concepts_without_relation": len(graph.concepts) - covered}
    return Outcome(data, "\n".join(lines))


@command(graph_group)
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True),
    help="Another workspace or graph.db: show how far the two agree.",
)
def card(workspace: Path, against: Path | None) -> Outcome:
    r"""Measure whether the graph is good enough to train on; each line is ok, look or bad.

    \b
    Example: graphtune graph card -w papers-ws
             graphtune graph card -w papers-ws --against other-ws
    """
    from dataclasses import replace

    from graphtune.kg import GraphStore, load_graph
    from graphtune.kg.card import render_card
    from graphtune.kg.measures import compare_graphs, make_card
    from graphtune.workspace import open_workspace

    graph = _load(workspace)
    with GraphStore(open_workspace(workspace).database) as store:
        found = make_card(graph, store)
    if against:
        database = against if against.is_file() else open_workspace(against).database
        with GraphStore(database) as store:
            lines = compare_graphs(graph, load_graph(store, graph.ontology))
        found = replace(found, lines=(*found.lines, *lines))
    return Outcome(found.as_json(), render_card(found))


def _load(workspace: Path) -> "ConceptGraph":
    from graphtune.pipeline import read_graph
    from graphtune.workspace import open_workspace

    return read_graph(open_workspace(workspace))[0]
