"""Groups that are one concept: merged into the best attested one, each by what it has to do with it."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from graphtune.kg.resolution.candidates import (
    MergeCandidate,
    Verifier,
    find_acronyms,
    find_alike,
    find_qualified,
)
from graphtune.kg.resolution.clusters import Cluster, rank_cluster
from graphtune.kg.resolution.groups import Group
from graphtune.kg.resolution.keys import are_opposed, explain_match
from graphtune.kg.resolution.statements import Pair, list_stated, read_statements

#: Two normal forms that must not become one concept.
Apart = Collection[frozenset[str]]


@dataclass(frozen=True, slots=True)
class Merge:
    """That the concept `gone` became part of `kept` (normal forms), and why.

    `name` is how `gone` was written; the span is that of the statement that caused the merge, if any.
    """

    kept: str
    gone: str
    reason: str
    name: str
    chunk_id: str | None = None
    start: int | None = None
    end: int | None = None


def merge_groups(
    groups: dict[str, Group], apart: Apart = (), verify: Verifier | None = None
) -> tuple[dict[str, Cluster], list[Merge]]:
    """Merge the groups that are one concept.

    First names that are spelled alike, then what passages state ("also called"), acronyms and names
    that also say what they are of, then what a verifier confirms. Every group is held against the
    canonical name itself, and what was merged brings none of its own statements along: chains
    cannot grow.

    Returns:
        The clusters by their canonical normal form, and the merges.
    """
    clusters, merges = _merge_alike(groups, apart)
    pairs = [*list_stated(clusters), *_list_acronyms(clusters), *_list_qualified(clusters)]
    merges += _merge_clusters(clusters, pairs, apart)
    if verify:
        merges += _merge_clusters(clusters, _ask_verifier(clusters, apart, verify), apart)
    return clusters, merges


def _merge_alike(groups: dict[str, Group], apart: Apart) -> tuple[dict[str, Cluster], list[Merge]]:
    ranked = sorted(groups, key=lambda key: (-groups[key].names.total(), key))
    alike = find_alike(ranked)
    clusters: dict[str, Cluster] = {}
    gone: set[str] = set()
    merges: list[Merge] = []
    for key in ranked:
        if key in gone:
            continue
        clusters[key] = cluster = Cluster(groups[key])
        for other in alike.get(key, ()):
            reason = explain_match(key, other)
            if (
                reason
                and other not in gone
                and other not in clusters
                and not any(frozenset((g.key, other)) in apart for g in cluster.same)
            ):
                gone.add(other)
                cluster.alike.append(groups[other])
                merges.append(Merge(key, other, reason, groups[other].name))
    return clusters, merges


def _list_acronyms(clusters: dict[str, Cluster]) -> Iterator[Pair]:
    """Yield the acronyms that one name in the same paper explains."""
    names = {key: cluster.head.name for key, cluster in clusters.items()}
    for long, short in find_acronyms(names):
        if clusters[long].documents & clusters[short].documents:
            yield Pair(long, short, "acronym")


def _list_qualified(clusters: dict[str, Cluster]) -> Iterator[Pair]:
    """Yield the names that only say what they are of, in all papers that have the short form."""
    for short, long in find_qualified(sorted(clusters)):
        papers = clusters[short].documents
        if papers and papers <= clusters[long].documents:
            kept, gone = sorted((short, long), key=lambda key: rank_cluster(clusters[key]))
            yield Pair(kept, gone, "qualifier")


def _ask_verifier(clusters: dict[str, Cluster], apart: Apart, verify: Verifier) -> Iterator[Pair]:
    """Yield what the verifier confirms of its own proposals, and of statements that the rules doubt."""
    names = {key: cluster.head.name for key, cluster in clusters.items()}
    wanted = {(min(p), max(p)) for p in [*read_statements(clusters), *verify.propose(names)]}
    ordered = [
        sorted(pair, key=lambda key: rank_cluster(clusters[key]))
        for pair in sorted(wanted)
        if clusters.keys() >= set(pair) and frozenset(pair) not in apart and not are_opposed(*pair)
    ]
    candidates = [MergeCandidate(*(clusters[key].describe() for key in pair)) for pair in ordered]
    verdicts = verify.judge(candidates) if candidates else []
    for (kept, gone), same in zip(ordered, verdicts, strict=True):
        if same:
            yield Pair(kept, gone, "model")


def _merge_clusters(
    clusters: dict[str, Cluster], pairs: Iterable[Pair], apart: Apart
) -> list[Merge]:
    """Merge, in place, from the best attested on; who has been merged neither gives nor takes."""
    unique: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        unique.setdefault((pair.kept, pair.gone), pair)
    ranks = {key: rank_cluster(cluster) for key, cluster in clusters.items()}
    ordered = sorted(unique.values(), key=lambda p: (ranks[p.kept], ranks[p.gone]))
    merges = []
    for pair in ordered:
        kept, gone = clusters.get(pair.kept), clusters.get(pair.gone)
        if kept is None or gone is None or gone.others:
            continue
        names = (frozenset((a.key, b.key)) for a in kept.groups for b in gone.groups)
        if any(name in apart for name in names):
            continue
        kept.others += gone.groups
        del clusters[pair.gone]
        place = pair.alias
        where = (place.chunk_id, place.start, place.end) if place and place.chunk_id else ()
        merges.append(Merge(pair.kept, pair.gone, pair.reason, gone.head.name, *where))
    return merges
