"""The measurement of speed runs, on a small scale."""

import re
from pathlib import Path
from random import Random

import pytest
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


@pytest.mark.slow
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


def test_search_is_measured() -> None:
    options = ["--queries", "20", "--documents", "600", "--dim", "8", "-k", "5", "--rounds", "2"]
    run = CliRunner().invoke(scale, ["search", *options])
    assert run.exit_code == 0, run.output
    assert "20 queries, 600 documents, 8 numbers each, top 5" in run.output
    low, high = re.search(r"^ratio: .* \((\S+) to (\S+) in 2 rounds", run.output, re.M).groups()
    assert 0 < float(low) <= float(high)
    peak, before = re.search(r"^peak memory: (\S+) GiB, (\S+) before", run.output, re.M).groups()
    assert 0 < float(before) <= float(peak) < 2


def test_encoding_is_measured() -> None:
    run = CliRunner().invoke(scale, ["encode", "--texts", "4", "--rounds", "1"])
    assert run.exit_code == 0, run.output
    assert re.search(r"^4 passages of .*corpus.jsonl: [\d.]+ a second", run.output)
    assert float(re.search(r"cosine distance .*: (\S+)$", run.output, re.M)[1]) < 1e-3
