"""The page in a real browser: it opens, finds, shows and hides, and talks to nobody."""

import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.page import render_page
from graphtune.kg.page.layout import lay_out_graph
from graphtune.kg.page.page import escape_json
from graphtune.records import Chunk, Concept, Mention, Relation
from tests.browsing import EVIL, Watch, open_browser

#: Milliseconds between two clicks that are no double click.
SLOWLY = 350
TEXT = f"The hook formula, due to Erdős, counts tableaux of a shape. It says {EVIL} for $\\lambda$."


def make_graph() -> ConceptGraph:
    chunk = Chunk("c1", "d1", 0, TEXT, 0, len(TEXT), f"1 {EVIL}", 3, 3, 20)
    concepts = [
        Concept(
            "hook formula", "hook formula", "formula", TEXT, ("Hakenformel", "formula of Erdős")
        ),
        Concept("erdos", "Erdős", "person"),
        Concept("tableau", "tableau", "object"),
        Concept("evil", EVIL, "object", EVIL, (EVIL,)),
        Concept("alone", "lonely number", "object"),
    ]
    at = TEXT.index("tableaux")
    return ConceptGraph(
        documents={"d1": {"id": "d1", "title": f"On {EVIL}", "path": "a.pdf", "n_pages": 9}},
        chunks={"c1": chunk},
        concepts={concept.id: concept for concept in sorted(concepts, key=lambda c: c.id)},
        mentions={
            "hook formula": [Mention("hook formula", "c1", 4, 16, "defines")],
            "tableau": [Mention("tableau", "c1", at, at + 8, "uses")],
            "evil": [
                Mention("evil", "c1", TEXT.index(EVIL), TEXT.index(EVIL) + len(EVIL), "states")
            ],
        },
        relations=[
            Relation("hook formula", "uses", "tableau", "rules", "c1", 0, 58),
            Relation("hook formula", "related_to", "erdos", "hand"),
            Relation("tableau", "uses", "evil", "rules", "c1", 0, len(TEXT)),
        ],
        hashes={},
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "graph.html"
    path.write_text(render_page(make_graph()), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser: Browser, file: Path) -> Iterator[tuple[Page, Watch]]:
    context = browser.new_context(viewport={"width": 1200, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    watch = Watch(page)
    page.goto(file.as_uri())
    expect(page.locator("#shown")).to_contain_text("of 5 shown")
    yield page, watch
    context.close()
    assert watch.errors == []
    assert watch.requests == [file.as_uri()]


def find(page: Page, text: str) -> None:
    page.keyboard.press("/")
    page.fill("#search", text)
    page.keyboard.press("Enter")


def test_search_finds_aliases_without_their_accents(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    find(page, "formula of erdos")
    expect(page.locator("#detail h2")).to_have_text("hook formula")
    expect(page.locator("#detail .names").first).to_contain_text("Hakenformel")
    page.fill("#search", "no such thing")
    expect(page.locator("#results")).to_have_text("No such name.")


def test_a_concept_shows_its_evidence_and_leads_to_its_neighbours(
    opened: tuple[Page, Watch],
) -> None:
    page, _ = opened
    find(page, "hakenformel")
    quote = page.locator("#detail section", has_text="Evidence").locator("blockquote").first
    expect(quote.locator("mark")).to_have_text("hook formula")
    expect(quote.locator("footer")).to_contain_text("p. 3")
    expect(quote.locator("footer")).to_contain_text("defines")
    page.locator("#detail summary").first.click()
    expect(page.locator("#detail .group blockquote mark")).to_contain_text("counts tableaux")
    page.locator(".neighbour", has_text="tableau").click()
    expect(page.locator("#detail h2")).to_have_text("tableau")
    assert page.url.endswith("#tableau")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()


def test_filters_hide_concepts_and_show_all_shows_those_without_relation(
    opened: tuple[Page, Watch],
) -> None:
    page, _ = opened
    shown = page.locator("#shown")
    expect(shown).to_have_text("4 of 5 shown")
    page.get_by_label("person").uncheck()
    expect(shown).to_have_text("3 of 5 shown")
    page.click("#show-all")
    expect(shown).to_have_text("4 of 5 shown")
    page.get_by_label("person").check()
    expect(shown).to_have_text("5 of 5 shown")


def test_text_of_papers_stays_text(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    find(page, "window.hacked")
    expect(page.locator("#detail h2")).to_have_text(EVIL)
    expect(page.locator("#detail .definition")).to_have_text(EVIL)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 3
    find(page, "hook")
    expect(page.locator("#detail .definition .math").first).to_have_text("\\lambda")


def test_a_node_can_be_dragged_and_clicked(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    find(page, "lonely")
    expect(page.locator("#detail h2")).to_have_text("lonely number")
    box = {name: page.locator(f"#{name}").bounding_box() for name in ("controls", "detail")}
    assert box["controls"]
    assert box["detail"]
    x = (box["controls"]["width"] + 14 + 1200 - box["detail"]["width"] - 14) / 2
    page.keyboard.press("Escape")
    page.click("#show-all")
    find(page, "lonely")
    page.keyboard.press("Escape")
    page.mouse.click(x, 400)
    expect(page.locator("#detail h2")).to_have_text("lonely number")
    page.keyboard.press("Escape")
    page.wait_for_timeout(SLOWLY)
    page.mouse.move(x, 400)
    page.mouse.down()
    page.mouse.move(x + 60, 460, steps=5)
    page.mouse.up()
    page.wait_for_timeout(SLOWLY)
    page.mouse.click(x, 400)
    expect(page.locator("#detail")).to_be_hidden()
    page.wait_for_timeout(SLOWLY)
    page.mouse.click(x + 60, 460)
    expect(page.locator("#detail h2")).to_have_text("lonely number")


def test_nothing_can_leave_the_page(browser: Browser, file: Path) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    page = browser.new_page()
    page.goto(file.as_uri())
    page.evaluate(
        """async (address) => {
            await fetch(address + "/fetch", {mode: "no-cors"}).catch(() => {});
            new Image().src = address + "/image";
            for (const name of ["script", "iframe", "link"]) {
                const element = document.createElement(name);
                element.src = element.href = `${address}/${name}`;
                element.rel = "stylesheet";
                document.body.append(element);
            }
            const inline = document.createElement("script");
            inline.textContent = "window.hacked = 1";
            document.body.append(inline);
            await new Promise((done) => setTimeout(done, 300));
        }""",
        address,
    )
    assert page.evaluate("window.hacked") is None
    page.close()
    server.shutdown()
    assert asked == []


def test_without_webgl_search_and_evidence_work(browser: Browser, file: Path) -> None:
    page = browser.new_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(file.as_uri())
    expect(page.locator("#no-drawing")).to_be_visible()
    find(page, "hakenformel")
    expect(page.locator("#detail h2")).to_have_text("hook formula")
    page.close()


def test_an_empty_graph_is_a_page_too(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "empty.html"
    path.write_text(render_page(ConceptGraph({}, {}, {}, {}, [], {})), encoding="utf-8")
    page = browser.new_page()
    watch = Watch(page)
    page.goto(path.as_uri())
    expect(page.locator("#shown")).to_have_text("0 of 0 shown")
    page.close()
    assert watch.errors == []


def test_the_same_graph_gives_the_same_page() -> None:
    assert render_page(make_graph()) == render_page(make_graph())


def test_the_policy_allows_nothing_but_what_the_page_holds() -> None:
    page = render_page(make_graph())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy[1]
    assert re.fullmatch(r"('sha256-[\w+/=]{44}' ?){2}", rules["script-src"])
    assert page.count("<script") == page.count("</script>") == 3
    assert not re.search(r"<[^>]*\s(?:on\w+|style)=", page.partition("<script>")[0])


@given(st.text())
def test_json_in_a_page_comes_back_and_holds_no_markup(text: str) -> None:
    written = escape_json([text])
    assert json.loads(written) == [text]
    assert not re.search("[<>&\u2028\u2029]", written)


def test_the_layout_keeps_neighbours_near_and_nodes_apart() -> None:
    groups = [list(range(20)), list(range(20, 40))]
    edges = [(g[0], node) for g in groups for node in g[1:]] + [(0, 20)]
    points = lay_out_graph(groups, edges, [[40, 41, 42]])
    assert points.shape == (43, 2)
    assert (points == lay_out_graph(groups, edges, [[40, 41, 42]])).all()
    distances = ((points[:, None] - points[None]) ** 2).sum(axis=2) ** 0.5
    assert distances[distances > 0].min() > 0.2
    assert len({tuple(point) for point in points}) == 43
    own, other = distances[0, 1:20].mean(), distances[0, 21:40].mean()
    assert own < other
    assert distances[40:, :40].min() > 1
