import subprocess
import sys
from pathlib import Path

import pytest

from graphtune.config import BaseConfig, Config
from graphtune.errors import WorkspaceError
from graphtune.workspace import Workspace, init_workspace, lock_workspace, open_workspace


def test_init_makes_folders_and_keeps_what_is_there(tmp_path: Path) -> None:
    made = init_workspace(tmp_path / "ws", Config(base=BaseConfig(model="minilm")))
    assert {p.name for p in made.root.iterdir()} == {"graphtune.toml", "pairs", "models", "results"}
    again = init_workspace(tmp_path / "ws", Config(base=BaseConfig(model="other")))
    assert again.config.base.model == "minilm"


def test_open_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="graphtune init"):
        open_workspace(tmp_path)


def test_init_on_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="cannot create"):
        init_workspace(tmp_path / "file")


def test_a_second_process_waits_and_says_for_whom(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from graphtune.workspace import lock_workspace, open_workspace\n"
        "with lock_workspace(open_workspace(Path(sys.argv[1]))):\n"
        "    print('held', flush=True); time.sleep(float(sys.argv[2]))\n"
    )

    def hold(seconds: float) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", script, str(workspace.root), str(seconds)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    holder = hold(60)
    with pytest.raises(WorkspaceError, match=str(holder.pid)), lock_workspace(workspace, wait=0.2):
        pass
    holder.kill()
    holder.wait()
    with lock_workspace(workspace, wait=0.2):
        pass
    holder = hold(0.5)
    with lock_workspace(workspace, wait=30):
        assert "waiting" in capsys.readouterr().err
    holder.wait()
