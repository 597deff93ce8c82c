import resource
import subprocess
import sys
from pathlib import Path

import pytest

from graphtune.errors import DataError
from graphtune.files import read_record, write_record, write_text
from graphtune.tuning_config import PairsConfig


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    write_text(path, "old\n")
    script = (
        "import sys; from pathlib import Path; from graphtune.files import write_text\n"
        "try: write_text(Path(sys.argv[1]), 'new' * 10_000)\n"
        "except OSError as error: print(error.strerror)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert done.stdout == "File too large\n"
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_records_come_back_and_damaged_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    write_record(path, PairsConfig(seed=7))
    assert read_record(path, PairsConfig).seed == 7
    path.write_text(path.read_text()[:-5])
    with pytest.raises(DataError, match=r"settings\.json is damaged"):
        read_record(path, PairsConfig)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere does not exist"):
        write_text(tmp_path / "nowhere" / "graph.json", "{}")
