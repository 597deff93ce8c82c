"""Many pairs in little memory: texts are shared, files are read in parts; and the measurement runs."""

from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from graphtune.files import open_whole
from graphtune.pairs import read_pairs, write_pairs
from graphtune.pairs.files import hash_pairs
from graphtune.pairs.scale import fill_workspace, measure
from graphtune.pipeline import read_graph
from graphtune.records import Pair
from graphtune.tuning_config import PairsConfig, SplitConfig

AWKWARD = '“Erdős” "said":\t\\o/ \u2028 \x7f\x1f\r\n\U0001d49c'


@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
def test_texts_come_back_as_they_were_and_are_held_once(tmp_path: Path, file_format: str) -> None:
    workspace = fill_workspace(tmp_path / "ws", 300, 1)
    graph, split = read_graph(workspace)
    pairs = [
        Pair(f"anchor {n} {AWKWARD}", AWKWARD, "name", "", "", "", 1.0 if n % 2 else 0.1, AWKWARD)
        for n in range(10_001)
    ]
    configs = (PairsConfig(), SplitConfig())
    path, card = write_pairs(pairs, graph, split, configs, tmp_path, file_format)  # type: ignore[arg-type]
    back, _ = read_pairs(tmp_path, "evidence")
    assert back == pairs
    assert len({id(pair.positive) for pair in back}) == 1
    assert card.hashes["pairs"] == hash_pairs(pairs) == hash_pairs(back)
    assert (card.pairs, card.chunks, card.with_negative) == (10_001, 0, 10_001)
    assert path.suffix == f".{file_format}"


def test_a_file_that_fails_halfway_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with suppress(ZeroDivisionError), open_whole(path) as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("file", b"old")]


@pytest.mark.slow
def test_the_measurement_makes_finds_and_certifies(tmp_path: Path) -> None:
    words = ["--pairs", "2000", "-w", str(tmp_path / "ws")]
    result = CliRunner().invoke(measure, words)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    for line, word in zip(lines, ("made", "unchanged", "certified"), strict=True):
        assert f"pairs {word} in" in line
        assert line.endswith("MiB")
