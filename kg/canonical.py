"""The canonical export: a graph as bytes that are the same wherever and however it was built."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphtune.files import write_text
from graphtune.kg.store import GraphStore

#: What is exported, in this order: content and ids made from content; no row numbers, paths or times.
_QUERIES = {
    "paper": "SELECT id, sha256, format FROM documents",
    "chunk": "SELECT id, document_id, position, content_id FROM chunks",
    "link": 'SELECT source, type, target, start, "end", weight FROM chunk_links',
    "concept": "SELECT id, name, type, description, origin FROM concepts",
    "alias": "SELECT concept_id, alias FROM aliases",
    "mention": 'SELECT concept_id, chunk_id, start, "end", role FROM mentions',
    "relation": (
        'SELECT source, type, target, origin, chunk_id, start, "end", note FROM relations'
    ),
    "merge": 'SELECT kept, gone, reason, name, chunk_id, start, "end" FROM merges',
}


def list_lines(store: GraphStore) -> Iterator[str]:
    """Yield the lines of the export, sorted: each a JSON list, its first item says what it is."""
    for kind, query in _QUERIES.items():
        rows = [[kind, *row] for row in store.db.execute(query)]
        yield from sorted(map(_render, rows))
    edits = store.db.execute("SELECT action, arguments FROM edits WHERE undone = 0 ORDER BY id")
    for number, (action, arguments) in enumerate(edits, 1):  # their order is content
        yield _render(["edit", number, action, json.loads(arguments)])


def write_canonical(store: GraphStore, file: Path) -> str:
    """Write the export, JSON lines in UTF-8, and return its sha256."""
    text = "".join(line + "\n" for line in list_lines(store))
    write_text(file, text)
    return hashlib.sha256(text.encode()).hexdigest()


def hash_canonical(store: GraphStore) -> str:
    """Return the sha256 of the export without writing it: two graphs are the same where it is."""
    digest = hashlib.sha256()
    for line in list_lines(store):
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def _render(row: list[Any]) -> str:
    return json.dumps(row, ensure_ascii=False, sort_keys=True)
