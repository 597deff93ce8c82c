from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.retrievers import rerank_answers
from graphtune.bench.systems import Cost, Ranking
from graphtune.errors import ModelError
from graphtune.measuring import search_workspace
from graphtune.models import resolve_model
from graphtune.pipeline import build_workspace
from graphtune.reranker import load_reranker

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "nan", "query"]
DOCUMENTS = {
    "a": "bad bad bad bad",
    "b": "good bad bad bad",
    "c": "good good good bad",
    "d": "good good bad bad",
    "e": "good good good good",
}
FIRST: dict[str, list[tuple[str, float]]] = {"q": [(d, 1.0) for d in DOCUMENTS]}


def save_reranker(folder: Path, labels: int = 1) -> Path:
    """Save a BERT that scores a pair by the share of `good` in it, and gives NaN where `nan` stands."""
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8, max_position_embeddings=32, num_labels=labels,
    )  # fmt: skip
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "LayerNorm.weight" not in name:
                weight.zero_()
        # Attention is even, as queries and keys are zero, so [CLS] gets the mean of all tokens.
        layer = model.bert.encoder.layer[0].attention
        for linear in (layer.self.value, layer.output.dense, model.bert.pooler.dense):
            linear.weight.copy_(torch.eye(8) * (0.1 if linear is model.bert.pooler.dense else 1))
        tokens = model.bert.embeddings.word_embeddings.weight
        tokens[WORDS.index("[CLS]"), 0] = 9.0
        tokens[WORDS.index("good"), 1] = 9.0
        tokens[WORDS.index("nan")] = float("nan")
        model.classifier.weight[-1, 1] = 1.0  # of several labels the last means right
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=1000)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_reranker(tmp_path_factory.mktemp("reranker"))


@pytest.fixture(scope="module")
def reranker(folder):
    return load_reranker(str(folder))


def rerank(reranker, queries, depth=50, first=None):
    benchmark = Benchmark("b", DOCUMENTS, queries, {query: {"e": 1} for query in queries})
    runs = (dict.fromkeys(queries, FIRST["q"]),) if first is None else first
    cost = Cost(query_ms=1.0, index_bytes=7)
    ranking = Ranking("hybrid m", runs, 384, kind="hybrid", cost=cost, warnings=("before",))
    return rerank_answers("reranked", reranker, benchmark, ranking, depth)


def order(ranking, query="q"):
    return [document for document, _ in ranking.runs[0][query]]


def test_answers_stand_by_what_the_model_says(reranker):
    ranking = rerank(reranker, {"q": "query"})
    assert order(ranking) == ["e", "c", "d", "b", "a"]
    assert (ranking.system, ranking.kind, ranking.dim) == ("reranked", "reranked", 384)
    assert ranking.warnings == ("before",)
    assert ranking.cost.query_ms > 1.0
    assert ranking.cost.index_bytes == 7


def test_of_two_labels_the_second_counts(tmp_path):
    two = load_reranker(str(save_reranker(tmp_path / "two", labels=2)))
    assert order(rerank(two, {"q": "query"})) == ["e", "c", "d", "b", "a"]


def test_only_the_first_answers_are_read_and_the_others_stay_behind(reranker):
    ranking = rerank(reranker, {"q": "query"}, depth=3)
    assert order(ranking) == ["c", "b", "a", "d", "e"]
    scores = [score for _, score in ranking.runs[0]["q"]]
    assert scores == sorted(scores, reverse=True)
    assert rerank(reranker, {"q": "query"}, first=({"q": []},)).runs == ({"q": []},)


def test_equal_scores_keep_the_first_order(reranker):
    twins = replace(
        Benchmark("b", {"z": "good", "y": "good", "x": "bad"}, {"q": "query"}, {"q": {"z": 1}})
    )
    first = Ranking("h", ({"q": [("x", 3.0), ("z", 2.0), ("y", 1.0)]},))
    assert order(rerank_answers("r", reranker, twins, first, 50)) == ["z", "y", "x"]


def test_scores_that_are_close_are_told_apart(folder):
    """In bfloat16 all of these are 300."""
    model = load_reranker(str(folder))
    with torch.no_grad():
        model.model.classifier.bias.fill_(300.0)
    ranking = rerank(model, {"q": "query"})
    assert order(ranking) == ["e", "c", "d", "b", "a"]
    scores = [score for _, score in ranking.runs[0]["q"]]
    assert scores[0] - scores[-1] < 1
    assert min(scores) > 299


def test_half_a_letter_as_broken_files_give_it_is_read(reranker):
    ranking = rerank(reranker, {"q": "\ud800 query"})
    assert order(ranking) == ["e", "c", "d", "b", "a"]
    assert ranking.warnings == ("before",)


def test_queries_on_which_the_model_fails_keep_their_order_and_are_counted(reranker):
    queries = {"q": "query", "no": "nan", "nan": "nan query", "last": "query " * 60}
    ranking = rerank(reranker, queries)
    assert order(ranking) == order(ranking, "last") == ["e", "c", "d", "b", "a"]
    assert order(ranking, "no") == order(ranking, "nan") == list(DOCUMENTS)
    _, warning = ranking.warnings
    assert warning.startswith("the reranker failed on 2 of 4 queries: 'no' (")
    assert warning.endswith("they keep the first order")


def test_a_model_that_fails_on_all_is_missing(reranker):
    with pytest.raises(ModelError, match=r"failed on 2 of 2 queries: 'n' .it gave NaN"):
        rerank(reranker, {"n": "nan", "m": "nan query"})


def test_what_is_no_reranker_is_refused(folder, tmp_path):
    with pytest.raises(ModelError, match=r"minilm.* is no cross-encoder: .*BertModel"):
        load_reranker(resolve_model("minilm"))
    with pytest.raises(ModelError, match="gives 3 scores"):
        load_reranker(str(save_reranker(tmp_path / "three", labels=3)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="cannot load the model folder"):
        load_reranker(str(tmp_path / "empty"))
    with pytest.raises(ModelError, match="nobody/nothing"):
        load_reranker("nobody/nothing")
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    for path in folder.iterdir():
        if path.name != "model.safetensors":
            (pickled / path.name).write_bytes(path.read_bytes())
    torch.save({}, pickled / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot load the model folder"):
        load_reranker(str(pickled))


def test_search_reads_its_first_answers_again(reranker, workspace, tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / f"{name}.txt").write_text(f"Title {name}\n\n{text}", encoding="utf-8")
    build_workspace(workspace, [folder])
    plain = search_workspace(workspace, "query", 5)
    model = str(save_reranker(tmp_path / "reader"))
    read = search_workspace(workspace, "query", 5, reranker=model)
    assert {hit.chunk_id for hit in plain} == {hit.chunk_id for hit in read}
    assert Path(read[0].path).name == "e.txt"
    assert [hit.rank for hit in read] == [1, 2, 3, 4, 5]
    assert [hit.score for hit in read] == sorted((hit.score for hit in read), reverse=True)
    papers = search_workspace(workspace, "query", 2, papers=True, reranker=model)
    assert [hit.path for hit in papers] == [hit.path for hit in read[:2]]
