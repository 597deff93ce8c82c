"""Pairs on disk: JSONL or Parquet that `datasets` loads, and a card that says what is in it.

Texts that many pairs share are held once, and files are written and read in parts: a million pairs
take little more memory than the passages themselves.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from json.encoder import encode_basestring
from operator import attrgetter
from pathlib import Path
from sys import intern
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field

from graphtune.errors import DataError
from graphtune.files import open_whole, read_record, write_record
from graphtune.kg.graph import ConceptGraph
from graphtune.pairs.split import Split
from graphtune.records import Pair
from graphtune.tuning_config import PairsConfig, SplitConfig

_FIELDS = tuple(Pair.__slots__)
_read_fields = attrgetter(*_FIELDS)
_LINE = "{" + ", ".join(f'"{name}": %s' for name in _FIELDS) + "}\n"
#: Pairs that are written or read at once.
_PART = 10_000


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
    with_negative: int = 0
    held_out_concepts: int
    held_out_documents: int
    settings: PairsConfig
    split: SplitConfig
    left_out: dict[str, int] = Field(default_factory=dict)
    """Pairs of the user's own that were left out, by reason."""
    hashes: dict[str, str]
    """Of the corpus, the graph, the split and the pairs, and whatever else the pairs hang on."""


def write_pairs(
    pairs: Sequence[Pair],
    graph: ConceptGraph,
    split: Split,
    configs: tuple[PairsConfig, SplitConfig],
    folder: Path,
    file_format: Literal["jsonl", "parquet"] = "jsonl",
    left_out: Mapping[str, int] | None = None,
    hashes: Mapping[str, str] | None = None,
) -> tuple[Path, PairsCard]:
    """Write pairs and their card; the same input gives the same bytes.

    `left_out` and `hashes` go into the card: pairs left out by reason, and hashes of further inputs.

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
    with open_whole(path) as file:
        write = _write_parquet if file_format == "parquet" else _write_lines
        digest = write(pairs, file)
    card = PairsCard(
        recipe=settings.recipe,
        **_count_pairs(pairs),
        held_out_concepts=sum(side != "train" for side in split.concepts.values()),
        held_out_documents=sum(side != "train" for side in split.documents.values()),
        settings=settings,
        split=split_settings,
        left_out=dict(left_out or {}),
        hashes={**graph.hashes, **(hashes or {}), "split": split.digest, "pairs": digest},
    )
    write_record(card_path(folder, settings.recipe), card)
    for other in find_pairs(folder, settings.recipe):
        if other != path:
            other.unlink()  # one recipe, one file: else the card would speak for both
    return path, card


def _count_pairs(pairs: Sequence[Pair]) -> dict[str, Any]:
    return {
        "pairs": len(pairs),
        "anchors": len({pair.anchor for pair in pairs}),
        "concepts": len({pair.concept_id for pair in pairs} - {""}),
        "chunks": len({pair.chunk_id for pair in pairs} - {""}),
        "documents": len({pair.document_id for pair in pairs} - {""}),
        "by_style": dict(sorted(Counter(pair.style for pair in pairs).items())),
        "with_negative": sum(bool(pair.negative) for pair in pairs),
    }


def _write_lines(pairs: Iterable[Pair], file: BinaryIO) -> str:
    digest = hashlib.sha256()
    for part in _render_lines(pairs):
        digest.update(part)
        file.write(part)
    return digest.hexdigest()


def _write_parquet(pairs: Sequence[Pair], file: BinaryIO) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = [(name, pa.float64() if name == "weight" else pa.string()) for name in _FIELDS]
    schema = pa.schema(kinds)
    with pq.ParquetWriter(file, schema) as writer:
        for part in _cut(pairs, _PART):
            columns = zip(*map(_read_fields, part), strict=True)
            writer.write_table(pa.table(dict(zip(_FIELDS, columns, strict=True)), schema))
    return hash_pairs(pairs)


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
    if _hash_file(path, pairs) != card.hashes.get("pairs"):
        raise DataError(
            f"{path} is not what its card describes (changed or cut off since it was made); "
            "make it again with `graphtune pairs`"
        )
    return pairs, card


def is_intact(folder: Path, card: PairsCard) -> bool:
    """Tell whether the file of a recipe's pairs still is what its card describes."""
    path = find_pairs(folder, card.recipe)[0]
    pairs = (_read_row(row, path) for row in _read_rows(path))
    return _hash_file(path, pairs) == card.hashes.get("pairs")


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
    digest = hashlib.sha256()
    for part in _render_lines(pairs):
        digest.update(part)
    return digest.hexdigest()


def _hash_file(path: Path, pairs: Iterable[Pair]) -> str:
    """Return `hash_pairs` of a file's pairs; lines are hashed as they stand, which is faster."""
    if path.suffix == ".parquet":
        return hash_pairs(pairs)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _render_lines(pairs: Iterable[Pair]) -> Iterator[bytes]:
    """Yield lines of JSON, many at a time."""
    for part in _cut(pairs, _PART // 10):
        columns = map(_render_column, _FIELDS, zip(*map(_read_fields, part), strict=True))
        yield "".join(map(_LINE.__mod__, zip(*columns, strict=True))).encode()


def _render_column(name: str, values: Iterable[Any]) -> Iterator[str]:
    """Yield values as `json.dumps` renders them, without making an encoder for each."""
    return map(repr, map(float, values)) if name == "weight" else map(encode_basestring, values)


def _cut(pairs: Iterable[Pair], size: int) -> Iterator[list[Pair]]:
    rest = iter(pairs)
    while part := list(islice(rest, size)):
        yield part


def _read_rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            for part in file.iter_batches(_PART):
                yield from part.to_pylist()
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line)
            except ValueError as error:  # broken JSON, or no UTF-8
                raise DataError(f"{path}:{number} is not valid JSON: {error}") from error


def _read_row(row: dict[str, Any], path: Path) -> Pair:
    try:
        shared: dict[str, Any] = {
            key: intern(value) if isinstance(value, str) else value for key, value in row.items()
        }
        return Pair(**shared)
    except (AttributeError, TypeError) as error:
        raise DataError(
            f"{path}: a pair needs the fields {', '.join(_FIELDS)}, found {row}"
        ) from error
