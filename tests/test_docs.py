"""What the documentation says is true: examples run, commands and files exist."""

import doctest
import importlib
import json
import pkgutil
import re
import shlex
from pathlib import Path

import click
import pytest

import graphtune
from graphtune.cli import main
from graphtune.config import Config, load_config
from graphtune.train.stages.settings import read_stages

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODULES = sorted(m.name for m in pkgutil.walk_packages(graphtune.__path__, "graphtune."))


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} does not say what it is for"
    assert doctest.testmod(module).failed == 0


def list_commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += list_commands(command, (*path, name))
        else:
            found.append((*path, name))
    return found


def parse(words: list[str]) -> None:
    """Parse a command line without running it; a wrong option or argument raises."""
    group: click.Command = main
    context: click.Context | None = None
    while isinstance(group, click.Group):
        group, words = group.commands[words[0]], words[1:]
    group.make_context(group.name, words, parent=context)


@pytest.mark.parametrize("path", list_commands(main), ids=" ".join)
def test_each_command_has_an_example_that_parses(path: tuple[str, ...]) -> None:
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert "\\b" not in (command.help or "")
    example = re.search(r"Example: graphtune (.+)", command.help or "")
    assert example, f"{path}: no example in the help"
    parse(shlex.split(example[1]))
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--workspace", "--json"} <= options
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "file_format":
            assert parameter.help, f"{path}: {parameter.name} is not explained"


def list_readme_commands() -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("graphtune ")]


def test_the_readme_shows_all_commands() -> None:
    shown = {tuple(w for w in shlex.split(line)[1:3]) for line in list_readme_commands()}
    for path in list_commands(main):
        assert any(words[: len(path)] == path for words in shown), f"README lacks {path}"


@pytest.mark.parametrize("line", list_readme_commands())
def test_readme_commands_parse(line: str) -> None:
    parse(shlex.split(line)[1:])


def test_readme_python_compiles_and_imports() -> None:
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        compile(block, "README.md", "exec")
        for line in block.splitlines():
            if line.startswith(("from graphtune", "import graphtune")):
                exec(line, {})


def test_readme_links_and_make_targets_exist() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), f"README links to {target}"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([\w-]+)`", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"


def test_readme_settings_are_valid(tmp_path: Path) -> None:
    for number, block in enumerate(re.findall(r"```toml\n(.*?)```", README, re.DOTALL)):
        path = tmp_path / f"{number}.toml"
        path.write_text(block, encoding="utf-8")
        assert read_stages(path).stage if "[[stage]]" in block else load_config(path) != Config()


def test_the_sample_is_complete() -> None:
    sample = ROOT / "data" / "sample"
    sources = {path.stem for path in (sample / "tex").glob("*.tex")}
    assert len(sources) >= 24
    assert sources == {path.stem for path in (sample / "pdf").glob("*.pdf")}


def test_the_gold_is_sound(tmp_path: Path) -> None:
    from graphtune.bench import load_beir
    from graphtune.kg.ontology import load_ontology

    folder = ROOT / "data" / "sample" / "gold"
    gold = json.loads((folder / "gold.json").read_text(encoding="utf-8"))
    names = {concept["name"] for concept in gold["concepts"]}
    assert all(concept["type"] in load_ontology().types for concept in gold["concepts"])
    for relation in gold["relations"]:
        assert {relation["source"], relation["target"]} <= names
        assert relation["type"] in load_ontology().relations
    benchmark = load_beir(folder)
    assert len(benchmark.queries) == len(gold["queries"]) >= 100
    assert all(set(grades.values()) <= {1, 2, 3} for grades in benchmark.qrels.values())
