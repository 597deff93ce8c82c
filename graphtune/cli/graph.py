"""Commands that look at the graph: stats, show, export, import."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphtune.cli.common import Outcome, command

if TYPE_CHECKING:
    from graphtune.kg import ConceptGraph
    from graphtune.pairs import Split


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
    from graphtune.pipeline import read_graph
    from graphtune.workspace import open_workspace

    graph, _ = read_graph(open_workspace(workspace))
    figures = describe_graph(graph)
    lines = []
    for name, value in figures.items():
        shown = (
            ", ".join(f"{k} {n:,}" for k, n in value.items())
            if isinstance(value, dict)
            else f"{value:,}"
        )
        lines.append(f"{name.replace('_', ' '):26} {shown}")
    return Outcome(figures, "\n".join(lines))


@command(graph_group)
@click.argument("concept")
def show(workspace: Path, concept: str) -> Outcome:
    r"""Show a concept: names, description, relations, and where papers name it.

    \b
    Example: graphtune graph show -w papers-ws "Schur function"
    """
    from graphtune.kg import find_concept
    from graphtune.pipeline import read_graph
    from graphtune.workspace import open_workspace

    graph, split = read_graph(open_workspace(workspace))
    data = describe_concept(graph, find_concept(graph, concept), split)
    return Outcome(data, render_concept(data))


def describe_concept(graph: "ConceptGraph", key: str, split: "Split") -> dict[str, Any]:
    """Return all that the graph holds about a concept, strongest mentions first."""
    from graphtune.records import ROLES

    node = graph.concepts[key]
    relations = [
        {
            "source": graph.concepts[r.source].name,
            "type": r.type,
            "target": graph.concepts[r.target].name,
        }
        for r in graph.relations
        if key in (r.source, r.target)
    ]
    mentions: list[dict[str, Any]] = []
    for mention in sorted(graph.mentions.get(key, ()), key=lambda m: ROLES.index(m.role)):
        chunk = graph.chunks[mention.chunk_id]
        mentions.append(
            {
                "role": mention.role,
                "paper": graph.documents[chunk.document_id]["title"],
                "section": chunk.heading,
                "page": chunk.page_start,
                "text": " ".join(chunk.text[max(0, mention.start - 60) : mention.end + 60].split()),
            }
        )
    return {
        "id": key,
        "name": node.name,
        "type": node.type,
        "aliases": list(node.aliases),
        "description": node.description,
        "origin": node.origin,
        "split": split.concepts.get(key),
        "relations": relations,
        "mentions": mentions,
    }


def render_concept(data: dict[str, Any]) -> str:
    """Return what `describe_concept` gave as text for a terminal."""
    lines = [f"{data['name']} ({data['type']}, {data['origin']}, split: {data['split'] or 'none'})"]
    if data["aliases"]:
        lines.append(f"also: {', '.join(data['aliases'])}")
    if data["description"]:
        lines.append(data["description"])
    lines += [f"  {r['source']} —{r['type']}→ {r['target']}" for r in data["relations"]]
    lines += [
        f"  [{m['role']}] {m['paper']}, {m['section'] or 'no section'}, p. {m['page']}: …{m['text']}…"
        for m in data["mentions"][:20]
    ]
    if len(data["mentions"]) > 20:
        lines.append(f"  and {len(data['mentions']) - 20} more mentions (all with --json)")
    return "\n".join(lines)


@command(graph_group, "export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export_command(workspace: Path, file: Path) -> Outcome:
    r"""Write the graph as GraphML (.graphml) or node-link JSON (.json).

    \b
    Example: graphtune graph export -w papers-ws graph.graphml
    """
    from graphtune.kg import make_networkx
    from graphtune.kg.exchange import export_graph
    from graphtune.pipeline import read_graph
    from graphtune.workspace import open_workspace

    graph, _ = read_graph(open_workspace(workspace))
    view = make_networkx(graph)
    export_graph(view, file)
    sizes = {"concepts": view.number_of_nodes(), "edges": view.number_of_edges()}
    return Outcome(
        {"file": str(file), **sizes},
        f"{file}: {sizes['concepts']} concepts, {sizes['edges']} edges",
    )


@command(graph_group, "import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def import_command(workspace: Path, file: Path) -> Outcome:
    r"""Add another graph (.graphml or node-link .json); its concepts are linked in our papers.

    \b
    Example: graphtune graph import -w papers-ws concepts.json
    """
    from graphtune.pipeline import import_workspace
    from graphtune.workspace import open_workspace

    data = import_workspace(open_workspace(workspace), file)
    lines = [
        f"{file}: {data['concepts']} concepts and {data['relations']} relations, marked imported",
        f"the graph now has {data['graph']['concepts']} concepts, {data['graph']['relations']} relations",
    ]
    for name in ("mapped", "skipped"):
        if data[name]:
            lines.append(f"{name}: " + ", ".join(f"{key} {n}" for key, n in data[name].items()))
    return Outcome(data, "\n".join(lines))
