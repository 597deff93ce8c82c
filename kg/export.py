"""The concept graph as a file for other programs: GraphML, CSV, node-link JSON, or one HTML page."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import networkx as nx

from graphtune.errors import DataError
from graphtune.files import write_text
from graphtune.kg.graph import ConceptGraph, make_networkx
from graphtune.kg.page import render_page

LIST_SEPARATOR = " | "
SUFFIXES = (".graphml", ".csv", ".json", ".html")
#: Characters that XML 1.0 cannot hold.
_UNSAFE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: How a cell begins that a spreadsheet would run as a formula.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def export_graph(graph: ConceptGraph, path: Path) -> list[Path]:
    """Write a concept graph in the format that the suffix names, and return the files made.

    - `.graphml` for Gephi, yEd and igraph: lists are joined by " | ", edges are numbered.
    - `.csv` as two tables, `NAME-nodes.csv` (Id, Label, …) and `NAME-edges.csv` (Source, Target,
      Type, …), with the headers that Gephi knows; cells that begin like a formula get a leading "'".
    - `.json` in networkx's node-link form.
    - `.html`: a page for any browser, with search and evidence, that needs no network.

    Raises:
        DataError: the suffix is another one.
    """
    suffix = path.suffix.lower()
    if suffix == ".html":
        write_text(path, render_page(graph))
        return [path]
    if suffix == ".csv":
        return write_tables(make_networkx(graph), path)
    if suffix in SUFFIXES:
        write_networkx(make_networkx(graph), path)
        return [path]
    raise DataError(
        f"{path}: cannot export to {path.suffix!r}; name a file that ends in {', '.join(SUFFIXES)}"
    )


def write_networkx(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write a networkx graph as GraphML (`.graphml`) or node-link JSON (any other suffix)."""
    flat = path.suffix.lower() == ".graphml"
    copy = nx.MultiDiGraph()
    for node, values in graph.nodes(data=True):
        copy.add_node(_clean_value(node, flat), **_clean_values(values, flat))
    for number, (source, target, key, values) in enumerate(graph.edges(keys=True, data=True)):
        # Gephi keeps one edge of those that share an id, so a relation type cannot be the id.
        edge_key = f"e{number}" if flat else key
        label = {"label": values.get("type", key), "weight": values["support"]} if flat else {}
        ends = _clean_value(source, flat), _clean_value(target, flat)
        copy.add_edge(*ends, key=edge_key, **_clean_values(values, flat), **label)
    if flat:
        buffer = io.BytesIO()
        nx.write_graphml_xml(copy, buffer, encoding="utf-8", prettyprint=True)
        write_text(path, buffer.getvalue().decode())
    else:
        data = nx.node_link_data(copy, edges="links")
        write_text(path, json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def _clean_values(values: dict[str, Any], flat: bool) -> dict[str, Any]:
    return {name: _clean_value(value, flat) for name, value in values.items() if value is not None}


def _clean_value(value: Any, flat: bool) -> Any:
    if isinstance(value, list | tuple):
        cleaned = [_clean_value(item, flat) for item in value]
        return LIST_SEPARATOR.join(map(str, cleaned)) if flat else cleaned
    return _UNSAFE.sub(" ", value) if isinstance(value, str) else value


def write_tables(graph: nx.MultiDiGraph, path: Path) -> list[Path]:
    """Write a networkx graph as two CSV files beside `path`, and return their paths.

    In the edges' table `Type` says that an edge is directed, as Gephi wants it; what relates its ends
    is the `Label`. The files begin with a byte order mark, without which Excel garbles accents.
    """
    files = [path.with_name(f"{path.stem}-{name}{path.suffix}") for name in ("nodes", "edges")]
    columns = ["type", "description", "aliases", "origin", "n_mentions", "n_documents"]
    nodes = (
        [node, values["label"], *(values[name] for name in columns)]
        for node, values in graph.nodes(data=True)
    )
    _write_csv(files[0], ["Id", "Label", *columns], nodes)
    columns = ["origin", "evidence", "document"]
    edges = (
        [source, target, "Directed", kind, values["support"], *(values[name] for name in columns)]
        for source, target, kind, values in graph.edges(keys=True, data=True)
    )
    _write_csv(files[1], ["Source", "Target", "Type", "Label", "Weight", *columns], edges)
    return files


def _write_csv(path: Path, header: list[str], rows: Iterable[Sequence[Any]]) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    writer.writerows([_make_cell(value) for value in row] for row in rows)
    write_text(path, "\ufeff" + buffer.getvalue())


def _make_cell(value: Any) -> Any:
    r"""Return a value that no spreadsheet takes for a formula.

    >>> _make_cell('=HYPERLINK("http://x")'), _make_cell(["-adic", "p"]), _make_cell(-1)
    ('\'=HYPERLINK("http://x")', "'-adic | p", -1)
    """
    cell = _clean_value(value, flat=True)
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell
