"""The commands that look at a graph, on a workspace built from three small papers."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from graphtune.cli import main
from graphtune.kg import build_graph
from graphtune.workspace import Workspace


@pytest.fixture
def built(workspace: Workspace, papers: Path) -> Path:
    build_graph(workspace, [papers])
    return workspace.root


def call(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["graph", *map(str, words)])
    assert result.exit_code == code, result.output
    return result.output


def call_json(*words: object) -> Any:
    return json.loads(call(*words, "--json"))


def test_show_gives_names_evidence_and_neighbours(built: Path) -> None:
    data = call_json("show", "-w", built, "RSK")
    assert data["name"] == "Robinson–Schensted–Knuth correspondence"
    mention = data["mentions"][0]
    assert mention["role"] == "defines"
    assert (mention["paper"], mention["page"]) == ("Row insertion", 1)
    assert "Robinson–Schensted–Knuth correspondence" in mention["text"]
    text = call("show", "-w", built, "Schur function", "--all")
    assert "Macdonald polynomials" in text
    assert "generalizes" in text
    assert "Schur functions > 2 Relations, p. 1" in text
    assert max(map(len, text.splitlines())) < 200


def test_show_names_what_it_leaves_out(built: Path) -> None:
    data = call_json("show", "-w", built, "Schur function")
    assert len(data["mentions"]) < 9
    short = call("show", "-w", built, "semistandard tableau")
    assert "more" not in short or "--all" in short


def test_a_path_has_quotes(built: Path) -> None:
    data = call_json("path", "-w", built, "Macdonald polynomials", "Schur function")
    [step] = data["steps"]
    assert (step["direction"], step["relation"]["type"]) == ("forward", "generalizes")
    assert "generalize Schur functions" in step["relation"]["evidence"]["text"]
    back = call("path", "-w", built, "Schur function", "Macdonald polynomials")
    assert "←generalizes— Macdonald polynomials" in back
    assert "one concept" in call("path", "-w", built, "RSK", "RSK")
    missing = call("path", "-w", built, "RSK", "no such concept", code=1)
    assert "no such concept" in missing


def test_communities_are_listed(built: Path) -> None:
    data = call_json("communities", "-w", built)
    sizes = [row["size"] for row in data["communities"]]
    assert sizes == sorted(sizes, reverse=True)
    assert all(len(row["concepts"]) == row["size"] for row in data["communities"])
    assert f"{len(sizes)} communities" in call("communities", "-w", built, "--top", 1)


def test_the_card_of_a_workspace_and_of_two(built: Path) -> None:
    alone = call_json("card", "-w", built)
    names = [line["name"] for line in alone["lines"]]
    assert "verified spans" in names
    assert "shared concepts" not in names
    for other in (built, built / "graph.db"):
        data = call_json("card", "-w", built, "--against", other)
        shared = {line["name"]: line["share"] for line in data["lines"]}
        assert shared["shared concepts"] == shared["shared relations"] == 1
    assert "ok   verified spans" in call("card", "-w", built)


def test_export_writes_every_format_and_refuses_others(built: Path, tmp_path: Path) -> None:
    for name in ("graph.html", "graph.graphml", "graph.json", "graph.csv"):
        data = call_json("export", "-w", built, tmp_path / name)
        assert all(Path(file).stat().st_size > 500 for file in data["files"])
    assert {path.name for path in tmp_path.glob("graph*")} == {
        "graph.html", "graph.graphml", "graph.json", "graph-nodes.csv", "graph-edges.csv",
    }  # fmt: skip
    refused = call("export", "-w", built, tmp_path / "graph.xlsx", code=1)
    assert ".html" in refused
