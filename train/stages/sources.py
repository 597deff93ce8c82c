"""What stages learn from: documents of a workspace, of text files, or rows of JSON Lines."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from graphtune.chunking.sentences import split_sentences
from graphtune.errors import DataError
from graphtune.kg import ConceptGraph, GraphStore, load_graph
from graphtune.kg.build import read_ontology
from graphtune.pairs.split import Split, assign_documents, store_split
from graphtune.records import Mention
from graphtune.workspace import CONFIG_NAME, open_workspace


class Text(NamedTuple):
    """A document: its id, and its paragraphs in order.

    The id of what is no paper of a workspace is a hash of its text: what stands twice is held out twice,
    and wherever the file lies.
    """

    id: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a file of rows, and where it stands, for messages; `document` is that of a workspace."""

    place: str
    values: dict[str, Any]
    document: str = ""


def list_files(sources: Sequence[Path]) -> list[Path]:
    """Return workspaces and files, those of folders in the order of their names.

    Raises:
        DataError: one does not exist, or a folder holds no text.
    """
    found: list[Path] = []
    for source in sources:
        if not source.exists():
            raise DataError(f"{source} does not exist; `data` wants workspaces, folders or files")
        if source.is_file() or (source / CONFIG_NAME).exists():
            found.append(source)
            continue
        inside = sorted(p for p in source.rglob("*") if p.suffix in (".txt", ".jsonl"))
        if not inside:
            raise DataError(f"{source} holds no .txt or .jsonl file, and is no workspace")
        found += inside
    return found


def read_texts(sources: Sequence[Path], fields: Sequence[str]) -> Iterator[Text]:
    """Yield all documents: papers of a workspace, rows of .jsonl files, paragraphs of .txt files.

    A .txt file is one document where several are read, else each of its paragraphs is one.

    Raises:
        DataError: a file cannot be read, is not in UTF-8, or lacks a field.
    """
    files = list_files(sources)
    for file in files:
        if file.is_dir():
            yield from _read_papers(file)
        elif file.suffix == ".jsonl":
            for row in read_rows(file):
                yield _name_text(tuple(_read_fields(row, fields)))
        else:
            paragraphs = _cut_paragraphs(_read_utf8(file))
            if len(files) > 1:
                yield _name_text(tuple(paragraphs))
            else:
                yield from (_name_text((paragraph,)) for paragraph in paragraphs)


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the objects of a JSON Lines file.

    Raises:
        DataError: the file cannot be read, or a line is no object.
    """
    # Other signs that end a line for Python may stand inside of JSON's texts.
    for number, line in enumerate(_read_utf8(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}:{number} is not valid JSON: {error}") from error
        if not isinstance(values, dict):
            raise DataError(f"{path}:{number} is no JSON object with fields: {line[:80]!r}")
        yield Row(f"{path.parent.name}/{path.name}:{number}", values)


def _name_text(paragraphs: tuple[str, ...]) -> Text:
    return Text(hash_text("\n\n".join(paragraphs)), paragraphs)


def hash_text(text: str) -> str:
    """Return a document's id: 16 hex digits of the sha256 of its text.

    >>> hash_text("Нэг.")
    '20ae2eda91279fde'
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _read_fields(row: Row, fields: Sequence[str]) -> Iterator[str]:
    for field in fields:
        value = row.values.get(field)
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, str) for part in parts):
            raise DataError(
                f"{row.place}: no text in the field {field!r}; it has {', '.join(row.values)}. "
                "Name the right ones in text_fields."
            )
        yield from filter(str.strip, parts)


def join_fields(row: Row, fields: Sequence[str]) -> str:
    """Return the texts of some fields of a row, with blank lines between them.

    Raises:
        DataError: one is missing, or holds no text.
    """
    return "\n\n".join(_read_fields(row, fields))


def _read_papers(workspace: Path) -> Iterator[Text]:
    graph = read_workspace(workspace)[0]
    held: dict[str, list[str]] = {key: [] for key in graph.documents}
    for chunk in graph.chunks.values():
        if chunk.kind != "reference":
            held[chunk.document_id].append(chunk.text)
    for key, chunks in held.items():
        yield Text(key, tuple(chunks))


def read_mentions(root: Path) -> Iterator[Row]:
    """Yield the sentences of a workspace's papers that name a concept, each name labelled by its type.

    Names that overlap leave the longest. The labels are distant ones: what the graph does not know, such
    as a concept that no paper defines, has none.

    Raises:
        WorkspaceError: it is no workspace.
    """
    graph = read_workspace(root)[0]
    named: defaultdict[str, list[Mention]] = defaultdict(list)
    for concept in graph.concepts:
        for mention in graph.evidence(concept):
            named[mention.chunk_id].append(mention)
    for key in sorted(named):
        chunk = graph.chunks[key]
        if chunk.kind == "reference":
            continue
        spans = _keep_longest(
            [(m.start, m.end, graph.concepts[m.concept_id].type) for m in named[key]]
        )
        for start, end in split_sentences(chunk.text):
            inside = [
                [a - start, b - start, kind] for a, b, kind in spans if start <= a and b <= end
            ]
            if inside:
                text = chunk.text[start:end]
                place = f"{graph.documents[chunk.document_id]['path']}, {key}"
                yield Row(place, {"text": text, "labels": inside}, chunk.document_id)


def _keep_longest(spans: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return the spans that overlap no longer one, in order.

    >>> _keep_longest([(0, 4, "a"), (2, 9, "b"), (10, 12, "a"), (10, 12, "b")])
    [(2, 9, 'b'), (10, 12, 'a')]
    """
    kept: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(spans, key=lambda span: (span[0] - span[1], span)):
        if all(end <= a or b <= start for a, b, _ in kept):
            kept.append((start, end, kind))
    return sorted(kept)


def read_workspace(root: Path) -> tuple[ConceptGraph, Split]:
    """Return a workspace's graph and its split.

    Raises:
        WorkspaceError: it is no workspace.
        DataError: nothing has been built in it.
    """
    workspace = open_workspace(root)
    with GraphStore(workspace.database) as store:
        graph = load_graph(store, read_ontology(workspace))
    return graph, store_split(workspace.split, graph, workspace.config.split)


def _cut_paragraphs(text: str) -> list[str]:
    parts = (part.strip() for part in text.replace("\r\n", "\n").split("\n\n"))
    return [part for part in parts if part]


def _read_utf8(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not in UTF-8 (byte {error.start:,} is {error.object[error.start]:#x}); convert it, "
            f"such as with `iconv -f CP1251 -t UTF-8`"
        ) from error


def split_documents(documents: Iterable[str], share: float, sources: Sequence[Path]) -> set[str]:
    """Return the documents that are held out, by id: those of the workspaces' splits, else a share.

    A workspace whose split holds out no paper counts as files do. Who is held out hangs on the ids alone,
    so that all stages hold out the same.

    Raises:
        DataError: there are fewer than two documents.
    """
    keys = list(dict.fromkeys(documents))
    known: dict[str, str] = {}
    for source in sources:
        if source.is_dir() and (source / CONFIG_NAME).exists():
            sides = read_workspace(source)[1].documents
            known |= sides if set(sides.values()) - {"train"} else {}
    rest = [key for key in keys if key not in known]
    if len(keys) < 2:
        raise DataError("there is only one document: nothing is left to hold out; give more")
    found = known | assign_documents(rest, {"test": share}, "documents")
    return {key for key in keys if found[key] != "train"}
