"""Pairs on disk: JSONL or Parquet that `datasets` loads, and a card that says what is in it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from graphtune.errors import DataError
from graphtune.files import read_record, write_record, write_text
from graphtune.kg.graph import ConceptGraph
from graphtune.pairs.split import Split
from graphtune.records import Pair
from graphtune.tuning_config import PairsConfig, SplitConfig


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
    settings = configs[0]
    if not pairs:
        raise DataError(
            f"recipe {settings.recipe!r} gives no pairs: the graph has {len(graph.concepts)} concepts. "
            "Look at it with `graphtune graph stats`; more papers or the llm extractor give more."
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{settings.recipe}.{file_format}"
    lines = _render_lines(pairs)
    if file_format == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        partial = path.with_suffix(".partial")
        pq.write_table(pa.Table.from_pylist([asdict(pair) for pair in pairs]), partial)
        partial.replace(path)
    else:
        write_text(path, lines)
    card = _describe_pairs(pairs, graph, split, configs, lines)
    write_record(card_path(folder, settings.recipe), card)
    for other in find_pairs(folder, settings.recipe):
        if other != path:
            other.unlink()  # one recipe, one file: else the card would speak for both
    return path, card


def _describe_pairs(
    pairs: Sequence[Pair],
    graph: ConceptGraph,
    split: Split,
    configs: tuple[PairsConfig, SplitConfig],
    lines: str,
) -> PairsCard:
    settings, split_settings = configs
    return PairsCard(
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
            "pairs": _hash_lines(lines),
        },
    )


def card_path(folder: Path, recipe: str) -> Path:
    """Return where the card of a recipe lies."""
    return folder / f"{recipe}.card.json"


def read_pairs(folder: Path, recipe: str) -> tuple[list[Pair], PairsCard]:
    """Read what `write_pairs` wrote, in either format.

    Raises:
        DataError: there is none, a line is malformed, or the file is not what its card describes.
    """
    card = read_card(folder, recipe)
    path = find_pairs(folder, recipe)[0]
    pairs = [_read_row(row, path) for row in _read_rows(path)]
    if hash_pairs(pairs) != card.hashes.get("pairs"):
        raise DataError(
            f"{path} is not what its card describes (changed or cut off since it was made); "
            "make it again with `graphtune pairs`"
        )
    return pairs, card


def read_card(folder: Path, recipe: str) -> PairsCard:
    """Read what the pairs of a recipe were made from.

    Raises:
        DataError: there are no such pairs, or the card is damaged.
    """
    if not find_pairs(folder, recipe) or not card_path(folder, recipe).exists():
        raise DataError(
            f"no pairs of recipe {recipe!r} in {folder}; make them with `graphtune pairs`"
        )
    return read_record(card_path(folder, recipe), PairsCard)


def list_recipes(folder: Path) -> list[str]:
    """Return the recipes whose pairs lie in a folder, sorted.

    Raises:
        DataError: there are none.
    """
    found = sorted(path.name.removesuffix(".card.json") for path in folder.glob("*.card.json"))
    if not found:
        raise DataError(f"there are no pairs in {folder}; make them with `graphtune pairs`")
    return found


def find_pairs(folder: Path, recipe: str) -> list[Path]:
    """Return the files of a recipe's pairs, in either format."""
    return [p for p in (folder / f"{recipe}.jsonl", folder / f"{recipe}.parquet") if p.exists()]


def hash_pairs(pairs: Iterable[Pair]) -> str:
    """Return the sha256 of pairs as lines of JSON, whatever the format of their file."""
    return _hash_lines(_render_lines(pairs))


def _hash_lines(lines: str) -> str:
    return hashlib.sha256(lines.encode()).hexdigest()


def _render_lines(pairs: Iterable[Pair]) -> str:
    return "".join(json.dumps(asdict(pair), ensure_ascii=False) + "\n" for pair in pairs)


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
