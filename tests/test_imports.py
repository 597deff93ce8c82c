"""The shape of the code: one package, imports that run one way, nothing heavy for --help."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STAGES = ("chunking", "kg", "pairs", "train", "bench")
LEAVES = (
    "axes",
    "config",
    "encoder",
    "errors",
    "files",
    "metrics",
    "models",
    "nearest",
    "prices",
    "processes",
    "progress",
    "records",
    "reranker",
    "settings",
    "tuning_config",
    "workspace",
)
#: What each place may import, beside the leaves and itself.
ALLOWED: dict[str, set[str]] = {
    "chunking": set(),
    "kg": {"chunking"},
    "pairs": {"chunking", "kg"},
    "train": {"chunking", "kg", "pairs"},
    "bench": {"chunking", "kg", "pairs"},
    "pipeline": {*STAGES},
    "lineage": {*STAGES, "pipeline"},
    "measuring": {*STAGES, "lineage", "pipeline"},
    "study": {*STAGES, "pipeline"},
    "questions": {"kg", "pairs", "pipeline"},
    "rounds": set(),
    "judging": {*STAGES, "pipeline"},
    "growing": {*STAGES, "judging", "rounds"},
    "looping": {*STAGES, "pipeline", "rounds", "judging", "growing"},
    "cli": {*STAGES, "pipeline", "measuring", "judging", "looping", "questions", "rounds", "data"},
    "__main__": {"cli"},
}
SOURCES = sorted(p for s in (*STAGES, "graphtune") for p in (ROOT / s).rglob("*.py"))


def read_imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            if node.module == "graphtune":
                found.update(f"graphtune.{alias.name}" for alias in node.names)
    return found


def place_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "graphtune" else parts[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    place = place_of(path)
    inner = {m.split(".")[1] for m in read_imports(path) if m.startswith("graphtune.")}
    allowed = ALLOWED.get(place, set()) | set(LEAVES) | {place, "__version__", "GraphtuneError"}
    assert inner <= allowed, f"{path} must not import {sorted(inner - allowed)}"


@pytest.mark.parametrize("path", [*SOURCES, *sorted((ROOT / "tests").glob("*.py"))], ids=str)
def test_nobody_imports_a_stage_by_its_bare_name(path: Path) -> None:
    bare = {name.split(".")[0] for name in read_imports(path)} & {*STAGES, "data"}
    assert not bare


@pytest.mark.parametrize("command", [[], ["train"], ["graph", "show"], ["build"]])
def test_help_is_fast_and_imports_nothing_heavy(command: list[str]) -> None:
    script = (
        "import sys\nfrom graphtune.cli import main\n"
        f"try: main({[*command, '--help']!r})\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'numpy', 'pymupdf', 'networkx', 'pydantic'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy), file=sys.stderr)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "Usage:" in run.stdout
    assert run.stderr.strip() == "heavy: []"


def test_the_code_folders_are_links_into_the_package() -> None:
    for stage in (*STAGES, "data"):
        link = ROOT / "graphtune" / stage
        assert os.readlink(link) == f"../{stage}"
