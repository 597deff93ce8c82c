"""The leakage certificate on a workspace: `graphtune pairs --check`, and that of a trained model."""

import json
from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner, Result

from graphtune.cli import main
from graphtune.config import BaseConfig
from graphtune.files import write_record
from graphtune.pairs import read_pairs, write_pairs
from graphtune.pipeline import build_workspace, certify_models, pair_workspace, read_graph
from graphtune.train.records import REPORT_NAME, TrainReport
from graphtune.tuning_config import TrainConfig
from graphtune.workspace import Workspace


def call(workspace: Workspace, *words: str) -> Result:
    return CliRunner().invoke(main, ["pairs", "-w", str(workspace.root), *words])


def test_the_command_checks_what_lies_on_disk(workspace: Workspace, papers: Path) -> None:
    build_workspace(workspace, [papers])
    missing = call(workspace, "--check")
    assert (missing.exit_code, "graphtune pairs" in missing.output) == (1, True)
    made = call(workspace, "--recipe", "seed")
    assert (made.exit_code, "leakage: clean" in made.output) == (0, True)
    written = {p: p.read_bytes() for p in workspace.pairs.iterdir()}
    assert workspace.pairs / "seed.leakage.json" in written
    checked = call(workspace, "--check")
    assert (checked.exit_code, "seed: clean" in checked.output) == (0, True)
    assert {p: p.read_bytes() for p in workspace.pairs.iterdir()} == written
    assert call(workspace, "--check", "--recipe", "evidence").exit_code == 1
    graph, split = read_graph(workspace)
    pairs, card = read_pairs(workspace.pairs, "seed")
    stolen = graph.concepts[split.list_concepts("test")[0]].name
    configs = (card.settings, card.split)
    write_pairs([*pairs, replace(pairs[0], anchor=stolen)], graph, split, configs, workspace.pairs)
    leaking = call(workspace, "--check", "--json")
    (data,) = json.loads(leaking.stdout)["certificates"]
    assert leaking.exit_code == 1
    assert data["clean"] == {"held-out": False, "dev": True, "new papers": True}
    again = pair_workspace(workspace, "seed", force=False)
    assert again.made
    assert again.certificate.is_clean()
    assert not pair_workspace(workspace, "seed", force=False).made


def test_models_have_the_certificate_of_the_pairs_that_trained_them(
    workspace: Workspace, papers: Path
) -> None:
    build_workspace(workspace, [papers])
    graph, split = read_graph(workspace)
    assert certify_models(workspace, graph, split) == {}
    result = pair_workspace(workspace)
    for name, digest in (("good", result.card.hashes["pairs"]), ("gone", "0")):
        folder = workspace.models / name
        folder.mkdir()
        report = TrainReport(
            name=name, recipe="evidence", seed=0, base=BaseConfig(model="minilm"),
            settings=TrainConfig(), dims=(), pairs=0, dev_queries=0, dev_passages=0, steps=0,
            best_step=0, verdict="", scores=(), losses=(), bf16=False, hashes={"pairs": digest},
            versions={},
        )  # fmt: skip
        write_record(folder / REPORT_NAME, report)
    found = certify_models(workspace, graph, split)
    assert found == {
        workspace.models / "gone": None,
        workspace.models / "good": result.certificate,
    }
