"""Commands that write the graph for other programs, and read theirs."""

from pathlib import Path

import click

from graphtune.cli.common import Outcome, command


def export_command(workspace: Path, file: Path) -> Outcome:
    r"""Write the graph as .html (a page to browse), .graphml (Gephi), .csv (two tables) or .json.

    \b
    Example: graphtune graph export -w papers-ws graph.html
             graphtune graph export -w papers-ws graph.csv    # graph-nodes.csv, graph-edges.csv
    """
    from graphtune.kg.export import export_graph
    from graphtune.pipeline import read_graph
    from graphtune.workspace import open_workspace

    graph, _ = read_graph(open_workspace(workspace))
    files = export_graph(graph, file)
    edges = len({(r.source, r.type, r.target) for r in graph.relations})
    sizes = {"concepts": len(graph.concepts), "edges": edges}
    return Outcome(
        {"files": [str(path) for path in files], **sizes},
        f"{', '.join(map(str, files))}: {sizes['concepts']:,} concepts, {edges:,} edges",
    )


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


def add_exchange_commands(group: click.Group) -> None:
    """Register export and import."""
    file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
    command(group, "export")(file(export_command))
    command(group, "import")(file(import_command))
