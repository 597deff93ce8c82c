"""From files to the graph: incremental, by name where something fails."""

import gc
import os
import shutil
from pathlib import Path

import pymupdf

from graphtune.config import ExtractConfig, ReadingConfig
from graphtune.kg import (
    GraphStore,
    build_graph,
    describe_graph,
    find_concept,
    load_graph,
    load_networkx,
    make_networkx,
)
from graphtune.kg.graph import ConceptGraph
from graphtune.workspace import Workspace


def read(workspace: Workspace) -> ConceptGraph:
    with GraphStore(workspace.database) as store:
        return load_graph(store)


def test_a_folder_becomes_a_graph_with_evidence(workspace: Workspace, papers: Path) -> None:
    summary = build_graph(workspace, [papers])
    assert (summary.added, summary.failed) == (3, [])
    graph = read(workspace)
    assert {"schur function", "semistandard tableau", "pieri rule"} <= graph.concepts.keys()
    rsk = find_concept(graph, "RSK")
    assert graph.concepts[rsk].name == "Robinson–Schensted–Knuth correspondence"
    for mentions in graph.mentions.values():
        for mention in mentions:
            assert graph.chunks[mention.chunk_id].text[mention.start : mention.end].strip()
    roles = {m.role for m in graph.mentions["semistandard tableau"]}
    assert {"defines", "uses"} <= roles
    edges = {(r.source, r.type, r.target) for r in graph.relations}
    assert ("macdonald polynomial", "generalizes", "schur function") in edges
    for relation in graph.relations:
        assert relation.chunk_id in graph.chunks
        assert relation.end > relation.start


def test_the_networkx_view_and_its_figures(workspace: Workspace, papers: Path) -> None:
    build_graph(workspace, [papers])
    graph = read(workspace)
    view = make_networkx(graph)
    assert set(view) == set(graph.concepts)
    edge = view.edges["macdonald polynomial", "schur function", "generalizes"]
    assert "generalize" in edge["evidence"]
    figures = describe_graph(graph)
    assert figures["papers"] == 3
    assert figures["concepts"] == len(view)


def test_the_view_straight_from_the_store_is_the_same(workspace: Workspace, papers: Path) -> None:
    build_graph(workspace, [papers])
    view = make_networkx(read(workspace))
    with GraphStore(workspace.database) as store:
        straight = load_networkx(store)
    assert dict(straight.nodes(data=True)) == dict(view.nodes(data=True))
    assert list(straight.edges(keys=True, data=True)) == list(view.edges(keys=True, data=True))
    assert gc.isenabled()


def test_a_second_build_does_nothing(workspace: Workspace, papers: Path) -> None:
    build_graph(workspace, [papers])
    before = read(workspace)
    summary = build_graph(workspace, [papers])
    assert summary.did_nothing
    assert summary.unchanged == 3
    assert read(workspace) == before


def test_changed_and_deleted_files_update_the_graph(workspace: Workspace, papers: Path) -> None:
    build_graph(workspace, [papers])
    (papers / "partitions.txt").unlink()
    text = (papers / "schur.md").read_text(encoding="utf-8")
    changed = text.replace("Macdonald polynomials generalize Schur functions. ", "")
    (papers / "schur.md").write_text(changed, encoding="utf-8")
    summary = build_graph(workspace, [papers])
    assert (summary.changed, summary.removed, summary.unchanged) == (1, 1, 1)
    graph = read(workspace)
    assert "strict partition" not in graph.concepts
    assert not any(r.source == "macdonald polynomial" for r in graph.relations)


def test_a_build_from_changes_equals_a_build_from_nothing(
    tmp_path: Path, workspace: Workspace, papers: Path
) -> None:
    build_graph(workspace, [papers])
    (papers / "extra.md").write_text("A *lattice path* is called a *Dyck path* if it stays above.")
    (papers / "rsk.md").unlink()
    build_graph(workspace, [papers])
    fresh = Workspace(tmp_path / "fresh", workspace.config)
    fresh.root.mkdir()
    build_graph(fresh, [papers])
    assert read(fresh).hashes == read(workspace).hashes


def test_a_moved_folder_gives_the_same_graph(
    tmp_path: Path, workspace: Workspace, papers: Path
) -> None:
    build_graph(workspace, [papers])
    before = read(workspace)
    moved = tmp_path / "elsewhere"
    shutil.move(papers, moved)
    build_graph(workspace, [tmp_path])
    assert read(workspace).hashes == before.hashes


def test_two_files_that_swap_their_contents(workspace: Workspace, papers: Path) -> None:
    build_graph(workspace, [papers])
    before = read(workspace).hashes
    one, two = papers / "rsk.md", papers / "schur.md"
    texts = one.read_bytes(), two.read_bytes()
    one.write_bytes(texts[1])
    two.write_bytes(texts[0])
    assert build_graph(workspace, [papers]).changed == 2
    assert read(workspace).hashes == before
    assert len(read(workspace).documents) == 3


