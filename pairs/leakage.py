"""What of the held-out concepts and papers stands in training pairs, read from the pairs themselves.

Nothing is taken on trust: an anchor counts by its text, a positive by its text and by the passage
and the paper that it claims. So pairs of any recipe, and pairs that somebody changed, are seen through.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import networkx as nx

from graphtune.files import write_record
from graphtune.kg.communities import make_undirected
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import MAX_NAME, normalize_name
from graphtune.pairs.certificate import (
    Certificate,
    Finding,
    Group,
    certificate_path,
    shorten_examples,
)
from graphtune.pairs.files import PairsCard, hash_pairs, read_pairs
from graphtune.pairs.queries import make_evidence_queries
from graphtune.pairs.split import (
    Split,
    cluster_names,
    cluster_repeats,
    find_twins,
    list_new_concepts,
)
from graphtune.pairs.traces import (
    find_parts,
    find_phrases,
    quote_papers,
    squash_text,
    trace_texts,
)
from graphtune.records import Pair


@dataclass(frozen=True, slots=True)
class _Training:
    """What training meets. Passages and papers go by id, with an anchor that met them as example."""

    pairs: int
    anchors: dict[str, str]
    """By normal form."""
    concepts: Counter[str]
    """Pairs made for each."""
    passages: dict[str, str]
    papers: dict[str, str]
    repeated: set[str]
    """The passages, and those that nearly repeat one."""
    untraced: int


@dataclass(frozen=True, slots=True)
class _Known:
    """The graph and the training, with what all groups are compared by."""

    graph: ConceptGraph
    training: _Training
    forms: dict[str, set[str]]
    """The normal forms of each concept's names."""
    clusters: dict[str, set[str]]
    """The alias cluster of each concept."""
    phrases: dict[str, set[str]]
    """The names inside each anchor, in normal form."""
    distances: dict[str, int]
    """Relations between each concept and the nearest one that training met."""


def certify_recipe(folder: Path, recipe: str, graph: ConceptGraph, split: Split) -> Certificate:
    """Certify the pairs of a recipe as they lie on disk, and store the certificate beside them.

    Raises:
        DataError: there are none, or the file is not what its card describes.
    """
    pairs, card = read_pairs(folder, recipe)
    certificate = certify_pairs(graph, split, pairs, card)
    write_record(certificate_path(folder, recipe), certificate)
    return certificate


def certify_pairs(
    graph: ConceptGraph, split: Split, pairs: Sequence[Pair], card: PairsCard | None = None
) -> Certificate:
    """Look for each group of held-out queries in training pairs.

    `card` says what the pairs were made from; without it they count as made from this graph.
    """
    inputs = {**graph.hashes, "split": split.digest}
    claimed = card.hashes if card else {**inputs, "pairs": hash_pairs(pairs)}
    groups: dict[Group, list[str]] = {
        "held-out": split.list_concepts("test"),
        "dev": split.list_concepts("dev"),
        "new papers": list_new_concepts(graph, split),
    }
    known = _prepare(graph, _read_training(graph, pairs))
    findings: list[Finding] = []
    for group, concepts in groups.items():
        findings += _compare_names(known, group, concepts)
        findings.append(_compare_passages(known, group, concepts))
    return Certificate(
        recipe=card.recipe if card else "",
        pairs=len(pairs),
        untraced=known.training.untraced,
        findings=(*findings, *_compare_papers(known, split)),
        hops={group: _count_hops(known.distances, keys) for group, keys in groups.items()},
        stale=tuple(key for key, value in inputs.items() if claimed.get(key) != value),
        hashes={**inputs, "pairs": claimed["pairs"]},
    )


def _prepare(graph: ConceptGraph, training: _Training) -> _Known:
    forms = {key: {*map(normalize_name, graph.names(key))} - {""} for key in graph.concepts}
    clusters = cluster_names(graph, graph.concepts)
    met = {key for key in forms if key in training.concepts or forms[key] & training.anchors.keys()}
    layers = nx.bfs_layers(make_undirected(graph), sorted(met))
    return _Known(
        graph,
        training,
        forms,
        {key: cluster for cluster in clusters for key in cluster},
        find_phrases(training.anchors.values(), set[str]().union(*forms.values())),
        {key: distance for distance, layer in enumerate(layers) for key in layer},
    )


def _read_training(graph: ConceptGraph, pairs: Sequence[Pair]) -> _Training:
    anchors: dict[str, str] = {}
    for anchor in dict.fromkeys(pair.anchor for pair in pairs):
        anchors.setdefault(_normalize(anchor), anchor)
    positives = {(pair.chunk_id, pair.positive): pair.anchor for pair in pairs}
    traced = trace_positives(graph, positives)
    passages = {
        chunk: anchor
        for (claimed, text), anchor in positives.items()
        for chunk in sorted({claimed, *traced[claimed, text]} & graph.chunks.keys())
    }
    papers = {pair.document_id: pair.anchor for pair in pairs}
    papers |= {graph.chunks[chunk].document_id: anchor for chunk, anchor in passages.items()}
    repeats = [cluster for cluster in cluster_repeats(graph) if cluster & passages.keys()]
    return _Training(
        len(pairs),
        anchors,
        Counter(pair.concept_id for pair in pairs),
        passages,
        papers,
        set(passages).union(*repeats),
        sum(not chunks for chunks in traced.values()),
    )


