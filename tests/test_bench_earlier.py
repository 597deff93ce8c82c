import json
from dataclasses import replace
from pathlib import Path

import pytest
from reports import BASE, BENCHMARK, QUERIES, TRAINED, list_rankings, make_report, make_run

from graphtune.bench.earlier import check_same_data, compare_earlier, is_same_data, read_earlier
from graphtune.bench.output import write_report
from graphtune.bench.systems import Ranking
from graphtune.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_report(make_report(), tmp_path / "old")
    return tmp_path / "old"


def test_scores_come_back_as_they_were(folder: Path):
    report, earlier = make_report(), read_earlier(folder)
    assert earlier.groups == BENCHMARK.groups
    assert read_earlier(folder / "results.json").scores == earlier.scores
    for ranking in report.rankings:
        ours = report.scores["", ranking.key].mean(axis=0)[:, 1].tolist()
        assert list(earlier.scores[ranking.key].values()) == ours


def test_each_system_is_held_against_itself_through_the_gate(folder: Path):
    better = [
        replace(one, runs=(make_run(0),)) if one.system == TRAINED else one
        for one in list_rankings()
    ]
    compared = compare_earlier(make_report(rankings=better), read_earlier(folder))
    assert [(one.ours, one.base) for one in compared.claims] == [
        (f"{name} now", f"{name} then")
        for name in (f"{BASE} at 384 dimensions", f"{TRAINED} at 384 dimensions", "BM25")
    ]
    same, tuned, lexical = compared.claims
    assert (same.interval, lexical.interval, same.holds) == ((0, 0), (0, 0), False)
    assert (tuned.direction, tuned.n_queries, tuned.family) == ("above", 40, 3)
    assert compared.notes == ()


def test_queries_with_another_label_then_are_left_out_and_told(folder: Path):
    groups = {**BENCHMARK.groups, "q0": "held-out", "q3": "held-out"}
    moved = replace(BENCHMARK, groups=groups)
    compared = compare_earlier(make_report(moved), read_earlier(folder))
    assert {claim.n_queries for claim in compared.claims} == {40}
    assert compared.notes == (
        "another split: 2 of 42 queries that are held-out now had another label then (seen 2) and "
        "are left out of this comparison",
    )
    swapped = {
        query: "seen" if group == "held-out" else "held-out"
        for query, group in BENCHMARK.groups.items()
    }
    nothing = compare_earlier(make_report(replace(BENCHMARK, groups=swapped)), read_earlier(folder))
    assert nothing.claims == ()
    assert "20 of 20" in nothing.notes[0]


def test_without_a_headline_on_either_side_nothing_is_claimed(folder: Path, tmp_path: Path):
    leaking = make_report(leaks={"held-out": "three names"})
    assert compare_earlier(leaking, read_earlier(folder)).claims == ()
    write_report(leaking, tmp_path / "leaking")
    compared = compare_earlier(make_report(), read_earlier(tmp_path / "leaking"))
    assert compared.claims == ()
    assert compared.notes == ("nothing is claimed, for then: no headline: three names",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"documents": {**BENCHMARK.documents, "d9": ""}}, "on other documents ("),
        ({"queries": {**QUERIES, "q9": "other"}}, "on other queries ("),
        ({"qrels": {**BENCHMARK.qrels, "q9": {"d1": 1}}}, "on other judgements ("),
        ({"documents": {}, "queries": {}, "tiers": {}}, "documents, queries and judgements ("),
    ],
)
def test_other_data_is_refused_with_what_differs(folder: Path, change, reason: str):
    earlier, other = read_earlier(folder), replace(BENCHMARK, **change)
    assert is_same_data(earlier, BENCHMARK)
    check_same_data(earlier, [other, BENCHMARK])
    with pytest.raises(DataError) as refused:
        check_same_data(earlier, [other])
    assert reason in str(refused.value)
    assert "60 queries and 8 passages then" in str(refused.value)


def test_systems_that_did_not_run_both_times_cannot_be_compared(folder: Path):
    earlier = read_earlier(folder)
    (folder / "scores.csv").unlink()
    report = make_report(rankings=[Ranking(BASE, (make_run(1),), 32)])
    with pytest.raises(DataError, match=r"no system ran both in .*old .*BM25.* at its full width"):
        compare_earlier(report, earlier)


def test_missing_damaged_and_cut_off_files_are_named(folder: Path, tmp_path: Path):
    with pytest.raises(DataError, match=r"nowhere holds no results\.json"):
        read_earlier(tmp_path / "nowhere")
    scores = (folder / "scores.csv").read_bytes()
    for broken in (scores[: len(scores) // 2], scores.replace(b"0.", b"1.", 1), b""):
        (folder / "scores.csv").write_bytes(broken)
        with pytest.raises(DataError, match=r"scores\.csv is damaged or cut off"):
            read_earlier(folder)
    (folder / "scores.csv").unlink()
    with pytest.raises(DataError, match=r"scores\.csv is missing"):
        read_earlier(folder)
    results = folder / "results.json"
    content = results.read_text(encoding="utf-8")
    for broken, reason in (
        (content[:500], r"results\.json is damaged"),
        (json.dumps({"results": []}), r"results\.json is of another version"),
        ("[]", r"results\.json is of another version"),
    ):
        results.write_text(broken, encoding="utf-8")
        with pytest.raises(DataError, match=reason):
            read_earlier(folder)
