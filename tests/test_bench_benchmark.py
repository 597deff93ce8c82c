from dataclasses import replace

import pytest

from graphtune.bench.benchmark import (
    Benchmark,
    Slice,
    hash_benchmark,
    hash_parts,
    label_seen,
    list_slices,
)

TINY = Benchmark(
    name="tiny",
    documents={"d1": "A filling of a diagram.", "d2": "A partition of n."},
    queries={"q1": "what fills a diagram", "q2": "Partitions", "q3": "posets"},
    qrels={"q1": {"d1": 1}, "q2": {"d2": 1}, "q3": {"d2": 1}},
    concepts={"q1": ("Young tableau", "Tableaux")},
)


def test_seen_queries_are_those_whose_text_or_concept_was_an_anchor():
    labelled = label_seen(TINY, ["TABLEAUX", "partitions", "order"], ["tableaux"], str.lower)
    assert labelled.groups == {"q1": "seen", "q2": "seen", "q3": "held-out"}
    chosen = label_seen(TINY, ["order"], ["Young tableau", "POSETS"], str.lower)
    assert chosen.groups == {"q1": "dev", "q2": "held-out", "q3": "dev"}
    assert replace(labelled, groups={}) == TINY
    assert set(label_seen(TINY, [], [], str.lower).groups.values()) == {"held-out"}
    # The normal form decides, on both sides.
    assert label_seen(TINY, ["poset"], [], lambda name: name.rstrip("s")).groups["q3"] == "seen"


def test_a_query_that_begins_with_a_trained_name_is_seen() -> None:
    asked = Benchmark("b", {}, {"q": "Poset. A set with an order.", "r": "Posets are sets."}, {})
    assert label_seen(asked, ["poset"], [], str.lower).groups == {"q": "seen", "r": "held-out"}


def test_groups_stand_in_a_fixed_order_with_all_at_the_end():
    assert list_slices(TINY) == [Slice("all", ("q1", "q2", "q3"))]
    grouped = replace(TINY, groups={"q1": "seen", "q2": "zebra", "q3": "held-out"})
    assert list_slices(grouped) == [
        Slice("held-out", ("q3",)),
        Slice("seen", ("q1",)),
        Slice("zebra", ("q2",)),
        Slice("all", ("q1", "q2", "q3")),
    ]
    partly = replace(TINY, groups={"q2": "held-out"})
    assert [part.group for part in list_slices(partly)] == ["held-out", "all"]
    one = replace(TINY, groups=dict.fromkeys(TINY.queries, "seen"))
    assert [part.group for part in list_slices(one)] == ["seen"]


def test_strata_and_tiers_cut_each_group_and_empty_cuts_are_left_out():
    cut = replace(
        TINY,
        groups={"q1": "seen", "q2": "seen", "q3": "held-out"},
        strata={"q1": "easy", "q2": "hard", "q3": "hard"},
        tiers={"paper": {"q2": {"d1": 1}}},
    )
    assert [(part.label, part.queries) for part in list_slices(cut)] == [
        ("held-out", ("q3",)),
        ("held-out, hard", ("q3",)),
        ("seen", ("q1", "q2")),
        ("seen, easy", ("q1",)),
        ("seen, hard", ("q2",)),
        ("seen, paper level", ("q2",)),
        ("all", ("q1", "q2", "q3")),
        ("all, easy", ("q1",)),
        ("all, hard", ("q2", "q3")),
        ("all, paper level", ("q2",)),
    ]


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("documents", {"documents": {"d1": "A filling of a diagram.", "d2": "A partition."}}),
        ("queries", {"queries": {**TINY.queries, "q3": "lattices"}}),
        ("judgements", {"qrels": {**TINY.qrels, "q3": {"d2": 2}}}),
        ("judgements", {"tiers": {"paper": {"q1": {"d2": 1}}}}),
        ("labels", {"groups": {"q1": "seen"}}),
        ("labels", {"concepts": {}}),
        ("labels", {"strata": {"q1": "easy"}}),
    ],
)
def test_the_hash_of_a_part_changes_with_it_and_labels_are_no_data(part, change):
    before, after = hash_parts(TINY), hash_parts(replace(TINY, **change))
    assert {name for name in before if before[name] != after[name]} == {part}
    same_data = hash_benchmark(replace(TINY, **change)) == hash_benchmark(TINY)
    assert same_data == (part == "labels")


def test_the_hash_ignores_order_name_and_notes():
    shuffled = replace(
        TINY,
        name="other",
        notes=("a note",),
        documents=dict(reversed(TINY.documents.items())),
        qrels=dict(reversed(TINY.qrels.items())),
    )
    assert hash_benchmark(shuffled) == hash_benchmark(TINY)
    assert len(hash_benchmark(replace(TINY, documents={"d1": "broken \ud800"}))) == 64
