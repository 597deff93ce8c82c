"""The user's own pairs, mixed in behind those of a recipe."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.pairs.leakage import trace_positives
from graphtune.pairs.recipes import find_held_out, list_anchor_names, list_hidden_names
from graphtune.pairs.split import Split
from graphtune.pairs.traces import find_phrases
from graphtune.records import Pair, Style

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    anchor: _Text
    positive: _Text
    negative: str | None = None
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    style: Style = "extra"


@dataclass(frozen=True, slots=True)
class ExtraPairs:
    """Pairs that may be trained on, and how many may not, by reason."""

    pairs: list[Pair]
    left_out: dict[str, int]


def read_extra(path: Path) -> Iterator[Pair]:
    """Read pairs of one's own: JSONL or Parquet with anchor, positive and what else `_Row` knows.

    Raises:
        DataError: the file cannot be read, or a line is not such a pair; the message says which.
    """
    for number, row in _read_rows(path):
        try:
            found = _Row.model_validate(row)
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(map(str, problem["loc"])) or "the line"
            raise DataError(
                f"{path}:{number}: {place}: {problem['msg']}; a pair has anchor and positive (texts), "
                "and maybe negative (a text), weight (above 0) and style (such as question)"
            ) from error
        negative = (found.negative or "").strip()
        yield Pair(found.anchor, found.positive, found.style, "", "", "", found.weight, negative)


def _read_rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the rows of a file with their numbers, from 1."""
    try:
        if path.suffix == ".parquet":
            import pyarrow as pa
            import pyarrow.parquet as pq

            try:
                rows = pq.read_table(path).to_pylist()
            except pa.ArrowInvalid as error:
                raise DataError(f"{path} is no Parquet file: {error}") from error
            yield from enumerate(rows, 1)
            return
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            if text:
                yield number, json.loads(text)
    except OSError as error:
        raise DataError(f"the pairs {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"{path}:{number} is not a line of JSON in UTF-8: {error}") from error


def choose_extra(
    graph: ConceptGraph, split: Split, pairs: Sequence[Pair], extra: Iterable[Pair]
) -> ExtraPairs:
    """Return the user's pairs that may join a recipe's, with a concept and a chunk where these are known.

    Left out is what stands there twice, what asks for a held-out concept (a question: what names one) or
    quotes held-out papers, and what repeats a passage that gives no positive.
    """
    known = list(extra)
    if not known:
        return ExtraPairs([], {})
    held_out = _find_held_out(graph, split, known)
    texts = {("", text) for pair in known for text in (pair.positive, pair.negative) if text}
    traced = trace_positives(graph, sorted(texts))
    anchors = {pair.anchor for pair in known}
    met = {(pair.anchor, pair.positive) for pair in pairs if pair.anchor in anchors}
    named = list_anchor_names(graph, split).items()
    owners = {normalize_name(name): concept for concept, names in named for name in names}
    passages = {chunk.text: chunk for chunk in graph.chunks.values()}
    left_out: Counter[str] = Counter()
    chosen = []
    for pair in known:
        chunks = traced["", pair.positive]
        used = chunks | traced.get(("", pair.negative), set())
        if pair.anchor in held_out:
            left_out["they name held-out concepts or quote held-out papers"] += 1
        elif not all(split.may_train_on(graph.chunks[chunk]) for chunk in used):
            left_out["they repeat passages of held-out papers"] += 1
        elif (pair.anchor, pair.positive) in met:
            left_out["they are there already"] += 1
        else:
            met.add((pair.anchor, pair.positive))
            chunk = passages.get(pair.positive) or graph.chunks.get(min(chunks, default=""))
            chosen.append(
                replace(
                    pair,
                    concept_id=owners.get(normalize_name(pair.anchor), ""),
                    chunk_id=chunk.id if chunk else "",
                    document_id=chunk.document_id if chunk else "",
                )
            )
    return ExtraPairs(chosen, dict(sorted(left_out.items())))


def _find_held_out(graph: ConceptGraph, split: Split, pairs: Sequence[Pair]) -> set[str]:
    """Return the anchors that ask for what is held out; questions need only name it."""
    questions = {pair.anchor for pair in pairs if pair.style == "question"}
    named = find_phrases(questions, list_hidden_names(graph, split))
    return find_held_out(graph, split, {pair.anchor for pair in pairs}) | named.keys()


def hash_extra(paths: Iterable[Path]) -> dict[str, str]:
    """Return a sha256 of the files' bytes in order, as an entry of a card's hashes; none without files.

    Raises:
        DataError: a file cannot be read.
    """
    digests = []
    for path in paths:
        try:
            with path.open("rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError as error:
            raise DataError(f"the pairs {path} cannot be read: {error.strerror}") from error
    return {"extra": hashlib.sha256("".join(digests).encode()).hexdigest()} if digests else {}
