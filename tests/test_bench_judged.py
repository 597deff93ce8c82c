"""P′@10, MAP′ and nDCG′: unjudged answers are taken out first."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from graphtune.bench.judged import main, read_run, score_judged
from graphtune.errors import DataError

QRELS = {"q": {"a": 3, "b": 2, "c": 1, "d": 0}, "r": {"a": 0, "e": 2}}
RUN = {"q": [("x", 9.0), ("a", 8.0), ("y", 7.0), ("c", 6.0), ("b", 5.0)]}


def test_figures_by_hand() -> None:
    found = score_judged(QRELS, RUN)
    # q: a (3), c (1), b (2) are left; r is not answered.
    assert found["P′@10"] == pytest.approx((0.2 + 0) / 2)
    assert found["MAP′"] == pytest.approx(((1 + 2 / 3) / 2 + 0) / 2)
    gains = 3 + 1 / 1.584962500721156 + 2 / 2
    ideal = 3 + 2 / 1.584962500721156 + 1 / 2
    assert found["nDCG′"] == pytest.approx(gains / ideal / 2)
    assert score_judged(QRELS, RUN, relevant=1)["P′@10"] == pytest.approx(0.15)


def test_unjudged_answers_do_not_matter_and_judged_ones_do() -> None:
    without = {"q": [hit for hit in RUN["q"] if hit[0] not in "xy"]}
    assert score_judged(QRELS, RUN) == score_judged(QRELS, without)
    worse = {"q": [("d", 10.0), *RUN["q"]]}
    assert score_judged(QRELS, worse)["MAP′"] < score_judged(QRELS, RUN)["MAP′"]


def test_the_command_reads_trec_files(tmp_path: Path) -> None:
    qrels, run = tmp_path / "qrels.txt", tmp_path / "run.txt"
    qrels.write_text(
        "".join(f"{q} 0 {d} {g}\n" for q, row in QRELS.items() for d, g in row.items())
    )
    lines = [f"q Q0 {d} {n} {score} tag" for n, (d, score) in enumerate(RUN["q"], 1)]
    run.write_text("\n".join(reversed(lines)) + "\n")
    assert read_run(run) == RUN
    result = CliRunner().invoke(main, [str(qrels), str(run), str(run)])
    assert result.exit_code == 0, result.output
    assert "P′@10" in result.output
    assert result.output.count("run.txt") == 2


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("what is this\n")
    result = CliRunner().invoke(main, [str(path), str(path)])
    assert result.exit_code == 1
    assert "x.txt" in result.output
    with pytest.raises(DataError, match="no judged queries"):
        score_judged({}, RUN)
