from dataclasses import replace

from reports import BASE, BENCHMARK, QUERIES, TRAINED, list_rankings, make_report, make_run

from graphtune.bench.headline import find_headline, list_widest


def test_the_headline_is_the_trained_system_at_full_width_on_held_out_queries():
    headline = find_headline(make_report())
    assert headline.result is not None
    assert (headline.result.system, headline.result.dim) == (TRAINED, 384)
    assert headline.result.group == "held-out"
    ndcg, mrr = (headline.result.measures[name] for name in ("NDCG@10", "MRR@10"))
    assert f"NDCG@10 {ndcg:.3f} [" in headline.text
    assert f"MRR@10 {mrr:.3f} ({BASE} 0." in headline.text
    assert "; mean of 2 seeds from" in headline.text
    assert "40 queries, held-out:" in headline.text


def test_the_headline_says_whether_a_difference_from_the_base_is_claimed():
    report = make_report()
    claim = next(one for one in report.claims if one.ours.startswith(f"{TRAINED} at 384"))
    for change, told in (
        ({"holds": True, "direction": "above"}, "), above the base;"),
        ({"holds": True, "direction": "below"}, "), below the base;"),
        ({"holds": False, "direction": "above"}, "), no difference from the base shown;"),
    ):
        changed = replace(report, claims=(replace(claim, **change),))
        assert told in find_headline(changed).text


def test_without_a_trained_system_it_is_the_best_but_never_a_ceiling():
    untrained = [one for one in list_rankings() if one.system != TRAINED]
    headline = find_headline(make_report(rankings=untrained))
    assert headline.result is not None
    assert headline.result.system in (BASE, "BM25")
    assert headline.text.endswith("the best of 2 systems on these queries")


def test_unlabelled_queries_give_one_that_says_so():
    headline = find_headline(make_report(replace(BENCHMARK, groups={})))
    assert headline.group == "all"
    assert headline.text.endswith("nobody said whether training met these queries")


def test_one_on_a_handful_of_queries_says_that_they_are_too_few():
    few = {query: "held-out" if number < 3 else "seen" for number, query in enumerate(QUERIES)}
    headline = find_headline(make_report(replace(BENCHMARK, groups=few)))
    assert "on 3 queries" in headline.text
    assert headline.text.endswith("fewer than 20 queries are too few to tell anything")
    assert "too few" not in find_headline(make_report()).text


def test_seen_or_leaking_queries_give_none_and_say_what_to_do():
    groups = {query: "dev" if query < "q2" else "seen" for query in QUERIES}
    seen = find_headline(make_report(replace(BENCHMARK, groups=groups)))
    assert (seen.group, seen.result) == (None, None)
    assert seen.text.startswith("no headline: no query is known to be held out")
    assert "(dev 12, seen 48)" in seen.text
    assert "--beir" in seen.text
    leaking = find_headline(make_report(leaks={"held-out": "its pairs hold 3 names; train again"}))
    assert (leaking.group, leaking.result) == ("held-out", None)
    assert leaking.text == "no headline: its pairs hold 3 names; train again"


def test_full_width_is_float32_where_there_is_one():
    widest = [one.key for one in list_widest(make_report())]
    assert widest == [
        (BASE, 384, "float32"), (TRAINED, 384, "float32"), ("BM25", 0, "float32"),
        ("oracle", 0, "float32"),
    ]  # fmt: skip


def test_a_trained_system_gives_the_headline_even_where_the_base_is_better():
    worst = replace(list_rankings()[0], system=TRAINED, runs=(make_run(3),))
    best = replace(list_rankings()[0], runs=(make_run(0),))
    headline = find_headline(make_report(rankings=[best, worst]))
    assert headline.result is not None
    assert headline.result.system == TRAINED


def test_full_width_is_float32_whatever_the_order():
    float32, binary, *_ = list_rankings()
    for rankings in ([binary, float32], [float32, binary]):
        assert [one.key for one in list_widest(make_report(rankings=rankings))] == [float32.key]
