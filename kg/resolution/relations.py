"""Relations between resolved concepts: ends found, types mapped to the ontology, contradictions noted."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from graphtune.kg.ontology import Ontology
from graphtune.records import Concept, Relation, RelationType


def check_relations(
    found: Iterable[Relation],
    concepts: Mapping[str, Concept],
    ontology: Ontology,
    left_out: Counter[str],
) -> list[Relation]:
    """Return the relations between known concepts in the ontology's terms, each once a passage.

    An inverse name ("special case of") is turned round, and so is a relation whose ends fit only the
    other way; what is outside the ontology, or fits neither way, takes the fallback, or is dropped
    where there is none. `left_out` counts all that. What is only imported or added by hand, and is read in
    a passage too, needs no row of its own.
    """
    relations: dict[tuple[str, str, str, str | None], Relation] = {}
    for relation in found:
        if not {relation.source, relation.target} <= concepts.keys():
            left_out["dangling"] += 1
            continue
        if relation.source == relation.target:
            left_out["loops"] += 1
            continue
        mapped = _map_relation(relation, concepts, ontology, left_out)
        if mapped:
            key = (mapped.source, mapped.type, mapped.target, mapped.chunk_id)
            relations.setdefault(key, mapped)
    read = {key[:3] for key in relations if key[3] is not None}
    told = [r for key, r in relations.items() if key[3] is not None or key[:3] not in read]
    return demote_contradictions(told, ontology, left_out)


def _map_relation(
    relation: Relation,
    concepts: Mapping[str, Concept],
    ontology: Ontology,
    left_out: Counter[str],
) -> Relation | None:
    meant = ontology.map_relation(relation.type)
    if meant is None:
        left_out["relations outside the ontology"] += 1
        return _fall_back(relation, ontology)
    source, target = relation.source, relation.target
    if meant.inverse:
        source, target = target, source
    types = concepts[source].type, concepts[target].type
    if not ontology.fits_ends(meant.type, *types):
        if not ontology.fits_ends(meant.type, *reversed(types)):
            left_out["relations whose ends do not fit"] += 1
            return _fall_back(relation, ontology)
        source, target = target, source
    return replace(relation, source=source, type=meant.type, target=target)


def _fall_back(relation: Relation, ontology: Ontology) -> Relation | None:
    kind = ontology.fallback_relation
    return replace(relation, type=kind, note=f"was {relation.type}") if kind else None


def demote_contradictions(
    relations: Iterable[Relation], ontology: Ontology, left_out: Counter[str]
) -> list[Relation]:
    """Give relations that contradict each other the type that the ontology takes them for together.

    "A generalizes B" contradicts "B generalizes A", and also "B specializes to A", which runs along.
    What a hand added stays as it is, and what rules read in a text is not outweighed by a model.

    >>> from graphtune.kg.ontology import load_ontology
    >>> ends = [("a", "generalizes", "b"), ("b", "specializes_to", "a"), ("a", "uses", "b")]
    >>> found = [Relation(*end, "rules") for end in ends]
    >>> [(r.type, r.note) for r in demote_contradictions(found, load_ontology(), Counter())]
    [('related_to', 'was generalizes'), ('uses', ''), ('related_to', 'was specializes_to')]
    """
    held = list(relations)
    claims: defaultdict[tuple[RelationType, frozenset[str]], set[tuple[str, bool]]] = defaultdict(
        set
    )
    for relation in held:
        claims[_list_ends(relation, ontology)].add((relation.source, _is_said_by_model(relation)))
    checked = []
    for relation in held:
        both = ontology.relations[relation.type].both_ways
        if (
            both not in ("", relation.type)
            and relation.origin != "hand"
            and any(
                source != relation.source and by_model <= _is_said_by_model(relation)
                for source, by_model in claims[_list_ends(relation, ontology)]
            )
        ):
            left_out["contradictory relations"] += 1
            relation = replace(relation, type=both, note=f"was {relation.type}")
        checked.append(relation)
    return sorted(checked, key=_order)


def _is_said_by_model(relation: Relation) -> bool:
    return relation.origin in ("llm", "hybrid")


def _list_ends(relation: Relation, ontology: Ontology) -> tuple[RelationType, frozenset[str]]:
    kind = ontology.relations[relation.type].along or relation.type
    return kind, frozenset((relation.source, relation.target))


def _order(relation: Relation) -> tuple[str, str, str, str, int, str]:
    place = relation.chunk_id or ""
    return relation.source, relation.target, relation.type, place, relation.start, relation.origin
