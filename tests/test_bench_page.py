"""The report's page in a real browser: its figures, its queries one by one, and that it asks nobody."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from graphtune.axes import make_scale
from graphtune.bench.benchmark import Benchmark
from graphtune.bench.claims import state_claim
from graphtune.bench.compare import Report, add_training, compare_systems
from graphtune.bench.exposure import Training
from graphtune.bench.headline import find_headline
from graphtune.bench.page import render_page
from graphtune.bench.page.cases import make_marker
from graphtune.bench.systems import Cost, Missing, Ranking
from graphtune.metrics import Run
from tests.browsing import EVIL, Watch, open_browser

LONE = "\ud800"
BASE, TUNED = "org/base-model", "tuned"
FILLINGS = "They are called standard Young fillings. " + "Nothing else is said of it here. " * 20
DOCUMENTS = {
    "d0": f"On {EVIL} and {LONE} one may read.",
    "d1": "Far from it. " * 40 + FILLINGS,
    **{f"d{number}": f"Passage {number} tells of partitions." for number in range(2, 16)},
}
QUERIES = {
    "q0": EVIL,
    "q1": "standard Young filling",
    "q2": f"{LONE} partitions",
    **{f"q{number}": f"question {number}" for number in range(3, 40)},
}
GROUPS = {query: "seen" if number % 4 == 3 else "held-out" for number, query in enumerate(QUERIES)}
QRELS = {
    query: {"d1": 2} if query == "q1" else {f"d{number % 8}": 1, "d7": 2}
    for number, query in enumerate(QUERIES)
}


def rank(step: int, best: dict[str, str]) -> Run:
    """Answer from another document on for each query, or with one first and the rest reversed."""
    ids = list(DOCUMENTS)
    answers = {
        query: ids[number * step % 16 :] + ids[: number * step % 16]
        for number, query in enumerate(QUERIES)
    }
    for query, document in best.items():
        answers[query] = [document, *(other for other in reversed(ids) if other != document)]
    return {
        query: [(name, -float(n)) for n, name in enumerate(ids)] for query, ids in answers.items()
    }


def make_report() -> Report:
    benchmark = Benchmark(
        f"toy {EVIL}",
        DOCUMENTS,
        QUERIES,
        QRELS,
        GROUPS,
        concepts={query: (query,) for query in QUERIES},
        strata={
            query: ("query in passage", "query not in passage")[number % 2]
            for number, query in enumerate(QUERIES)
        },
        tiers={"paper": {query: QRELS[query] for query in list(QUERIES)[:20]}},
        notes=(f"Note {EVIL}.",),
    )
    last = {"q1": "d2", "q0": "d7"}
    better = {**dict.fromkeys(QUERIES, "d7"), "q1": "d1"}
    rankings = [
        Ranking(BASE, (rank(3, last),), 64, cost=Cost(1.5, 2.5, 4_000_000)),
        Ranking(BASE, (rank(2, last),), 16),
        Ranking(BASE, (rank(5, last),), 64, "int8"),
        Ranking(TUNED, (rank(1, better), rank(5, better)), 64),
        Ranking(TUNED, (rank(2, {}), rank(3, {})), 16),
        Ranking(f"BM25 {EVIL}", (rank(6, {}),), kind="lexical", warnings=(f"Warned {EVIL}",)),
        Ranking("oracle", (rank(1, dict.fromkeys(QUERIES, "d7")),), kind="ceiling"),
    ]
    missing = [Missing(f"api {EVIL}", f"no key {EVIL}")]
    report = compare_systems(benchmark, rankings, BASE, 100, 0, missing)
    return add_training(report, Training(systems=(TUNED,)))


@pytest.fixture(scope="module")
def report() -> Report:
    return make_report()


@pytest.fixture(scope="module")
def file(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_page(report, {"corpus": f"abc {EVIL}"}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    watch = Watch(page)
    page.goto(file.as_uri())
    yield page
    context.close()
    assert watch.errors == []
    assert watch.requests == [file.as_uri()]


def test_every_result_is_a_row_with_its_figures(page: Page, report: Report) -> None:
    rows = page.locator(".results:not(.costs) tr.row").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent.trim()))"
    )
    assert len(rows) == len(report.results)
    for result, cells in zip(report.results, rows, strict=True):
        low, high = result.ndcg_interval
        assert cells[0].startswith(result.system.strip())
        assert cells[1].split()[0] == str(result.dim or "–")
        assert cells[2] == f"{result.measures['NDCG@10']:.3f} [{low:.3f}, {high:.3f}]"
        assert cells[5:8] == [
            f"{result.measures[name]:.3f}" for name in ("MRR@10", "Recall@10", "Recall@20")
        ]
        if result.difference:
            mean = f"{result.difference[0]:+.3f}".replace("-", "−")
            assert cells[4].split()[0].removesuffix("*") == mean
        else:
            assert cells[4] == "–"
        seeds = result.by_seed["NDCG@10"]
        assert cells[8] == (f"{min(seeds):.3f}–{max(seeds):.3f} (2)" if len(seeds) == 2 else "–")
    groups = page.locator(".results .group .badge").all_inner_texts()
    assert groups[:4] == ["held-out"] * 4
    assert groups[4:7] == ["seen"] * 3
    expect(page.locator(".missing tr").nth(1)).to_contain_text("no key")
    gain = page.locator("#protocols tbody tr", has_text=TUNED).locator("td").nth(3)
    row = next(r for r in report.results if (r.system, r.dim, r.group) == (TUNED, 64, "held-out"))
    assert row.difference
    expect(gain).to_contain_text(f"{row.difference[0]:+.3f} [")
    expect(page.locator("#table .costs tbody tr")).to_have_text(
        re.compile(r"1\.5 s.*2\.5 ms.*4 MB")
    )


def test_boxes_show_narrow_rows_and_strata(page: Page, report: Report) -> None:
    shown = page.locator(".results:not(.costs) tr.row:visible")
    expect(shown).to_have_count(4 * 3)
    page.get_by_label("every dimension").check()
    expect(shown).to_have_count(7 * 3)
    page.get_by_label("strata and tiers").check()
    expect(shown).to_have_count(len(report.results))


def test_the_draws_of_random_order_are_no_training_seeds() -> None:
    floor = Ranking("random", tuple(rank(step, {}) for step in range(1, 11)), kind="floor")
    for one in ("dots are training seeds", ">Seeds</th>", "(10)</span>"):
        assert one not in render_bench([make_base(), floor])
    tuned = Ranking(TUNED, (rank(1, {}), rank(5, {})), 64)
    with_seeds = render_bench([make_base(), tuned, floor])
    assert "dots are training seeds" in with_seeds
    assert "(2)</span>" in with_seeds
    assert "(10)</span>" not in with_seeds


def make_base() -> Ranking:
    return Ranking(BASE, (rank(3, {}),), 64)


def render_bench(rankings: list[Ranking]) -> str:
    plain = Benchmark("toy", DOCUMENTS, QUERIES, QRELS)
    return render_page(compare_systems(plain, rankings, BASE, 100, 0))


def test_the_headline_stands_with_the_claims_and_marks_those_that_hold(
    page: Page, report: Report
) -> None:
    headline = find_headline(report)
    assert headline.result
    assert headline.result.group == "held-out"
    expect(page.locator(".headline")).to_have_text(headline.text.removeprefix("headline: "))
    told = page.locator(".claims li").all_text_contents()
    assert sorted(told) == sorted(map(state_claim, report.claims))
    held = page.locator(".claims li.holds").all_text_contents()
    assert sorted(held) == sorted(state_claim(one) for one in report.claims if one.holds)
    stars = page.locator(".results tr.row td:nth-child(5)", has_text="*")
    assert stars.count() == len(held) > 0


def test_hostile_text_stays_text(page: Page) -> None:
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    expect(page.locator("h1")).to_have_text(f"Benchmark: toy {EVIL}")
    page.fill("#find", "window.hacked")
    page.locator("#picked .found button").click()
    expect(page.locator("#picked")).to_contain_text("onerror")
    assert page.evaluate("window.hacked") is None
    expect(page.locator("#picked")).not_to_contain_text(LONE)


def test_choosing_a_mark_shows_its_queries(page: Page, report: Report) -> None:
    marks = page.locator("#scatter .marks circle")
    marks.first.focus()
    first = page.evaluate("document.activeElement.getAttribute('aria-label')")
    expect(page.locator("#tip")).to_be_visible()
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") != first
    page.keyboard.press("Home")
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "standard Young filling" in label
    assert label.endswith(": 0.000 → 1.000")
    page.keyboard.press("Enter")
    expect(page.locator("#picked h3")).to_have_text("standard Young filling")
    expect(page.locator("#picked .answers mark").first).to_be_visible()
    page.locator("#picked .query > details summary").click()
    rows = page.locator("#picked .query .stratum tbody tr")
    expect(rows).to_have_count(len(report.rankings))
    expect(rows.nth(3)).to_contain_text("1.000")
    page.select_option("#slice", label="seen")
    expect(page.locator("#balance")).to_contain_text("Of 10 queries: tuned at 64 dimensions")
    page.select_option("#upright", label="oracle")
    expect(page.locator("#balance")).to_contain_text("oracle is better on")
    expect(page.locator("#picked")).to_be_empty()


def test_wins_show_both_answers_with_the_words_marked(page: Page) -> None:
    case = page.locator("details.case").first
    expect(case.locator("summary")).to_contain_text("0.000 → 1.000")
    expect(case.locator("summary b")).to_have_text("+1.000")
    base, tuned = case.locator(".sides > section").all()
    expect(base.locator("h4")).to_contain_text(BASE)
    expect(base).to_contain_text("Its first relevant passage has rank 15.")
    assert [b.inner_text() for b in base.locator(".place b").all()][:3] == ["1", "2", "3"]
    best = tuned.locator("li").first
    expect(best.locator(".badge")).to_have_text("grade 2")
    expect(best.locator("mark")).to_have_text("standard Young fillings")
    quote = best.locator("blockquote").inner_text()
    assert quote[0] == quote[-1] == "…"
    assert len(quote) < 430


def test_the_curve_follows_the_choice_of_queries(page: Page) -> None:
    shown = page.locator("figure:visible svg.curve")
    expect(shown).to_have_attribute("aria-label", re.compile("held-out;"))
    page.select_option("[data-shows=curve]", label="seen (10)")
    expect(shown).to_have_count(1)
    expect(shown).to_have_attribute("aria-label", re.compile("seen;"))
    assert shown.locator("polyline").count() == 2
    assert shown.locator("line.level").count() == 1


def test_a_narrow_window_scrolls_only_the_tables(browser: Browser, file: Path) -> None:
    page = browser.new_page(viewport={"width": 400, "height": 800})
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    page.close()


def test_a_base_alone_or_without_new_queries_is_a_page_too(
    browser: Browser, report: Report, tmp_path: Path
) -> None:
    seen = replace(report.benchmark, groups=dict.fromkeys(QUERIES, "seen"), strata={}, tiers={})
    alone = compare_systems(seen, [Ranking(BASE, (rank(3, {}),), 64)], BASE, 50, 0)
    path = tmp_path / "alone.html"
    path.write_text(render_page(alone), encoding="utf-8")
    page = browser.new_page()
    watch = Watch(page)
    page.goto(path.as_uri())
    expect(page.locator(".headline")).to_contain_text("no headline: no query is known")
    expect(page.locator("#cases")).to_contain_text("Only one system ran")
    page.close()
    assert watch.errors == []


def test_the_same_report_gives_the_same_page(report: Report) -> None:
    assert render_page(report) == render_page(make_report())


def test_queries_that_leaked_are_marked_and_nothing_is_claimed(report: Report) -> None:
    leaking = add_training(report, Training((TUNED,), {"held-out": "three names & more"}))
    text = render_page(leaking)
    assert "no headline: three names &amp; more" in text
    assert '<span class="badge leaks">leaks</span>' in text
    assert '<ul class="claims">' not in text
    assert "Two protocols" not in text


def test_the_policy_allows_nothing_but_what_the_page_holds(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy[1]
    assert re.fullmatch(r"'sha256-[\w+/=]{44}'", rules["script-src"])
    assert text.count("<script") == text.count("</script>") == 2
    assert not re.search(r"<[^>]*\s(?:on\w+|style)=", text.partition("<script")[0])


def test_values_of_each_query_are_in_the_page(report: Report, file: Path) -> None:
    found = re.search(r'id="data">(.*?)</script>', file.read_text(encoding="utf-8"))
    assert found
    data = json.loads(found[1])
    held_out = [n for n, group in enumerate(data["group"]) if data["groups"][group] == "held-out"]
    for ranking, values in zip(report.rankings, data["values"], strict=True):
        row = next(r for r in report.results if (r.system, r.dim, r.precision) == ranking.key)
        mean = sum(values[number] for number in held_out) / len(held_out) / 1000
        assert mean == pytest.approx(row.measures["NDCG@10"], abs=0.001)


@settings(max_examples=40)
@given(st.text(), st.text(), st.integers(20, 60))
def test_marking_changes_no_text_and_keeps_to_the_length(
    query: str, text: str, length: int
) -> None:
    parts = make_marker(query, length)(text)
    whole = "".join(part for part, _ in parts)
    plain = " ".join(text.split())
    assert len(whole) <= length + 2
    assert whole.removeprefix("…").removesuffix("…") in plain or whole in plain
    if len(plain) <= length:
        assert whole == plain


def test_stop_words_are_marked_only_where_there_is_nothing_else() -> None:
    marked = [
        part for part, is_hit in make_marker("number of the cells")("Of the cells.") if is_hit
    ]
    assert marked == ["cells"]
    assert [part for part, is_hit in make_marker("the")("On the way") if is_hit] == ["the"]


@given(st.lists(st.floats(0, 1), min_size=1))
def test_a_scale_holds_its_values(values: list[float]) -> None:
    scale = make_scale(values, 0, 100)
    assert scale.low <= min(values) + 1e-9
    assert max(values) - 1e-9 <= scale.high
    assert 2 <= len(scale.ticks) <= 9
