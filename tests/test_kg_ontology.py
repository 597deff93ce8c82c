"""The ontology file: what is accepted, what is refused and why."""

from pathlib import Path

import pytest

from graphtune.errors import ConfigError
from graphtune.kg.ontology import MappedRelation, load_ontology

LAW = """
name = "law"
fallback_type = "norm"
[types.norm]
description = "a rule of law"
aliases = ["statute"]
[types.court]
description = "a court"
[relations.overrules]
description = "source overrules target"
inverses = ["overruled_by"]
sources = ["court"]
pairs = "hard_negative"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "law.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_another_domain_is_another_file(tmp_path: Path) -> None:
    law = load_ontology(write(tmp_path, LAW))
    assert law.map_type("Statute") == "norm"
    assert law.map_relation("overruled by") == MappedRelation("overrules", inverse=True)
    assert law.map_relation("generalizes") is None
    assert law.fits_ends("overrules", "court", "norm")
    assert not law.fits_ends("overrules", "norm", "court")
    assert law.digest() != load_ontology().digest()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('fallback_type = "norm"', 'fallback_type = "thing"'), "'thing' is not defined; known are norm"),
        (('sources = ["court"]', 'sources = ["judge"]'), "'judge' is not defined"),
        (('pairs = "hard_negative"', 'pairs = "maybe"'), "'positive', 'soft', 'hard_negative' or 'ignore'"),
        (('["overruled_by"]', '["overruled_by"]\nboth_ways = "cites"'), "'cites' is not defined"),
        (('["statute"]', '["court"]'), "'court' stands for both 'norm' and 'court'"),
        (("[types.court]", "[types.Court]"), "'Court' must be lower-case"),
        (('description = "a court"', ""), "[types.court.description] Field required"),
        (("name", "nom"), "Extra inputs"),
        (("[types.norm]", "[types.norm"), "is not valid TOML"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_the_place(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        load_ontology(write(tmp_path, LAW.replace(*change, 1)))
    assert message in str(error.value)
    assert "law.toml" in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read"):
        load_ontology(tmp_path / "none.toml")


def test_the_default_says_what_each_relation_means_for_training() -> None:
    relations = load_ontology().relations
    assert relations["equivalent_to"].pairs == "positive"
    assert relations["related_to"].pairs == "ignore"
    assert {kind.pairs for kind in relations.values()} == {
        "positive",
        "soft",
        "hard_negative",
        "ignore",
    }
