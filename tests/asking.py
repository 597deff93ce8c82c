"""Workspaces that ask an endpoint about papers of short passages, and what is in their databases."""

import shutil
from pathlib import Path
from typing import Any

from graphtune.config import BaseConfig, ChunkingConfig, Config, ExtractConfig
from graphtune.kg import GraphStore
from graphtune.kg.build import estimate_build
from graphtune.workspace import Workspace, init_workspace

SENTENCE = (
    "Every {0} polygon contains exactly {1} lattice points, as Euler shows by an induction over the "
    "number of edges. The converse fails already for {0} triangles, which have no such points."
)
WORDS = ("convex", "concave", "simple", "regular", "cyclic", "planar", "stable", "smooth", "proper")


def write_papers(folder: Path, papers: int = 2, passages: int = 5) -> Path:
    """Write papers whose sections are one passage each, no two the same."""
    folder.mkdir(parents=True)
    for paper in range(papers):
        numbers = range(paper * passages, (paper + 1) * passages)
        texts = [SENTENCE.format(WORDS[n % len(WORDS)], 10 + n) for n in numbers]
        parts = [
            f"# Part {number}\n\n{text}\n" for number, text in zip(numbers, texts, strict=True)
        ]
        (folder / f"paper{paper:03}.md").write_text("\n".join(parts), encoding="utf-8")
    return folder


def make_config(url: str, sections: dict[str, Any] | None = None, **extract: Any) -> Config:
    """Return settings with one passage a request, and tiny waits; `extract` are those of [extract]."""
    given = {"extractor": "llm", "base_url": url, "model": "tiny", "batch_tokens": 64}
    given |= {"retry_seconds": 0.001, "retries": 2, "timeout": 5, **extract}
    return Config.model_validate(
        {
            "base": BaseConfig(model="minilm"),
            "chunking": ChunkingConfig(max_tokens=64),
            "extract": ExtractConfig.model_validate(given),
            **(sections or {}),
        }
    )


def read_into(root: Path, papers: Path) -> Workspace:
    """Make a workspace whose papers are read, and whose chunks are all pending."""
    workspace = init_workspace(root, make_config("http://127.0.0.1:9/v1"))
    estimate_build(workspace, [papers])
    return workspace


def copy_workspace(source: Workspace, root: Path, config: Config) -> Workspace:
    """Copy a database into a workspace with other settings."""
    made = init_workspace(root, config)
    shutil.copy(source.database, made.database)
    return made


def dump(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of all tables, sorted, without times and numbers that only count rows."""
    left_out = {("replies", "seconds"), ("merges", "id"), ("edits", "id")}
    found = {}
    with GraphStore(workspace.database) as store:
        for table in store.db.table_names():
            if "migrations" in table:
                continue
            names = [c for c in store.db.table(table).columns_dict if (table, c) not in left_out]
            columns = ", ".join(f'"{name}"' for name in names)
            found[table] = sorted(store.db.execute(f"SELECT {columns} FROM {table}"), key=repr)
    return found


def check_evidence(workspace: Workspace) -> None:
    """Each stored concept and relation has a span in its chunk; no row is there twice."""
    with GraphStore(workspace.database) as store:
        texts = {chunk.id: chunk.text for chunk in store.chunks()}
        for table in ("found_concepts", "found_relations"):
            rows = [tuple(row.values()) for row in store.db.query(f"SELECT * FROM {table}")]
            assert len(rows) == len(set(rows))
            for row in store.db.query(f"SELECT * FROM {table}"):
                assert texts[row["chunk_id"]][row["start"] : row["end"]].strip()
