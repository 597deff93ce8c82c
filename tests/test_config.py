from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphtune.config import PRICES, BaseConfig, Config, Price, load_config, render_toml
from graphtune.errors import ConfigError
from graphtune.tuning_config import TrainConfig


def test_rendered_settings_load_as_they_were(tmp_path: Path) -> None:
    config = Config(base=BaseConfig(model="minilm"), train=TrainConfig(seeds=(1, 2), bf16="off"))
    path = tmp_path / "graphtune.toml"
    path.write_text(render_toml(config), encoding="utf-8")
    assert load_config(path) == config


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_any_text_survives_the_file(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("toml") / "graphtune.toml"
    path.write_text(render_toml(Config(base=BaseConfig(model=text))), encoding="utf-8")
    assert load_config(path).base.model == text


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[train]\nbatch_size = 1\n", "train.batch_size"),
        ("[train]\nbatchsize = 8\n", "batchsize"),
        ("[extract]\nextractor = 'magic'\n", "'magic'"),
        ("[train\n", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "graphtune.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=part):
        load_config(path)


def test_digest_follows_the_settings() -> None:
    assert TrainConfig().digest() == TrainConfig(batch_size=64).digest()
    assert TrainConfig().digest() != TrainConfig(batch_size=16).digest()


def test_prices_are_added_to_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "graphtune.toml"
    path.write_text(
        '[prices]\n"my/model:7b" = {input = 1, output = 2.5}\n"gpt-4o" = {input=1,output=1}\n'
    )
    config = load_config(path)
    assert config.prices["my/model:7b"] == Price(input=1, output=2.5)
    assert config.prices["gpt-4o"] == Price(input=1, output=1)
    assert config.prices["gpt-4o-mini"] == PRICES["gpt-4o-mini"]
    path.write_text(render_toml(config), encoding="utf-8")
    assert load_config(path) == config
