"""A benchmark: documents, queries and judgements, with the group that each query belongs to."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, fields, replace

from graphtune.metrics import Qrels

#: Groups of queries: `held-out` ones were never anchors in training, nor were those of `new papers`,
#: whose answers lie in papers that gave no positive; `dev` ones chose the checkpoint; `seen` ones were
#: anchors.
GROUPS = ("held-out", "new papers", "dev", "seen")
#: The groups that say something about new queries.
UNSEEN = GROUPS[:2]
#: The group of queries of which nobody said whether training met them.
UNLABELLED = "all"
#: What must be the same where figures are compared.
DATA_PARTS = ("documents", "queries", "judgements")
_PART_OF = {
    "documents": "documents",
    "queries": "queries",
    "qrels": "judgements",
    "tiers": "judgements",
    "excluded": "judgements",
}


@dataclass(frozen=True)
class Benchmark:
    """Documents to search, queries, and graded judgements.

    `documents` and `queries` map ids to texts; `qrels` has an entry for every query, with at least
    one positive grade. `groups` names each query's group (a query that is missing belongs to
    `UNLABELLED`), `concepts` the concepts it is about, `strata` how much of it stands in its answers
    (see `graphtune.bench.strata`). `tiers` holds judgements of some of the queries by another rule,
    such as `paper`: every passage of the right papers. `excluded` names documents that are left out
    of a query's ranking, neither right nor wrong: the one that the query is, or was taken from.
    `notes` are sentences for the reader.
    """

    name: str
    documents: dict[str, str]
    queries: dict[str, str]
    qrels: Qrels
    groups: dict[str, str] = field(default_factory=dict)
    concepts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    strata: dict[str, str] = field(default_factory=dict)
    tiers: dict[str, Qrels] = field(default_factory=dict)
    excluded: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """Queries that are averaged together: a group, or one stratum of it, or judged by another tier.

    An empty `stratum` means all of them, an empty `tier` the benchmark's own judgements.
    """

    group: str
    queries: tuple[str, ...]
    stratum: str = ""
    tier: str = ""

    @property
    def label(self) -> str:
        """Name the slice in words.

        >>> Slice("held-out", (), tier="paper").label
        'held-out, paper level'
        """
        tier = f"{self.tier} level" if self.tier else ""
        return ", ".join(part for part in (self.group, self.stratum, tier) if part)


def hash_benchmark(benchmark: Benchmark) -> str:
    """Return the sha256 of the data: documents, queries and judgements of all tiers.

    Figures of the same data may be compared, whatever group a query belongs to.
    """
    parts = hash_parts(benchmark)
    return hashlib.sha256(" ".join(parts[part] for part in DATA_PARTS).encode()).hexdigest()


def hash_parts(benchmark: Benchmark) -> dict[str, str]:
    """Return a sha256 for each of `DATA_PARTS`, and one for the `labels`: groups, concepts, strata."""
    digests = {part: hashlib.sha256() for part in (*DATA_PARTS, "labels")}
    for row in _list_content(benchmark):
        digests[_PART_OF.get(str(row[0]), "labels")].update(_render_row(row))
    return {part: digest.hexdigest() for part, digest in digests.items()}


def _list_content(benchmark: Benchmark) -> Iterator[list[object]]:
    """Yield all that counts, row by row: the judgements of a tier may be millions."""
    for part in fields(benchmark):
        if part.name not in ("name", "notes", "tiers"):
            for key, value in sorted(getattr(benchmark, part.name).items()):
                yield [part.name, key, value]
    for tier, qrels in sorted(benchmark.tiers.items()):
        for query, grades in sorted(qrels.items()):
            yield ["tiers", tier, query, grades]


def _render_row(row: list[object]) -> bytes:
    line = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    # Broken PDFs give lone surrogates; they count too.
    return line.encode(errors="surrogatepass")


def list_slices(benchmark: Benchmark) -> list[Slice]:
    """Return the groups in order, each followed by its strata and its tiers.

    Where there are several groups, `all` comes last.

    >>> [s.group for s in list_slices(Benchmark("b", {}, {"q": "", "r": ""}, {}, {"r": "held-out"}))]
    ['held-out', 'all']
    """
    members: dict[str, list[str]] = {}
    for query in benchmark.queries:
        members.setdefault(benchmark.groups.get(query, UNLABELLED), []).append(query)
    rank = {group: place for place, group in enumerate(GROUPS)}
    ordered = dict(sorted(members.items(), key=lambda item: (rank.get(item[0], 9), item[0])))
    if len(ordered) > 1:
        ordered.pop(UNLABELLED, None)
        ordered[UNLABELLED] = list(benchmark.queries)
    return [part for group, queries in ordered.items() for part in _cut(benchmark, group, queries)]


def _cut(benchmark: Benchmark, group: str, queries: list[str]) -> list[Slice]:
    parts = [Slice(group, tuple(queries))]
    for stratum in sorted(set(benchmark.strata.values())):
        inside = tuple(query for query in queries if benchmark.strata.get(query) == stratum)
        parts.append(Slice(group, inside, stratum=stratum))
    for tier, qrels in benchmark.tiers.items():
        parts.append(Slice(group, tuple(query for query in queries if query in qrels), tier=tier))
    return [part for part in parts if part.queries]


def label_seen(
    benchmark: Benchmark,
    anchors: Collection[str],
    dev_names: Collection[str],
    normalize: Callable[[str], str],
) -> Benchmark:
    """Group queries into those that training met, those that chose the checkpoint, and the others.

    A query is `seen` when its text or the first sentence of it ("Poset. A set with …"), or the name of
    a concept that it is about, equals a training anchor in normal form; `dev` when it equals a name of
    a development concept; else `held-out`.

    Args:
        benchmark: any benchmark; its groups are replaced.
        anchors: the anchors of all training pairs.
        dev_names: the names and aliases of all development concepts.
        normalize: the normal form of names that the graph uses.
    """
    known = {normalize(anchor) for anchor in anchors}
    chosen = {normalize(name) for name in dev_names}

    def find_group(query: str, text: str) -> str:
        first = text.partition(". ")[0]
        names = {normalize(name) for name in (text, first, *benchmark.concepts.get(query, ()))}
        if names & known:
            return "seen"
        return "dev" if names & chosen else "held-out"

    groups = {query: find_group(query, text) for query, text in benchmark.queries.items()}
    return replace(benchmark, groups=groups)


def count_excluded(benchmark: Benchmark) -> int:
    """Return the most documents that any query excludes: so much deeper must be searched.

    >>> count_excluded(Benchmark("b", {}, {}, {}, excluded={"q": ("d", "e"), "r": ("d",)}))
    2
    """
    return max(map(len, benchmark.excluded.values()), default=0)


def find_own_documents(benchmark: Benchmark) -> frozenset[str]:
    """Return the queries that are documents themselves: each must not be its own answer.

    BEIR calls this `ignore_identical_ids`. Where some query is judged relevant to the document of
    its own id, queries and documents are merely numbered alike, and nothing is left out.

    >>> related = Benchmark("b", {"d": "", "e": ""}, {"d": ""}, {"d": {"e": 1}})
    >>> sorted(find_own_documents(related))
    ['d']
    """
    if any(grades.get(query, 0) > 0 for query, grades in benchmark.qrels.items()):
        return frozenset()
    return frozenset(benchmark.queries.keys() & benchmark.documents.keys())
