"""Which names are one concept, and above all which are not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphtune.kg.names import normalize_name
from graphtune.kg.resolution.candidates import MergeCandidate
from graphtune.kg.resolution.keys import are_opposed, explain_match, match_initials
from graphtune.kg.resolution.merging import merge_groups
from tests.test_kg_resolve import find, group

SAME = [
    ("pairs of tableaux", "pair of tableau", "plural"),
    ("systems of distinct representatives", "system of distinct representatives", "plural"),
    ("non-empty set", "nonempty set", "dashes"),
    ("semi-standard tableau", "semistandard tableau", "dashes"),
    ("quasi-symmetric functions", "quasisymmetric function", "dashes"),
    ("eigen value", "eigenvalue", "dashes"),
    ("Polynomials of Macdonald", "Macdonald polynomial", "word order"),
    ("theorem of Wilson", "Wilson’s theorem", "word order"),
    ("rank of a matrix", "ranks of the matrix", "word order"),
    ("graph colouring", "graph coloring", "spelling"),
    ("generalised inverse", "generalized inverse", "spelling"),
    ("Moebius function", "Möbius function", "spelling"),
    ("two-sided ideal", "2-sided ideal", "spelling"),
    ("Artin–Wedderburn theorem", "Wedderburn–Artin theorem", "word order"),
    ("order (of a ring)", "order of a ring", "spelling"),
]
APART = [
    ("left ideal", "right ideal"),
    ("chain condition", "chain condition on right annihilators"),
    ("n-gon", "m-gon"),
    ("finite group", "infinite group"),
    ("subgroup", "group"),
    ("upper bound", "lower bound"),
    ("2-core", "3-core"),
    ("π-group", "π′-group"),
    ("RSK correspondence", "RSK′ correspondence"),
    ("p-group", "group"),
    ("q-binomial theorem", "binomial theorem"),
    ("A1 Bailey lemma", "A2 Bailey lemma"),
    ("Schur function", "skew Schur function"),
    ("ring homomorphism", "ring homeomorphism"),
    ("row space", "column space"),
    ("singular matrix", "nonsingular matrix"),
    ("abelian group", "nonabelian group"),
    ("set partition", "partition set"),
    ("group of units", "unit of a group"),
    ("matrix ring", "matrix algebra"),
    ("strongly connected graph", "connected graph"),
    ("Euler's theorem", "Euler's formula"),
    ("first isomorphism theorem", "second isomorphism theorem"),
    ("additive category", "preadditive category"),
    ("(q,t)-Catalan number", "q-Catalan number"),
    ("real closed field", "complex closed field"),
    ("1-cochain", "11-cochain"),
    ("S-unit", "sunit"),
]


@pytest.mark.parametrize(("one", "other", "reason"), SAME)
def test_names_that_are_spelled_alike(one: str, other: str, reason: str) -> None:
    forms = normalize_name(one), normalize_name(other)
    assert len(set(forms)) == 1 or explain_match(*forms) == reason
    assert len(merge_groups(group(find(one), find(other)))[0]) == 1


@pytest.mark.parametrize(("one", "other"), APART)
def test_names_that_must_never_merge_by_themselves(one: str, other: str) -> None:
    forms = normalize_name(one), normalize_name(other)
    assert explain_match(*forms) is None
    assert explain_match(*reversed(forms)) is None
    assert len(merge_groups(group(find(one), find(other)))[0]) == 2


@pytest.mark.parametrize(("one", "other"), APART[:10])
def test_names_that_do_not_merge_even_where_a_passage_says_so(one: str, other: str) -> None:
    assert are_opposed(normalize_name(one), normalize_name(other))
    assert len(merge_groups(group(find(one, other), find(one), find(other)))[0]) == 2


WORD = st.sampled_from(["ring", "matrix", "tree", "schur", "function", "bailey", "pair", "lattice"])
MARK = st.sampled_from(["left", "right", "n", "m", "2", "3", "finite", "infinite", "q", "upper"])


@given(st.lists(WORD, min_size=1, max_size=4), MARK, MARK, st.integers(0, 4))
def test_a_mark_that_differs_keeps_names_apart(
    words: list[str], one: str, other: str, place: int
) -> None:
    forms = [
        normalize_name(" ".join([*words[:place], mark, *words[place:]])) for mark in (one, other)
    ]
    assert one == other or explain_match(*forms) is None


@given(st.lists(WORD, min_size=2, max_size=4, unique=True))
def test_matching_is_symmetric_and_survives_of(words: list[str]) -> None:
    *before, head = words
    plain = normalize_name(" ".join(words))
    turned = normalize_name(f"{head} of {' '.join(before)}")
    assert explain_match(plain, turned) == explain_match(turned, plain) == "word order"


@given(st.lists(st.sampled_from([name for pair in APART for name in pair]), min_size=2, max_size=9))
def test_every_member_of_a_cluster_matches_its_canonical_name(names: list[str]) -> None:
    clusters, merges = merge_groups(group(*map(find, names)))
    assert not merges
    assert set(clusters) == {normalize_name(name) for name in names}


def test_the_canonical_name_is_the_one_most_used_and_merges_say_why() -> None:
    clusters, merges = merge_groups(
        group(find("semi-standard tableau"), *[find("semistandard tableau")] * 2)
    )
    assert list(clusters) == ["semistandard tableau"]
    assert [(m.kept, m.gone, m.reason, m.name) for m in merges] == [
        ("semistandard tableau", "semi-standard tableau", "dashes", "semi-standard tableau")
    ]


def test_a_stated_alias_names_its_passage() -> None:
    _, merges = merge_groups(
        group(find("Galois field"), *[find("finite field", "Galois field")] * 2)
    )
    assert [(m.gone, m.reason, m.chunk_id, m.start, m.end) for m in merges] == [
        ("galois field", "alias", "d-0001", 0, 12)
    ]


def test_an_acronym_needs_one_long_name_in_its_own_paper() -> None:
    long = find("alternating sign matrix theorem")
    assert match_initials("ASM theorem", "alternating sign matrix theorem")
    assert len(merge_groups(group(long, find("ASM theorem")))[0]) == 1
    assert len(merge_groups(group(long, find("ASM theorem", paper="other")))[0]) == 2
    two = [find("local ring"), find("left radical"), find("LR")]
    assert len(merge_groups(group(*two))[0]) == 3


def test_an_alias_that_another_paper_defines_in_other_words_is_not_merged() -> None:
    product = "The Kronecker product is also known as the direct product or tensor product."
    clusters, _ = merge_groups(
        group(
            find("direct product", "tensor product", description=product, paper="a"),
            find(
                "direct product",
                description="The direct product of groups has componentwise operation.",
                paper="b",
            ),
            find("tensor product"),
        )
    )
    assert len(clusters) == 2


def test_a_pair_kept_apart_is_not_merged() -> None:
    groups = group(find("Galois field"), *[find("finite field", "Galois field")] * 2)
    clusters, merges = merge_groups(groups, {frozenset(("finite field", "galois field"))})
    assert (len(clusters), merges) == (2, [])
    groups = group(find("nonempty set"), find("non-empty set"))
    assert len(merge_groups(groups, {frozenset(("nonempty set", "non-empty set"))})[0]) == 2


@dataclass
class Judge:
    """A verifier that proposes and confirms what it is told to."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    same: tuple[str, ...] = ()
    asked: list[tuple[str, str]] = field(default_factory=list)

    def propose(self, names: Mapping[str, str]) -> list[tuple[str, str]]:
        return self.pairs

    def judge(self, candidates: Sequence[MergeCandidate]) -> list[bool | None]:
        self.asked += [(item.kept.name, item.gone.name) for item in candidates]
        return [item.gone.name in self.same for item in candidates]


