"""What may change, who judges, and which names are a concept's own, for all that a model finds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from graphtune.encoder import Vectors
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.kg.resolution.candidates import MergeCandidate
from graphtune.records import Chunk, Span


class Scope(NamedTuple):
    """What may change: these concepts, and mentions of them in these chunks (ids)."""

    concepts: frozenset[str]
    chunks: frozenset[str]


class Judge(Protocol):
    """Judges what no rule confirms; a language model can be one."""

    def judge(self, candidates: Sequence[MergeCandidate]) -> Sequence[bool | None]:
        """Say for each pair whether it is one concept; None where that is not known."""

    def quote(self, items: Sequence[tuple[str, Chunk]]) -> Sequence[Span | None]:
        """Say where each chunk speaks of a concept, by name; None where it does not, or nobody knows."""


def list_own_names(graph: ConceptGraph) -> dict[str, list[str]]:
    """Return the names of each concept that no other concept has."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for key in graph.concepts:
        for name in graph.names(key):
            owners[normalize_name(name)].add(key)
    return {
        key: [name for name in graph.names(key) if len(owners[normalize_name(name)]) == 1]
        for key in graph.concepts
    }


def normalise_rows(vectors: Vectors) -> Vectors:
    """Return vectors of length 1, in the shape (n, dim) that they have."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit
