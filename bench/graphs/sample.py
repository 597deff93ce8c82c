"""A concept graph against the gold of the project's own sample: concepts, aliases and relations.

The papers of the workspace are taken for those that were read, so that a part of the sample can be
judged too: a concept is asked for where such a paper defines it, an alias where they name both it and
its concept, and a relation where they name both its ends.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.mentions import link_mentions
from graphtune.kg.names import normalize_name

#: The normal form of a gold concept's name, which stands for the concept.
_Key = str
_Edge = tuple[_Key, str, _Key]
_T = TypeVar("_T", bound=tuple[str, ...])


@dataclass(frozen=True, slots=True)
class GoldConcept:
    """A concept of the gold; `papers` are the stems of the files that define it."""

    name: str
    aliases: tuple[str, ...]
    papers: frozenset[str]

    @property
    def key(self) -> _Key:
        """What stands for the concept."""
        return normalize_name(self.name)

    @property
    def forms(self) -> set[str]:
        """Normal forms of the name and the aliases."""
        return {normalize_name(name) for name in (self.name, *self.aliases)}


class SampleGold(NamedTuple):
    """The sample's graph; relations are (source, type, target)."""

    concepts: list[GoldConcept]
    relations: frozenset[_Edge]

    def forms(self) -> dict[str, set[_Key]]:
        """Return the concepts behind each normal form of a name or alias."""
        index: defaultdict[str, set[_Key]] = defaultdict(set)
        for concept in self.concepts:
            for form in concept.forms:
                index[form].add(concept.key)
        return dict(index)


def read_sample_gold(path: Path) -> SampleGold:
    """Read `gold.json`.

    Raises:
        DataError: there is no such file, or it is no gold graph of the sample.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        concepts = [
            GoldConcept(
                row["name"],
                tuple(row["aliases"]),
                frozenset(place.partition("#")[0] for place in row["defined_in"]),
            )
            for row in data["concepts"]
        ]
        relations = frozenset(
            (normalize_name(row["source"]), row["type"], normalize_name(row["target"]))
            for row in data["relations"]
        )
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; name the gold's folder") from error
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} is no gold of the sample: it needs concepts (name, aliases, defined_in) and "
            "relations (source, type, target)"
        ) from error
    return SampleGold(concepts, relations)


def judge_sample(graph: ConceptGraph, gold: SampleGold) -> list[dict[str, Any]]:
    """Return rows: recall and precision of concepts, aliases and relations.

    Names count as equal after normalisation. Concepts: found if a name is a name of the graph, also out
    of those that the text names at all; right if one of its names is in the gold. Aliases: found if one
    concept of the graph has both names; right if its concept's name and it are names of one gold
    concept, among concepts that are in the gold. Relations, directed, with and without their type: right
    among those between two gold concepts.
    """
    forms = gold.forms()
    owners = _index_names(graph)
    meaning = {
        key: set[_Key]().union(*(forms.get(normalize_name(n), set()) for n in graph.names(key)))
        for key in graph.concepts
    }
    named = _list_named(graph, gold)
    stems = {Path(row["path"]).stem for row in graph.documents.values()}
    asked = [concept for concept in gold.concepts if concept.papers & stems]
    found = [concept for concept in asked if concept.forms & owners.keys()]
    in_text = [concept for concept in asked if concept.forms & named]
    right = sum(bool(keys) for keys in meaning.values())
    return [
        _row("concepts, recall", len(found), len(asked)),
        _row("concepts, recall of those named", len(set(found) & set(in_text)), len(in_text)),
        _row("concepts, precision", right, len(graph.concepts)),
        *_judge_aliases(graph, gold, named, owners, forms),
        *_judge_relations(graph, gold, named, meaning),
    ]


def _index_names(graph: ConceptGraph) -> dict[str, set[str]]:
    index: defaultdict[str, set[str]] = defaultdict(set)
    for key in graph.concepts:
        for name in graph.names(key):
            index[normalize_name(name)].add(key)
    return dict(index)


def _list_named(graph: ConceptGraph, gold: SampleGold) -> set[str]:
    """Return the normal forms of the gold's names that stand in the papers."""
    names = [name for concept in gold.concepts for name in (concept.name, *concept.aliases)]
    surfaces = {name: normalize_name(name) for name in names}
    return {mention.concept_id for mention in link_mentions(surfaces, graph.chunks.values())}


def _judge_aliases(
    graph: ConceptGraph,
    gold: SampleGold,
    named: set[str],
    owners: Mapping[str, set[str]],
    forms: Mapping[str, set[_Key]],
) -> list[dict[str, Any]]:
    pairs = {
        (concept.key, form)
        for concept in gold.concepts
        for form in concept.forms - {concept.key}
        if {form, concept.key} <= named
    }
    together = sum(bool(owners.get(a, set()) & owners.get(b, set())) for a, b in pairs)
    stored = [
        (normalize_name(concept.name), normalize_name(alias))
        for concept in graph.concepts.values()
        for alias in concept.aliases
    ]
    known = [(name, alias) for name, alias in stored if name in forms or alias in forms]
    right = sum(bool(forms.get(a, set()) & forms.get(b, set())) for a, b in known)
    return [
        _row("aliases, recall", together, len(pairs)),
        _row("aliases, precision", right, len(known)),
    ]


def _judge_relations(
    graph: ConceptGraph,
    gold: SampleGold,
    named: set[str],
    meaning: Mapping[str, set[_Key]],
) -> list[dict[str, Any]]:
    read = {concept.key for concept in gold.concepts if concept.forms & named}
    asked = {edge for edge in gold.relations if {edge[0], edge[2]} <= read}
    stored = {
        (source, relation.type, target)
        for relation in graph.relations
        for source in meaning.get(relation.source, ())
        for target in meaning.get(relation.target, ())
        if source != target
    }
    rows = _compare("relations", stored, asked, gold.relations)
    ends = [_drop_types(edges) for edges in (stored, asked, gold.relations)]
    return [*rows, *_compare("relations without type", *ends)]


def _drop_types(edges: Iterable[_Edge]) -> set[tuple[_Key, _Key]]:
    return {(source, target) for source, _, target in edges}


def _compare(label: str, stored: Set[_T], asked: Set[_T], gold: Set[_T]) -> list[dict[str, Any]]:
    return [
        _row(f"{label}, recall", len(stored & asked), len(asked)),
        _row(f"{label}, precision", len(stored & gold), len(stored)),
    ]


def _row(label: str, number: int, total: int) -> dict[str, Any]:
    share = f"{number / total:.3f}" if total else "–"
    return {"": label, "share": share, "of": f"{number} / {total}"}
