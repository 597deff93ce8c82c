"""The command line as a user types it, in processes of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graphtune.config import Config, render_toml

GRAPHTUNE = Path(sys.executable).with_name("graphtune")


def call(
    *arguments: str | Path, code: int = 0, **environment: str
) -> "subprocess.CompletedProcess[str]":
    command = [str(GRAPHTUNE), *map(str, arguments)]
    env = {**os.environ, **environment}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=280)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def call_json(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(call(*arguments, "--json", code=code).stdout)
    return loaded


@pytest.fixture
def built(tmp_path: Path, papers: Path, config: Config) -> Path:
    root = tmp_path / "ws"
    call("init", root, "--base", "minilm")
    (root / "graphtune.toml").write_text(render_toml(config), encoding="utf-8")
    call("build", "-w", root, papers)
    return root


@pytest.mark.slow
def test_a_walk_through_the_graph(built: Path, papers: Path, tmp_path: Path) -> None:
    again = call("build", "-w", built, papers)
    assert "nothing to do" in again.stdout
    figures = call_json("graph", "stats", "-w", built)
    assert figures["papers"] == 3
    shown = call_json("graph", "show", "-w", built, "RSK")
    assert shown["name"] == "Robinson–Schensted–Knuth correspondence"
    assert "is not" not in call("graph", "show", "-w", built, "Schur function").stdout
    missed = call("graph", "show", "-w", built, "Schur functon", code=1)
    assert "Schur function" in missed.stderr
    for name in ("graph.graphml", "graph.json"):
        call("graph", "export", "-w", built, tmp_path / name)
        other = tmp_path / f"ws-{name}"
        call("init", other, "--base", "minilm")
        report = call_json("graph", "import", "-w", other, tmp_path / name)
        assert report["graph"]["concepts"] == figures["concepts"]
        assert report["graph"]["relations"] > 0
    pairs = call_json("pairs", "-w", built, "--recipe", "seed")
    assert pairs["recipe"] == "seed"
    assert Path(pairs["path"]).exists()


def test_wrong_use_is_2_and_failure_is_1(tmp_path: Path, built: Path) -> None:
    call("build", code=2)
    call("pairs", "--recipe", "magic", code=2)
    assert "graphtune init" in call("build", "-w", tmp_path / "none", tmp_path, code=1).stderr
    assert "nowhere" in call("build", "-w", built, tmp_path / "nowhere", code=1).stdout
    failed = call("train", "-w", built, "--json", code=1)
    assert "graphtune pairs" in json.loads(failed.stdout)["error"]
    (built / "graphtune.toml").write_text("[train]\nlearning_rate = 'fast'\n")
    assert "learning_rate" in call("pairs", "-w", built, code=1).stderr


@pytest.mark.slow
def test_one_bad_file_is_told_and_the_rest_is_built(built: Path, papers: Path) -> None:
    (papers / "bad.pdf").write_bytes(b"%PDF-1.7 broken")
    done = call("build", "-w", built, papers, code=1)
    assert "bad.pdf" in done.stdout
    assert call_json("graph", "stats", "-w", built)["papers"] == 3
    listed = call_json("documents", "-w", built)["documents"]
    assert [(Path(row["path"]).name, row["status"]) for row in listed] == [
        ("bad.pdf", "error"),
        ("partitions.txt", "ok"),
        ("rsk.md", "ok"),
        ("schur.md", "ok"),
    ]
    assert all((row["pages"] > 0) == (row["status"] == "ok") for row in listed)
    shown = call("documents", "-w", built, "--status", "error", COLUMNS="70").stdout
    assert "bad.pdf" in shown
    assert "rsk.md" not in shown
    assert max(map(len, shown.splitlines()[1:])) <= 70
    assert "nothing to do" in call("build", "-w", built, papers, code=1).stdout
    retried = call("build", "-w", built, "--retry", "failed", "--workers", "1", papers, code=1)
    assert "1 changed" in retried.stdout


def test_a_corrupt_database_is_one_message(built: Path) -> None:
    (built / "graph.db").write_bytes(b"x" * 5000)
    for name in ("graph.db-wal", "graph.db-shm"):
        (built / name).unlink(missing_ok=True)
    assert "graph.db" in call("graph", "stats", "-w", built, code=1).stderr


def test_a_hub_model_without_hub_says_how_to_go_on(tmp_path: Path, papers: Path) -> None:
    call("init", tmp_path / "ws")
    done = call("build", "-w", tmp_path / "ws", papers, code=1)
    assert "allenai/specter2_base" in done.stderr
    assert "minilm" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_full_disk_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    import click

    from graphtune.cli.common import Outcome, command

    group = click.Group()

    @command(group)
    def fill(workspace: Path) -> Outcome:
        with open("/dev/full", "w") as file:
            file.write("x" * 10_000)
        return Outcome({}, "")

    with pytest.raises(SystemExit) as stopped:
        group(["fill", "--json"])
    said = capsys.readouterr()
    assert stopped.value.code == 1
    assert "No space left on device" in json.loads(said.out)["error"]
    assert "free some space" in said.err


@pytest.mark.slow
def test_run_and_what_follows(built: Path, papers: Path, tmp_path: Path) -> None:
    settings = (built / "graphtune.toml").read_text(encoding="utf-8")
    quick = settings.replace("batch_size = 64", "batch_size = 4").replace(
        "epochs = 3", "epochs = 1"
    )
    (built / "graphtune.toml").write_text(quick, encoding="utf-8")
    done = call_json("run", "-w", built, papers)
    groups = {row["group"] for row in done["results"][0]["results"]}
    assert {"held-out", "seen", "all"} == groups
    dims = {row["dim"] for row in done["results"][0]["results"] if row["system"] == "minilm"}
    assert dims == {384, 256, 128, 64}
    assert "## Results" in (Path(done["model"]) / "README.md").read_text(encoding="utf-8")
    assert {p.name for p in (built / "results" / "graph").iterdir()} >= {
        "results.json",
        "table.md",
        "runs",
    }
    again = call("run", "-w", built, papers)
    assert again.stderr.count("(up to date)") == 3
    hits = call_json("search", "-w", built, "pairs of tableaux from a matrix", "-k", "2")["hits"]
    assert [hit["rank"] for hit in hits] == [1, 2]
    assert hits[0]["page_start"] == 1
    beir = tmp_path / "people"
    (beir / "qrels").mkdir(parents=True)
    rows = [{"_id": "d1", "text": "Row insertion of a letter."}, {"_id": "d2", "text": "A poset."}]
    (beir / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    asked = [
        {"_id": "q1", "text": "bumping letters"},
        {"_id": "q2", "text": "semistandard tableaux"},
    ]
    (beir / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)))
    (beir / "qrels" / "test.tsv").write_text("q\td\ts\nq1\td1\t2\nq2\td1\t1\n")
    measured = call_json("bench", "-w", built, "--beir", beir)["benchmarks"][0]
    assert {(row["system"], row["dim"]) for row in measured["results"]} >= {
        ("BM25", 0),
        ("minilm", 64),
    }
    broken = call("bench", "-w", built, "--beir", beir, "--split", "dev", code=1)
    assert "test" in broken.stderr
    other_split = quick.replace("test_concepts = 0.25", "test_concepts = 0.5")
    (built / "graphtune.toml").write_text(other_split, encoding="utf-8")
    stale = call_json("bench", "-w", built)["benchmarks"][0]
    assert any("evidence-0" in note for note in stale["notes"])
    ran = {"minilm", "hybrid minilm", "BM25", "random", "oracle"}
    assert {row["system"] for row in stale["results"]} == ran
    top = call_json("search", "-w", built, "partition", "--papers", "--model", "minilm")["hits"]
    assert len(top) == 3
    assert len({hit["path"] for hit in top}) == 3
