"""A cache of vectors on disk, so that a text is encoded once for a model.

One SQLite file holds the vectors of all models. A vector is found again only under everything that
it depends on (`Space`) and the text; it carries a checksum, so that a damaged one is made again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from graphtune.encoder import (
    Vectors,
    describe_architecture,
    encode_batches,
    hash_model,
    name_dtype,
    replace_surrogates,
)
from graphtune.errors import DataError, WorkspaceError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: Encodes texts in any order: yields the places of some texts and their vectors, one a row.
Encode = Callable[[list[str]], Iterable[tuple[Sequence[int], Vectors]]]

FILE_NAME = "vectors.db"
#: A model that was not used for so many days leaves the cache.
_DAYS = 90
_TABLES = """
    CREATE TABLE IF NOT EXISTS spaces (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, fields TEXT NOT NULL, used TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS vectors (
        space INTEGER NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
        text BLOB NOT NULL, vector BLOB NOT NULL, checksum INTEGER NOT NULL,
        PRIMARY KEY (space, text)
    );
"""


@dataclass(frozen=True, slots=True)
class Space:
    """All that the vector of a text depends on, beside the text.

    Attributes:
        model: hash of the weights, or the name of a model behind an API with its host.
        role: what the texts are, "query" or "document".
        width: numbers a vector; None where only the model's first answer tells it.
        prompt: what is put before each text.
        revision: the model's revision, where it has one.
        dtype: the type that the model computes in, such as "bfloat16".
        max_tokens: where texts are cut; None where that is unknown.
        architecture: what the weights do not tell, such as the tokenizer and how tokens are pooled.
    """

    model: str
    role: str
    width: int | None = None
    prompt: str = ""
    revision: str = ""
    dtype: str = "float32"
    max_tokens: int | None = None
    architecture: str = ""


def encode_cached(
    encoder: SentenceTransformer,
    texts: Sequence[str],
    role: Literal["query", "document"],
    cache: Path | None,
    label: str = "encoding",
) -> Vectors:
    """Return what `graphtune.encoder.encode_texts` gives, and encode only texts not in the cache.

    Args:
        encoder: a model from `graphtune.encoder.load_encoder`.
        texts: any number of strings; equal ones are encoded once.
        role: which prompt stands before each text.
        cache: folder of the cache file; None for none.
        label: what the progress bar says.

    Raises:
        DataError: the model gives NaN or infinity.
        WorkspaceError: the cache file cannot be used.
    """

    def encode(missing: list[str]) -> Iterator[tuple[Sequence[int], Vectors]]:
        return encode_batches(encoder, missing, role, label)

    return load_or_encode(cache, describe_space(encoder, role), texts, encode)


def describe_space(encoder: SentenceTransformer, role: Literal["query", "document"]) -> Space:
    """Return the space of an encoder's vectors for texts of a role."""
    return Space(
        model=hash_model(encoder),
        role=role,
        width=encoder.get_embedding_dimension(),
        prompt=encoder.prompts.get(role) or "",
        revision=str(getattr(encoder.model_card_data, "base_model_revision", None) or ""),
        dtype=name_dtype(encoder),
        max_tokens=encoder.max_seq_length,
        architecture=describe_architecture(encoder),
    )


def load_or_encode(
    cache: Path | None, space: Space, texts: Sequence[str], encode: Encode
) -> Vectors:
    """Return the vectors of texts from the cache; encode and keep those that it does not have.

    Every batch that `encode` yields is stored at once, so that an interrupted run keeps it. Several
    processes may use one cache at the same time.

    Args:
        cache: folder of the cache file, made if need be; None for none.
        space: what the vectors depend on.
        texts: any number of strings; lone surrogates, which no model takes, count as U+FFFD.
        encode: gets the distinct texts that are missing; not called when there are none.

    Returns:
        float32, shape (len(texts), width).

    Raises:
        DataError: `encode` gives NaN, infinity, another width than `space.width` or than the cache
            holds, or leaves a text out.
        WorkspaceError: the cache file is damaged or cannot be written.

    >>> space = Space(model="lengths", role="document", width=1)
    >>> def encode(texts):
    ...     yield range(len(texts)), np.array([[len(t)] for t in texts], dtype=np.float32)
    >>> load_or_encode(None, space, ["a", "bcd", "a"], encode).tolist()
    [[1.0], [3.0], [1.0]]
    """
    texts = [replace_surrogates(text) for text in texts]
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    found = _Matrix(space, list(places))
    if cache is None:
        for rows, vectors in encode(found.texts) if places else ():
            found.fill(rows, vectors)
    else:
        with _open_cache(cache / FILE_NAME) as db:
            key = _find_space(db, space)
            found.fill_stored(_read_vectors(db, key, found.texts))
            missing = found.list_missing()
            wanted = [found.texts[place] for place in missing]
            for rows, vectors in encode(wanted) if wanted else ():
                filled = [missing[row] for row in rows]
                found.fill(filled, vectors)
                _store_vectors(db, key, [found.texts[place] for place in filled], vectors)
    return found.collect([places[text] for text in texts])


class _Matrix:
    """Vectors of distinct texts, filled bit by bit; no row is taken unseen."""

    def __init__(self, space: Space, texts: list[str]) -> None:
        self.space, self.texts = space, texts
        self.known = np.zeros(len(texts), dtype=bool)
        self.vectors = np.zeros((len(texts), space.width or 0), dtype=np.float32)

    def fill(self, rows: Sequence[int], vectors: Vectors) -> None:
        """Take vectors that were just made."""
        places = np.asarray(rows, dtype=np.intp)
        width = self.vectors.shape[1]
        if not width:
            width = vectors.shape[1]
            self.vectors = np.zeros((len(self.texts), width), dtype=np.float32)
        if vectors.shape != (len(places), width):
            raise DataError(
                f"vectors of {len(places)} texts have shape {vectors.shape}, but the model "
                f"{self.space.model!r} gives or gave {width} numbers a text: remove the cache file "
                f"{FILE_NAME} if the model has changed behind its name"
            )
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if bad.size:
            raise DataError(
                f"{bad.size} of {len(places)} {self.space.role} vectors hold NaN or infinity (first: "
                f"that of {self.texts[places[bad[0]]][:60]!r}): the model's weights are damaged; "
                "train again or choose another model"
            )
        self.vectors[places] = vectors
        self.known[places] = True

    def fill_stored(self, stored: Iterable[tuple[int, bytes]]) -> None:
        """Take what the cache holds; a vector of another width than the model's is left out."""
        for place, blob in stored:
            vector = np.frombuffer(blob, dtype="<f4")
            if not self.vectors.shape[1]:
                self.vectors = np.zeros((len(self.texts), vector.size), dtype=np.float32)
            if vector.size == self.vectors.shape[1]:
                self.vectors[place] = vector
                self.known[place] = True

    def list_missing(self) -> list[int]:
        """Return the places of texts without a vector."""
        return [int(place) for place in np.flatnonzero(~self.known)]

    def collect(self, rows: list[int]) -> Vectors:
        """Return the vectors of these places."""
        missing = self.list_missing()
        if missing:
            raise DataError(
                f"the model {self.space.model!r} gave no vector for {len(missing)} of "
                f"{len(self.texts)} texts (first: {self.texts[missing[0]][:60]!r}): run it again"
            )
        if len(rows) == len(self.texts):  # All distinct, so in order: no second copy.
            return self.vectors
        repeated: Vectors = self.vectors[rows]
        return repeated


@contextmanager
def _open_cache(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the cache file, make its tables and drop spaces that nobody uses any more."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(f"cannot make the cache folder {path.parent}: {error}") from error
    try:
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
            db.executescript(_TABLES)
            db.execute("DELETE FROM spaces WHERE used < date('now', ?)", [f"-{_DAYS} days"])
            yield db
    except sqlite3.Error as error:
        raise WorkspaceError(
            f"the vector cache {path} cannot be used ({error}). See that its folder can be written "
            "to and that the disk has room; if the file is damaged, remove it: its vectors are "
            "made again."
        ) from error


def _find_space(db: sqlite3.Connection, space: Space) -> int:
    fields = json.dumps(asdict(space), sort_keys=True)
    key = hashlib.sha256(fields.encode()).hexdigest()
    statement = (
        "INSERT INTO spaces (key, fields, used) VALUES (?, ?, date('now')) "
        "ON CONFLICT (key) DO UPDATE SET used = excluded.used RETURNING id"
    )
    (row,) = db.execute(statement, [key, fields]).fetchall()
    return int(row[0])


def _read_vectors(
    db: sqlite3.Connection, space: int, texts: Sequence[str]
) -> Iterator[tuple[int, bytes]]:
    """Yield the places of texts that the cache holds undamaged, with their vectors."""
    query = "SELECT vector, checksum FROM vectors WHERE space = ? AND text = ?"
    for place, text in enumerate(texts):
        row = db.execute(query, (space, _hash_text(text))).fetchone()
        if row and zlib.crc32(row[0]) == row[1]:
            yield place, row[0]


def _store_vectors(
    db: sqlite3.Connection, space: int, texts: Sequence[str], vectors: Vectors
) -> None:
    blobs = [row.astype("<f4").tobytes() for row in vectors]
    db.execute("BEGIN IMMEDIATE")
    db.executemany(
        "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)",
        [(space, _hash_text(t), b, zlib.crc32(b)) for t, b in zip(texts, blobs, strict=True)],
    )
    db.execute("COMMIT")


def _hash_text(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
