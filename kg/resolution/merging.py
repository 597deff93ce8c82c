"""Groups that are one concept: merged into the best attested one, each by what it has to do with it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from graphtune.kg.resolution.candidates import (
    MergeCandidate,
    Verifier,
    find_acronyms,
    find_alike,
    find_near,
    find_qualified,
)
from graphtune.kg.resolution.groups import Alias, Group, list_content_words
from graphtune.kg.resolution.keys import (
    are_opposed,
    explain_match,
    is_bare_adjective,
    make_keys,
    match_initials,
    read_acronym,
)
from graphtune.kg.rules.phrases import is_adjective
from graphtune.records import Concept

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


@dataclass
class Cluster:
    """A canonical group, the groups spelled like it, and those that are other names of it."""

    head: Group
    alike: list[Group] = field(default_factory=list)
    others: list[Group] = field(default_factory=list)

    @property
    def same(self) -> list[Group]:
        """The groups whose statements count as the concept's own."""
        return [self.head, *self.alike]

    @property
    def groups(self) -> list[Group]:
        """All groups, the canonical one first."""
        return [*self.same, *self.others]

    @property
    def weight(self) -> int:
        """Findings under the canonical name, however it is spelled."""
        return sum(group.names.total() for group in self.same)

    @property
    def aliases(self) -> dict[str, Alias]:
        """What the concept's own passages call it beside its name."""
        found: dict[str, Alias] = {}
        for group in self.same:
            for form, alias in group.aliases.items():
                held = found.setdefault(form, alias)
                if held is not alias:
                    documents = held.documents | alias.documents
                    found[form] = Alias(
                        held.surface, documents, held.chunk_id, held.start, held.end
                    )
        return found

    @property
    def documents(self) -> set[str]:
        """The papers in which it was found under its canonical name."""
        return {document for group in self.same for document in group.documents}

    def describe(self) -> Concept:
        """Return what a verifier is told."""
        texts = (group.description for group in self.same if group.description)
        return Concept(self.head.key, self.head.name, self.head.kind, next(texts, ""))


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
    pairs = [*_list_stated(clusters), *_list_acronyms(clusters), *_list_qualified(clusters)]
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


@dataclass(frozen=True, slots=True)
class _Pair:
    """A reason to merge two clusters, and the passage behind it."""

    kept: str
    gone: str
    reason: str
    alias: Alias | None = None


def _read_statements(clusters: dict[str, Cluster]) -> dict[tuple[str, str], Alias]:
    """Return, for (concept, other concept), the alias of the first that is a name of the second."""
    owner = {group.key: key for key, cluster in clusters.items() for group in cluster.same}
    spelled: defaultdict[str, set[str]] = defaultdict(set)
    for form, key in owner.items():
        for spelling in make_keys(form):
            spelled[spelling].add(key)
    stated: dict[tuple[str, str], Alias] = {}
    for key, cluster in clusters.items():
        for form, alias in cluster.aliases.items():
            found = {owner[form]} if form in owner else set()
            found = found or {k for name in make_keys(form) for k in spelled.get(name, ())}
            if len(found) == 1 and found != {key}:
                stated.setdefault((key, found.pop()), alias)
    return stated


def _list_stated(clusters: dict[str, Cluster]) -> Iterator[_Pair]:
    """Yield the pairs of which one's passages state the other as its alias, if nothing speaks against it.

    Of an adjective and its noun ("stably finite", "stably finite ring") the noun is kept, and only
    where no paper has the adjective alone.
    """
    stated = _read_statements(clusters)
    claims = Counter(other for _, other in stated)
    for (key, other), alias in stated.items():
        one, two = clusters[key], clusters[other]
        kept, gone = (key, other) if _rank(one) < _rank(two) else (other, key)
        # What many call by one word is seldom the rarer thing that one passage calls so.
        backward = kept == other and (other, key) not in stated
        is_property = _is_property(key, other) or _is_property(other, key)
        if is_property:
            gone, kept = sorted((key, other), key=len)
        if match_initials(one.head.name, two.head.name):
            yield _Pair(kept, gone, "acronym", alias)
        elif not (
            claims[other] > 1
            or are_opposed(key, other)
            or is_bare_adjective(key) != is_bare_adjective(other)
            or (backward and " " not in other)
            or _defines_apart(one, two, alias)
            or (is_property and not clusters[gone].documents <= clusters[kept].documents)
        ):
            yield _Pair(kept, gone, "alias", alias)


def _is_property(form: str, other: str) -> bool:
    """Tell whether a form is an adjective that the other one gives to a noun."""
    return other.startswith(f"{form} ") and is_adjective(form)


def _defines_apart(one: Cluster, two: Cluster, alias: Alias) -> bool:
    """Tell whether other papers define one of the two names in words that have nothing in common.

    The words are those of the definitions in the papers that state the alias. Two single words
    ("block", "variety") are held to that even inside these papers.
    """
    strict = " " not in one.head.key and " " not in two.head.key
    texts = [
        (cluster, document, list_content_words(group, document))
        for cluster in (one, two)
        for group in cluster.same
        for document in group.definitions
    ]
    stated = {
        word
        for cluster, document, words in texts
        if cluster is one and document in alias.documents
        for word in words
    }
    return any(
        not stated & words
        for cluster, document, words in texts
        if document not in alias.documents or (strict and cluster is two)
    )


def _list_acronyms(clusters: dict[str, Cluster]) -> Iterator[_Pair]:
    """Yield the acronyms that one name in the same paper explains."""
    names = {key: cluster.head.name for key, cluster in clusters.items()}
    for long, short in find_acronyms(names):
        if clusters[long].documents & clusters[short].documents:
            yield _Pair(long, short, "acronym")


def _list_qualified(clusters: dict[str, Cluster]) -> Iterator[_Pair]:
    """Yield the names that only say what they are of, in all papers that have the short form."""
    for short, long in find_qualified(sorted(clusters)):
        papers = clusters[short].documents
        if papers and papers <= clusters[long].documents:
            kept, gone = sorted((short, long), key=lambda key: _rank(clusters[key]))
            yield _Pair(kept, gone, "qualifier")


def _ask_verifier(clusters: dict[str, Cluster], apart: Apart, verify: Verifier) -> Iterator[_Pair]:
    ordered = [
        sorted(pair, key=lambda key: _rank(clusters[key]))
        for pair in find_near(sorted(clusters))
        if frozenset(pair) not in apart
    ]
    candidates = [MergeCandidate(*(clusters[key].describe() for key in pair)) for pair in ordered]
    verdicts = verify(candidates) if candidates else []
    for (kept, gone), same in zip(ordered, verdicts, strict=True):
        if same:
            yield _Pair(kept, gone, "model")


def _merge_clusters(
    clusters: dict[str, Cluster], pairs: Sequence[_Pair] | Iterator[_Pair], apart: Apart
) -> list[Merge]:
    """Merge, in place, from the best attested on; who has been merged neither gives nor takes."""
    unique: dict[tuple[str, str], _Pair] = {}
    for pair in pairs:
        unique.setdefault((pair.kept, pair.gone), pair)
    ranks = {key: _rank(cluster) for key, cluster in clusters.items()}
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


def _rank(cluster: Cluster) -> tuple[bool, int, str]:
    """Better attested names first; acronyms last, because the long name explains itself."""
    return bool(read_acronym(cluster.head.name)), -cluster.weight, cluster.head.key
