"""Reading a benchmark in the BEIR layout: `corpus.jsonl`, `queries.jsonl`, `qrels/<split>.tsv`.

The layout is that of Thakur et al., "BEIR" (NeurIPS 2021 Datasets and Benchmarks).
"""

from collections.abc import Container, Iterator, Mapping, Sequence
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
    model_config = ConfigDict(coerce_numbers_to_str=True)

    concepts: tuple[str, ...] = ()
    excluded_ids: tuple[str, ...] = ()


class _QueryLine(_Line):
    text: _Filled
    metadata: _Metadata | None = None


_AnyLine = TypeVar("_AnyLine", bound=_Line)


def load_beir(folder: Path, split: str = "test") -> Benchmark:
    """Read one split of a BEIR folder (see `load_splits`)."""
    return load_splits(folder, [split])[0]


def load_splits(folder: Path, splits: Sequence[str]) -> list[Benchmark]:
    """Read a BEIR folder; title and text of a document are joined by a line break.

    A benchmark is named after the folder, and, unless the split is `test`, the split:
    `<folder>-<split>`. Queries may say what they are about, and which documents must be left out of
    their rankings: `{"_id": …, "text": …, "metadata": {"concepts": [name, …], "excluded_ids": [id, …]}}`.
    Queries without a relevant document in the split are left out and counted in the notes.

    Raises:
        DataError: a file, a split or a field is missing, a line is malformed, an id stands twice
            or is unknown, or nothing remains to be measured.
    """
    paths = {split: _find_qrels(folder, split) for split in splits}
    documents = {
        line.id: "\n".join(part for part in ((line.title or "").strip(), line.text.strip()) if part)
        for line in _read_lines(folder / "corpus.jsonl", _DocumentLine)
    }
    asked = {line.id: line for line in _read_lines(folder / "queries.jsonl", _QueryLine)}
    return [
        _make_benchmark(name_split(folder, split), path, documents, asked)
        for split, path in paths.items()
    ]


def name_split(folder: Path, split: str) -> str:
    """Return the name of the benchmark that one split of a folder is.

    >>> name_split(Path("gold"), "test"), name_split(Path("gold"), "transfer")
    ('gold', 'gold-transfer')
    """
    name = folder.resolve().name
    return name if split == "test" else f"{name}-{split}"


def _make_benchmark(
    name: str, qrels_path: Path, documents: dict[str, str], asked: Mapping[str, _QueryLine]
) -> Benchmark:
    grades = read_qrels(qrels_path, documents, asked)
    # In the order of queries.jsonl, whatever the order of the judgements.
    kept = [query for query in asked if any(grade > 0 for grade in grades.get(query, {}).values())]
    if not kept:
        raise DataError(f"{qrels_path} judges no document relevant (score 1 or more) to any query")
    about = {query: asked[query].metadata or _Metadata() for query in kept}
    benchmark = Benchmark(
        name=name,
        documents=documents,
        queries={query: asked[query].text for query in kept},
        qrels={query: grades[query] for query in kept},
        concepts={query: data.concepts for query, data in about.items() if data.concepts},
        excluded={query: data.excluded_ids for query, data in about.items() if data.excluded_ids},
    )
    own = sorted(find_own_documents(benchmark))
    for query, excluded in benchmark.excluded.items():
        if relevant := [key for key in excluded if grades[query].get(key, 0) > 0]:
            raise DataError(
                f"{qrels_path}: document {relevant[0]!r} is relevant to query {query!r}, whose "
                "excluded_ids name it: it must be one or the other"
            )
    return replace(
        benchmark,
        excluded={
            **benchmark.excluded,
            **{query: (query, *benchmark.excluded.get(query, ())) for query in own},
        },
        notes=_write_notes(qrels_path.stem, benchmark, len(asked), len(own)),
    )


def _write_notes(split: str, benchmark: Benchmark, n_asked: int, n_own: int) -> tuple[str, ...]:
    left_out = n_asked - len(benchmark.queries)
    empty = sum(not text for text in benchmark.documents.values())
    return tuple(
        text
        for count, text in (
            (
                left_out,
                f"{left_out} of {n_asked} queries have no relevant document in split {split!r} and "
                "are left out.",
            ),
            (
                n_own,
                f"{n_own} queries are documents themselves and are not among their own answers.",
            ),
            (
                empty,
                f"{empty} of {len(benchmark.documents)} documents have neither title nor text.",
            ),
        )
        if count
    )


def _find_qrels(folder: Path, split: str) -> Path:
    if folder.is_file():
        raise DataError(f"{folder} is a file, and a BEIR folder is needed: unpack it first")
    missing = [name for name in ("corpus.jsonl", "queries.jsonl") if not (folder / name).is_file()]
    if missing:
        packed = [name for name in missing if (folder / f"{name}.gz").is_file()]
        remedy = (
            f"Unpack it: gunzip {' '.join(f'{name}.gz' for name in packed)}"
            if packed
            else ("It must hold corpus.jsonl, queries.jsonl and qrels/<split>.tsv")
        )
        raise DataError(f"{folder} is no BEIR folder: {' and '.join(missing)} missing. {remedy}")
    path = folder / "qrels" / f"{split}.tsv"
    splits = sorted(found.stem for found in (folder / "qrels").glob("*.tsv"))
    # The name becomes that of a results folder: a path would lead out of it.
    if split not in splits or not path.is_file():
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


def read_qrels(
    path: Path, documents: Container[str], queries: Container[str]
) -> dict[str, dict[str, int]]:
    """Read judgements: query id, document id and a whole score between tabs, with or without a header.

    Scores below 0, which some collections give to junk, stay; like 0 they mean not relevant.

    Raises:
        DataError: a line is malformed, judges a pair twice, or names an unknown id.
    """
    grades: dict[str, dict[str, int]] = {}
    unknown: list[str] = []
    for number, (place, text) in enumerate(_number_lines(path)):
        columns = [column.strip() for column in text.split("\t")]
        if number == 0 and _is_header(columns, queries):
            continue
        query, document, grade = _read_judgement(place, text, columns)
        if query not in queries:
            unknown.append(f"{place}: the query {query!r} is not in queries.jsonl")
        elif document not in documents:
            unknown.append(f"{place}: the document {document!r} is not in corpus.jsonl")
        elif grades.setdefault(query, {}).setdefault(document, grade) != grade:
            raise DataError(
                f"{place}: query {query!r} and document {document!r} have two scores; keep one line"
            )
    if unknown:
        more = f" (and {len(unknown) - 1} more such lines)" if len(unknown) > 1 else ""
        raise DataError(
            f"{unknown[0]}{more}; take all files from one release of the data, or remove the lines"
        )
    return grades


def _is_header(columns: list[str], queries: Container[str]) -> bool:
    return len(columns) == 3 and columns[0] not in queries and not _is_number(columns[2])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_judgement(place: str, text: str, columns: list[str]) -> tuple[str, str, int]:
    if len(columns) != 3:
        is_trec = len(text.split()) == 4
        hint = "; this looks like TREC's form: drop its second column, and put tabs" * is_trec
        raise DataError(
            f"{place}: {len(columns)} columns, expected three (query id, document id, score) "
            f"between tabs{hint}: {text.strip()[:80]}"
        )
    query, document, score = columns
    if not _is_number(score) or not float(score).is_integer():
        raise DataError(
            f"{place}: the score {score!r} is no whole number; grades are 0 (not relevant), 1, 2 …"
        )
    return query, document, int(float(score))
