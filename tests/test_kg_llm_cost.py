"""Money: estimates, budgets, and who is asked, by the command line as a user types it."""

import asyncio
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import copy_workspace, make_config, read_into, write_papers
from endpoint import Answer, Endpoint, Request, be_healthy, complete, serve

from graphtune.config import ExtractConfig, render_toml
from graphtune.errors import EndpointError
from graphtune.kg import GraphStore, build_graph
from graphtune.kg.build import estimate_build
from graphtune.kg.llm.cost import Budget, Speed, estimate_requests
from graphtune.pipeline import build_workspace
from graphtune.prices import Price
from graphtune.workspace import Workspace

SCRIPT = "from graphtune.cli import main; main()"
PRICES = {"prices": {"tiny": Price(input=100, output=1000)}}


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_papers(tmp_path_factory.mktemp("corpus") / "papers", 1, 10)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serve() as server:
        yield server


@pytest.fixture
def paid(tmp_path: Path, papers: Path, endpoint: Endpoint) -> Workspace:
    """A workspace with a priced endpoint and ten chunks to read."""
    read = read_into(tmp_path / "read", papers)
    made = copy_workspace(read, tmp_path / "ws", make_config(endpoint.url, PRICES))
    (made.root / "graphtune.toml").write_text(render_toml(made.config), encoding="utf-8")
    return made


def change(workspace: Workspace, **settings: Any) -> Workspace:
    extract = workspace.config.extract.model_copy(update=settings)
    return Workspace(workspace.root, workspace.config.model_copy(update={"extract": extract}))


def call(*arguments: str | Path, code: int, **options: Any) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    settings = {"capture_output": True, "stdin": subprocess.DEVNULL, **options}
    done = subprocess.run(command, text=True, timeout=120, **settings)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.mark.slow
def test_an_estimate_sends_nothing(paid: Workspace, papers: Path, endpoint: Endpoint) -> None:
    done = call("build", "-w", paid.root, "--estimate", "--json", papers, code=0)
    estimate = json.loads(done.stdout)["estimate"]
    assert (estimate["chunks"], estimate["requests"]) == (10, 10)
    tokens = estimate["prompt_tokens"] * 100 + estimate["completion_tokens"] * 1000
    assert estimate["cost"] == pytest.approx(tokens / 1e6)
    said = call("build", "-w", paid.root, "--estimate", papers, code=0).stdout
    assert "10 chunks in 10 requests" in said
    assert "$" in said
    assert "characters / 4" in said
    assert not endpoint.requests


@pytest.mark.slow
def test_a_script_must_say_yes(paid: Workspace, papers: Path, endpoint: Endpoint) -> None:
    for command in ("build", "run"):
        refused = call(command, "-w", paid.root, papers, code=1)
        assert "--yes" in refused.stdout + refused.stderr
        assert not endpoint.requests
    done = call("build", "-w", paid.root, "--yes", papers, code=0)
    assert "10 replies of the model, $" in done.stdout
    assert len(endpoint.requests) == 10
    assert "nothing to do" in call("build", "-w", paid.root, papers, code=0).stdout


@pytest.mark.parametrize(("typed", "code", "requests"), [(b"n\n", 1, 0), (b"y\n", 0, 10)])
def test_a_terminal_is_asked(
    paid: Workspace, papers: Path, endpoint: Endpoint, typed: bytes, code: int, requests: int
) -> None:
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, typed)
        options = {"stdin": terminal, "stderr": terminal, "stdout": subprocess.PIPE}
        done = call("build", "-w", paid.root, papers, code=code, capture_output=False, **options)
        assert len(endpoint.requests) == requests
        assert ("not agreed" in done.stdout) == (code == 1)
        assert b"Send it? [y/N]" in os.read(keyboard, 100_000)
    finally:
        os.close(keyboard)
        os.close(terminal)


def test_nothing_is_sent_that_costs_money_unless_agreed_to(
    paid: Workspace, papers: Path, endpoint: Endpoint
) -> None:
    workspace = paid
    summary = build_graph(workspace, [papers])
    assert "--yes" in summary.stopped
    assert "max_cost" in summary.stopped
    seen = []

    def refuse(estimate: Any) -> bool:
        seen.append(estimate)
        return False

    summary = build_graph(workspace, [papers], consent=refuse)
    assert "not agreed" in summary.stopped
    assert not endpoint.requests
    assert summary.pending_chunks == 10
    _, estimate = estimate_build(workspace, [papers])
    assert seen == [estimate]
    summary = build_graph(workspace, [papers], consent=lambda estimate: True)
    assert (summary.pending_chunks, summary.stopped) == (0, "")
    assert len(endpoint.requests) == estimate.requests == summary.requests
    with GraphStore(workspace.database) as store:
        costs = [row["cost"] for row in store.db.query("SELECT cost FROM replies")]
    assert summary.spent == pytest.approx(sum(costs))
    _, nothing = estimate_build(workspace, [papers])
    assert nothing
    assert (nothing.requests, nothing.cost) == (0, 0)


