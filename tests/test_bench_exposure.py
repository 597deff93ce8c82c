from dataclasses import replace

import pytest
from reports import BENCHMARK, QUERIES

from graphtune.bench.exposure import find_headline_group, mark_group


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ({}, "all"),
        ({"q0": "seen"}, None),
        (dict.fromkeys(QUERIES, "dev"), None),
        ({**dict.fromkeys(QUERIES, "seen"), "q1": "new papers"}, "new papers"),
        ({"q0": "seen", "q1": "new papers", "q2": "held-out"}, "held-out"),
    ],
)
def test_only_what_training_never_met_or_nobody_labelled_gives_the_headline(groups, expected):
    assert find_headline_group(replace(BENCHMARK, groups=groups)) == expected


def test_every_group_is_marked():
    marks = [
        mark_group(BENCHMARK, group, {"new papers"})
        for group in ("held-out", "new papers", "dev", "seen", "all", "mine")
    ]
    assert marks == ["held out", "leaks", "seen", "seen", "mixed", "unknown"]
    assert mark_group(replace(BENCHMARK, groups={}), "all") == "unknown"
