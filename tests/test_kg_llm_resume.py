"""Extraction that is interrupted goes on: nothing is lost, and next to nothing is paid for twice."""

import json
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import check_evidence, copy_workspace, dump, make_config, read_into, write_papers
from endpoint import Answer, Endpoint, answer_passages, be_healthy, complete, fail, serve

from graphtune.config import render_toml
from graphtune.kg import build_graph
from graphtune.workspace import Workspace

PASSAGES = 200
CONCURRENCY = 4
BUILD = """
import sys
from pathlib import Path
from graphtune.pipeline import build_workspace
from graphtune.workspace import open_workspace
build_workspace(open_workspace(Path(sys.argv[1])), [Path(sys.argv[2])])
"""


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty papers of ten passages."""
    return write_papers(tmp_path_factory.mktemp("corpus") / "papers", 20, PASSAGES // 20)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, papers: Path) -> Workspace:
    return read_into(tmp_path_factory.mktemp("read") / "ws", papers)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serve() as server:
        yield server


def make(corpus: Workspace, root: Path, endpoint: Endpoint, **settings: Any) -> Workspace:
    return copy_workspace(corpus, root, make_config(endpoint.url, **settings))


def count_asked(endpoint: Endpoint) -> Counter[str]:
    return Counter(json.dumps(request["messages"]) for request in endpoint.requests)


def start_build(workspace: Workspace, papers: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", BUILD, str(workspace.root), str(papers)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def kill_build(
    process: "subprocess.Popen[bytes]", endpoint: Endpoint, requests: int, wait: float
) -> None:
    """Kill a build a while after it has sent so many requests, or let it end."""
    goal = len(endpoint.requests) + requests
    while len(endpoint.requests) < goal and process.poll() is None:
        time.sleep(0.002)
    time.sleep(wait)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_second_build_sends_nothing(
    corpus: Workspace, papers: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    workspace = make(corpus, tmp_path / "ws", endpoint)
    first = build_graph(workspace, [papers])
    assert (first.requests, first.pending_chunks) == (PASSAGES, 0)
    assert endpoint.busiest <= CONCURRENCY
    second = build_graph(workspace, [papers])
    assert second.did_nothing
    assert second.requests == 0
    assert len(endpoint.requests) == PASSAGES


def test_findings_can_be_made_again_from_the_replies_alone(
    corpus: Workspace, papers: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    from graphtune.kg import GraphStore

    workspace = make(corpus, tmp_path / "ws", endpoint, batch_tokens=200, gleaning=1)
    build_graph(workspace, [papers])
    before, asked = dump(workspace), len(endpoint.requests)
    with GraphStore(workspace.database) as store, store.db.atomic():
        for table in ("extractions", "found_concepts", "found_relations"):
            store.db.execute(f"DELETE FROM {table}")
    endpoint.behave = lambda request: fail(500)
    build_graph(workspace, [papers])
    assert dump(workspace) == before
    assert len(endpoint.requests) == asked


def test_a_paper_at_a_time_equals_all_at_once_in_any_order_of_replies(
    corpus: Workspace, papers: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    settings = {"batch_tokens": 200, "extractor": "hybrid"}
    generator = random.Random(0)

    def behave(request: dict[str, Any]) -> Answer:
        answer = complete(answer_passages(request))
        answer.delay = generator.random() / 20
        return answer

    endpoint.behave = behave
    whole = make(corpus, tmp_path / "whole", endpoint, concurrency=8, **settings)
    build_graph(whole, [papers])
    endpoint.behave = be_healthy
    parts = make(corpus, tmp_path / "parts", endpoint, concurrency=1, max_chunks=30, **settings)
    while build_graph(parts, [papers]).pending_chunks:
        pass
    assert dump(parts) == dump(whole)


@pytest.mark.slow
def test_after_a_kill_only_requests_under_way_are_sent_again(
    corpus: Workspace, papers: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    workspace = make(corpus, tmp_path / "ws", endpoint)
    kill_build(start_build(workspace, papers), endpoint, 60, 0.02)
    assert 60 <= len(endpoint.requests) < PASSAGES
    summary = build_graph(workspace, [papers])
    assert (summary.pending_chunks, summary.failed_chunks) == (0, 0)
    asked = count_asked(endpoint)
    assert len(asked) == PASSAGES
    assert sum(asked.values()) - PASSAGES <= CONCURRENCY
    check_evidence(workspace)


@pytest.mark.slow
def test_two_processes_on_one_workspace_ask_once(
    corpus: Workspace, papers: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    workspace = make(corpus, tmp_path / "ws", endpoint)
    (workspace.root / "graphtune.toml").write_text(render_toml(workspace.config), encoding="utf-8")
    builds = [start_build(workspace, papers) for _ in range(2)]
    assert [build.wait() for build in builds] == [0, 0]
    assert set(count_asked(endpoint).values()) == {1}
    check_evidence(workspace)


@pytest.mark.slow
def test_a_disk_that_fills_up_is_one_message_and_the_next_build_goes_on(
    corpus: Workspace, papers: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    workspace = make(corpus, tmp_path / "ws", endpoint, concurrency=1)
    (workspace.root / "graphtune.toml").write_text(render_toml(workspace.config), encoding="utf-8")
    room = workspace.database.stat().st_size + 200_000
    endpoint.behave = lambda request: complete(answer_passages(request) + " " * 30_000)
    done = subprocess.run(
        [sys.executable, "-c", "from graphtune.cli import main; main()", "build", str(papers)],
        cwd=workspace.root,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "free some space" in done.stderr
    assert "Traceback" not in done.stderr
    asked = len(endpoint.requests)
    assert 1 < asked < PASSAGES
    endpoint.behave = be_healthy
    summary = build_graph(workspace, [papers])
    assert (summary.pending_chunks, summary.failed_chunks) == (0, 0)
    assert len(endpoint.requests) <= PASSAGES + 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_twenty_kills_end_with_the_same_database(
    corpus: Workspace, papers: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    """Takes about two minutes: twenty processes."""
    generator = random.Random(4)
    undisturbed = make(corpus, tmp_path / "undisturbed", endpoint, extractor="hybrid")
    build_graph(undisturbed, [papers])
    endpoint.requests.clear()
    workspace = make(corpus, tmp_path / "ws", endpoint, extractor="hybrid")
    killed = 0
    for _ in range(20):
        process = start_build(workspace, papers)
        kill_build(process, endpoint, generator.randrange(1, 9), generator.random() / 50)
        killed += process.returncode == -signal.SIGKILL
    assert killed == 20
    assert len(endpoint.requests) < PASSAGES + 20 * CONCURRENCY
    summary = build_graph(workspace, [papers])
    assert (summary.pending_chunks, summary.failed_chunks) == (0, 0)
    assert dump(workspace) == dump(undisturbed)
    asked = count_asked(endpoint)
    assert len(asked) == PASSAGES
    assert sum(asked.values()) - PASSAGES <= 20 * CONCURRENCY
