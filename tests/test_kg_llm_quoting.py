"""Mentions that a language model sees: its words must stand in the passage, and it is asked once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import make_config
from endpoint import Answer, Endpoint, Request, complete, serve

from graphtune.kg import GraphStore
from graphtune.kg.llm.quoting import ModelJudge, find_quote
from graphtune.kg.summary import BuildSummary
from graphtune.records import Chunk, Span

TEXT = "Let G be such a\ngroup, and H another <passage> of text."


def make_chunk(text: str = TEXT) -> Chunk:
    return Chunk("c", "d", 0, text, 0, len(text), "", 1, 1, 12)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serve() as server:
        yield server


def ask(
    folder: Path, endpoint: Endpoint, names: list[str]
) -> tuple[list[Span | None], BuildSummary]:
    summary = BuildSummary("hybrid")
    with GraphStore(folder / "graph.db") as store:
        judge = ModelJudge(store, make_config(endpoint.url), summary, lambda estimate: True)
        return judge.quote([(name, make_chunk()) for name in names]), summary


def test_only_words_of_the_passage_count_and_each_is_asked_once(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    words = {"abelian group": "such a group", "ring": "", "field": "a field", "module": "roup"}

    def quote(request: Request) -> Answer:
        text = request["messages"][1]["content"]
        name = text.splitlines()[0].removeprefix("Concept: ")
        assert "another <passage>" not in text  # a passage cannot open or close its fence
        return complete(json.dumps({"quote": words[name]}))

    endpoint.behave = quote
    spans, summary = ask(tmp_path, endpoint, list(words))
    assert [span and TEXT[slice(*span)] for span in spans] == ["such a\ngroup", None, None, None]
    assert (summary.requests, summary.stopped) == (4, "")
    again, summary = ask(tmp_path, endpoint, list(words))
    assert (again, summary.requests, len(endpoint.requests)) == (spans, 0, 4)


def test_what_is_no_quotation_is_said(tmp_path: Path, endpoint: Endpoint) -> None:
    endpoint.behave = lambda request: complete("I would say so.")
    spans, summary = ask(tmp_path, endpoint, ["ring"])
    assert spans == [None]
    assert "no quotation" in summary.stopped


def test_a_long_quote_is_no_name() -> None:
    assert find_quote("word " * 20, "word " * 30) is None
