"""Stages that learn from a workspace: its passages, names, pairs, and its development queries."""

from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
import torch

from graphtune.config import BaseConfig, Config
from graphtune.encoder import load_encoder
from graphtune.errors import ConfigError, DataError
from graphtune.pairs.mask import GraphMask
from graphtune.pipeline import build_workspace, pair_workspace, read_graph
from graphtune.reranker import load_reranker
from graphtune.train.data import make_dev_set
from graphtune.train.loss import Contrast
from graphtune.train.records import Margins
from graphtune.train.selection import score_dev, shrink_dev
from graphtune.train.stages.embedding import measure_margins
from graphtune.train.stages.report import find_rivals
from graphtune.train.stages.running import run_stages
from graphtune.train.stages.sources import read_mentions
from graphtune.train.trainer import DEV_PASSAGES, DEV_QUERIES
from graphtune.workspace import CONFIG_NAME, Workspace, open_workspace
from tests.staging import SHAPE
from tests.toys import PAIRS

HEAD = (
    """
out = "out"
workspace = "ws"
[vocabulary]
texts = ["ws"]
size = 500
"""
    + SHAPE
)
BASE = (
    '[[stage]]\nname = "base"\ntask = "pretrain"\n'
    "fit = { max_steps = 5, max_length = 48, batch_size = 4, evaluation_share = 0.4 }\n"
)
EMBED = (
    '[[stage]]\nname = "{name}"\ntask = "embed"\ntrain = {{ eval_steps = 2, rotate = false }}\n'
    "fit = {{ max_steps = 2, max_length = 32, batch_size = 4 }}\n{more}\n"
)
RERANK = (
    '[[stage]]\nname = "reader"\ntask = "rerank"\ninit_from = "base"\n'
    "fit = { max_steps = 2, max_length = 48, batch_size = 4, evaluation_share = 0.5 }\n"
)


@pytest.fixture
def folder(tmp_path: Path, papers: Path, workspace: Workspace, config: Config) -> Path:
    """The folder of a training file, beside a workspace that has pairs."""
    build_workspace(workspace, [papers])
    pair_workspace(workspace)
    return tmp_path


def write_file(folder: Path, *stages: str) -> Path:
    path = folder / "stages.toml"
    path.write_text(HEAD + "\n".join(stages), encoding="utf-8")
    return path


