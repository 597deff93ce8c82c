"""Find papers on disk and read any of them into a `Document`."""

import os
from collections.abc import Sequence
from pathlib import Path

from graphtune.chunking.pdf import read_pdf
from graphtune.chunking.plain import read_markdown, read_plain
from graphtune.chunking.tex import read_latex
from graphtune.errors import DocumentError
from graphtune.records import Document

SUFFIXES = (".pdf", ".tex", ".md", ".txt")


def find_papers(paths: Sequence[Path]) -> list[Path]:
    """List the papers among files and folders, each once; folders are searched to the bottom.

    The files of a folder come sorted; hidden files and folders are left out, and so are files of
    other formats inside a folder.

    Raises:
        DocumentError: a path does not exist, is no file, or is of another format.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(sorted(_visible_papers(path))))
        elif not path.exists():
            raise DocumentError(f"{path} does not exist. Check the path.")
        elif _is_special(path):
            raise DocumentError(f"{path} is a pipe or a device, not a file. Name a file.")
        else:
            _check_suffix(path)
            found[path] = None
    return list(found)


def _visible_papers(folder: Path) -> list[Path]:
    papers = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        papers += [
            Path(root, name)
            for name in names
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES
        ]
    return [path for path in papers if not _is_special(path)]


def _is_special(path: Path) -> bool:
    """Whether reading would wait for ever, as it does at pipes and devices."""
    return path.exists() and not path.is_file()


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise DocumentError(
            f"{path} is of a format that graphtune does not read; allowed are "
            f"{', '.join(SUFFIXES)}. Convert it first."
        )


def read_document(path: Path) -> Document:
    """Read a paper; its suffix says how.

    Raises:
        DocumentError: the file cannot be read. `status` is "empty" (no bytes, pages or text),
            "encrypted", or "error" (missing, broken, not what its suffix says).
    """
    _check_suffix(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}.") from error
    if not data:
        raise DocumentError(f"{path} is empty (0 bytes). Replace or remove it.", "empty")
    readers = {".pdf": read_pdf, ".tex": read_latex, ".md": read_markdown, ".txt": read_plain}
    document = readers[path.suffix.lower()](path, data)
    if not document.text:
        remedy = "Run OCR on it first" if document.format == "pdf" else "Replace or remove it"
        raise DocumentError(f"{path} holds no text. {remedy}.", "empty")
    return document
