"""Reading in worker processes that die, hang and devour: every file has its status, the others theirs."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from bad_reader import read_badly

from graphtune.chunking import read_papers
from graphtune.config import BaseConfig, ChunkingConfig, ReadingConfig
from graphtune.encoder import locate_tokenizer
from graphtune.errors import ModelError
from graphtune.records import Reading

CHUNKING = ChunkingConfig(max_tokens=64)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return locate_tokenizer(BaseConfig(model="minilm"), tmp_path_factory.mktemp("cache"))


def write_papers(folder: Path, orders: list[str]) -> list[Path]:
    """Write one file for each order; an empty order is a good paper."""
    paths = []
    for number, order in enumerate(orders):
        path = folder / f"{number}.txt"
        path.write_text(f"{order} On tableaux, part {number}.\n\nEach row increases weakly.")
        paths.append(path)
    return paths


def read_all(
    paths: list[Path], tokenizer: Path, workers: int = 2, **limits: float
) -> list[Reading]:
    reading = ReadingConfig.model_validate({"workers": workers, **limits})
    return list(read_papers(paths, reading, CHUNKING, tokenizer, read_badly))


def write_pdf(path: Path, pages: int) -> Path:
    with pymupdf.open() as pdf:
        for number in range(pages):
            text = f"Part {number} of {path.stem}: each row of a tableau increases weakly."
            pdf.new_page().insert_text((72, 72), text)
        pdf.save(path)
    return path


@pytest.mark.parametrize(("order", "said"), [("KILL", "SIGKILL"), ("FAULT", "SIGSEGV")])
def test_a_worker_that_dies_costs_its_file_only(
    tmp_path: Path, tokenizer: Path, order: str, said: str
) -> None:
    paths = write_papers(tmp_path, ["", order, "", "", order, order, ""])
    readings = read_all(paths, tokenizer)
    assert [r.path for r in readings] == [str(path) for path in paths]
    ok, crash = "ok", "crash"
    assert [r.status for r in readings] == [ok, crash, ok, ok, crash, crash, ok]
    assert said in readings[1].message
    assert paths[1].name in readings[1].message
    assert readings[6].document
    assert readings[6].chunks


def test_a_worker_that_hangs_is_replaced(tmp_path: Path, tokenizer: Path) -> None:
    paths = write_papers(tmp_path, ["SLEEP", "", "SLEEP", ""])
    start = time.monotonic()
    readings = read_all(paths, tokenizer, workers=1, wall_seconds=0.5)
    assert [r.status for r in readings] == ["timeout", "ok", "timeout", "ok"]
    assert "0.5 seconds" in readings[0].message
    assert time.monotonic() - start < 20
    assert not is_alive(int(paths[0].with_suffix(".pid").read_text()))


def test_endless_work_ends_at_the_processor_limit(tmp_path: Path, tokenizer: Path) -> None:
    readings = read_all(write_papers(tmp_path, ["SPIN", ""]), tokenizer, cpu_seconds=1)
    assert [r.status for r in readings] == ["timeout", "ok"]
    assert "1 CPU seconds" in readings[0].message


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory")
def test_a_file_that_devours_memory_ends_at_the_limit(tmp_path: Path, tokenizer: Path) -> None:
    readings = read_all(write_papers(tmp_path, ["DEVOUR", ""]), tokenizer, memory_mb=256)
    assert [r.status for r in readings] == ["crash", "ok"]
    assert "256 MB of memory" in readings[0].message


def test_a_fault_of_ours_costs_its_file_and_says_where(tmp_path: Path, tokenizer: Path) -> None:
    readings = read_all(write_papers(tmp_path, ["BUG", ""]), tokenizer)
    assert [r.status for r in readings] == ["crash", "ok"]
    assert "ZeroDivisionError at bad_reader.py" in readings[0].message


def test_the_order_and_the_result_do_not_depend_on_the_workers(
    tmp_path: Path, tokenizer: Path
) -> None:
    paths = [write_pdf(tmp_path / f"{n}.pdf", pages) for n, pages in enumerate((30, 1, 2, 9, 1, 4))]
    paths.insert(3, tmp_path / "missing.pdf")
    one, four = (
        list(read_papers(paths, ReadingConfig(workers=workers), CHUNKING, tokenizer))
        for workers in (1, 4)
    )
    assert [r.path for r in one] == [str(path) for path in paths]
    assert [r.status for r in one] == ["ok"] * 3 + ["error"] + ["ok"] * 3
    assert repr(one) == repr(four)


def test_readings_do_not_pile_up_behind_a_slow_file(
    tmp_path: Path, tokenizer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphtune.chunking.pool.LOOK_AHEAD", 1)
    paths = write_papers(tmp_path, ["SLEEP", *[""] * 20, "KILL", ""])
    statuses = [r.status for r in read_all(paths, tokenizer, wall_seconds=1)]
    assert statuses == ["timeout", *["ok"] * 20, "crash", "ok"]


def test_no_paths_start_nothing_and_a_bad_tokenizer_is_told(tmp_path: Path) -> None:
    missing = tmp_path / "tokenizer.json"
    assert read_all([], missing) == []
    with pytest.raises(ModelError, match="cannot be read"):
        read_all(write_papers(tmp_path, [""]), missing)


def test_leaving_early_leaves_no_worker(tmp_path: Path, tokenizer: Path) -> None:
    paths = write_papers(tmp_path, ["", "SLEEP", ""])
    reading = ReadingConfig(workers=2)
    readings = read_papers(paths, reading, CHUNKING, tokenizer, read_badly)
    with closing(readings):
        assert next(readings).status == "ok"
        worker = wait_for(paths[1].with_suffix(".pid"))
    assert not is_alive(worker)


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from bad_reader import read_badly
from graphtune.chunking import read_papers
from graphtune.config import ChunkingConfig, ReadingConfig
print("script", flush=True)
paths, tokenizer = [Path(p) for p in {paths!r}], Path({tokenizer!r})
reading = ReadingConfig(workers=2, wall_seconds={wall!r})
for reading in read_papers(paths, reading, ChunkingConfig(), tokenizer, read_badly):
    print(reading.status, flush=True)
"""


