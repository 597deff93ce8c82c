from dataclasses import replace

import pytest
from reports import BASE, BENCHMARK, QUERIES, TRAINED, make_report

from graphtune.bench.claims import state_claim
from graphtune.bench.compare import Compared, Report
from graphtune.bench.headline import find_headline
from graphtune.bench.layout import WIDTH
from graphtune.bench.table import render_table


@pytest.fixture
def report() -> Report:
    return make_report()


def cut_section(text: str, title: str) -> list[str]:
    """Return the lines of the section whose title starts so."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(title))
    return lines[start : lines.index("", start)]


def read_cells(text: str, title: str) -> list[list[str]]:
    """Return the cells of the Markdown rows below a title."""
    rows = text.partition(f"**{title}")[2].partition("\n\n")[2].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


@pytest.mark.parametrize("show_all", [False, True])
def test_the_plain_text_fits_a_terminal_and_begins_with_the_headline(report: Report, show_all):
    text = render_table(report, show_all=show_all)
    lines = text.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[0] == "toy: 60 queries, 8 passages"
    headline = find_headline(report).text
    assert " ".join(" ".join(lines[2:5]).split()).startswith(headline)
    assert lines[-1] == "A note."


def test_groups_are_marked_and_only_the_headline_s_shows_all_widths(report: Report):
    text = render_table(report)
    first = cut_section(text, "held-out: 40 queries. HELD OUT from training.")
    seen = cut_section(text, "seen: 20 queries. SEEN by training: no result.")
    assert sum(" 64 " in line for line in first) == 2
    assert not any(" 64 " in line or "binary" in line for line in seen)
    assert "all: 60 queries" not in text
    leaking = render_table(make_report(leaks={"held-out": "found"}))
    assert cut_section(leaking, "held-out: 40 queries. NOT held out: found in training pairs.")


def test_markdown_with_all_rows_gives_every_result_its_numbers(report: Report):
    text = render_table(report, "markdown", show_all=True)
    for group, stratum, tier, title in (
        ("held-out", "", "", "held-out:"),
        ("all", "", "paper", "all, paper level:"),
        ("seen", "other", "", "seen, other:"),
    ):
        rows = [r for r in report.results if (r.group, r.stratum, r.tier) == (group, stratum, tier)]
        cells = [row for row in read_cells(text, title) if row[4] != "not run"]
        for result, row in zip(rows, cells, strict=True):
            low, high = result.ndcg_interval
            assert row[0] == result.system
            assert row[3] == f"{result.measures['MRR@10']:.3f}"
            assert row[4] == f"{result.measures['NDCG@10']:.3f} [{low:.3f}, {high:.3f}]"
            assert (row[5] == "–") == (result.difference is None)
            assert row[6].split("/")[1] == f"{result.measures['Recall@20']:.3f}"


def test_a_vector_s_bytes_follow_width_and_precision(report: Report):
    cells = read_cells(render_table(report, "markdown"), "held-out:")
    assert [row[1:3] for row in cells[:3]] == [
        ["384", "1,536"],
        ["384 binary", "48"],
        ["64", "256"],
    ]
    assert cells[5][1:3] == ["–", "–"]


def test_stars_and_sentences_are_those_of_the_claim_gate(report: Report):
    text = render_table(report, "markdown", show_all=True)
    starred = {(row[0], row[1]) for row in read_cells(text, "held-out:") if "*" in row[5]}
    held = [claim for claim in report.claims if claim.holds]
    assert len(starred) == len(held) > 0
    assert (TRAINED, "384") in starred
    assert text.count(" beats ") + text.count(" is below ") == len(held)
    for claim in report.claims:
        assert f"- {state_claim(claim)}" in text
    short = render_table(report)
    assert f"{TRAINED} at 384 dimensions beats {BASE}" in short
    assert f"{TRAINED} at 64 dimensions" not in short
    assert f"of {len(report.claims)} differences on held-out hold" in short


def test_what_did_not_run_is_a_row_without_figures(report: Report):
    text = render_table(report)
    row = next(line for line in text.splitlines() if line.startswith("a/model"))
    assert row.split() == ["a/model", "–", "–", "–", "not", "run", "–", "–"]
    assert "not run: a/model: the hub is out of reach" in text
    assert f"warning: {TRAINED} at 384 dimensions: one query failed" in text


def test_the_seed_s_protocol_stands_beside_the_held_out_figure(report: Report):
    rows = read_cells(render_table(report, "markdown"), "Seed's protocol")
    wanted = {("seen", "paper"): {}, ("held-out", ""): {}}
    for result in report.results:
        if result.dim == 384 and result.precision == "float32" and not result.stratum:
            wanted.get((result.group, result.tier), {})[result.system] = result
    seed, honest = wanted.values()
    assert [row[0] for row in rows] == [BASE, TRAINED]
    assert rows[0][3] == rows[0][6] == "–"
    assert rows[1][2] == f"{seed[TRAINED].measures['NDCG@10']:.3f}"
    assert rows[1][3].startswith(f"{seed[TRAINED].difference[0]:+.3f} [")
    assert rows[1][6].startswith(f"{honest[TRAINED].difference[0]:+.3f} [")
    assert "Seed's protocol" not in render_table(make_report(leaks={"held-out": "found"}))
    assert "Seed's protocol" not in render_table(make_report(replace(BENCHMARK, tiers={})))


def test_strata_and_tiers_stand_side_by_side(report: Report):
    text = render_table(report, "markdown")
    for group, size in (("held-out", "20"), ("seen", "10")):
        head, *rows = read_cells(text, f"{group}, by stratum and tier")
        assert head == ["queries", size, size, size]
        assert [row[0] for row in rows] == [BASE, TRAINED, "BM25", "oracle"]
        tier = next(
            r for r in report.results if (r.system, r.group, r.tier) == ("BM25", group, "paper")
        )
        assert rows[2][3].startswith(f"{tier.measures['NDCG@10']:.3f} [")
        # What is perfect by the benchmark's own judgements is no ceiling of another tier.
        assert [row[3] == "–" for row in rows] == [False, False, False, True]
    many = {query: f"a stratum of name {number % 6}" for number, query in enumerate(QUERIES)}
    wide = render_table(make_report(replace(BENCHMARK, strata=many)))
    assert max(map(len, wide.splitlines())) <= WIDTH
    assert "a stratum of name 5" in wide
    assert "by stratum" not in render_table(make_report(replace(BENCHMARK, strata={}, tiers={})))


def test_comparisons_with_earlier_results_are_told(report: Report):
    earlier = Compared("old/toy", report.claims[:1], ("another split: 2 queries",))
    text = render_table(replace(report, compared=(earlier,)), "markdown")
    told = text[text.index("- compared with old/toy, now against then:") :].splitlines()
    assert told[1:3] == [f"- {state_claim(report.claims[0])}", "- another split: 2 queries"]
