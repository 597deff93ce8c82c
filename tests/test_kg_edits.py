"""Edits by hand: they last, whatever papers come and go, and can be undone."""

import itertools
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from graphtune.cli.main import main
from graphtune.errors import DataError
from graphtune.kg import GraphStore, build_graph
from graphtune.kg.ontology import load_ontology
from graphtune.kg.resolution import editing
from graphtune.workspace import Workspace

ONTOLOGY = load_ontology()
SPELLINGS = """# Spellings

A *semi-standard tableau* is a filling. Every *semi-standard tableau* has a shape. A *semistandard tableau*
is called a *good filling* if it is good. A *Galois field* is a field with finitely many elements.

**Definition 1.** A *finite field* (or Galois field) is a field with finitely many elements.
"""


@pytest.fixture
def built(workspace: Workspace, papers: Path) -> Workspace:
    (papers / "spellings.md").write_text(SPELLINGS, encoding="utf-8")
    build_graph(workspace, [papers])
    return workspace


def read_rows(
    workspace: Workspace, tables: str = "concepts aliases mentions relations names"
) -> Any:
    with sqlite3.connect(workspace.database) as db:
        return {t: sorted(map(str, db.execute(f"SELECT * FROM {t}"))) for t in tables.split()}


def names(workspace: Workspace) -> dict[str, tuple[str, ...]]:
    with GraphStore(workspace.database) as store:
        return {concept.name: concept.aliases for concept in store.concepts()}


def change(workspace: Workspace, action: str, *arguments: Any) -> editing.Changes:
    with GraphStore(workspace.database) as store:
        changes: editing.Changes = getattr(editing, action)(store, ONTOLOGY, *arguments)
    return changes


def rebuild(workspace: Workspace) -> None:
    with GraphStore(workspace.database) as store:
        store.db.execute("DELETE FROM meta")
        editing.resolve_graph(store, "rules", ONTOLOGY)


def list_merges(workspace: Workspace) -> list[Any]:
    with GraphStore(workspace.database) as store:
        return editing.read_merges(store.db)


def test_merges_have_rows_with_evidence_and_keep_their_numbers(built: Workspace) -> None:
    before = list_merges(built)
    rows = {(row["kept"], row["gone"]): row for row in before}
    assert rows["semistandard tableau", "semi-standard tableau"]["reason"] == "dashes"
    stated = rows["finite field", "galois field"]
    assert stated["reason"] == "alias"
    assert "finite field (or Galois field)" in stated["evidence"]
    rebuild(built)
    assert list_merges(built) == before


def test_a_merge_is_undone_for_good_and_the_undoing_too(built: Workspace) -> None:
    before = read_rows(built)
    number = next(row["id"] for row in list_merges(built) if row["gone"] == "galois field")
    changes = change(built, "undo_merge", number)
    assert changes.new == ["Galois field"]
    rebuild(built)
    assert {"Galois field", "finite field"} <= names(built).keys()
    change(built, "undo", changes.edit)
    assert read_rows(built) == before


def test_a_merge_by_hand_lasts_and_is_undone_by_its_row(built: Workspace) -> None:
    before = read_rows(built)
    change(built, "merge_concepts", "Pieri rule", "Cauchy identity")
    rebuild(built)
    assert "Cauchy identity" in names(built)["Pieri rule"]
    row = next(row for row in list_merges(built) if row["reason"] == "hand")
    assert (row["kept"], row["gone"]) == ("pieri rule", "cauchy identity")
    change(built, "undo_merge", row["id"])
    assert read_rows(built) == before


def test_split_makes_a_concept_of_an_alias_found_or_only_stated(built: Workspace) -> None:
    change(built, "split_concept", "finite field", "Galois field")
    change(built, "split_concept", "Robinson–Schensted–Knuth correspondence", "RSK")
    rebuild(built)
    assert names(built)["finite field"] == names(built)["RSK"] == ()
    assert "RSK" not in names(built)["Robinson–Schensted–Knuth correspondence"]


def test_rename_retype_describe_survive_and_the_old_name_still_finds(built: Workspace) -> None:
    change(built, "rename_concept", "RSK", "RSK algorithm")
    change(built, "retype_concept", "RSK", "Method")
    change(built, "describe_concept", "Robinson–Schensted–Knuth correspondence", "Row insertion.")
    rebuild(built)
    with GraphStore(built.database) as store:
        node = editing.find_single(store, "Robinson-Schensted-Knuth correspondence")
    assert (node.id, node.type, node.description) == (
        "rsk algorithm",
        "technique",
        "Row insertion.",
    )
    assert "RSK" in node.aliases