def test_bad_files_are_named_and_the_others_go_on(workspace: Workspace, papers: Path) -> None:
    (papers / "fake.pdf").write_text("no PDF at all")
    (papers / "void.pdf").write_bytes(b"")
    with pymupdf.open() as scanned:
        scanned.new_page()
        scanned.save(papers / "scan.pdf")
        page = scanned.new_page()
        page.insert_text((72, 72), "secret partition")
        scanned.save(
            papers / "locked.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x", owner_pw="y"
        )
    summary = build_graph(workspace, [papers])
    assert {(Path(path).name, status) for path, status, _ in summary.failed} == {
        ("fake.pdf", "error"),
        ("void.pdf", "empty"),
        ("scan.pdf", "empty"),
        ("locked.pdf", "encrypted"),
    }
    assert all(Path(path).name in message for path, _, message in summary.failed)
    assert len(read(workspace).documents) == 3
    again = build_graph(workspace, [papers])
    assert again.did_nothing
    assert sorted(again.failed) == sorted(summary.failed)
    (papers / "fake.pdf").unlink()
    assert len(build_graph(workspace, [papers]).failed) == 3


def test_each_file_has_one_status_and_copies_share_it(workspace: Workspace, papers: Path) -> None:
    (papers / "fake.pdf").write_text("no PDF at all")
    shutil.copy(papers / "fake.pdf", papers / "fake-copy.pdf")
    shutil.copy(papers / "rsk.md", papers / "rsk-copy.md")
    summary = build_graph(workspace, [papers])
    assert summary.statuses["ok"]["files"] == 4
    assert summary.statuses["error"] == {"files": 2, "pages": 0}
    assert summary.pages_read == 3
    with GraphStore(workspace.database) as store:
        rows = store.files()
    assert len(rows) == 6
    for path, row in rows.items():
        name = Path(path).name
        assert (name in row["message"]) == (row["status"] == "error")
        assert (row["n_chunks"] > 0) == (row["status"] == "ok")


def test_a_damaged_file_is_read_and_called_degraded(workspace: Workspace, papers: Path) -> None:
    with pymupdf.open() as pdf:
        for _ in range(3):
            pdf.new_page().insert_text((72, 72), "Each row of a tableau increases weakly. " * 2)
        data = pdf.tobytes()
    place = data.rindex(b"startxref")
    (papers / "damaged.pdf").write_bytes(data[:place] + b"startxref\n7\n%%EOF\n")
    shutil.copy(papers / "damaged.pdf", papers / "copy.pdf")
    summary = build_graph(workspace, [papers])
    assert {Path(path).name for path, _, _ in summary.degraded} == {"damaged.pdf", "copy.pdf"}
    assert all(status == "degraded" and message for _, status, message in summary.degraded)
    assert not summary.failed
    again = build_graph(workspace, [papers])
    assert again.did_nothing
    assert again.degraded == summary.degraded


def test_failed_files_are_read_again_when_asked_or_changed(
    workspace: Workspace, papers: Path
) -> None:
    hasty = workspace.config.model_copy(update={"reading": ReadingConfig(wall_seconds=1e-6)})
    summary = build_graph(Workspace(workspace.root, hasty), [papers])
    assert [status for _, status, _ in summary.failed] == ["timeout"] * 3
    still = build_graph(workspace, [papers])
    assert still.did_nothing
    assert still.failed == summary.failed
    (papers / "rsk.md").write_text("A *Dyck path* is a lattice path that stays above.")
    changed = build_graph(workspace, [papers])
    assert (changed.changed, len(changed.failed)) == (1, 2)
    assert not build_graph(workspace, [papers], retry_failed=True).failed
    assert len(read(workspace).documents) == 3
    assert build_graph(workspace, [papers], retry_failed=True).did_nothing


def test_missing_and_unfit_paths_are_named_and_the_others_go_on(
    workspace: Workspace, papers: Path, tmp_path: Path
) -> None:
    (tmp_path / "paper.docx").write_bytes(b"x")
    summary = build_graph(workspace, [tmp_path / "nowhere", tmp_path / "paper.docx", papers])
    assert [Path(path).name for path, _, _ in summary.failed] == ["nowhere", "paper.docx"]
    assert all(Path(path).name in message for path, _, message in summary.failed)
    assert summary.added == 3


def test_a_file_name_that_is_no_utf8(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    path = os.fsencode(folder) + b"/caf\xe9.md"
    with open(path, "w") as file:
        file.write("A *lattice path* is called a *Dyck path* if it stays above.")
    assert build_graph(workspace, [folder]).added == 1
    assert build_graph(workspace, [folder]).did_nothing
    os.unlink(path)
    assert build_graph(workspace, [folder]).removed == 1


def test_an_unreachable_endpoint_keeps_the_graph_that_is_there(
    workspace: Workspace, papers: Path
) -> None:
    build_graph(workspace, [papers])
    before = read(workspace)
    llm = ExtractConfig(extractor="llm", base_url="http://127.0.0.1:9/v1", model="tiny", retries=0)
    asking = Workspace(workspace.root, workspace.config.model_copy(update={"extract": llm}))
    summary = build_graph(asking, [papers])
    assert "127.0.0.1:9/v1 (model 'tiny') cannot be reached" in summary.stopped
    assert not summary.did_nothing
    assert summary.pending_chunks == len(before.chunks)
    assert read(workspace).hashes == before.hashes


def test_a_copy_of_a_paper_is_no_second_paper(workspace: Workspace, papers: Path) -> None:
    shutil.copy(papers / "rsk.md", papers / "zzz-copy.md")
    build_graph(workspace, [papers])
    assert len(read(workspace).documents) == 3
    (papers / "rsk.md").unlink()
    build_graph(workspace, [papers])
    assert len(read(workspace).documents) == 3
