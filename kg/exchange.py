"""Concept graphs of other programs: GraphML and node-link JSON, translated into our vocabulary."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import networkx as nx

from graphtune.errors import DataError
from graphtune.kg.export import LIST_SEPARATOR
from graphtune.kg.names import is_plausible_name, normalize_name
from graphtune.kg.ontology import Ontology, load_ontology
from graphtune.kg.rules.phrases import guess_type
from graphtune.records import Concept, Relation

_EXPECTED = (
    "expected GraphML or node-link JSON, "
    'such as {"nodes": [{"id": …}], "links": [{"source": …, "target": …}]}'
)
_PAPER_TYPES = frozenset("paper document article publication book source citation".split())
_NUMBERED = re.compile(
    r"(?:theorem|lemma|proposition|corollary|conjecture|definition|equation|remark|example|section)s?"
    r"(?:\s*\(?[\w.-]*\d[\w.,’'-]*\)?)?(?:\s*(?::|\((?=.*\)$))\s*(?P<title>.*?)\)?)?$",
    re.IGNORECASE,
)


@dataclass
class ImportedGraph:
    """A foreign graph in our vocabulary; the counts say what was left out and what was renamed."""

    concepts: list[Concept] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    mapped: dict[str, int] = field(default_factory=dict)


def read_graph_file(path: Path, ontology: Ontology | None = None) -> ImportedGraph:
    """Read a concept graph from GraphML or node-link JSON and translate it into our vocabulary.

    Relations under other names ("generalises", "follows from") get ours, turned round where needed;
    nodes with one normal form are merged; papers and what hangs on them, unknown relations,
    statements that are only a number, and loops are left out. Everything renamed or left out is
    counted by name.

    Raises:
        DataError: the file cannot be read or is no such graph.
    """
    nodes, edges = _read_rows(path)
    ontology = ontology or load_ontology()
    graph = ImportedGraph()
    skipped: Counter[str] = Counter()
    mapped: Counter[str] = Counter()
    concepts: dict[str, Concept] = {}
    ids: dict[str, str] = {}
    for node in nodes:
        concept = _read_node(node, ontology, skipped, mapped)
        if concept is None:
            continue
        ids[str(node["id"])] = concept.id
        held = concepts.get(concept.id)
        if held:
            mapped["nodes merged by name"] += 1
        concepts[concept.id] = _merge_concepts(held, concept) if held else concept
    known = {str(node["id"]) for node in nodes}
    relations: dict[Relation, None] = {}
    for edge in edges:
        relation = _read_edge(edge, ids, known, concepts, ontology, skipped, mapped)
        if relation in relations:
            skipped["duplicate edges"] += 1
        elif relation:
            relations[relation] = None
    graph.concepts, graph.relations = list(concepts.values()), list(relations)
    graph.skipped, graph.mapped = dict(sorted(skipped.items())), dict(sorted(mapped.items()))
    return graph


def _read_rows(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return nodes and edges as dictionaries, whatever the format."""
    try:
        if path.suffix.lower() in (".graphml", ".xml"):
            graph = nx.read_graphml(path, force_multigraph=True)
            data = nx.node_link_data(graph, edges="links")
        else:
            data = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError, ParseError, nx.NetworkXException, KeyError) as error:
        raise DataError(f"{path} is not a graph file ({error}); {_EXPECTED}") from error
    nodes = data.get("nodes") if isinstance(data, dict) else None
    edges = data.get("links", data.get("edges")) if isinstance(data, dict) else None
    if not isinstance(nodes, list) or not isinstance(edges, list):
        raise DataError(f"{path} has no lists of nodes and links; {_EXPECTED}")
    for kind, rows, keys in (("node", nodes, {"id"}), ("edge", edges, {"source", "target"})):
        for number, row in enumerate(rows):
            if not isinstance(row, dict) or not keys <= row.keys():
                raise DataError(
                    f"{path}: {kind} {number} has no {' and '.join(sorted(keys))}: {str(row)[:80]!r}; "
                    + _EXPECTED
                )
    return nodes, edges


def _read_node(
    node: dict[str, Any], ontology: Ontology, skipped: Counter[str], mapped: Counter[str]
) -> Concept | None:
    kind = str(node.get("type") or "").strip().lower()
    if kind in _PAPER_TYPES:
        skipped[f"nodes of type {kind}"] += 1
        return None
    label = next((str(node[k]) for k in ("label", "name", "title", "id") if node.get(k)), "")
    name = " ".join(label.split())
    if numbered := _NUMBERED.match(name):
        title = (numbered["title"] or "").strip()
        if is_plausible_name(title):
            mapped["statement numbers taken off names"] += 1
            name = title
        elif not title:
            skipped["nodes that are only a statement number"] += 1
            return None
    key = normalize_name(name)
    if not key:
        skipped["nodes without a name"] += 1
        return None
    concept_type = ontology.map_type(kind) or ontology.map_type(guess_type(name))
    concept_type = concept_type or ontology.fallback_type
    if kind != concept_type:
        mapped[f"node type {kind or '(none)'} -> {concept_type}"] += 1
    aliases = node.get("aliases") or ()
    parts = aliases.split(LIST_SEPARATOR.strip()) if isinstance(aliases, str) else aliases
    names = dict.fromkeys(" ".join(str(part).split()) for part in parts)
    others = tuple(alias for alias in names if normalize_name(alias) not in ("", key))
    description = str(node.get("description") or node.get("definition") or "").strip()
    return Concept(key, name, concept_type, description, others, "imported")


def _merge_concepts(held: Concept, other: Concept) -> Concept:
    aliases = tuple(dict.fromkeys((*held.aliases, *other.aliases)))
    longest = max(held.description, other.description, key=len)
    return replace(held, aliases=aliases, description=longest)


def _read_edge(
    edge: dict[str, Any],
    ids: dict[str, str],
    known: set[str],
    concepts: dict[str, Concept],
    ontology: Ontology,
    skipped: Counter[str],
    mapped: Counter[str],
) -> Relation | None:
    label = next((str(edge[k]) for k in ("relation", "type", "label", "key") if edge.get(k)), "")
    ends = [_read_end(edge[name]) for name in ("source", "target")]
    if any(end not in ids for end in ends):
        missing = "left-out" if all(end in known for end in ends) else "missing"
        skipped[f"edges {label or '(none)'} of {missing} nodes"] += 1
        return None
    source, target = (concepts[ids[end]] for end in ends)
    meant = ontology.map_relation(label)
    if meant and meant.inverse:
        source, target = target, source
    fits = meant and ontology.fits_ends(meant.type, source.type, target.type)
    if meant and not fits and ontology.fits_ends(meant.type, target.type, source.type):
        fits, source, target = True, target, source
    if not meant or not fits:
        skipped[f"edges {label or '(none)'}"] += 1
        return None
    if source.id == target.id:
        skipped["self-loops"] += 1
        return None
    reversed_here = source.id != ids[ends[0]]
    if meant.type != label or reversed_here:
        mapped[f"{label} -> {meant.type}{' (reversed)' if reversed_here else ''}"] += 1
    return Relation(source.id, meant.type, target.id, "imported")


def _read_end(end: Any) -> str:
    """D3 writes the node itself where others write its id."""
    return str(end.get("id")) if isinstance(end, dict) else str(end)
