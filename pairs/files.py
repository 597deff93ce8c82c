"""Pairs on disk: JSONL or Parquet that `datasets` loads, and a card that says what is in it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from graphtune.config import PairsConfig, SplitConfig
from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.pairs.split import Split
from graphtune.records import Pair


class PairsCard(BaseModel):
    """What a file of pairs holds and was made from; all hashes are sha256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str
    pairs: int
    anchors: int
    concepts: int
    chunks: int
    documents: int
    by_style: dict[str, int]
    held_out_concepts: int
    held_out_documents: int
    settings: PairsConfig
    split: SplitConfig
    hashes: dict[str, str]


def write_pairs(
    pairs: list[Pair],
    graph: ConceptGraph,
    split: Split,
    configs: tuple[PairsConfig, SplitConfig],
    folder: Path,
    file_format: Literal["jsonl", "parquet"] = "jsonl",
) -> tuple[Path, PairsCard]:
    """Write pairs and their card; the same input gives the same bytes.

    Raises:
        DataError: there is no pair to write.
    """
    settings, split_settings = configs
    if not pairs:
        raise DataError(
            f"recipe {settings.recipe!r} gives no pairs: the graph has {len(graph.concepts)} concepts. "
            "Look at it with `graphtune graph stats`; more papers or the llm extractor give more."
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{settings.recipe}.{file_format}"
    rows = [asdict(pair) for pair in pairs]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if file_format == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text(lines, encoding="utf-8")
    card = PairsCard(
        recipe=settings.recipe,
        pairs=len(pairs),
        anchors=len({pair.anchor for pair in pairs}),
        concepts=len({pair.concept_id for pair in pairs}),
        chunks=len({pair.chunk_id for pair in pairs}),
        documents=len({pair.document_id for pair in pairs}),
        by_style=dict(sorted(Counter(pair.style for pair in pairs).items())),
        held_out_concepts=sum(side != "train" for side in split.concepts.values()),
        held_out_documents=sum(side != "train" for side in split.documents.values()),
        settings=settings,
        split=split_settings,
        hashes={
            **graph.hashes,
            "split": split.digest,
            "pairs": hashlib.sha256(lines.encode()).hexdigest(),
        },
    )
    card_path(folder, settings.recipe).write_text(
        card.model_dump_json(indent=2) + "\n", encoding="utf-8"
    )
    return path, card


def card_path(folder: Path, recipe: str) -> Path:
    """Return where the card of a recipe lies."""
    return folder / f"{recipe}.card.json"


def read_pairs(folder: Path, recipe: str) -> tuple[list[Pair], PairsCard]:
    """Read what `write_pairs` wrote, whichever format is newer.

    Raises:
        DataError: there is none, or a line is malformed.
    """
    found = [
        path for path in (folder / f"{recipe}.jsonl", folder / f"{recipe}.parquet") if path.exists()
    ]
    if not found or not card_path(folder, recipe).exists():
        raise DataError(
            f"no pairs of recipe {recipe!r} in {folder}; make them with `graphtune pairs`"
        )
    path = max(found, key=lambda item: item.stat().st_mtime)
    card = PairsCard.model_validate_json(card_path(folder, recipe).read_text(encoding="utf-8"))
    return [_read_row(row, path) for row in _read_rows(path)], card


def _read_rows(path: Path) -> Iterable[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        yield from pq.read_table(path).to_pylist()
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line:
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{path}:{number} is not valid JSON: {error.msg}") from error


def _read_row(row: dict[str, Any], path: Path) -> Pair:
    try:
        return Pair(**row)
    except TypeError as error:
        raise DataError(
            f"{path}: a pair needs the fields {', '.join(Pair.__slots__)}, found {', '.join(row)}"
        ) from error
