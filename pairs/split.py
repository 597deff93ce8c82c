"""The one split that pairs, training and benchmark share: by concept, by paper, by near-duplicates.

What cannot be told apart stays together: concepts that share a name or are equivalent (an alias
cluster), and papers that largely repeat each other. The split is stored as `split.json` and hashed.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import networkx as nx
from pydantic import BaseModel, ConfigDict, Field, field_serializer

from graphtune.errors import DataError
from graphtune.files import read_record, write_record
from graphtune.kg.communities import find_communities
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.pairs.traces import MIN_WORDS, squash_text
from graphtune.records import Chunk
from graphtune.tuning_config import SplitConfig

Side = Literal["train", "dev", "test"]
#: Papers are versions of one work where this share of the shorter one's chunks recurs in the other.
_SAME_WORK = 0.5


class Split(BaseModel):
    """Who may be seen in training. Concepts of `dev` choose the checkpoint, those of `test` measure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concepts: dict[str, Side]
    documents: dict[str, Side]
    twins: frozenset[str] = frozenset()
    """Chunks of training papers that nearly repeat one of a held-out paper: they give no positive."""
    names: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Under which names each concept is known."""
    made_from: dict[str, str] = Field(default_factory=dict)
    """Hashes of the graph and the settings that it was made from."""
    digest: str = ""
    """A sha256 of who stands where, and under which names."""

    @field_serializer("twins")
    def _sort_twins(self, twins: frozenset[str]) -> list[str]:
        return sorted(twins)

    def list_concepts(self, side: Side) -> list[str]:
        """Return the ids of the concepts on one side, sorted."""
        return sorted(concept for concept, where in self.concepts.items() if where == side)

    def may_train_on(self, chunk: Chunk) -> bool:
        """Tell whether a chunk may be a positive."""
        return self.documents[chunk.document_id] == "train" and chunk.id not in self.twins


def split_graph(graph: ConceptGraph, config: SplitConfig) -> Split:
    """Split the concepts that papers name (with all their aliases), and the papers.

    Membership follows a hash of the id, so most concepts stay where they are when the graph grows.
    """
    named = [concept for concept in graph.concepts if graph.evidence(concept)]
    shares: dict[Side, float] = {"test": config.test_concepts, "dev": config.dev_concepts}
    sides = _assign(_cluster_concepts(graph, named, config.by), shares, f"concept {config.seed}")
    papers = _cluster_papers(graph)
    documents = _assign(papers, {"test": config.test_papers}, f"document {config.seed}")
    split = Split(
        concepts=dict(sorted(sides.items())),
        documents=dict(sorted(documents.items())),
        twins=find_twins(graph, documents),
        names={concept: graph.names(concept) for concept in sorted(sides)},
        made_from=_name_inputs(graph.hashes, config),
    )
    return split.model_copy(update={"digest": _hash_split(split)})


def store_split(path: Path, graph: ConceptGraph, config: SplitConfig) -> Split:
    """Return the split stored at `path`; where graph or settings changed, make and store it anew.

    Raises:
        DataError: the file was changed since it was made.
    """
    stored = find_split(path, graph.hashes, config)
    if stored:
        return stored
    split = split_graph(graph, config)
    write_record(path, split)
    return split


def carry_split(split: Split, graph: ConceptGraph, config: SplitConfig) -> Split:
    """Return the same split for a graph that has grown from the one it was made from.

    Every concept and paper stays on its side, where `split_graph` would move some across the border
    because the numbers changed. Concepts that were merged away leave; the papers must be the same.
    """
    named = {key: side for key, side in split.concepts.items() if key in graph.concepts}
    carried = split.model_copy(
        update={
            "concepts": named,
            "names": {key: graph.names(key) for key in named},
            "made_from": _name_inputs(graph.hashes, config),
        }
    )
    return carried.model_copy(update={"digest": _hash_split(carried)})


def find_split(path: Path, hashes: Mapping[str, str], config: SplitConfig) -> Split | None:
    """Return the split stored at `path` if it was made from this graph, known by its hashes, else None.

    Raises:
        DataError: the file was changed since it was made.
    """
    if not path.is_file():
        return None
    stored = read_record(path, Split)
    if stored.digest != _hash_split(stored):
        raise DataError(
            f"{path} was changed since it was made (its hash does not fit); remove it, and it is "
            "made again from the graph and [split] in the settings"
        )
    return stored if stored.made_from == _name_inputs(hashes, config) else None


def _name_inputs(hashes: Mapping[str, str], config: SplitConfig) -> dict[str, str]:
    return {**hashes, "settings": config.digest()}


def _hash_split(split: Split) -> str:
    rows = (
        sorted((key, side, split.names.get(key, ())) for key, side in split.concepts.items()),
        sorted(split.documents.items()),
        sorted(split.twins),
    )
    return hashlib.sha256(json.dumps(rows, ensure_ascii=True).encode()).hexdigest()


def cluster_names(graph: ConceptGraph, concepts: Iterable[str]) -> list[set[str]]:
    """Return the alias clusters: concepts joined by a shared name or by equivalence."""
    view = nx.Graph()
    owner: dict[str, str] = {}
    for concept in sorted(concepts):
        view.add_node(concept)
        for form in filter(None, map(normalize_name, graph.names(concept))):
            view.add_edge(concept, owner.setdefault(form, concept))
    for relation in graph.relations:
        if relation.type == "equivalent_to" and relation.source in view and relation.target in view:
            view.add_edge(relation.source, relation.target)
    return [set(cluster) for cluster in nx.connected_components(view)]


def list_new_concepts(graph: ConceptGraph, split: Split) -> list[str]:
    """Return the concepts that only held-out papers name, under any name of their alias cluster."""
    clusters = [c & split.concepts.keys() for c in cluster_names(graph, graph.concepts)]
    return sorted(
        concept
        for cluster in clusters
        if all(split.documents[paper] != "train" for c in cluster for paper in graph.papers(c))
        for concept in cluster
    )


def _cluster_concepts(
    graph: ConceptGraph, concepts: Iterable[str], by: Literal["concept", "community"]
) -> list[set[str]]:
    held = set(concepts)
    # A concept that no paper names, such as an imported one, may still join two that papers name.
    clusters = [found for c in cluster_names(graph, graph.concepts) if (found := c & held)]
    if by == "concept":
        return clusters
    home = {key: n for n, group in enumerate(find_communities(graph)) for key in group.members}
    together = nx.Graph()
    for number, cluster in enumerate(clusters):
        together.add_node(("cluster", number))
        together.add_edges_from(
            (("cluster", number), ("community", home[key])) for key in cluster if key in home
        )
    return [
        {key for kind, n in group if kind == "cluster" for key in clusters[n]}
        for group in nx.connected_components(together)
    ]


def _cluster_papers(graph: ConceptGraph) -> list[set[str]]:
    """Return the papers, versions of one work together."""
    sizes = Counter(chunk.document_id for chunk in graph.chunks.values())
    shared: defaultdict[tuple[str, str], tuple[set[str], set[str]]] = defaultdict(
        lambda: (set(), set())
    )
    for one, other in _list_repeats(graph):
        if one.document_id != other.document_id:
            left, right = sorted((one, other), key=lambda chunk: chunk.document_id)
            shared[left.document_id, right.document_id][0].add(left.id)
            shared[left.document_id, right.document_id][1].add(right.id)
    view = nx.Graph()
    view.add_nodes_from(graph.documents)
    view.add_edges_from(
        papers
        for papers, chunks in shared.items()
        if max(len(chunks[i]) / sizes[papers[i]] for i in (0, 1)) >= _SAME_WORK
    )
    return [set(cluster) for cluster in nx.connected_components(view)]


def find_twins(graph: ConceptGraph, documents: Mapping[str, Side]) -> frozenset[str]:
    """Return the training papers' chunks in a near-duplicate cluster with a held-out paper's."""
    twins: set[str] = set()
    for cluster in cluster_repeats(graph):
        held_out = {k for k in cluster if documents[graph.chunks[k].document_id] != "train"}
        if held_out:
            twins |= cluster - held_out
    return frozenset(twins)


def cluster_repeats(graph: ConceptGraph) -> list[set[str]]:
    """Return the near-duplicate clusters: ids of chunks that repeat each other, directly or not.

    Links join texts of 20 words or more; a shorter one counts where it is the same word for word.
    """
    view = nx.Graph((one.id, other.id) for one, other in _list_repeats(graph))
    first: dict[str, str] = {}
    for chunk in graph.chunks.values():
        if len(chunk.text.split()) >= MIN_WORDS:
            same = first.setdefault(squash_text(chunk.text), chunk.id)
            if same != chunk.id:
                view.add_edge(same, chunk.id)
    return [set(cluster) for cluster in nx.connected_components(view)]


def _list_repeats(graph: ConceptGraph) -> list[tuple[Chunk, Chunk]]:
    return [
        (graph.chunks[link.source], graph.chunks[link.target])
        for link in graph.links
        if link.type == "near_duplicate"
    ]


def assign_documents(
    documents: Iterable[str], shares: Mapping[Side, float], salt: str
) -> dict[str, Side]:
    """Say for each document, by id, on which side it stands; what is left is for training.

    >>> sorted(assign_documents("abcdefghij", {"test": 0.2}, "s").values())[:3]
    ['test', 'test', 'train']
    """
    return _assign(({key} for key in documents), shares, salt)


def _assign(
    clusters: Iterable[set[str]], shares: Mapping[Side, float], salt: str
) -> dict[str, Side]:
    """Order clusters by a salted hash of their first id and fill the held-out sides with them.

    A cluster that is larger than what a side still lacks goes to the next side, or to training.

    >>> sorted(_assign([{key} for key in "abcdefghij"], {"test": 0.2}, "s").values())
    ['test', 'test', 'train', 'train', 'train', 'train', 'train', 'train', 'train', 'train']
    """

    def rank(cluster: set[str]) -> tuple[bytes, str]:
        first = min(cluster)
        return hashlib.sha256(f"{salt} {first}".encode()).digest(), first

    order = sorted(clusters, key=rank)
    total = sum(map(len, order))
    room = {side: round(share * total) for side, share in shares.items()}
    sides: dict[str, Side] = {}
    for cluster in order:
        side: Side = next((s for s in room if len(cluster) <= room[s]), "train")
        sides.update(dict.fromkeys(cluster, side))
        if side in room:
            room[side] -= len(cluster)
    return sides
