"""What a tuned model finds, as rules and judges confirm it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from graphtune.config import BaseConfig
from graphtune.encoder import load_encoder
from graphtune.kg import GraphStore, build_graph, load_graph
from graphtune.kg.found_mentions import Near, find_near_passages, verify_mentions
from graphtune.kg.found_merges import find_near_names, judge_merges, verify_merges
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.ontology import load_ontology
from graphtune.kg.proposals import propose
from graphtune.kg.resolution.candidates import MergeCandidate
from graphtune.kg.resolution.editing import resolve_graph, undo_merge
from graphtune.kg.resolution.rows import read_merges
from graphtune.kg.rounds import NewMerge, delete_round, list_rounds, save_round
from graphtune.kg.sameness import explain_same
from graphtune.kg.scope import Scope
from graphtune.records import Chunk, Span
from graphtune.workspace import Workspace

PAPER = """# 1 Names

**Definition 1.** An *antisymmetric map* is a map that changes its sign.

**Definition 2.** An *antisymmetric mapping* is good. A *symmetric map* is another thing.

**Definition 3.** An *abelian group* is one in which all commute. A *simple module* has no parts.
"""
OTHER = """# 2 Use

Let G be a group that is abelian, and M a simple R-module, for the sake of it.

# References

[1] A. Author, Every group that is abelian, 1999.
"""


@pytest.fixture
def built(workspace: Workspace, tmp_path: Path) -> Workspace:
    papers = tmp_path / "papers"
    papers.mkdir()
    for name, text in (("defined.md", PAPER), ("used.md", OTHER)):
        (papers / name).write_text(text, encoding="utf-8")
    build_graph(workspace, [papers])
    return workspace


def read(workspace: Workspace) -> ConceptGraph:
    with GraphStore(workspace.database) as store:
        return load_graph(store)


def list_near(graph: ConceptGraph) -> list[Near]:
    known = {(m.concept_id, m.chunk_id) for ms in graph.mentions.values() for m in ms}
    pairs = [(key, chunk) for key in graph.concepts for chunk in graph.chunks]
    return [Near(*pair, 0.5) for pair in pairs if pair not in known]


def list_all(graph: ConceptGraph) -> Scope:
    return Scope(frozenset(graph.concepts), frozenset(graph.chunks))


def test_mentions_have_their_words_and_none_is_in_a_bibliography(built: Workspace) -> None:
    graph = read(built)
    found = verify_mentions(graph, list_near(graph))
    words = {
        item.name: graph.chunks[item.mention.chunk_id].text[item.mention.start : item.mention.end]
        for item in found
    }
    assert words["abelian group"] == "group that is abelian"
    assert words["simple module"] == "simple R-module"
    assert {item.origin for item in found} == {"rules"}
    assert len([item for item in found if item.name == "abelian group"]) == 1


def test_merges_are_kept_from_what_must_stay_apart(built: Workspace) -> None:
    graph = read(built)
    pairs = [("antisymmetric map", "antisymmetric mapping"), ("antisymmetric map", "symmetric map")]
    (merge,) = verify_merges(graph, pairs, ())
    assert {merge.kept, merge.gone} == {"antisymmetric map", "antisymmetric mapping"}
    assert merge.reason == "synonym"
    assert not verify_merges(graph, pairs, {frozenset(pairs[0])})


class Judge:
    """Says yes to all, and quotes the first word."""

    def __init__(self) -> None:
        self.asked: list[frozenset[str]] = []

    def judge(self, candidates: Sequence[MergeCandidate]) -> list[bool | None]:
        self.asked += [frozenset((item.kept.id, item.gone.id)) for item in candidates]
        return [True] * len(candidates)

    def quote(self, items: Sequence[tuple[str, Chunk]]) -> list[Span | None]:
        return [Span(0, len(chunk.text.split()[0])) for _, chunk in items]


def test_a_judge_is_asked_only_what_may_be_one(built: Workspace) -> None:
    graph = read(built)
    pairs = [("antisymmetric map", "symmetric map"), ("abelian group", "simple module")]
    judge = Judge()
    merges = judge_merges(graph, pairs, (), [], judge)
    assert judge.asked == [frozenset(pairs[1])]
    assert [merge.reason for merge in merges] == ["model"]


def test_a_model_says_where_to_look_within_the_scope(built: Workspace, toy: BaseConfig) -> None:
    graph, encoder = read(built), load_encoder(toy)
    scope = Scope(frozenset(["abelian group"]), frozenset(graph.chunks))
    near = find_near_passages(graph, scope, encoder)
    assert {item.concept_id for item in near} == {"abelian group"}
    held = {m.chunk_id for m in graph.mentions["abelian group"]}
    assert {item.chunk_id for item in near} == graph.chunks.keys() - held
    assert find_near_names(graph, scope, encoder) == []
    assert find_near_passages(graph, Scope(frozenset(), frozenset()), encoder) == []
    found = propose(graph, list_all(graph), encoder, (), Judge())
    assert {item.origin for item in found.mentions} == {"rules", "llm"}


def test_a_merge_of_a_round_lasts_is_listed_and_can_be_undone(built: Workspace) -> None:
    before = read(built).hashes
    merge = NewMerge("antisymmetric map", "antisymmetric mapping", "synonym")
    with GraphStore(built.database) as store:
        save_round(store.db, 1, [], [merge])
        resolve_graph(store, "rules", load_ontology())
        assert "antisymmetric mapping" not in {c.id for c in store.concepts()}
        row = next(r for r in read_merges(store.db) if r["reason"] == "synonym")
        undo_merge(store, load_ontology(), row["id"])
        assert store.hashes() == before
        assert list_rounds(store.db) == [1]
        delete_round(store.db, 1)
        edits = list(store.db.query("SELECT undone, round FROM edits"))
        assert edits == [{"undone": 1, "round": None}]  # the round cannot bring it back
        resolve_graph(store, "rules", load_ontology())
        assert store.hashes() == before


@pytest.mark.parametrize(
    ("name", "other", "reason"),
    [
        ("Gaussian elimination", "Gaussian elimination algorithm", "tail"),
        ("symmetrization operator", "symmetrizing operators", "ending"),
        ("theorem of Cauchy", "Cauchy's theorem", None),  # one normal form, or merged when resolved
        ("abelian group", "nonabelian group", None),
        ("2-group", "3-group", None),
        ("group", "group definition", None),
        ("Galois field", "Galois theory", None),
    ],
)
def test_sameness(name: str, other: str, reason: str | None) -> None:
    assert explain_same(name, other) in (reason, *(("word order",) if reason is None else ()))