def test_max_cost_stops_before_it_is_exceeded(
    paid: Workspace, papers: Path, endpoint: Endpoint
) -> None:
    # A reply costs 0.1 for its prompt and about 0.05 for the rest; at most 0.5 are held back for it.
    workspace = change(paid, max_cost=1.0, max_output_tokens=100)
    summary = build_graph(workspace, [papers])
    assert "max_cost = $1.00 is reached" in summary.stopped
    assert summary.spent
    assert 0.5 < summary.spent <= 1.0
    assert 0 < summary.pending_chunks < 10
    again = build_graph(change(paid, max_cost=9.0, max_output_tokens=100), [papers])
    assert (again.pending_chunks, again.failed_chunks, again.stopped) == (0, 0, "")


@pytest.mark.parametrize("answer", [complete("", "length"), complete(None, refusal="No.")])
def test_replies_without_an_answer_are_paid_for(
    paid: Workspace, papers: Path, endpoint: Endpoint, answer: Answer
) -> None:
    # Every other reply is empty, so that no five in a row fail. One costs 0.1 and its tokens.
    assert isinstance(answer.body, dict)
    answer.body["usage"]["completion_tokens"] = 100

    def behave(request: Request) -> Answer:
        return answer if len(endpoint.requests) % 2 else be_healthy(request)

    endpoint.behave = behave
    workspace = change(paid, max_cost=1.0, max_output_tokens=100, concurrency=1)
    summary = build_graph(workspace, [papers])
    assert "max_cost = $1.00 is reached" in summary.stopped
    assert summary.spent is not None
    assert 0.1 * len(endpoint.requests) < summary.spent <= 1.0


def test_max_cost_needs_a_price(
    paid: Workspace,
    papers: Path,
) -> None:
    workspace = change(paid, base_url="http://example.invalid/v1", model="other", max_cost=1.0)
    summary = build_graph(workspace, [papers], consent=lambda estimate: True)
    assert "[prices]" in summary.stopped
    _, estimate = estimate_build(workspace, [papers])
    assert estimate
    assert estimate.cost is None
    assert "price unknown" in estimate.describe()


def test_a_notebook_can_build(paid: Workspace, papers: Path) -> None:
    async def run_cell() -> None:
        summary = build_workspace(paid, [papers], consent=lambda estimate: True)
        assert summary.requests == 10

    asyncio.run(run_cell())


def test_estimates_follow_what_was_measured_and_the_limits() -> None:
    price = Price(input=1, output=10)
    config = ExtractConfig(concurrency=2)
    requests = [(1000, 4)] * 100
    first = estimate_requests("here", price, config, Speed(), requests)
    assert (first.requests, first.prompt_tokens, first.completion_tokens) == (100, 100_000, 140_000)
    assert first.cost == pytest.approx(1.5)
    assert first.seconds == 500
    measured = estimate_requests("here", price, config, Speed(2.0, 50.0), requests)
    assert (measured.seconds, measured.completion_tokens) == (100, 5_000)
    gleaned = config.model_copy(update={"gleaning": 1, "tokens_per_minute": 1_000})
    slow = estimate_requests("here", None, gleaned, Speed(2.0, 50.0), requests)
    assert (slow.requests, slow.prompt_tokens, slow.cost) == (200, 205_000, None)
    assert slow.seconds == 60 * 215


def test_a_budget_holds_back_what_is_under_way() -> None:
    async def run() -> tuple[float, int]:
        budget = Budget(Price(input=0, output=1000), 1.0)
        refused = 0

        async def ask() -> None:
            nonlocal refused
            try:
                async with budget.reserve(100, 300):  # 0.3 at most
                    await asyncio.sleep(0.001)
                    budget.spend(0, 100)
            except EndpointError:
                refused += 1

        await asyncio.gather(*(ask() for _ in range(20)))
        return budget.spent, refused

    spent, refused = asyncio.run(run())
    assert 0.7 < spent <= 1.0
    assert refused == 20 - round(spent / 0.1)