def test_vectors_come_from_a_stage_from_nothing_and_from_a_teacher(folder: Path) -> None:
    path = write_file(
        folder,
        BASE,
        EMBED.format(name="pretrained", more='init_from = "base"'),
        EMBED.format(name="scratch", more=""),
        RERANK,
        EMBED.format(name="taught", more='init_from = "base"\nteacher = "reader"'),
    )
    reports = run_stages(path)
    assert not (folder / "out" / ".partial").exists()
    for report in (reports[1], reports[2], reports[4]):
        assert 0.0 <= report.after["dev_ndcg"] <= 1.0
        assert load_encoder(
            open_workspace(folder / "ws").config.base.model_copy(
                update={"model": str(folder / "out" / report.stage.name)}
            )
        ).get_embedding_dimension()
    assert "teacher" in reports[4].hashes
    (rivals,) = find_rivals(reports)
    assert [report.stage.name for report in rivals] == ["pretrained", "scratch", "taught"]
    assert run_stages(path) == reports
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"base"\nfit = { max_steps = 2', '"base"\nfit = { max_steps = 3'))
    again = run_stages(path)
    changed = [old.key != new.key for old, new in zip(reports, again, strict=True)]
    assert changed == [False, False, False, True, True]


def test_what_pairs_are_made_from_counts(folder: Path) -> None:
    path = write_file(folder, BASE, EMBED.format(name="v", more='init_from = "base"'))
    first = run_stages(path)
    settings = folder / "ws" / CONFIG_NAME
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("merge = 0.3", "merge = 0.1"), encoding="utf-8"
    )
    later = run_stages(path)
    assert later[0] == first[0]
    assert later[1].key != first[1].key


def test_settings_that_training_does_not_know_are_refused(folder: Path) -> None:
    path = write_file(
        folder, EMBED.format(name="v", more="").replace("rotate = false", "spin = false")
    )
    with pytest.raises(ConfigError, match="stage 'v': spin"):
        run_stages(path)


def test_weights_of_pretraining_are_chosen_by_retrieval(folder: Path) -> None:
    quick = BASE.replace("max_steps = 5", "max_steps = 5, learning_rate = 0.05")
    path = write_file(folder, quick + 'choose_by = "retrieval"\n')
    (report,) = run_stages(path)
    looks = report.details["retrieval"]
    assert [step for step, _ in looks] == [0, 1, 2, 3, 4, 5]
    kept = load_encoder(BaseConfig(model=str(folder / "out" / "base")))
    dev = make_dev_set(*read_graph(open_workspace(folder / "ws")))
    dev = shrink_dev(dev, DEV_QUERIES, DEV_PASSAGES, seed=0)
    width = kept.get_embedding_dimension() or 0
    best = max(figure for _, figure in looks[1:])
    assert score_dev(kept, dev, (width,))[width] == pytest.approx(best, abs=1e-6)
    assert len({figure for _, figure in looks}) > 1
    text = path.read_text(encoding="utf-8").replace('workspace = "ws"', "")
    path.write_text(text.replace('task = "pretrain"', 'task = "pretrain"\ndata = ["ws"]'))
    with pytest.raises(ConfigError, match="needs a `workspace`"):
        run_stages(path)


def test_names_of_concepts_label_sentences(folder: Path) -> None:
    graph, _ = read_graph(open_workspace(folder / "ws"))
    rows = list(read_mentions(folder / "ws"))
    assert rows
    for row in rows:
        text, spans = row.values["text"], row.values["labels"]
        assert row.document in graph.documents
        for start, end, kind in spans:
            named = text[start:end].casefold()
            assert any(
                kind == concept.type and named[:4] in " ".join(graph.names(key)).casefold()
                for key, concept in graph.concepts.items()
            ), text[start:end]
        ends = [end for _, end, _ in spans]
        assert all(a <= b for a, (b, _, _) in zip(ends, spans[1:], strict=False))
    tag = BASE + (
        '[[stage]]\nname = "names"\ntask = "tag"\ninit_from = "base"\n'
        "fit = { max_steps = 2, max_length = 48, batch_size = 4, evaluation_share = 0.4 }\n"
    )
    report = run_stages(write_file(folder, tag))[-1]
    assert {label[2:] for label in report.details["labels"][1:]} == {
        kind for row in rows for *_, kind in row.values["labels"]
    }


def test_a_workspace_has_no_labels_to_classify_by(folder: Path) -> None:
    stage = BASE + '[[stage]]\nname = "c"\ntask = "classify"\ninit_from = "base"\n'
    with pytest.raises(DataError, match="no labels to classify by"):
        run_stages(write_file(folder, stage))


def test_a_teacher_says_by_how_much(folder: Path, tmp_path: Path) -> None:
    run_stages(write_file(folder, BASE, RERANK))
    model = tmp_path / "out" / "reader"
    pairs = [replace(PAIRS[0], negative=PAIRS[9].positive), PAIRS[1]]
    margins, _ = measure_margins(pairs, str(model), 0.5)
    scores = load_reranker(str(model)).predict(
        [(pairs[0].anchor, pairs[0].positive), (pairs[0].anchor, pairs[0].negative)],
        activation_fn=torch.nn.Identity(),
    )
    apart = scores[:, 1] - scores[:, 0]
    assert margins.values[0] == pytest.approx(float(apart[0] - apart[1]), abs=1e-4)
    assert isnan(margins.values[1])


def test_margins_add_their_squared_error() -> None:
    pairs = [replace(pair, negative="a wrong one") for pair in PAIRS[:3]]
    anchors, documents = torch.eye(3), torch.cat([torch.eye(3), torch.eye(3).roll(1, 0)])
    rows = torch.arange(3)

    def compute(margins: Margins | None) -> float:
        return float(
            Contrast(GraphMask(pairs), 2.0, margins=margins).compute(anchors, documents, rows)
        )

    plain = compute(None)
    # Each positive scores 2 and each negative 0: the first margin is missed by 1, the second is met.
    found = compute(Margins([3.0, 2.0, float("nan")], 0.5))
    assert found == pytest.approx(plain + 0.5 * (1.0 + 0.0) / 2)
    nothing = float("nan")
    assert compute(Margins([nothing] * 3, 0.5)) == pytest.approx(plain)
