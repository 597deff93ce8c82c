"""From findings to the concept graph: names are grouped, types voted, mentions linked, ends checked.

Everything here is a function of the stored findings and imports, so the graph can be made again at
any time and comes out the same.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from graphtune.kg.findings import read_findings, read_found_relations, read_imports
from graphtune.kg.mentions import link_mentions
from graphtune.kg.names import normalize_name
from graphtune.kg.rules.relations import find_relations
from graphtune.kg.store import GraphStore
from graphtune.records import (
    ROLES,
    Chunk,
    Concept,
    ConceptType,
    FoundConcept,
    Mention,
    Origin,
    Relation,
    Span,
)

#: Part of the fingerprint of a graph: raise it when the code below changes what it makes.
RESOLVE_VERSION = "2"


@dataclass
class _Group:
    """All findings of one concept; `names` and `types` are votes."""

    names: Counter[str] = field(default_factory=Counter)
    types: Counter[ConceptType] = field(default_factory=Counter)
    aliases: dict[str, str] = field(default_factory=dict)
    description: str = ""
    defined: bool = False


def resolve_graph(store: GraphStore, extractor: str) -> dict[str, int]:
    """Make the graph again from the findings of one extractor and all imports, if they changed.

    Returns:
        What the new graph left out: `unmentioned` concepts, `dangling` relations. Empty where
        nothing had changed since the last time.
    """
    fingerprint = _fingerprint(store, extractor)
    if store.meta().get("graph_inputs") == fingerprint:
        return {}
    chunks = store.chunks()
    findings = list(read_findings(store.db, extractor))
    groups = group_findings(finding for _, _, finding in findings)
    owner = merge_aliases(groups)
    concepts = {key: _make_concept(key, group, extractor) for key, group in groups.items()}
    imported_relations = _add_imports(store, concepts, owner)
    mentions = _find_mentions(chunks, findings, concepts, owner)
    mentioned = {mention.concept_id for mention in mentions}
    kept = {k: c for k, c in concepts.items() if k in mentioned or c.origin == "imported"}
    relations, dangling = _collect_relations(store, extractor, chunks, mentions, kept, owner)
    relations += [r for r in imported_relations if r.source in kept and r.target in kept]
    store.replace_graph(
        [kept[key] for key in sorted(kept)],
        mentions,
        relations,
        {"graph_inputs": fingerprint, "extractor": extractor},
    )
    return {"unmentioned": len(concepts) - len(kept), "dangling": dangling}


def _fingerprint(store: GraphStore, extractor: str) -> str:
    digest = hashlib.sha256(f"{RESOLVE_VERSION} {extractor}".encode())
    for query, values in (
        ("SELECT id FROM chunks ORDER BY id", []),
        (
            "SELECT chunk_id, version, status FROM extractions WHERE extractor = ? ORDER BY chunk_id",
            [extractor],
        ),
        ("SELECT sha256 FROM imports ORDER BY sha256", []),
    ):
        digest.update(json.dumps(list(store.db.execute(query, values))).encode())
    return digest.hexdigest()


def group_findings(findings: Iterable[FoundConcept]) -> dict[str, _Group]:
    """Group findings by the normal form of their names.

    >>> names = ("Schur functions", "Schur function")
    >>> list(group_findings(FoundConcept(name, "object", 0, 5) for name in names))
    ['schur function']
    """
    groups: defaultdict[str, _Group] = defaultdict(_Group)
    for finding in findings:
        key = normalize_name(finding.name)
        if not key:
            continue
        group = groups[key]
        group.names[finding.name] += 1
        group.types[finding.type] += 1
        for alias in finding.aliases:
            group.aliases.setdefault(normalize_name(alias), alias)
        defines = finding.role == "defines"
        better = (defines and not group.defined) or not group.description
        if finding.description and better:
            group.description, group.defined = finding.description, defines
    return dict(groups)


def merge_aliases(groups: dict[str, _Group]) -> dict[str, str]:
    """Merge, in place, each concept that a better attested one names as its alias.

    Only direct statements count: a merged concept passes nothing on, so chains do not grow.

    Returns:
        The concept id behind each normal form of a name or alias; forms claimed by two are left out.
    """
    weight = {key: sum(group.names.values()) for key, group in groups.items()}
    owner = {key: key for key in groups}
    absorbed: set[str] = set()
    absorbing: set[str] = set()
    for key in sorted(groups, key=lambda k: (-weight[k], k)):
        for alias in sorted(groups[key].aliases):
            mergeable = alias in groups and alias != key and not {alias, key} & absorbed
            if mergeable and alias not in absorbing and weight[alias] <= weight[key]:
                absorbed.add(alias)
                absorbing.add(key)
                owner[alias] = key
    for alias in absorbed:
        keeper, gone = groups[owner[alias]], groups.pop(alias)
        keeper.types.update(gone.types)
        keeper.aliases.setdefault(alias, gone.names.most_common(1)[0][0])
        keeper.description = keeper.description or gone.description
    claims: defaultdict[str, set[str]] = defaultdict(set)
    for key, group in groups.items():
        group.aliases = {
            form: a for form, a in group.aliases.items() if owner.get(form, key) == key
        }
        for form in group.aliases:
            claims[form].add(key)
    for form, keys in claims.items():
        if len(keys) == 1 and form:
            owner.setdefault(form, *keys)
    return owner


def _make_concept(key: str, group: _Group, origin: str) -> Concept:
    name = min(group.names, key=lambda n: (-group.names[n], len(n), n))
    kind = min(group.types, key=lambda t: (-group.types[t], t))
    aliases = tuple(alias for form, alias in sorted(group.aliases.items()) if form not in ("", key))
    source: Origin = "llm" if origin == "llm" else "rules"
    return Concept(key, name, kind, group.description, aliases, source)


def _add_imports(
    store: GraphStore, concepts: dict[str, Concept], owner: dict[str, str]
) -> list[Relation]:
    """Add imported concepts that no paper gave, and return the imported relations with our ids."""
    relations = []
    for imported, edges in read_imports(store.db):
        for concept in imported:
            key = owner.get(concept.id, concept.id)
            known = concepts.get(key)
            if known is None:
                concepts[key] = replace(concept, origin="imported")
                owner[key] = key
            else:
                forms = {normalize_name(alias) for alias in (known.name, *known.aliases)}
                fresh = [a for a in concept.aliases if normalize_name(a) not in forms]
                description = known.description or concept.description
                aliases = (*known.aliases, *fresh)
                concepts[key] = replace(known, description=description, aliases=aliases)
            for alias in concept.aliases:
                owner.setdefault(normalize_name(alias), key)
        relations += [
            replace(
                edge,
                source=owner.get(edge.source, edge.source),
                target=owner.get(edge.target, edge.target),
            )
            for edge in edges
        ]
    return relations


def _find_mentions(
    chunks: Sequence[Chunk],
    findings: Sequence[tuple[str, str, FoundConcept]],
    concepts: dict[str, Concept],
    owner: dict[str, str],
) -> list[Mention]:
    """Link every known name in every chunk, and add the findings' own evidence."""
    names = {}
    for key in sorted(concepts):
        concept = concepts[key]
        for surface in (concept.name, *concept.aliases):
            if owner.get(normalize_name(surface)) == key:
                names[surface] = key
    defined: defaultdict[tuple[str, str], list[Span]] = defaultdict(list)
    for _, chunk_id, finding in findings:
        if finding.role == "defines":
            key = owner.get(normalize_name(finding.name), "")
            defined[chunk_id, key].append(Span(finding.start, finding.end))
    found = list(link_mentions(names, chunks, defined))
    places: defaultdict[tuple[str, str], list[Mention]] = defaultdict(list)
    for mention in found:
        places[mention.concept_id, mention.chunk_id].append(mention)
    for _, chunk_id, finding in findings:
        key = owner.get(normalize_name(finding.name), "")
        others = places[key, chunk_id]
        if key in concepts and not any(
            m.start < finding.end and finding.start < m.end for m in others
        ):
            others.append(Mention(key, chunk_id, finding.start, finding.end, finding.role))
            found.append(others[-1])
    strongest: dict[tuple[str, str, int, int], Mention] = {}
    for mention in found:
        place = (mention.concept_id, mention.chunk_id, mention.start, mention.end)
        held = strongest.get(place)
        if held is None or ROLES.index(mention.role) < ROLES.index(held.role):
            strongest[place] = mention
    return [strongest[place] for place in sorted(strongest)]


