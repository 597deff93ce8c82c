"""A concept graph against the titles, defined terms, synonyms and links that PlanetMath's authors gave."""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx

from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name

#: Characters of the passage that are shown on each side of a mention.
QUOTE_MARGIN = 100


@dataclass(frozen=True, slots=True)
class GoldConcept:
    """A concept of the gold; `kind` is `title` or `defines`, `related` are names of other ones."""

    name: str
    aliases: tuple[str, ...]
    kind: str
    related: tuple[str, ...]

    @property
    def forms(self) -> list[str]:
        """Normal forms of the name and the aliases."""
        return [normalize_name(name) for name in (self.name, *self.aliases)]


def read_gold(path: Path) -> list[GoldConcept]:
    """Read `concepts.jsonl`, one concept a line.

    Raises:
        DataError: there is no such file, or a line of it is no concept.
    """
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [
            GoldConcept(row["name"], tuple(row["aliases"]), row["kind"], tuple(row["related"]))
            for row in rows
        ]
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; name the gold's folder") from error
    except (json.JSONDecodeError, KeyError) as error:
        raise DataError(
            f"{path} is no gold graph: each line needs name, aliases, kind, related"
        ) from error


def judge_concepts(graph: ConceptGraph, gold: Sequence[GoldConcept]) -> list[dict[str, Any]]:
    """Return rows: recall of concepts by kind, precision, and aliases that lie with their name.

    A gold concept is found if its name or an alias is, after normalisation, the name or an alias of
    a concept of the graph; a concept of the graph is right if one of its names is a name of the gold.
    """
    index = index_names(graph)
    rows = []
    for label, kind in (("recall, titles", "title"), ("recall, defined terms", "defines")):
        asked = [concept for concept in gold if concept.kind == kind]
        rows.append(_row(label, count_found(index, asked), len(asked)))
    rows.append(_row("recall, all", count_found(index, gold), len(gold)))
    forms = {form for concept in gold for form in concept.forms}
    right = sum(is_gold(graph, key, forms) for key in graph.concepts)
    rows.append(_row("precision", right, len(graph.concepts)))
    pairs = [(c.forms[0], alias) for c in gold for alias in c.forms[1:] if alias != c.forms[0]]
    known = [pair for pair in pairs if index.keys() >= set(pair)]
    together = sum(bool(index[name] & index[alias]) for name, alias in known)
    rows.append(_row("aliases with their name, both known", together, len(known)))
    rows.append(_row("aliases with their name, of all", together, len(pairs)))
    return rows


def judge_related(
    graph: ConceptGraph, gold: Sequence[GoldConcept], seed: int
) -> list[dict[str, Any]]:
    """Return rows: related pairs within two hops, random pairs of known concepts, mean degree.

    Only pairs whose ends are two concepts of the graph count; hops ignore the direction of relations.
    """
    index = index_names(graph)
    ends = {
        frozenset((form, normalize_name(other)))
        for concept in gold
        for form in concept.forms[:1]
        for other in concept.related
    }
    related = [
        (index[a], index[b])
        for a, b in (sorted(pair) for pair in ends if len(pair) == 2 and index.keys() >= pair)
        if not index[a] & index[b]
    ]
    network = nx.Graph((r.source, r.target) for r in graph.relations)
    network.add_nodes_from(graph.concepts)
    known = sorted({min(index[form]) for c in gold for form in c.forms if form in index})
    generator = random.Random(seed)
    drawn = range(max(1000, len(related)) if len(known) > 1 else 0)
    chance = [tuple({key} for key in generator.sample(known, 2)) for _ in drawn]
    degree = 2 * network.number_of_edges() / max(1, network.number_of_nodes())
    return [
        _row("related pairs within two hops", count_near(network, related), len(related)),
        _row("random pairs within two hops", count_near(network, chance), len(chance)),
        {"": "mean degree", "share": f"{degree:.2f}", "of": f"{len(graph.concepts)} concepts"},
    ]


def index_names(graph: ConceptGraph) -> Mapping[str, set[str]]:
    """Return which concepts have a name of each normal form."""
    index: defaultdict[str, set[str]] = defaultdict(set)
    for key in graph.concepts:
        for name in graph.names(key):
            index[normalize_name(name)].add(key)
    return dict(index)


def count_found(index: Mapping[str, object], gold: Iterable[GoldConcept]) -> int:
    """Return how many gold concepts have a name that the graph knows."""
    return sum(any(form in index for form in concept.forms) for concept in gold)


def is_gold(graph: ConceptGraph, key: str, forms: set[str]) -> bool:
    """Tell whether one of a concept's names has one of the gold's normal forms."""
    return any(normalize_name(name) in forms for name in graph.names(key))


def count_near(network: nx.Graph, pairs: Iterable[Sequence[set[str]]]) -> int:
    """Return how many pairs of sets of nodes are at most two edges apart.

    >>> count_near(nx.path_graph(4), [({0}, {2}), ({0}, {3})])
    1
    """
    return sum(any(_is_near(network, node, right) for node in left) for left, right in pairs)


def _is_near(network: nx.Graph, node: Any, others: set[Any]) -> bool:
    near = set(network[node])
    return not others.isdisjoint(near.union({node}, *(network[other] for other in near)))


def sample_wrong(
    graph: ConceptGraph, gold: Sequence[GoldConcept], number: int, seed: int
) -> list[dict[str, str]]:
    """Return random concepts that the gold does not name, each with a passage, for a person to judge."""
    forms = {form for concept in gold for form in concept.forms}
    wrong = [key for key in sorted(graph.concepts) if not is_gold(graph, key, forms)]
    chosen = random.Random(seed).sample(wrong, min(number, len(wrong)))
    return [_show_concept(graph, key) for key in chosen]


def _show_concept(graph: ConceptGraph, key: str) -> dict[str, str]:
    concept = graph.concepts[key]
    shown = {"name": concept.name, "type": concept.type, "description": concept.description,
             "aliases": "; ".join(concept.aliases), "role": "", "quote": ""}  # fmt: skip
    for mention in graph.mentions.get(key, [])[:1]:
        text = graph.chunks[mention.chunk_id].text
        quote = text[max(0, mention.start - QUOTE_MARGIN) : mention.end + QUOTE_MARGIN]
        shown |= {"role": mention.role, "quote": " ".join(quote.split())}
    return shown


def _row(label: str, number: int, total: int) -> dict[str, Any]:
    share = f"{number / total:.3f}" if total else "–"
    return {"": label, "share": share, "of": f"{number} / {total}"}
