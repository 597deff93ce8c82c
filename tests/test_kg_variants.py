"""Other ways to write a name: what counts, and what only looks like it."""

import pytest

from graphtune.kg.variants import find_variant, split_tokens


def find(name: str, text: str) -> str | None:
    span = find_variant(name, text, split_tokens(text))
    return span and text[slice(*span)]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("abelian group", "Let G be one of the groups which are abelian.", None),
        ("abelian group", "Every group that is abelian is nilpotent.", "group that is abelian"),
        ("normal subgroup", "If the subgroup $N$ is normal, then", "subgroup $N$ is normal"),
        ("right module", "a right R-module M", "right R-module"),
        ("complex matrix", "two complex n × n matrices", "complex n × n matrices"),
        ("vector space", "Let V be a K-vector space.", "vector space"),
        ("Pfister's theorem", "A theorem of Pfister: in a field", "theorem of Pfister"),
        ("function composition", "the composition of functions, or", "composition of functions"),
        ("left ideal", "the left and right ideals of R", "left and right ideals"),
        ("simple Artinian ring", "an Artinian simple ring.", "Artinian simple ring"),
        ("finitely generated ideal", "a finitely generated nonzero ideal",
         "finitely generated nonzero ideal"),
        # What only looks like it.
        ("abelian group", "The group is not abelian.", None),
        ("positive matrix", "The matrix is positive definite.", None),
        ("isomorphic group", "The group V is isomorphic to W.", None),
        ("abelian group", "The center of a finite group is abelian.", None),
        ("free abelian group", "a torsion-free abelian group", None),
        ("invertible matrix", "all non-invertible n × n matrices", None),
        ("Lie group", "the groups of Lie type", None),
        ("left ideal", "an ideal of the left side", None),
        ("cross product", "nothing of it", None),
        ("vector product", "the tensor product of vectors.", None),
        ("polynomial form", "These polynomials form an algebra.", None),
        ("cyclic group", "the cyclic\n\ngroup", None),
        ("simple module", "irreducible (or simple) modules", None),
        ("group", "groups", None),
        ("left ideal", "the zero ideal is a left primitive ideal", None),
        ("right module", "A module M is called right (left) hereditary", None),
        ("order of the field", "the maximal order of the field.", None),
        ("automorphism group", "the inner automorphism group Inn(G)", None),
        ("matrix unit", "a triangular matrix. A unit is", None),
        ("module in", "a module in the sense of it", None),
    ],
)  # fmt: skip
def test_variants(name: str, text: str, found: str | None) -> None:
    assert find(name, text) == found
