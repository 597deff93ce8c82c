"""From findings to the concept graph: names are merged, types voted, edits applied, mentions linked.

Everything here is a function of the stored findings, imports and edits and of the ontology, so the
graph can be made again at any time and comes out the same, in whatever order papers came.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from graphtune.kg.findings import read_findings, read_found_relations, read_imports
from graphtune.kg.names import normalize_name
from graphtune.kg.ontology import Ontology, load_ontology
from graphtune.kg.resolution.candidates import Verifier
from graphtune.kg.resolution.drafts import Drafts, Names, index_names, make_draft
from graphtune.kg.resolution.edits import Edit, Idle, apply_edits, list_apart, read_edits
from graphtune.kg.resolution.groups import Finding, add_imports, find_homographs, group_findings
from graphtune.kg.resolution.linking import find_mentions
from graphtune.kg.resolution.merging import Merge, merge_groups
from graphtune.kg.resolution.relations import check_relations
from graphtune.kg.resolution.rows import StoredVerdicts, save_merges
from graphtune.kg.rounds import read_round_mentions
from graphtune.kg.rules.relations import find_relations
from graphtune.kg.store import GraphStore
from graphtune.records import Chunk, Concept, Mention, Origin, Relation

#: Part of the fingerprint of a graph: raise it when the code of this folder changes what it makes.
RESOLVE_VERSION = "4"
_ORIGINS: dict[str, Origin] = {"rules": "rules", "llm": "llm", "hybrid": "hybrid"}


@dataclass
class _Report:
    """What resolution leaves out, and what it wants to say to people."""

    left_out: Counter[str] = field(default_factory=Counter)
    homographs: dict[str, list[str]] = field(default_factory=dict)
    idle: dict[int, Idle] = field(default_factory=dict)

    def count(self) -> dict[str, int]:
        """Return the counts, the usual two even where they are 0."""
        counts = {name: n for name, n in sorted(self.left_out.items()) if n}
        waiting = {"waiting edits": len(self.idle)} if self.idle else {}
        return {"unmentioned": 0, "dangling": 0} | counts | waiting

    def make_meta(self) -> dict[str, str]:
        """Return it as the store keeps it."""
        return {
            "left_out": json.dumps(self.count()),
            "homographs": json.dumps(self.homographs, ensure_ascii=False),
            "waiting_edits": json.dumps(self.idle, ensure_ascii=False),
        }


def resolve_graph(
    store: GraphStore,
    extractor: str,
    ontology: Ontology | None = None,
    verify: Verifier | None = None,
) -> dict[str, int]:
    """Make the graph again from one extractor's findings, imports, edits and rounds, if any changed.

    Args:
        store: the open database.
        extractor: whose findings count.
        ontology: the types and relations; none means mathematics.
        verify: judges merges that no rule decides; its verdicts are stored and not asked for again.

    Returns:
        What the new graph left out: `unmentioned` concepts, `dangling` relations, what lies outside
        the ontology, edits that wait for their concept. Empty where nothing had changed.
    """
    ontology = ontology or load_ontology()
    fingerprint = _fingerprint(store, extractor, ontology)
    held = store.meta()
    verified = "verified" if verify else held.get("verdicts", "")
    if (held.get("graph_inputs"), held.get("verdicts", "")) == (fingerprint, verified):
        return {}
    report = _Report()
    findings = list(read_findings(store.db, extractor))
    edits = read_edits(store.db)
    verdicts = StoredVerdicts(store.db, verify)
    drafts, merges = _make_drafts(store, extractor, findings, edits, ontology, verdicts, report)
    names = index_names(drafts)
    chunks = sorted(store.chunks(), key=lambda chunk: (chunk.document_id, chunk.position))
    added = list(read_round_mentions(store.db))
    mentions = find_mentions(chunks, [*findings, *added], drafts, names)
    concepts = _keep_concepts(drafts, mentions, report.left_out)
    found = [
        *_find_relations(store, extractor, chunks, _drop_added(mentions, added), names),
        *_add_relations(store, edits, names, report.idle),
    ]
    relations = check_relations(found, concepts, ontology, report.left_out)
    meta = {
        "graph_inputs": fingerprint,
        "extractor": extractor,
        "ontology": ontology.digest(),
        "verdicts": "verified" if verdicts.is_complete else "",
        **report.make_meta(),
    }
    with store.db.atomic():
        store.replace_graph(concepts.values(), mentions, relations, meta)
        save_merges(store.db, merges)
    return report.count()


def _drop_added(mentions: Sequence[Mention], added: Sequence[Finding]) -> list[Mention]:
    """Return the mentions in the papers' own words: what a model found is no evidence of relations."""
    places = {(chunk_id, finding.start, finding.end) for _, chunk_id, finding in added}
    return [m for m in mentions if (m.chunk_id, m.start, m.end) not in places]


def _make_drafts(
    store: GraphStore,
    extractor: str,
    findings: Sequence[Finding],
    edits: Sequence[Edit],
    ontology: Ontology,
    verdicts: Verifier,
    report: _Report,
) -> tuple[Drafts, list[Merge]]:
    """Group and merge names, and apply the edits; return the concepts in the making and all merges."""
    groups = group_findings(findings, ontology, report.left_out)
    for imported, _ in read_imports(store.db):
        add_imports(groups, imported, ontology)
    report.homographs = find_homographs(groups)
    clusters, merges = merge_groups(groups, list_apart(edits), verdicts)
    drafts = Drafts(make_draft(cluster, _ORIGINS[extractor]) for cluster in clusters.values())
    by_hand, report.idle = apply_edits(drafts, edits, ontology)
    return drafts, [*merges, *by_hand]


def _fingerprint(store: GraphStore, extractor: str, ontology: Ontology) -> str:
    digest = hashlib.sha256(f"{RESOLVE_VERSION} {extractor} {ontology.digest()}".encode())
    for query, values in (
        ("SELECT id FROM chunks ORDER BY id", []),
        (
            "SELECT chunk_id, version, status FROM extractions WHERE extractor = ? ORDER BY chunk_id",
            [extractor],
        ),
        ("SELECT sha256 FROM imports ORDER BY sha256", []),
        ("SELECT id, action, arguments FROM edits WHERE NOT undone ORDER BY id", []),
        ('SELECT name, chunk_id, start, "end", role FROM round_mentions ORDER BY 1, 2, 3, 4', []),
    ):
        digest.update(json.dumps(list(store.db.execute(query, values))).encode())
    return digest.hexdigest()


def _keep_concepts(
    drafts: Drafts, mentions: Sequence[Mention], left_out: Counter[str]
) -> dict[str, Concept]:
    """Return, by id, the concepts that a passage names, and those imported or added by hand."""
    mentioned = {mention.concept_id for mention in mentions}
    kept = {
        key: draft.freeze()
        for key, draft in sorted(drafts.by_key.items())
        if key in mentioned or draft.origin in ("imported", "hand")
    }
    left_out["unmentioned"] += len(drafts.by_key) - len(kept)
    return kept


def _find_relations(
    store: GraphStore,
    extractor: str,
    chunks: Sequence[Chunk],
    mentions: Sequence[Mention],
    names: Names,
) -> Iterator[Relation]:
    """Yield what passages and imports relate, with our ids; an end that is not known is ""."""
    if extractor != "llm":
        by_chunk: defaultdict[str, list[Mention]] = defaultdict(list)
        for mention in mentions:
            by_chunk[mention.chunk_id].append(mention)
        yield from find_relations(chunks, store.links(), by_chunk)
    papers = {chunk.id: chunk.document_id for chunk in chunks}
    numbered = _read_numbers(chunks)
    for chunk_id, found in read_found_relations(store.db, extractor):
        ends = [
            names.find(
                numbered.get((papers[chunk_id], normalize_name(name)), name), papers[chunk_id]
            )
            for name in (found.source, found.target)
        ]
        origin = _ORIGINS[extractor]
        yield Relation(ends[0], found.type, ends[1], origin, chunk_id, found.start, found.end)
    for _, edges in read_imports(store.db):
        for edge in edges:
            ends = [names.find(name, "") for name in (edge.source, edge.target)]
            yield Relation(ends[0], edge.type, ends[1], "imported")


def _read_numbers(chunks: Sequence[Chunk]) -> Mapping[tuple[str, str], str]:
    """Return what "Theorem 2.3" is called in its paper, by paper and normal form."""
    return {
        (chunk.document_id, normalize_name(f"{unit.label} {unit.number}")): unit.name
        for chunk in chunks
        for unit in chunk.units
        if unit.kind == "statement" and unit.number and unit.name
    }


def _add_relations(
    store: GraphStore, edits: Sequence[Edit], names: Names, idle: dict[int, Idle]
) -> Iterator[Relation]:
    for edit in edits:
        if edit.action == "relate" and not edit.undone:
            ends = {key: names.find(edit.arguments[key], "") for key in ("source", "target")}
            if all(ends.values()):
                yield Relation(ends["source"], edit.arguments["type"], ends["target"], "hand")
            else:
                missing = next(key for key, found in ends.items() if not found)
                idle[edit.id] = f"no concept is named {edit.arguments[missing]!r}"
