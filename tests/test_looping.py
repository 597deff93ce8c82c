"""The loop: what rounds add, what they leave alone, and that each can be taken back."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from graphtune import growing, looping
from graphtune.cli.main import main
from graphtune.config import Config, ExtractConfig
from graphtune.errors import DataError, WorkspaceError
from graphtune.kg import GraphStore, build_graph
from graphtune.kg.ontology import load_ontology
from graphtune.kg.resolution import editing
from graphtune.looping import loop_workspace, preview_round, undo_round
from graphtune.pipeline import check_pairs, pair_workspace, read_graph, train_workspace
from graphtune.rounds import RoundRecord, read_rounds
from graphtune.tuning_config import PairsConfig, SplitConfig, TrainConfig
from graphtune.workspace import Workspace, init_workspace, open_workspace
from tests.toys import make_base

ROOT = Path(__file__).parent.parent
NAMES = (
    "abelian group", "solvable group", "normal subgroup", "maximal ideal", "principal ideal",
    "artinian ring", "local ring", "injective module", "cyclic module", "finite field",
    "algebraic extension", "separable polynomial", "symmetric matrix", "orthogonal matrix",
)  # fmt: skip
TRAIN = TrainConfig(
    batch_size=4, max_steps=2, eval_steps=1, matryoshka_dims=(8,), max_seq_length=32, merge=0.0
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """One thread is fastest for the toy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def write_papers(folder: Path) -> Path:
    """Write one paper that defines all names, and two that write them otherwise, or spell them so."""
    folder.mkdir()
    defined = [
        f"**Definition {n}.** A *{name}* is a thing that is good in way {n}. Every {name} is a thing."
        for n, name in enumerate(NAMES, 1)
    ]
    (folder / "defined.md").write_text("# Names\n\n" + "\n\n".join(defined), encoding="utf-8")
    for title in ("First", "Second"):
        other = []
        for name in NAMES:
            word, head = name.split()
            other.append(
                f"## On {title.lower()} things {len(other)}\n\n{title}, take a {head} $X$ that is {word}, "
                f"and see what it does when nothing else is known of it."
            )
        text = f"# {title} other words\n\n" + "\n\n".join(other)
        (folder / f"{title.lower()}.md").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a toy encoder and a workspace of three papers, with pairs and a model."""
    folder = tmp_path_factory.mktemp("loop")
    toy = make_base(folder)
    config = Config(
        base=toy,
        extract=ExtractConfig(extractor="rules"),
        split=SplitConfig(test_concepts=0.2, dev_concepts=0.2, test_papers=0.0),
        pairs=PairsConfig(recipe="mention"),
        train=TRAIN,
    )
    workspace = init_workspace(folder / "ws", config)
    build_graph(workspace, [write_papers(folder / "papers")])
    pair_workspace(workspace)
    train_workspace(workspace)
    return folder


@pytest.fixture
def built(trained: Path, tmp_path: Path) -> Workspace:
    """A copy of it."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return open_workspace(tmp_path / "ws")


