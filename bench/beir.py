"""Reading a benchmark in the BEIR layout: `corpus.jsonl`, `queries.jsonl`, `qrels/<split>.tsv`.

The layout is that of Thakur et al., "BEIR" (NeurIPS 2021 Datasets and Benchmarks).
"""

from collections.abc import Container, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from graphtune.bench.benchmark import Benchmark, find_own_documents
from graphtune.errors import DataError

_Filled = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Line(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: Annotated[str, Field(alias="_id", min_length=1)]


class _DocumentLine(_Line):
    title: str | None = None
    text: str


class _Metadata(BaseModel):
    concepts: tuple[str, ...] = ()


class _QueryLine(_Line):
    text: _Filled
    metadata: _Metadata | None = None


_AnyLine = TypeVar("_AnyLine", bound=_Line)


def load_beir(folder: Path, split: str = "test") -> Benchmark:
    """Read a BEIR folder; title and text of a document are joined by a line break.

    Queries may say what they are about: `{"_id": …, "text": …, "metadata": {"concepts": [name, …]}}`.
    Queries without a relevant document in the split are left out and counted in the notes.

    Raises:
        DataError: a file, the split or a field is missing, a line is malformed, an id stands twice
            or is unknown, or nothing remains to be measured.
    """
    qrels_path = _find_qrels(folder, split)
    documents = {
        line.id: "\n".join(part for part in ((line.title or "").strip(), line.text.strip()) if part)
        for line in _read_lines(folder / "corpus.jsonl", _DocumentLine)
    }
    asked = {line.id: line for line in _read_lines(folder / "queries.jsonl", _QueryLine)}
    grades = _read_qrels(qrels_path, documents.keys(), asked.keys())
    # In the order of queries.jsonl, whatever the order of the judgements.
    kept = [query for query in asked if any(grade > 0 for grade in grades.get(query, {}).values())]
    if not kept:
        raise DataError(f"{qrels_path} judges no document relevant (score 1 or more) to any query")
    left_out = len(asked) - len(kept)
    note = f"{left_out} of {len(asked)} queries have no relevant document in split {split!r}"
    benchmark = Benchmark(
        name=folder.resolve().name,
        documents=documents,
        queries={query: asked[query].text for query in kept},
        qrels={query: grades[query] for query in kept},
        concepts={
            query: metadata.concepts
            for query in kept
            if (metadata := asked[query].metadata) is not None and metadata.concepts
        },
        notes=(f"{note} and are left out.",) if left_out else (),
    )
    own = len(find_own_documents(benchmark))
    if own:
        own_note = f"{own} queries are documents themselves and are not among their own answers."
        benchmark = replace(benchmark, notes=(*benchmark.notes, own_note))
    return benchmark


def _find_qrels(folder: Path, split: str) -> Path:
    missing = [name for name in ("corpus.jsonl", "queries.jsonl") if not (folder / name).is_file()]
    if missing:
        raise DataError(
            f"{folder} is no BEIR folder: {' and '.join(missing)} missing. "
            "It must hold corpus.jsonl, queries.jsonl and qrels/<split>.tsv"
        )
    path = folder / "qrels" / f"{split}.tsv"
    if not path.is_file():
        splits = sorted(found.stem for found in (folder / "qrels").glob("*.tsv"))
        raise DataError(
            f"{folder} has no split {split!r}; it has: {', '.join(splits) or 'none'} "
            "(files qrels/<split>.tsv)"
        )
    return path


def _number_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the place (`file:line`) and the text of every line that is not blank."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{path}:{number}: not UTF-8 ({error}); convert the file"
                ) from error
            if text.strip():
                yield f"{path}:{number}", text


def _read_lines(path: Path, shape: type[_AnyLine]) -> Iterator[_AnyLine]:
    seen: set[str] = set()
    for place, text in _number_lines(path):
        try:
            line = shape.model_validate_json(text)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, item['loc'])) or 'line'}: {item['msg']}"
                for item in error.errors()
            )
            raise DataError(
                f"{place}: {problems}. Correct the line: {text.strip()[:80]}"
            ) from error
        if line.id in seen:
            raise DataError(f"{place}: the id {line.id!r} stands twice; ids must be unique")
        seen.add(line.id)
        yield line
    if not seen:
        raise DataError(f"{path} is empty; it must hold one JSON object a line")


def _read_qrels(
    path: Path, documents: Container[str], queries: Container[str]
) -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = {}
    for number, (place, text) in enumerate(_number_lines(path)):
        columns = [column.strip() for column in text.split("\t")]
        if len(columns) != 3:
            raise DataError(
                f"{place}: {len(columns)} columns, expected three (query id, document id, score) "
                f"between tabs: {text.strip()[:80]}"
            )
        query, document, score = columns
        try:
            grade = int(score)
        except ValueError as error:
            if number == 0:
                continue  # The header, which is optional.
            raise DataError(f"{place}: the score {score!r} is no whole number") from error
        if query not in queries:
            raise DataError(f"{place}: the query {query!r} is not in queries.jsonl")
        if document not in documents:
            raise DataError(f"{place}: the document {document!r} is not in corpus.jsonl")
        if grades.setdefault(query, {}).setdefault(document, grade) != grade:
            raise DataError(f"{place}: query {query!r} and document {document!r} have two scores")
    return grades
