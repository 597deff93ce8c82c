"""Tables of the judge: Markdown or JSON."""

import json
from collections.abc import Sequence
from typing import Any

from tabulate import tabulate

from graphtune.bench.reading.structure import SHARES, Score


def render_rows(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as a Markdown table.

    >>> print(render_rows([{"system": "a", "share": 0.5}]))
    | system   |   share |
    |:---------|--------:|
    | a        |     0.5 |
    """
    return tabulate(rows, headers="keys", tablefmt="pipe")


def render_json(data: object) -> str:
    """Return one JSON document."""
    return json.dumps(data, ensure_ascii=False, indent=1, default=str)


def list_shares(score: Score) -> list[dict[str, Any]]:
    """Return the rows of the structure table: a share, and what it is a share of."""
    rows = []
    for name, part, whole in SHARES:
        number, total = score.counts[part], score.counts[whole]
        share = f"{number / total:.3f}" if total else "–"
        rows.append({"": name, "share": share, "of": f"{number} / {total}"})
    return rows
