"""The measurement of speed runs, on a small scale."""

import re
from pathlib import Path
from random import Random

from click.testing import CliRunner

from graphtune.bench.scale import SAMPLE, make_names, read_sentences, scale


def test_names_are_the_same_every_time_and_many_stand_in_the_text() -> None:
    sentences = read_sentences(SAMPLE)
    names = make_names(sentences, 300, Random(1))
    assert names == make_names(sentences, 300, Random(1))
    assert len(set(names)) == 300
    text = " ".join(sentences)
    assert sum(name in text for name in names) > 50


def test_linking_is_measured() -> None:
    run = CliRunner().invoke(scale, ["link", "--names", "300", "--chunks", "40"])
    assert run.exit_code == 0, run.output
    assert re.search(r"^300 names, 40 chunks of 1,\d{3} characters", run.output)
    assert int(re.search(r"^([\d,]+) mentions in", run.output, re.MULTILINE)[1]) > 10


def test_loading_and_finding_are_measured(tmp_path: Path) -> None:
    sizes = {"concepts": "200", "relations": "500", "mentions": "500", "chunks": "120"}
    options = [word for name, number in sizes.items() for word in (f"--{name}", number)]
    database = tmp_path / "graph.db"
    run = CliRunner().invoke(scale, ["graph", *options, "--database", str(database)])
    assert run.exit_code == 0, run.output
    assert re.search(r"^networkx: \d+ concepts, (?:4[89]\d|500) edges", run.output, re.MULTILINE)
    assert run.output.count("median") == 3
    again = CliRunner().invoke(scale, ["graph", *options, "--database", str(database)])
    assert "stored" not in again.output
