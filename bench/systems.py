"""What was run on a benchmark: rankings of a system with their cost, and systems that could not run."""

from dataclasses import dataclass
from typing import Literal

from graphtune.metrics import Run

#: How a vector is kept: four bytes a dimension, one byte, or one bit.
Precision = Literal["float32", "int8", "binary"]
#: `floor` and `ceiling` are no systems but marks: what chance gives, and what a perfect order would.
Kind = Literal["dense", "lexical", "hybrid", "reranked", "floor", "ceiling"]
#: Of these nothing is claimed, and no runs are written.
MARKS = ("floor", "ceiling")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a ranking costs on this machine.

    `build_seconds` is the time to encode and index all documents (None where vectors were read from
    the cache), `query_ms` the median time of one query alone, encoding included (None where it was
    not measured), `index_bytes` the size of what is searched.
    """

    build_seconds: float | None = None
    query_ms: float | None = None
    index_bytes: int | None = None


@dataclass(frozen=True)
class Ranking:
    """What one system answered at one width and precision: a run for each training seed.

    A system without vectors has the dimension 0. `warnings` are sentences for the reader, such as
    how many queries a reranker failed on.
    """

    system: str
    runs: tuple[Run, ...]
    dim: int = 0
    precision: Precision = "float32"
    kind: Kind = "dense"
    cost: Cost = Cost()
    warnings: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, int, Precision]:
        """What tells rankings of one benchmark apart."""
        return self.system, self.dim, self.precision

    @property
    def label(self) -> str:
        """Name system, dimension and precision in words.

        >>> Ranking("minilm", (), 64, "int8").label, Ranking("BM25", ()).label
        ('minilm at 64 dimensions, int8', 'BM25')
        """
        if not self.dim:
            return self.system
        precision = "" if self.precision == "float32" else f", {self.precision}"
        return f"{self.system} at {self.dim} dimensions{precision}"


@dataclass(frozen=True, slots=True)
class Missing:
    """A system that was asked for and could not run here; it has no scores, not even zeros."""

    system: str
    reason: str
