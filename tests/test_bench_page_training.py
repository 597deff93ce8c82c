"""The training curves in the report's page, in a real browser."""

from dataclasses import replace
from pathlib import Path

from playwright.sync_api import expect

from graphtune.bench.page import render_page
from graphtune.train.curve import describe_course, draw_curve
from tests.browsing import EVIL, Watch, open_browser
from tests.reports import make_report
from tests.test_train_card import make_report as make_course


def test_the_page_shows_how_each_model_was_trained(tmp_path: Path) -> None:
    models = [make_course(f"evidence-0 {EVIL}"), make_course("evidence-1", best_step=0)]
    curves = {one.name: (draw_curve(one, is_alone=False), one.verdict) for one in models}
    report = make_report()
    report = replace(report, training=replace(report.training, curves=curves))
    path = tmp_path / "report.html"
    path.write_text(render_page(report), encoding="utf-8")
    assert render_page(report) == path.read_text(encoding="utf-8")
    with open_browser() as browser:
        page = browser.new_page()
        watch = Watch(page)
        page.goto(path.as_uri())
        shown = page.locator("#training figure:visible svg")
        expect(shown).to_have_attribute("aria-label", describe_course(models[0]))
        expect(shown.locator("text=step 2 kept")).to_be_visible()
        page.select_option("[data-shows=training]", label="evidence-1")
        expect(shown).to_have_attribute("aria-label", describe_course(models[1]))
        # The other choice on the page is its own.
        expect(page.locator("#curve figure:visible")).to_have_count(1)
        assert page.evaluate("window.hacked") is None
        assert watch.errors == []
        assert watch.requests == [path.as_uri()]


def test_a_page_without_trained_models_has_no_such_part() -> None:
    assert 'id="training"' not in render_page(make_report())
