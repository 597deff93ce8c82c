import zlib
from dataclasses import replace

import numpy as np
import pytest
from endpoint import Answer, fail, serve

from graphtune.bench import Benchmark, run_systems
from graphtune.bench.embedding_api import batch_texts, cut_text, open_api
from graphtune.config import BaseConfig, BenchConfig
from graphtune.errors import DataError, ModelError
from graphtune.kg.llm.cost import bound_tokens
from graphtune.prices import PRICES

KEY = "sk-secret-of-the-test"
TEXTS = ["young tableau of a shape", "partition of an integer", "matroid rank", ""]
DOCUMENTS = {"tableau": TEXTS[0], "partition": TEXTS[1], "matroid": TEXTS[2], "empty": TEXTS[3]}
QUERIES = {"q1": "shape of a tableau", "q2": "rank of a matroid"}
SMALL = Benchmark("small", DOCUMENTS, QUERIES, {"q1": {"tableau": 1}, "q2": {"matroid": 1}})


def embed(text: str, width: int = 64) -> list[float]:
    """Hash the words, so that texts with the same words are alike."""
    vector = [0.001] * width
    for word in text.split():
        vector[zlib.crc32(word.encode()) % width] += 1.0
    return vector


def answer(request, width=64):
    items = [
        {"object": "embedding", "index": place, "embedding": embed(text, width)}
        for place, text in enumerate(request["input"])
    ]
    # Whatever the order, the index says which is which.
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return Answer({"object": "list", "data": items[::-1], "model": "m", "usage": usage})


@pytest.fixture
def endpoint():
    with serve() as running:
        running.behave = answer
        yield running


def connect(endpoint, cache=None, model="tiny", key=KEY):
    return open_api(model, endpoint.url, cache, PRICES, {"OPENAI_API_KEY": key})


def test_vectors_stand_in_the_order_of_the_texts(endpoint):
    vectors, is_new = connect(endpoint).embed(TEXTS, "document")
    assert is_new
    assert vectors.dtype == np.float32
    assert vectors == pytest.approx(np.array([embed(text) for text in TEXTS]))
    (request,) = endpoint.requests
    assert request["model"] == "tiny"
    assert request["input"] == [*TEXTS[:3], " "]  # which the API takes, unlike an empty text
    assert endpoint.keys == [f"Bearer {KEY}"]


def test_the_cache_spares_requests_and_needs_no_key(endpoint, tmp_path, capsys):
    first, _ = connect(endpoint, tmp_path).embed(TEXTS, "document")
    again, is_new = connect(endpoint, tmp_path, key="").embed(TEXTS, "document")
    assert (again == first).all()
    assert not is_new
    assert len(endpoint.requests) == 1
    connect(endpoint, tmp_path).embed([*TEXTS, "new"], "document")
    assert endpoint.requests[1]["input"] == ["new"]
    shown = capsys.readouterr()
    assert "asking tiny at http://127.0.0.1" in shown.err
    assert "4 passages, about 15 tokens, price unknown" in shown.err
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert KEY not in shown.err + shown.out
    assert KEY.encode() not in held


def test_the_price_is_foreseen(endpoint, capsys):
    endpoint.behave = lambda request: answer(request, 1536)
    texts = ["words " * 2000] * 4
    connect(endpoint, model="text-embedding-3-small").embed([*texts, "one"], "query")
    assert "2 queries, about 3,001 tokens, $0.0001" in capsys.readouterr().err


def test_requests_keep_to_the_limits_of_the_api():
    assert [len(places) for places in batch_texts(["a"] * 5000)] == [2048, 2048, 904]
    long = ["words " * 2000] * 120  # 6,000 tokens each at most
    batches = list(batch_texts(long))
    assert [place for places in batches for place in places] == list(range(120))
    assert all(sum(bound_tokens(long[p]) for p in places) <= 300_000 for places in batches)
    assert len(batches) == 3
    assert list(batch_texts([])) == []


def test_long_texts_are_cut_and_counted(endpoint):
    assert cut_text("∀" * 9000) == "∀" * 3276
    long = replace(SMALL, documents={**DOCUMENTS, "long": "tableau " * 4000})
    reports, _ = run(endpoint, long)
    rows = [r for r in reports[0].rankings if r.system == "openai:tiny"]
    assert {r.warnings for r in rows} == {
        ("openai:tiny: 1 of 7 texts are longer than the model takes and were cut",)
    }
    assert max(len(text) for one in endpoint.requests for text in one["input"]) == 16384


def run(endpoint, benchmark, base="openai:tiny", **systems):
    config = BenchConfig(bootstrap=100, base_url=endpoint.url)
    references = {name: [BaseConfig(model=name)] for name in (base, *systems.values())}
    return run_systems([benchmark], references, base, None, config)


