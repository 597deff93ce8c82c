"""Every stored mention and relation rests on text that is in its passage."""

from dataclasses import replace
from pathlib import Path

import pytest

from graphtune.config import BaseConfig, Config
from graphtune.kg import GraphStore, build_graph, load_graph
from graphtune.kg.checks import verify_spans
from graphtune.kg.findings import read_findings
from graphtune.kg.graph import ConceptGraph
from graphtune.records import Mention, Relation
from graphtune.workspace import init_workspace

SAMPLE = Path(__file__).parent.parent / "data" / "sample" / "tex"
Evidence = set[tuple[str, int, int]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[ConceptGraph, Evidence]:
    """The graph of the whole sample, and the places of all findings."""
    config = Config(base=BaseConfig(model="minilm"))
    workspace = init_workspace(tmp_path_factory.mktemp("ws"), config)
    build_graph(workspace, [SAMPLE])
    with GraphStore(workspace.database) as store:
        findings = read_findings(store.db, "rules")
        return load_graph(store), {(chunk, f.start, f.end) for _, chunk, f in findings}


def test_all_of_the_sample_has_evidence(built: tuple[ConceptGraph, Evidence]) -> None:
    graph, evidence = built
    check = verify_spans(graph, evidence)
    assert check.failed == []
    assert len(graph.documents) == 27
    assert check.checked == sum(map(len, graph.mentions.values())) + len(graph.relations)
    assert len(graph.relations) > 50
    # Hardly any mention rests on a finding alone.
    assert len(verify_spans(graph).failed) < check.checked / 100


def change(graph: ConceptGraph, mention: Mention, relation: Relation) -> ConceptGraph:
    """Put a mention and a relation in the places of the first ones."""
    key, held = next(iter(graph.mentions.items()))
    mentions = {**graph.mentions, key: [replace(mention, concept_id=key), *held[1:]]}
    return replace(graph, mentions=mentions, relations=[relation, *graph.relations[1:]])


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"chunk_id": "gone"}, "no such passage"),
        ({"end": 10**6}, "not in the passage"),
        ({"start": -5}, "not in the passage"),
        ({"start": 3, "end": 3}, "not in the passage"),
    ],
)
def test_a_wrong_place_is_found(
    built: tuple[ConceptGraph, Evidence], values: dict[str, int], problem: str
) -> None:
    graph, evidence = built
    mention = replace(next(iter(graph.mentions.values()))[0], **values)  # type: ignore[arg-type]
    relation = replace(graph.relations[0], **values)  # type: ignore[arg-type]
    failed = verify_spans(change(graph, mention, relation), evidence).failed
    assert len(failed) >= 2
    assert all(problem in line for line in failed[:1] + failed[-1:])


def test_a_shifted_mention_is_found(built: tuple[ConceptGraph, Evidence]) -> None:
    graph, evidence = built
    mention = next(iter(graph.mentions.values()))[0]
    shifted = replace(mention, start=mention.start + 3)
    (line,) = verify_spans(change(graph, shifted, graph.relations[0]), evidence).failed
    assert "none of its names" in line


def test_a_relation_in_a_passage_about_others_is_found(
    built: tuple[ConceptGraph, Evidence],
) -> None:
    graph, evidence = built
    relation = graph.relations[0]
    ends = {relation.source, relation.target}
    near = {m.chunk_id for end in ends for m in graph.mentions[end]}
    near |= {link.source for link in graph.links if link.target in near}
    far = next(chunk for chunk in graph.chunks if chunk not in near)
    mention = next(iter(graph.mentions.values()))[0]
    moved = replace(relation, chunk_id=far, start=0, end=5)
    (line,) = verify_spans(change(graph, mention, moved), evidence).failed
    assert "does not name" in line
    nowhere = replace(relation, chunk_id=None)
    (line,) = verify_spans(change(graph, mention, nowhere), evidence).failed
    assert "no passage" in line
    by_hand = replace(nowhere, origin="hand")
    assert verify_spans(change(graph, mention, by_hand), evidence).failed == []