def _collect_relations(
    store: GraphStore,
    extractor: str,
    chunks: Sequence[Chunk],
    mentions: Sequence[Mention],
    concepts: dict[str, Concept],
    owner: dict[str, str],
) -> tuple[list[Relation], int]:
    """Return the relations whose two ends are known, and how many were dropped."""
    relations: dict[tuple[str, str, str, str | None], Relation] = {}
    dangling = 0
    by_chunk: defaultdict[str, list[Mention]] = defaultdict(list)
    for mention in mentions:
        by_chunk[mention.chunk_id].append(mention)
    if extractor == "rules":
        found = [r for chunk in chunks for r in find_relations(chunk, by_chunk[chunk.id])]
    else:
        found = []
        for chunk_id, record in read_found_relations(store.db, extractor):
            source = owner.get(normalize_name(record.source), "")
            target = owner.get(normalize_name(record.target), "")
            found.append(
                Relation(source, record.type, target, "llm", chunk_id, record.start, record.end)
            )
    for relation in found:
        if {
            relation.source,
            relation.target,
        } <= concepts.keys() and relation.source != relation.target:
            key = (relation.source, relation.type, relation.target, relation.chunk_id)
            relations.setdefault(key, relation)
        else:
            dangling += 1
    return list(relations.values()), dangling
