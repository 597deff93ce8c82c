"""The one split that pairs, training and benchmark share: by concept and by paper."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from graphtune.config import SplitConfig
from graphtune.kg.graph import ConceptGraph

Side = Literal["train", "dev", "test"]


@dataclass(frozen=True, slots=True)
class Split:
    """Who may be seen in training. Concepts of `dev` choose the checkpoint, those of `test` measure."""

    concepts: dict[str, Side]
    documents: dict[str, Side]
    digest: str
    """A sha256 of who stands where, and under which names."""

    def list_concepts(self, side: Side) -> list[str]:
        """Return the ids of the concepts on one side, sorted."""
        return sorted(concept for concept, where in self.concepts.items() if where == side)


def split_graph(graph: ConceptGraph, config: SplitConfig) -> Split:
    """Split the concepts that papers name (with all their aliases), and the papers.

    Membership follows a hash of the id, so most concepts stay where they are when the graph grows.
    """
    concepts = [concept for concept in graph.concepts if graph.evidence(concept)]
    shares: dict[Side, float] = {"test": config.test_concepts, "dev": config.dev_concepts}
    sides = _assign(concepts, shares, f"concept {config.seed}")
    documents = _assign(graph.documents, {"test": config.test_papers}, f"document {config.seed}")
    rows = [(concept, side, graph.names(concept)) for concept, side in sorted(sides.items())]
    digest = hashlib.sha256(repr((rows, sorted(documents.items()))).encode()).hexdigest()
    return Split(sides, documents, digest)


def _assign(ids: Iterable[str], shares: dict[Side, float], salt: str) -> dict[str, Side]:
    """Order ids by a salted hash and give the first ones to the held-out sides.

    >>> sorted(_assign("abcdefghij", {"test": 0.2}, "s").values())
    ['test', 'test', 'train', 'train', 'train', 'train', 'train', 'train', 'train', 'train']
    """
    order = sorted(ids, key=lambda name: (hashlib.sha256(f"{salt} {name}".encode()).digest(), name))
    sides: dict[str, Side] = dict.fromkeys(order, "train")
    start = 0
    for side, share in shares.items():
        stop = start + round(share * len(order))
        sides.update(dict.fromkeys(order[start:stop], side))
        start = stop
    return sides
