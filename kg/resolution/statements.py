"""Which aliases that passages state make two concepts one, and which must not."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from graphtune.kg.resolution.clusters import Cluster, rank_cluster
from graphtune.kg.resolution.groups import Alias, list_content_words
from graphtune.kg.resolution.keys import (
    are_opposed,
    is_bare_adjective,
    is_symbol,
    make_keys,
    match_initials,
    split_words,
)
from graphtune.kg.rules.phrases import is_adjective

#: A definition with fewer words of its own does not tell that a name means something else.
MIN_WORDS = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """A reason to merge two clusters, and the passage behind it."""

    kept: str
    gone: str
    reason: str
    alias: Alias | None = None


def read_statements(clusters: dict[str, Cluster]) -> dict[tuple[str, str], Alias]:
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


def list_stated(clusters: dict[str, Cluster]) -> Iterator[Pair]:
    """Yield the pairs of which one's passages state the other as its alias, if nothing speaks against it.

    Of an adjective and its noun ("stably finite", "stably finite ring") the noun is kept.
    """
    stated = read_statements(clusters)
    claims = Counter(other for _, other in stated)
    for (key, other), alias in stated.items():
        one, two = clusters[key], clusters[other]
        kept, gone = (key, other) if rank_cluster(one) < rank_cluster(two) else (other, key)
        if _is_property(key, other) or _is_property(other, key):
            gone, kept = sorted((key, other), key=len)
        if match_initials(one.head.name, two.head.name):
            yield Pair(kept, gone, "acronym", alias)
        elif claims[other] > 1 or _defines_apart(one, two, alias):
            continue
        elif _is_property(gone, kept) or _is_qualified(key, other) or _is_qualified(other, key):
            # The short form says too little by itself: no other paper may have it alone.
            short, long = sorted((key, other), key=len)
            if clusters[short].documents <= clusters[long].documents:
                yield Pair(kept, gone, "alias", alias)
        elif (
            (_adds_person(one, two) or _adds_person(two, one) or not are_opposed(key, other))
            and is_bare_adjective(key) == is_bare_adjective(other)
            # What many call by one word is seldom the rarer thing that one passage calls so.
            and (kept == key or " " in other or (other, key) in stated)
        ):
            yield Pair(kept, gone, "alias", alias)


def _is_property(form: str, other: str) -> bool:
    """Tell whether a form is an adjective that the other one gives to a noun of one word."""
    words = split_words(form)
    return is_adjective(form) and split_words(other)[:-1] == words


def _is_qualified(form: str, other: str) -> bool:
    """Tell whether the other form also says what the thing is of; one word needs a plain "of a group"."""
    rest = other.removeprefix(f"{form} of ")
    return rest != other and (
        " " in form or len(rest.split()) < 2 + rest.startswith(("a ", "the "))
    )


def _adds_person(cluster: Cluster, other: Cluster) -> bool:
    """Tell whether the other name only says whose it is: "Euler's pentagonal number theorem"."""
    owner = other.head.key.removesuffix(f" {cluster.head.key}")
    whose = " " not in owner and owner != other.head.key and not is_symbol(owner)
    return whose and " " in cluster.head.key and other.head.name[:1].isupper()


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
        len(words) >= MIN_WORDS and not stated & words
        for cluster, document, words in texts
        if document not in alias.documents or (strict and cluster is two)
    )