def test_an_api_stands_in_the_table_at_every_dimension(endpoint):
    endpoint.behave = lambda request: answer(request, 1536)
    (report,), hashes = run(endpoint, SMALL, base="text-embedding-3-small")
    rows = {(r.system, r.dim, r.precision) for r in report.rankings}
    name = "text-embedding-3-small"
    ladder = {(name, dim, "float32") for dim in (1536, 768, 512, 256, 128)}
    assert ladder | {(name, 1536, "int8"), (name, 1536, "binary")} < rows
    assert (f"hybrid {name}", 1536, "float32") in rows
    best = next(r for r in report.results if (r.system, r.dim) == (name, 1536))
    assert best.measures["NDCG@10"] == 1.0
    assert hashes[f"model {name}"].startswith(f"{name} at http://127.0.0.1")
    wide = next(r for r in report.rankings if (r.system, r.dim) == (name, 1536))
    assert wide.cost.query_ms is None  # a query costs money: none is timed
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize(
    ("status", "headers"), [(429, {"Retry-After": "0"}), (503, {"Retry-After": "0"})]
)
def test_overloads_are_tried_again(endpoint, status, headers):
    endpoint.script = [fail(status, headers=headers)] * 2
    connect(endpoint).embed(TEXTS, "document")
    assert len(endpoint.requests) == 3


def test_what_cannot_be_had_says_why_and_names_no_key(endpoint):
    endpoint.behave = lambda request: fail(401, f"Incorrect API key provided: {KEY}")
    with pytest.raises(ModelError, match=r"refuses the key in \$OPENAI_API_KEY") as refused:
        connect(endpoint).embed(TEXTS, "document")
    assert KEY not in str(refused.value)
    assert len(endpoint.requests) == 1
    with pytest.raises(ModelError, match=r"no API key: .*OPENAI_API_KEY is not set"):
        open_api("text-embedding-3-small", None, None, PRICES, {}).embed(TEXTS, "query")
    endpoint.behave = lambda request: fail(404, "no such model")
    with pytest.raises(ModelError, match=r"'tiny'.*does not know"):
        connect(endpoint).embed(TEXTS, "document")
    endpoint.behave = lambda request: fail(429, "broke", code="insufficient_quota")
    with pytest.raises(ModelError, match=r"failed: .*broke"):
        connect(endpoint).embed(TEXTS, "document")


@pytest.mark.parametrize("key", [f"{KEY}\nsk-other", f"{KEY} x", f"{KEY}\u2013"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(endpoint, key):
    with pytest.raises(ModelError, match="characters no key has") as refused:
        connect(endpoint, key=key).embed(TEXTS, "document")
    assert KEY not in str(refused.value)
    assert not endpoint.requests


def test_a_reply_that_repeats_the_key_does_not_show_it(endpoint):
    endpoint.behave = lambda request: Answer(f"you sent {KEY}")
    with pytest.raises(DataError, match=r"you sent \*\*\*"):
        connect(endpoint).embed(TEXTS, "document")


def test_an_endpoint_that_is_gone_is_named(monkeypatch):
    monkeypatch.setattr("graphtune.bench.embedding_api._RETRIES", 0)
    with serve() as gone:
        pass
    with pytest.raises(ModelError, match=r"cannot be reached: .*base_url in \[bench\]"):
        connect(gone).embed(TEXTS, "document")


def spoil(request, how):
    made = answer(request)
    items = made.body["data"]
    if how == "short":
        items.pop()
    elif how == "nan":
        items[0]["embedding"][3] = float("nan")
    elif how == "ragged":
        items[0]["embedding"].pop()
    elif how == "twice":
        items[0]["index"] = items[1]["index"]
    return made if how != "page" else Answer("<html>welcome</html>")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("short", "3 vectors of widths \\[64\\] for 4 texts"),
        ("ragged", "widths \\[63, 64\\] for 4 texts"),
        ("twice", "one for each text"),
        ("nan", "gave NaN or infinity"),
        ("page", "holds no vectors .*<html>welcome"),
    ],
)
def test_a_damaged_reply_is_an_error(endpoint, tmp_path, how, message):
    endpoint.behave = lambda request: spoil(request, how)
    with pytest.raises(DataError, match=message):
        connect(endpoint, tmp_path).embed(TEXTS, "document")
    endpoint.behave = answer
    vectors, _ = connect(endpoint, tmp_path).embed(TEXTS, "document")  # nothing bad was kept
    assert np.isfinite(vectors).all()


def test_another_width_than_before_or_than_the_model_has_is_an_error(endpoint, tmp_path):
    connect(endpoint, tmp_path).embed(TEXTS, "document")
    endpoint.behave = lambda request: answer(request, 32)
    with pytest.raises(DataError, match="64 numbers a text"):
        connect(endpoint, tmp_path).embed([*TEXTS, "new"], "document")
    with pytest.raises(DataError, match="1536 numbers a text"):
        connect(endpoint, model="text-embedding-3-small").embed(TEXTS, "document")
