"""What the graph card measures, of one graph and of two."""

import json
from collections import Counter

from graphtune.kg.card import CardLine, GraphCard, make_line
from graphtune.kg.checks import verify_spans
from graphtune.kg.findings import count_extractions, read_findings
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.likeness import find_homographs, find_near_duplicates
from graphtune.kg.names import normalize_name
from graphtune.kg.store import GraphStore


def make_card(graph: ConceptGraph, store: GraphStore) -> GraphCard:
    """Measure a graph and the extraction behind it; `card.BOUNDS` says what the verdicts mean."""
    lines = (
        *_measure_spans(graph, store),
        *_measure_concepts(graph, _list_homographs(graph, store)),
        *_measure_extraction(store),
    )
    return GraphCard(lines, count_rejections(store))


def compare_graphs(graph: ConceptGraph, other: ConceptGraph) -> list[CardLine]:
    """Return how far two graphs agree, such as those of two models on the same papers.

    Concepts, relations and aliases are compared by the normal forms of their names, as shares of all
    that either has (the Jaccard index); aliases and types only for the concepts that both have.
    """
    left, right = _list_names(graph), _list_names(other)
    shared = left.keys() & right.keys()
    aliases = [_list_aliases(names, shared) for names in (graph, other)]
    relations = [_list_relations(side) for side in (graph, other)]
    same = sum(
        graph.concepts[left[form]].type == other.concepts[right[form]].type for form in shared
    )
    return [
        make_line("shared concepts", len(shared), len(left.keys() | right.keys())),
        make_line("shared relations", len(relations[0] & relations[1]), len(set.union(*relations))),
        make_line("shared aliases", len(aliases[0] & aliases[1]), len(set.union(*aliases))),
        make_line("same type", same, len(shared)),
    ]


def _list_names(graph: ConceptGraph) -> dict[str, str]:
    return {normalize_name(concept.name): key for key, concept in graph.concepts.items()}


def _list_aliases(graph: ConceptGraph, shared: set[str]) -> set[tuple[str, str]]:
    names = ((normalize_name(c.name), c.aliases) for c in graph.concepts.values())
    return {(form, normalize_name(a)) for form, aliases in names if form in shared for a in aliases}


def _list_relations(graph: ConceptGraph) -> set[tuple[str, str, str]]:
    form = {key: normalize_name(concept.name) for key, concept in graph.concepts.items()}
    return {(form[r.source], r.type, form[r.target]) for r in graph.relations}


def _measure_spans(graph: ConceptGraph, store: GraphStore) -> list[CardLine]:
    findings = read_findings(store.db, store.meta().get("extractor", "rules"))
    check = verify_spans(graph, {(chunk, f.start, f.end) for _, chunk, f in findings})
    located = sum(relation.chunk_id is not None for relation in graph.relations)
    return [
        make_line("verified spans", check.checked - len(check.failed), check.checked, check.failed),
        make_line("relations with evidence", located, len(graph.relations)),
    ]


def _measure_concepts(graph: ConceptGraph, homographs: list[str]) -> list[CardLine]:
    names = {key: concept.name for key, concept in graph.concepts.items()}
    kinds = graph.ontology
    strange = [f"{c.name} ({c.type})" for c in graph.concepts.values() if c.type not in kinds.types]
    strange += [
        f"{names[r.source]} —{r.type}→ {names[r.target]}"
        for r in graph.relations
        if r.type not in kinds.relations
        or not kinds.fits_ends(r.type, graph.concepts[r.source].type, graph.concepts[r.target].type)
    ]
    related = {end for r in graph.relations for end in (r.source, r.target)}
    counts = {
        "near-duplicates": [f"{names[a]} / {names[b]}" for a, b in find_near_duplicates(graph)],
        "homographs": homographs,
        "concepts without relation": [names[key] for key in names if key not in related],
        "concepts without mention": [names[key] for key in names if not graph.mentions.get(key)],
        "concepts in one paper only": [names[key] for key in names if len(graph.papers(key)) == 1],
    }
    vague = sum(r.type == kinds.fallback_relation for r in graph.relations)
    return [
        make_line(
            "vocabulary violations", len(strange), len(names) + len(graph.relations), strange
        ),
        *(make_line(name, len(found), len(names), found) for name, found in counts.items()),
        make_line("related_to", vague, len(graph.relations)),
    ]


def _list_homographs(graph: ConceptGraph, store: GraphStore) -> list[str]:
    """Name what several concepts are called, and concepts that resolution took for two in one."""
    names = {key: concept.name for key, concept in graph.concepts.items()}
    shared = [
        f"{form}: a name of {' and of '.join(names[key] for key in keys)}"
        for form, keys in find_homographs(graph).items()
    ]
    suspects = json.loads(store.meta().get("homographs", "{}"))
    return shared + [
        f"{names[key]}: defined in unlike words by {len(papers)} papers"
        for key, papers in suspects.items()
        if key in names
    ]


def _measure_extraction(store: GraphStore) -> list[CardLine]:
    extractor = store.meta().get("extractor", "rules")
    done = count_extractions(store.db, extractor)
    chunks = store.db.table("chunks").count
    found = sum(
        store.db.table(table).count_where("extractor = ?", [extractor])
        for table in ("found_concepts", "found_relations")
    )
    return [
        make_line("failed chunks", done["failed"], chunks),
        make_line("pending chunks", chunks - done["ok"] - done["failed"], chunks),
        make_line("rejected records", done["rejected"], done["rejected"] + found),
    ]


def count_rejections(store: GraphStore) -> dict[str, int]:
    """Return how many records were left out, by reason, most first: by the extractor, by resolution."""
    meta = store.meta()
    query = "SELECT rejections FROM extractions WHERE extractor = ?"
    counts: Counter[str] = Counter()
    for row in store.db.query(query, [meta.get("extractor", "rules")]):
        counts.update(json.loads(row["rejections"]))
    for reason, number in json.loads(meta.get("left_out", "{}")).items():
        counts[f"{reason} (resolution)"] += number
    return dict(sorted((+counts).items(), key=lambda item: (-item[1], item[0])))