def test_a_verifier_is_asked_what_it_proposes_unless_rules_forbid_it_and_believed() -> None:
    near = ["hook formula", "hook length formula", "hook rule"]
    pairs = [*combinations(near, 2), ("left ideal", "right ideal"), ("hook rule", "no such name")]
    judge = Judge(pairs, same=("hook formula",))
    names = [*near, near[1], "left ideal", "right ideal"]
    clusters, merges = merge_groups(group(*map(find, names)), verify=judge)
    assert judge.asked == [
        ("hook length formula", "hook formula"),
        ("hook formula", "hook rule"),
        ("hook length formula", "hook rule"),
    ]
    assert sorted(clusters) == ["hook length formula", "hook rule", "left ideal", "right ideal"]
    assert [(m.gone, m.reason) for m in merges] == [("hook formula", "model")]


def test_of_an_adjective_and_its_noun_the_noun_is_kept_where_none_uses_it_alone() -> None:
    noun = find("stably finite ring", "stably finite")
    clusters, _ = merge_groups(group(noun, *[find("stably finite")] * 2))
    assert list(clusters) == ["stably finite ring"]
    clusters, _ = merge_groups(group(noun, find("stably finite", paper="other")))
    assert len(clusters) == 2


def test_what_a_thing_is_of_may_be_said_or_not() -> None:
    whole = find("Laplacian matrix of a graph")
    assert len(merge_groups(group(whole, find("Laplacian matrix")))[0]) == 1
    for other in (
        find("Laplacian matrix", paper="other"),
        find("Laplacian matrix of a finite graph"),
        find("Laplacian matrix of a network"),
    ):
        clusters, _ = merge_groups(group(whole, other))
        assert len(clusters) == 2
    both = group(
        find("direct product"), find("direct product of groups"), find("direct product of rings")
    )
    assert len(merge_groups(both)[0]) == 3
    assert len(merge_groups(group(find("order"), find("order of a group")))[0]) == 2


def test_a_stated_short_form_is_merged_unless_another_paper_has_it_alone() -> None:
    whole = find("socle of a group", "socle")
    assert len(merge_groups(group(whole, find("socle")))[0]) == 1
    assert len(merge_groups(group(whole, find("socle", paper="other")))[0]) == 2
    claimed = group(whole, find("socle of a module", "socle"), find("socle"))
    assert len(merge_groups(claimed)[0]) == 3


def test_a_verifier_judges_statements_that_rules_doubt() -> None:
    groups = group(
        find("vertex", "node", description="A vertex is a member of the ground collection."),
        *[find("vertex")] * 2,
        find("node", description="A node branches upward toward another junction.", paper="other"),
    )
    assert len(merge_groups(groups)[0]) == 2
    clusters, merges = merge_groups(groups, verify=Judge(same=("node",)))
    assert (list(clusters), [m.reason for m in merges]) == (["vertex"], ["model"])


def test_whose_a_result_is_may_be_said_or_not_where_a_passage_says_so() -> None:
    long = find("Euler's pentagonal number theorem")
    stated = find("pentagonal number theorem", "Euler's pentagonal number theorem")
    assert len(merge_groups(group(long, stated))[0]) == 1
    assert len(merge_groups(group(long, find("pentagonal number theorem")))[0]) == 2
    skew = group(find("skew Schur function"), find("Schur function", "skew Schur function"))
    assert len(merge_groups(skew)[0]) == 2