@pytest.fixture
def rising(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each model is better than the one before."""
    figures = iter(range(1, 100))
    monkeypatch.setattr(looping, "score_models", lambda *_: next(figures) / 100)


@pytest.fixture
def falling(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model is better than the one before."""
    monkeypatch.setattr(looping, "score_models", lambda *_: 0.5)


def take_picture(workspace: Workspace) -> dict[str, object]:
    """Return the graph's hashes and the bytes of all that a round may replace."""
    with GraphStore(workspace.database) as store:
        hashes = store.hashes()
    files = [p for folder in ("pairs", "models") for p in (workspace.root / folder).rglob("*")]
    files = [workspace.split, *(path for path in files if path.is_file())]
    return {**hashes, **{str(path): path.read_bytes() for path in sorted(files)}}


def test_a_round_adds_what_the_model_finds(built: Workspace, rising: None) -> None:
    graph, split = read_graph(built)
    told: list[RoundRecord] = []
    (record,) = loop_workspace(built, 1, tell=told.append)
    assert told == [record] == read_rounds(built)
    assert record.status == "accepted"
    assert record.mentions.added == record.mentions.verified > 0
    assert record.pairs["after"] > record.pairs["before"]
    assert record.dev == {"before": 0.01, "after": 0.02}
    grown, now = read_graph(built)
    assert grown.hashes == {key: record.hashes["after"][key] for key in grown.hashes}
    spans = {
        grown.chunks[m.chunk_id].text[m.start : m.end]
        for key in grown.mentions
        for m in grown.mentions[key]
        if m not in graph.mentions[key]
    }
    assert spans
    assert all(" $X$ that is " in span for span in spans)
    # What is held out is as it was, under the same split, and the certificate is clean.
    assert (now.concepts, now.documents, now.twins) == (
        split.concepts,
        split.documents,
        split.twins,
    )
    for key, side in split.concepts.items():
        if side != "train":
            assert grown.mentions[key] == graph.mentions[key]
    assert check_pairs(built)[0].is_clean()
    # The graph made again keeps the round; nothing has to be made anew.
    with GraphStore(built.database) as store:
        store.db.execute("DELETE FROM meta WHERE key = 'graph_inputs'")
        editing.resolve_graph(store, "rules", load_ontology())
        assert store.hashes() == grown.hashes
    assert not pair_workspace(built, force=False).made


def test_the_loop_ends_by_itself_and_rounds_are_undone_one_by_one(
    built: Workspace, rising: None
) -> None:
    before = take_picture(built)
    done = loop_workspace(built, 5)
    assert [record.status for record in done] == ["accepted", "empty"]
    assert undo_round(built).status == "undone"
    assert take_picture(built) == before
    with pytest.raises(DataError, match="no round to undo"):
        undo_round(built)


def test_a_round_that_is_not_better_leaves_no_trace(built: Workspace, falling: None) -> None:
    before = take_picture(built)
    (record,) = loop_workspace(built, 3)
    assert record.status == "rejected"
    assert "not better" in record.verdict
    assert take_picture(built) == before
    assert not (built.root / "rounds" / "1").exists()


def test_the_same_twice(built: Workspace, rising: None) -> None:
    (first,) = loop_workspace(built, 1)
    undo_round(built)
    (again,) = loop_workspace(built, 1)
    assert again.hashes == first.hashes


@pytest.mark.parametrize("stage", ["grow_graph", "carry_over", "score_models"])
def test_an_interrupted_round_goes_on(
    built: Workspace, rising: None, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    real, calls = getattr(looping, stage), []

    def die(*arguments: object, **named: object) -> object:
        calls.append(stage)
        if len(calls) == (1 if stage in ("grow_graph", "carry_over") else 2):
            raise KeyboardInterrupt
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(looping, stage, die)
        with pytest.raises(KeyboardInterrupt):
            loop_workspace(built, 1)
    (record,) = loop_workspace(built, 1)
    assert record.status == "accepted"
    assert [item.number for item in read_rounds(built)] == [record.number]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_round_goes_on(built: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom graphtune import looping\n"
        "from graphtune.workspace import open_workspace\n"
        "train, root = looping.train_workspace, Path(sys.argv[1])\n"
        "def die(*a, **k):\n"
        "    if (root / 'rounds' / '1').exists(): os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return train(*a, **k)\n"
        "looping.train_workspace, looping.score_models = die, lambda *_: 0.5\n"
        "looping.loop_workspace(open_workspace(root), 1)\n"
    )
    command = [sys.executable, "-c", script, str(built.root)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    killed = subprocess.run(command, env=environment)
    assert killed.returncode == -signal.SIGKILL
    assert read_rounds(built)[0].status == "open"
    monkeypatch.setattr(looping, "score_models", lambda *_: 0.6)
    (record,) = loop_workspace(built, 1)
    assert (record.number, record.status) == (1, "accepted")
    assert record.dev == {"before": 0.5, "after": 0.6}


def test_a_round_cut_off_before_the_graph_took_it_is_forgotten(
    built: Workspace, rising: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(growing, "resolve_graph", interrupt)
        with pytest.raises(KeyboardInterrupt):
            loop_workspace(built, 1)
    with GraphStore(built.database) as store:
        assert not list(store.db.query("SELECT * FROM rounds"))
    assert [record.status for record in loop_workspace(built, 1)] == ["accepted"]


def test_papers_that_come_or_go_take_a_round_along_as_far_as_they_hold_it(
    built: Workspace, rising: None
) -> None:
    loop_workspace(built, 1)
    with GraphStore(built.database) as store:
        store.delete_file(next(path for path in store.files() if path.endswith("second.md")))
        editing.resolve_graph(store, "rules", load_ontology())
        left = [row["chunk_id"] for row in store.db.query("SELECT * FROM round_mentions")]
        assert left
        held = {chunk.id for chunk in store.chunks()}
        places = {(m.chunk_id, m.start, m.end) for m in store.mentions()}
        for row in store.db.query("SELECT * FROM round_mentions"):
            assert row["chunk_id"] in held
            assert (row["chunk_id"], row["start"], row["end"]) in places
    undo_round(built)
    with GraphStore(built.database) as store:
        assert not list(store.db.query("SELECT * FROM round_mentions"))


def test_two_loops_at_once_are_refused(built: Workspace) -> None:
    with looping._lock_loop(built), pytest.raises(WorkspaceError, match="another loop"):
        loop_workspace(built, 1)


def test_the_command(built: Workspace, rising: None) -> None:
    runner, place = CliRunner(), ["-w", str(built.root)]
    shown = runner.invoke(main, ["loop", *place, "--dry-run", "3"])
    assert shown.exit_code == 0, shown.output
    assert "[" in shown.output
    assert not read_rounds(built)
    _, found = preview_round(open_workspace(built.root))
    ran = runner.invoke(main, ["loop", *place, "--rounds", "1", "--json"])
    assert ran.exit_code == 0, ran.output
    (record,) = json.loads(ran.stdout)["rounds"]
    assert record["mentions"]["verified"] == len(found.mentions)
    assert "1 trainings of about 2 steps" in ran.stderr
    assert runner.invoke(main, ["loop", *place, "--undo"]).exit_code == 0
    assert runner.invoke(main, ["loop", *place, "--undo"]).exit_code == 1
