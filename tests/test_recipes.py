"""Each recipe runs from end to end in small, on the sample texts, and what it makes can be used."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from graphtune.cli import main
from graphtune.train.stages.settings import read_stages

DATA = Path(__file__).parent.parent / "data"
RECIPES = sorted((DATA / "recipes").glob("*.toml"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("recipes", "languages", "maths"):
        shutil.copytree(DATA / name, tmp_path / name)
    return tmp_path


def test_there_is_one_for_each_seed() -> None:
    assert [path.stem for path in RECIPES] == [
        "math_albert",
        "math_answers",
        "mongolian",
        "persian",
    ]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_recipes_run_in_small(recipe: Path, data: Path) -> None:
    path = data / "recipes" / recipe.name
    result = CliRunner().invoke(main, ["train", str(path), "--toy"])
    assert result.exit_code == 0, result.output
    file = read_stages(path)
    out = path.parent / f"{file.out}-toy"
    for stage in file.stage:
        assert stage.name in result.output
        assert (out / stage.name / "report.json").exists()
        assert (out / stage.name / "model.safetensors").exists()


def test_the_example_of_the_card_runs(data: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    path = data / "recipes" / "math_answers.toml"
    assert CliRunner().invoke(main, ["train", str(path), "--toy"]).exit_code == 0
    folder = path.parent / "math-answers-toy" / "answers"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    assert model.config.id2label == {0: "non relevant", 1: "relevant"}
    question = "How can I calculate x in $3x = 5$"
    for answer in (
        r"Just divide by 3: $x = \frac{5}{3}$",
        "The general rule is $(a+b)^2=a^2+2ab+b^2$",
    ):
        encoded = tokenizer(question, answer, return_tensors="pt")
        with torch.no_grad():
            shares = torch.softmax(model(**encoded).logits, dim=1)[0]
        assert shares.sum().item() == pytest.approx(1.0)
