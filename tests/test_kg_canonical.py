"""The canonical export: the same bytes whatever the way the graph was built."""

import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from graphtune.config import Config
from graphtune.kg import GraphStore, build_graph
from graphtune.kg.canonical import hash_canonical, list_lines, write_canonical
from graphtune.kg.findings import save_extractions
from graphtune.kg.resolution.resolve import resolve_graph
from graphtune.kg.store import GraphStore as Store
from graphtune.records import Chunk, Extraction, FoundConcept, FoundRelation
from graphtune.workspace import Workspace

SAMPLE = Path(__file__).parent.parent / "data" / "sample" / "tex"
PAPERS = sorted(SAMPLE.glob("*.tex"))[:4]
OTHER = SAMPLE / "27-symmetric-group.tex"


def make_workspace(root: Path, config: Config) -> Workspace:
    root.mkdir(parents=True)
    return Workspace(root, config)


def read_lines(workspace: Workspace) -> list[str]:
    with GraphStore(workspace.database) as store:
        return list(list_lines(store))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    for paper in PAPERS:
        shutil.copy(paper, folder)
    # A near-duplicate under another name, so that there are links between papers.
    text = PAPERS[0].read_text(encoding="utf-8")
    (folder / "preprint.tex").write_text(text.replace("Let ", "Now let ", 1), encoding="utf-8")
    return folder


def test_at_once_or_a_paper_at_a_time(tmp_path: Path, config: Config, folder: Path) -> None:
    at_once = make_workspace(tmp_path / "once", config)
    build_graph(at_once, [folder])
    lines = read_lines(at_once)
    kinds = {line.split('"')[1] for line in lines}
    assert {"paper", "chunk", "link", "concept", "alias", "mention", "relation"} <= kinds
    assert str(tmp_path) not in "".join(lines)
    # The same files in another place, in another order, with names that sort the other way.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    stepwise = make_workspace(tmp_path / "steps", config)
    for number, paper in enumerate(sorted(folder.iterdir(), reverse=True)):
        copy = elsewhere / f"{number}.tex"
        shutil.copy(paper, copy)
        build_graph(stepwise, [copy])
    assert read_lines(stepwise) == lines
    # Another paper comes and goes.
    shutil.copy(OTHER, elsewhere / "other.tex")
    build_graph(stepwise, [elsewhere])
    assert read_lines(stepwise) != lines
    (elsewhere / "other.tex").unlink()
    build_graph(stepwise, [elsewhere])
    assert read_lines(stepwise) == lines


def find_words(chunk: Chunk) -> Extraction:
    """What a model might find: the same concepts under changing names, types and descriptions."""
    concepts = []
    for name, kind in (
        ("Schur function", "object"),
        ("partition", "object"),
        ("tableau", "formula"),
    ):
        place = chunk.text.find(name)
        if place < 0:
            continue
        kind = kind if len(chunk.text) % 2 else "definition"
        alias = ("s-function",) if len(chunk.text) % 3 == 0 else ()
        description = f"{name} as in {chunk.text[:20]}"
        end = place + len(name)
        concepts.append(FoundConcept(name, kind, place, end, description, alias, "uses"))
    relations = [
        FoundRelation(one.name, "uses", two.name, one.start, one.end)
        for one, two in pairwise(concepts)
    ]
    return Extraction(tuple(concepts), tuple(relations))


def save_found(store: Store, chunks: Sequence[Chunk]) -> None:
    for chunk in chunks:
        save_extractions(store.db, "llm", "1", [(chunk, find_words(chunk))])


def test_the_order_of_a_models_answers_is_none(
    tmp_path: Path, config: Config, folder: Path
) -> None:
    hashes = []
    for order in (1, -1):
        workspace = make_workspace(tmp_path / str(order), config)
        build_graph(workspace, [folder])
        with GraphStore(workspace.database) as store:
            chunks = store.chunks()[::order]
            save_found(store, chunks[: len(chunks) // 2])
            resolve_graph(store, "llm")
            save_found(store, chunks[len(chunks) // 2 :])
            resolve_graph(store, "llm")
            hashes.append(write_canonical(store, tmp_path / f"{order}.jsonl"))
            assert hashes[-1] == hash_canonical(store)
            assert len(store.concepts()) == 3
            assert store.relations()
    assert hashes[0] == hashes[1]
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "-1.jsonl").read_bytes()