def start_script(
    tmp_path: Path, paths: list[Path], tokenizer: Path, wall_seconds: float = 60
) -> "subprocess.Popen[str]":
    script = tmp_path / "script.py"  # without a guard: workers must not run it again
    values: dict[str, Any] = {"tests": str(Path(__file__).parent), "wall": wall_seconds}
    values |= {"paths": [str(path) for path in paths], "tokenizer": str(tokenizer)}
    script.write_text(SCRIPT.format(**values))
    return subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_plain_script_runs_once_and_owns_standard_output(tmp_path: Path, tokenizer: Path) -> None:
    run = start_script(tmp_path, write_papers(tmp_path, ["", "PRINT"]), tokenizer)
    out, err = run.communicate(timeout=60)
    assert out.split() == ["script", "ok", "ok"], err
    assert "noise" in err


def test_an_interrupt_leaves_no_orphans(tmp_path: Path, tokenizer: Path) -> None:
    paths = write_papers(tmp_path, ["SLEEP", "SLEEP"])
    run = start_script(tmp_path, paths, tokenizer, wall_seconds=60)
    workers = [wait_for(path.with_suffix(".pid")) for path in paths]
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does
    _, err = run.communicate(timeout=20)
    assert run.returncode != 0
    assert err.count("Traceback") == 1
    assert all(map(wait_until_gone, workers))


def test_a_killed_parent_leaves_no_worker_beyond_its_limit(tmp_path: Path, tokenizer: Path) -> None:
    paths = write_papers(tmp_path, ["SLEEP"])
    run = start_script(tmp_path, paths, tokenizer, wall_seconds=2)
    worker = wait_for(paths[0].with_suffix(".pid"))
    run.kill()
    run.communicate(timeout=20)
    assert wait_until_gone(worker)


def wait_for(path: Path) -> int:
    limit = time.monotonic() + 30
    while not path.exists() or not path.read_text():
        assert time.monotonic() < limit, f"{path} did not appear"
        time.sleep(0.02)
    return int(path.read_text())


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        state = Path(
            f"/proc/{process}/stat"
        )  # dead, but not collected by a container's first process?
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def wait_until_gone(process: int) -> bool:
    limit = time.monotonic() + 10
    while is_alive(process) and time.monotonic() < limit:
        time.sleep(0.05)
    return not is_alive(process)