def test_a_deleted_concept_does_not_come_back(built: Workspace, papers: Path) -> None:
    change(built, "delete_concept", "Galois field")
    (papers / "new.md").write_text("A *finite field* is finite. The *Pieri rule* is a rule.")
    build_graph(built, [papers])
    assert not {"finite field", "Galois field"} & names(built).keys()


def test_a_deleted_name_that_became_an_alias_takes_only_the_alias(
    built: Workspace, papers: Path
) -> None:
    (papers / "more.md").write_text("A *good filling* is good.")
    build_graph(built, [papers])
    change(built, "delete_concept", "good filling")
    change(built, "add_concept", "beautiful filling", "", ["good filling"])
    rebuild(built)
    assert "beautiful filling" in names(built)


def test_added_concepts_are_linked_and_related(built: Workspace) -> None:
    change(built, "add_concept", "horizontal strip", "object", ["strip"], "A skew shape.")
    changes = change(built, "relate_concepts", "strip", "used in", "Pieri rule")
    assert changes.relations == 1
    rebuild(built)
    with GraphStore(built.database) as store:
        assert any(mention.concept_id == "horizontal strip" for mention in store.mentions())
        relations = [r for r in store.relations() if r.origin == "hand"]
    assert [(r.source, r.type, r.target) for r in relations] == [
        ("pieri rule", "uses", "horizontal strip")
    ]
    assert relations[0].chunk_id is None


def test_an_edit_waits_for_its_concept_and_applies_when_it_is_back(
    built: Workspace, papers: Path
) -> None:
    changes = change(built, "retype_concept", "strict partition", "theorem")
    text = (papers / "partitions.txt").read_text()
    (papers / "partitions.txt").unlink()
    summary = build_graph(built, [papers])
    assert summary.left_out["waiting edits"] == 1
    with GraphStore(built.database) as store:
        waiting = json.loads(store.meta()["waiting_edits"])
    assert "strict partition" in waiting[str(changes.edit)]
    (papers / "partitions.txt").write_text(text)
    assert "waiting edits" not in build_graph(built, [papers]).left_out
    with GraphStore(built.database) as store:
        assert editing.find_single(store, "strict partition").type == "theorem"


@pytest.mark.parametrize(
    ("action", "arguments", "message"),
    [
        ("delete_concept", ["Schur functon"], "Schur function"),
        (
            "merge_concepts",
            ["RSK", "Robinson–Schensted–Knuth correspondence"],
            "one concept already",
        ),
        ("rename_concept", ["RSK", "Schur functions"], "graph merge"),
        ("rename_concept", ["RSK", " ! "], "no name"),
        ("retype_concept", ["RSK", "banana"], "technique"),
        ("split_concept", ["RSK", "RSL"], "its aliases are: RSK"),
        ("add_concept", ["RSK"], "already"),
        ("relate_concepts", ["RSK", "eats", "Pieri rule"], "known are"),
        ("relate_concepts", ["RSK", "conjectured_by", "Pieri rule"], "cannot hold"),
        ("undo_merge", [4711], "graph merges"),
        ("undo", [4711], "graph edits"),
    ],
)
def test_what_cannot_be_done_says_so_and_leaves_nothing(
    built: Workspace, action: str, arguments: list[Any], message: str
) -> None:
    before = read_rows(built, "concepts edits merges")
    with pytest.raises(DataError, match=message):
        change(built, action, *arguments)
    assert read_rows(built, "concepts edits merges") == before


def test_the_graph_is_the_same_in_whatever_order_papers_came(
    tmp_path: Path, built: Workspace, papers: Path
) -> None:
    whole = read_rows(built)
    files = sorted(papers.iterdir())
    for number, order in enumerate(itertools.islice(itertools.permutations(files), 0, 24, 5)):
        other = Workspace(tmp_path / f"ws{number}", built.config)
        other.root.mkdir()
        for file in order:
            build_graph(other, [file])
        assert read_rows(other) == whole