def trace_positives(
    graph: ConceptGraph, positives: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], set[str]]:
    """Return the passages that hold the text of each positive, whatever passage it claims.

    Only where it is no part of that passage, even with a name taken out, all others are searched.
    """
    squashed = {chunk.id: squash_text(chunk.passage) for chunk in graph.chunks.values()}
    same: defaultdict[str, set[str]] = defaultdict(set)
    for chunk in graph.chunks.values():
        same[squash_text(chunk.text)].add(chunk.id)
    traced: dict[tuple[str, str], set[str]] = {}
    changed: defaultdict[str, list[str]] = defaultdict(list)
    for claimed, text in positives:
        if text and claimed in graph.chunks and text in graph.chunks[claimed].text:
            traced[claimed, text] = {claimed}  # as nearly all are
            continue
        short = squash_text(text)
        honest = bool(short) and short in squashed.get(claimed, "")
        traced[claimed, text] = {claimed} if honest else same.get(short, set())
        if not traced[claimed, text] and claimed in squashed:
            changed[claimed].append(text)
    for claimed, texts in changed.items():
        found = find_parts(texts, graph.chunks[claimed].text)
        traced |= {(claimed, text): {claimed} for text in found}
    lost = {text for (_, text), chunks in traced.items() if not chunks}
    others = trace_texts(sorted(lost), {key: chunk.text for key, chunk in graph.chunks.items()})
    return {key: chunks or others.get(key[1], set()) for key, chunks in traced.items()}


def _normalize(text: str) -> str:
    """Return the normal form of a name or a longer text, the whole of it."""
    return normalize_name(text) + text[MAX_NAME:]


def _compare_names(known: _Known, group: Group, concepts: Sequence[str]) -> Iterator[Finding]:
    """Compare anchors with the names, descriptions and alias clusters of a group's concepts."""
    graph, training = known.graph, known.training
    names = set[str]().union(*(known.forms[key] for key in concepts))
    cluster = {key for concept in concepts for key in known.clusters[concept]}
    others = set[str]().union(*(known.forms[key] for key in cluster)) - names
    described = {_normalize(graph.concepts[key].description) for key in concepts} - {""}
    for what, forms in (
        ("anchors that are one of their names", names),
        ("anchors that are another name in their alias clusters", others),
        ("anchors that are one of their descriptions", described - names - others),
    ):
        anchors = [training.anchors[form] for form in training.anchors.keys() & forms]
        yield _make_finding(group, what, anchors, len(training.anchors))
    owned = [key for key in concepts if key in training.concepts]
    count = sum(training.concepts[key] for key in owned)
    finding = _make_finding(group, "pairs made for one of them", owned, training.pairs)
    yield finding.model_copy(update={"count": count})
    longer = [
        text
        for form, text in training.anchors.items()
        if (known.phrases.get(text, set()) & names) - {form}
    ]
    what = "longer anchors that hold one of their names"
    yield _make_finding(group, what, longer, len(training.anchors), gate=False)


def _compare_passages(known: _Known, group: Group, concepts: Sequence[str]) -> Finding:
    """Compare positives with the passages that count as answers to a group's queries."""
    asked = make_evidence_queries(known.graph, concepts)
    relevant = {chunk for grades in asked.qrels.values() for chunk in grades}
    met = [
        known.training.passages.get(chunk, chunk)
        for chunk in sorted(relevant & known.training.repeated)
    ]
    what = "answers of theirs that were positives, or nearly so"
    return _make_finding(group, what, met, len(relevant), gate=group == "new papers")


def _compare_papers(known: _Known, split: Split) -> Iterator[Finding]:
    """Look for held-out papers behind the positives, and behind anchors that are whole sentences."""
    graph, training = known.graph, known.training
    held_out = {paper for paper, side in split.documents.items() if side != "train"}
    used = [training.papers[paper] for paper in sorted(held_out & training.papers.keys())]
    yield _make_finding("new papers", "held-out papers that gave a positive", used, len(held_out))
    twins = split.twins | find_twins(graph, split.documents)
    met = [training.passages[chunk] for chunk in sorted(twins & training.passages.keys())]
    what = "near-duplicates of their passages that were positives"
    yield _make_finding("new papers", what, met, len(twins))
    quoted = [
        anchor
        for anchor, papers in quote_papers(graph, sorted(training.anchors.values())).items()
        if papers <= held_out
    ]
    what = "anchors that are sentences of held-out papers alone"
    yield _make_finding("new papers", what, quoted, len(training.anchors))


def _make_finding(
    group: Group, what: str, found: Sequence[str], total: int, gate: bool = True
) -> Finding:
    examples = shorten_examples(found) if gate else ()
    return Finding(
        group=group, what=what, count=len(found), total=total, gate=gate, examples=examples
    )


def _count_hops(distance: Mapping[str, int], concepts: Iterable[str]) -> dict[str, int]:
    """Count concepts by their distance to training: 0 (met itself), 1, 2, 3 and more, no path."""
    counts = dict.fromkeys(("0", "1", "2", "3+", "no path"), 0)
    for concept in concepts:
        steps = distance.get(concept)
        counts["no path" if steps is None else "3+" if steps > 2 else str(steps)] += 1
    return counts
