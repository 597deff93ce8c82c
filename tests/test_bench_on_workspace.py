"""What a workspace is measured on: BEIR splits and the export of its own queries."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from graphtune.bench import load_beir
from graphtune.cli import main
from graphtune.errors import DataError
from graphtune.lineage import label_queries
from graphtune.measuring import BenchRequest, bench_workspace
from graphtune.pairs import read_pairs
from graphtune.pipeline import build_workspace, pair_workspace, read_graph
from graphtune.workspace import Workspace


@pytest.fixture
def built(workspace: Workspace, papers: Path) -> Workspace:
    build_workspace(workspace, [papers])
    return workspace


@pytest.fixture
def people(tmp_path: Path) -> Path:
    folder = tmp_path / "people"
    (folder / "qrels").mkdir(parents=True)
    rows = [{"_id": "d1", "text": "Row insertion of a letter."}, {"_id": "d2", "text": "A poset."}]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    asked = [{"_id": "q1", "text": "letter insertion"}, {"_id": "q2", "text": "posets"}]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)))
    (folder / "qrels" / "test.tsv").write_text("q1\td1\t2\n")
    (folder / "qrels" / "dev.tsv").write_text("q2\td2\t1\n")
    return folder


@pytest.mark.slow
def test_each_split_is_a_report_of_its_own(built: Workspace, people: Path) -> None:
    results = bench_workspace(built, BenchRequest(beir=(people, people), splits=("test", "dev")))
    assert [result.folder.name for result in results] == ["people", "people-dev"]
    assert [result.data["n_queries"] for result in results] == [1, 1]
    strata = [{row["stratum"] for row in result.data["results"]} for result in results]
    assert strata == [{"", "query not in passage"}, {"", "query in passage"}]


def test_missing_splits_and_names_in_use_are_refused(built: Workspace, people: Path) -> None:
    with pytest.raises(DataError, match="it has: dev, test"):
        bench_workspace(built, BenchRequest(beir=(people,), splits=("test", "train")))
    twin = people.with_name("people-dev")
    shutil.copytree(people, twin)
    with pytest.raises(DataError, match=r"\['people-dev'\].*rename the BEIR folder"):
        bench_workspace(built, BenchRequest(beir=(people, twin), splits=("test", "dev")))
    people.rename(people.with_name("graph"))
    with pytest.raises(DataError, match="rename the BEIR folder"):
        bench_workspace(built, BenchRequest(beir=(people.with_name("graph"),)))


def test_answers_that_training_has_read_are_counted(built: Workspace, people: Path) -> None:
    pair_workspace(built)
    graph, split = read_graph(built)
    plain = load_beir(people)
    assert label_queries(plain, built, graph, split).notes == plain.notes
    pairs, _ = read_pairs(built.pairs, "evidence")
    passage = max((pair.positive for pair in pairs), key=len)
    copied = replace(plain, documents={**plain.documents, "d1": f"See: {passage.upper()}"})
    assert (
        label_queries(copied, built, graph, split).notes[-1].startswith("1 of 1 relevant documents")
    )


def test_the_command_exports_instead_of_measuring(built: Workspace, tmp_path: Path) -> None:
    def call(*arguments: object, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["bench", "-w", str(built.root), *map(str, arguments)])
        assert done.exit_code == code, done.output
        return done.output

    said = call("--export-beir", tmp_path / "own")
    assert "documents; queries: " in said
    assert (tmp_path / "own" / "qrels" / "test.tsv").is_file()
    assert "not empty" in call("--export-beir", tmp_path / "own", code=1)
    assert "leave out MODEL" in call("--export-beir", tmp_path / "b", "minilm", code=2)
    assert not any(built.results.iterdir())