def test_a_paper_that_goes_takes_what_only_it_supported(
    tmp_path: Path, built: Workspace, papers: Path
) -> None:
    before = read_rows(built, "concepts aliases mentions relations names")
    merges = [(row["kept"], row["gone"]) for row in list_merges(built)]
    (papers / "extra.md").write_text(
        "A *semi-standard tableau* (SST) is fine. A *Pieri rule* (or Cauchy identity) is a rule."
    )
    build_graph(built, [papers])
    assert read_rows(built) != before
    (papers / "extra.md").unlink()
    build_graph(built, [papers])
    assert read_rows(built) == before
    assert [(row["kept"], row["gone"]) for row in list_merges(built)] == merges


def call(built: Workspace, *arguments: str, code: int = 0) -> Any:
    run = CliRunner().invoke(main, ["graph", *arguments, "-w", str(built.root), "--json"])
    assert run.exit_code == code, run.output
    return json.loads(run.stdout.splitlines()[0])


def test_the_commands(built: Workspace) -> None:
    shown = call(built, "merges")["merges"]
    assert {"kept", "gone", "reason", "evidence", "paper"} <= shown[0].keys()
    assert call(built, "rename", "RSK", "RSK algorithm")["new"] == ["RSK algorithm"]
    assert call(built, "merge", "Pieri rule", "Cauchy identity")["gone"] == ["Cauchy identity"]
    assert call(built, "split", "Pieri rule", "Cauchy identity")["new"] == ["Cauchy identity"]
    assert "type" in call(built, "retype", "Pieri rule", "formula")["changed"][0]
    assert "no concept" in call(built, "delete", "nothing at all", code=1)["error"]
    assert call(built, "add", "cyclic sieving", "--alias", "CSP")["new"] == ["cyclic sieving"]
    assert call(built, "relate", "CSP", "uses", "Pieri rule")["relations"] == 1
    assert call(built, "describe", "CSP", "Counts.")["changed"]
    assert call(built, "delete", "CSP")["gone"] == ["cyclic sieving"]
    rows = call(built, "edits")["edits"]
    assert [row["action"] for row in rows] == [
        "rename", "merge", "split", "retype", "add", "relate", "describe", "delete",
    ]  # fmt: skip
    assert "no concept" in rows[5]["waits"]
    assert call(built, "edits", "--undo", "8")["new"] == ["cyclic sieving"]
    text = CliRunner().invoke(main, ["graph", "edits", "-w", str(built.root)]).output
    assert "(undone)" in text
    assert "finite field <- Galois field (alias)" in (
        CliRunner().invoke(main, ["graph", "merges", "-w", str(built.root)]).output
    )


def test_an_edit_is_undone_only_once(built: Workspace) -> None:
    number = change(built, "retype_concept", "Schur function", "theorem").edit
    assert change(built, "undo", number).changed
    with pytest.raises(DataError, match=f"edit {number} is undone already"):
        change(built, "undo", number)


def test_control_characters_and_empty_aliases_are_not_stored(built: Workspace) -> None:
    change(built, "rename_concept", "Schur function", "good\x01 \x1bname")
    assert "good name" in names(built)
    change(built, "describe_concept", "good name", "red\x1b[31m\ntext")
    change(built, "add_concept", "new\x07thing", "", ["other\x02name"])
    assert names(built)["new thing"] == ("other name",)
    assert not [row for row in read_rows(built, "edits")["edits"] if "\\\\u00" in row]
    with pytest.raises(DataError, match="'' is no name"):
        change(built, "add_concept", "third thing", "", [""])


def test_a_relation_to_itself_is_refused_in_plain_words(built: Workspace) -> None:
    with pytest.raises(DataError, match="cannot be related to itself"):
        change(built, "relate_concepts", "Schur function", "uses", "Schur functions")


def test_the_commands_say_how_an_edit_is_taken_back_and_when_nothing_changes(
    built: Workspace,
) -> None:
    def call(*words: str) -> str:
        arguments = ["graph", *words, "-w", str(built.root)]
        return CliRunner().invoke(main, arguments, catch_exceptions=False).output

    assert "edit 1 (take it back with `graphtune graph edits --undo 1`)" in call(
        "retype", "Schur function", "theorem"
    )
    assert "the graph stays as it was" in call("retype", "Schur function", "theorem")
    call("delete", "Galois field")
    listed = call("edits")
    assert "[" not in listed
    undone = call("edits", "--undo", "1")
    assert "edit 1 is undone" in undone
    assert "take it back" not in undone
