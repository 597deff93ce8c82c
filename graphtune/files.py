"""Files that are whole or not there: atomic writing, and reading of records with named errors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from graphtune.errors import DataError

Record = TypeVar("Record", bound=BaseModel)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with line feeds as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file at once (see `open_whole`)."""
    with open_whole(path) as file:
        file.write(content)


@contextmanager
def open_whole(path: Path) -> Iterator[BinaryIO]:
    """Write beside a file's place and move it there: a full disk never leaves half a file.

    Raises:
        DataError: the folder does not exist.
    """
    if not path.parent.is_dir():
        raise DataError(f"the folder {path.parent} does not exist; make it first")
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_record(path: Path, record: BaseModel) -> None:
    """Write a record as indented JSON."""
    write_text(path, record.model_dump_json(indent=2) + "\n")


def read_record(path: Path, kind: type[Record]) -> Record:
    """Read what `write_record` wrote.

    Raises:
        DataError: the file is damaged or of another version.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise DataError(
            f"{path} is damaged or of another version ({problem}); remove it and make it again"
        ) from error
