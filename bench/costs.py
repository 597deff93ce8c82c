"""What rankings cost: bytes, and the times of this machine."""

from collections.abc import Iterable, Mapping
from typing import Any

from graphtune.bench.compare import Report
from graphtune.bench.layout import draw_table
from graphtune.bench.systems import Precision


def render_costs(costs: Iterable[Mapping[str, Any]]) -> str:
    """Return what each ranking costs on this machine (see `describe_costs`), as a plain table."""
    rows = [
        (
            one["system"],
            name_width(one["dim"], one["precision"]),
            _format(one["index_bytes"], 1e6, ",.2f"),
            _format(one["build_seconds"], 1, ",.1f"),
            _format(one["query_ms"], 1, ",.1f"),
        )
        for one in costs
        if any(one[key] is not None for key in ("index_bytes", "build_seconds", "query_ms"))
    ]
    if not rows:
        return ""
    headers = ("Model", "Dim", "Index MB", "Build s", "ms a query")
    table = draw_table(rows, headers, "plain", ["left", *["right"] * 4])
    return f"Costs on this machine (– is not measured, or read from the cache)\n\n{table}\n"


def describe_costs(report: Report) -> list[dict[str, Any]]:
    """Return the costs of each ranking as plain data; times differ from run to run."""
    return [
        {
            "system": one.system,
            "dim": one.dim,
            "precision": one.precision,
            "build_seconds": one.cost.build_seconds,
            "query_ms": one.cost.query_ms,
            "index_bytes": one.cost.index_bytes,
        }
        for one in report.rankings
    ]


def count_bytes(dim: int, precision: Precision) -> int:
    """Return the bytes of one vector.

    >>> count_bytes(384, "float32"), count_bytes(384, "int8"), count_bytes(384, "binary")
    (1536, 384, 48)
    """
    return {"float32": 4 * dim, "int8": dim, "binary": -(-dim // 8)}[precision]


def name_width(dim: int, precision: Precision) -> str:
    """Return the dimension and the precision in a few letters.

    >>> name_width(64, "float32"), name_width(64, "int8"), name_width(0, "float32")
    ('64', '64 int8', '–')
    """
    return f"{dim} {precision}".removesuffix(" float32") if dim else "–"


def _format(value: float | None, unit: float, pattern: str) -> str:
    return "–" if value is None else format(value / unit, pattern)
