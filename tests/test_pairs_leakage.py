"""The leakage certificate finds what somebody puts into the pairs, and nothing in clean ones."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.pairs import (
    Certificate,
    Split,
    certify_pairs,
    certify_recipe,
    list_new_concepts,
    make_pairs,
    read_pairs,
    render_certificate,
    split_graph,
    write_pairs,
)
from graphtune.pairs.leakage import trace_positives
from graphtune.records import Chunk, ChunkLink, Concept, Mention, Pair, Relation
from graphtune.tuning_config import PairsConfig, SplitConfig

PAPERS, CONCEPTS = 20, 40
SPLIT = SplitConfig(test_papers=0.2)


def make_graph() -> ConceptGraph:
    """Concept i is described in paper i (modulo 20); those below 20 are also named in the next.

    Concept i + 1 is described by the sentence of concept i, too, where i is divisible by 5. Chunks 2
    are near-duplicates of each other. Each concept is equivalent to one that no paper names.
    """
    generator = random.Random(0)
    keys = [f"notion{i:02} theory" for i in range(CONCEPTS)]
    sentences = [
        f"A {key} holds " + " ".join(f"word{generator.randrange(9999)}" for _ in range(9))
        for key in keys
    ]
    texts = {
        (d, j): " ".join(f"word{generator.randrange(9999)}" for _ in range(25))
        for d in range(PAPERS)
        for j in range(3)
    }
    for i, sentence in enumerate(sentences):
        texts[i % PAPERS, i // PAPERS] += f". {sentence}."
    chunks = {
        f"c{d}-{j}": Chunk(f"c{d}-{j}", f"d{d}", j, text, 0, len(text), "", 1, 1, 5)
        for (d, j), text in texts.items()
    }
    concepts = {}
    mentions = {}
    for i, key in enumerate(keys):
        described = sentences[i - 1] if i % 5 == 1 else sentences[i]
        concepts[key] = Concept(key, key.title(), "object", described, (f"NT{i:02}",))
        twin = f"import{i:02} term"
        concepts[twin] = Concept(twin, twin, "object", origin="imported")
        mentions[key] = [Mention(key, f"c{i % PAPERS}-{i // PAPERS}", 0, 4, "defines")]
        if i < PAPERS:
            mentions[key].append(Mention(key, f"c{(i + 1) % PAPERS}-1", 0, 4, "mentions"))
    relations = [Relation(key, "equivalent_to", f"import{key[6:8]} term", "rules") for key in keys]
    relations += [
        Relation(keys[i], "generalizes", keys[i + 1], "rules", f"c{i % PAPERS}-0", 0, 4)
        for i in range(CONCEPTS - 1)
    ]
    repeats = [ChunkLink(f"c{d}-2", "near_duplicate", f"c{d + 1}-2") for d in range(PAPERS - 1)]
    documents = {f"d{d}": {"id": f"d{d}", "path": f"/{d}", "title": ""} for d in range(PAPERS)}
    hashes = {"corpus": "x", "graph": "y"}
    return ConceptGraph(documents, chunks, concepts, mentions, relations, hashes, repeats)


GRAPH = make_graph()


class Case:
    """A split with clean pairs, and what a leak can be made of."""

    def __init__(self, seed: int = 0, recipe: str = "evidence") -> None:
        self.split = split_graph(GRAPH, SPLIT.model_copy(update={"seed": seed}))
        self.settings = PairsConfig.model_validate({"recipe": recipe})
        self.pairs = make_pairs(GRAPH, self.split, self.settings)
        self.pair = self.pairs[0]
        self.test = GRAPH.concepts[self.split.list_concepts("test")[0]]
        self.dev = GRAPH.concepts[self.split.list_concepts("dev")[0]]
        self.new = GRAPH.concepts[list_new_concepts(GRAPH, self.split)[0]]
        self.answer = GRAPH.chunks[GRAPH.mentions[self.new.id][0].chunk_id]
        self.twin = GRAPH.chunks[min(self.split.twins)]

    def own_sentence(self) -> str:
        words = self.answer.text.split(". ")[0].split()
        return " ".join(words[3:20]).title()


#: How a pair is made to leak, in which group it shows, and in which line.
LEAKS: dict[str, tuple[Callable[[Case], Pair], str, str]] = {
    "name": (lambda c: replace(c.pair, anchor=f" The {c.test.name.upper()}s"), "held-out", "names"),
    "alias": (lambda c: replace(c.pair, anchor=c.test.aliases[0].lower()), "held-out", "names"),
    "dev": (lambda c: replace(c.pair, anchor=c.dev.name), "dev", "names"),
    "new": (lambda c: replace(c.pair, anchor=c.new.name), "new papers", "names"),
    "cluster": (
        lambda c: replace(c.pair, anchor=f"Import{c.test.id[6:8]} terms"),
        "held-out",
        "alias clusters",
    ),
    "description": (lambda c: replace(c.pair, anchor=c.test.description), "held-out", "descr"),
    "owner": (lambda c: replace(c.pair, concept_id=c.test.id), "held-out", "pairs made"),
    "paper": (
        lambda c: replace(c.pair, document_id=c.answer.document_id),
        "new papers",
        "papers that gave",
    ),
    "chunk": (lambda c: replace(c.pair, chunk_id=c.answer.id), "new papers", "answers"),
    "text": (lambda c: replace(c.pair, positive=c.answer.text.upper()), "new papers", "answers"),
    "part": (
        lambda c: replace(c.pair, positive="So: " + c.answer.text[10:-20], chunk_id="unknown"),
        "new papers",
        "answers",
    ),
    "twin": (lambda c: replace(c.pair, positive=c.twin.text), "new papers", "near-duplicates"),
    "sentence": (lambda c: replace(c.pair, anchor=c.own_sentence()), "new papers", "sentences"),
}


def count(certificate: Certificate, group: str, part: str) -> int:
    (row,) = [
        r for r in certificate.findings if r.group == group and part in r.what.split(" hold")[0]
    ]
    return row.count


@pytest.mark.parametrize("recipe", ["evidence", "seed"])
@given(seed=st.integers(0, 200))
@settings(max_examples=25)
def test_pairs_as_they_are_made_are_clean(recipe: str, seed: int) -> None:
    case = Case(seed, recipe)
    certificate = certify_pairs(GRAPH, case.split, case.pairs)
    assert not [row for row in certificate.findings if row.leaks]
    assert certificate.untraced == 0
    assert certificate.is_clean()
    assert "clean" in certificate.verdict


@pytest.mark.parametrize("kind", LEAKS)
@given(seed=st.integers(0, 200))
@settings(max_examples=8)
def test_one_leaking_pair_among_all_is_found(kind: str, seed: int) -> None:
    case = Case(seed)
    spoil, group, part = LEAKS[kind]
    before = certify_pairs(GRAPH, case.split, case.pairs)
    after = certify_pairs(GRAPH, case.split, [*case.pairs, spoil(case)])
    assert count(before, group, part) == 0
    assert count(after, group, part) >= 1
    assert not after.is_clean(group)  # type: ignore[arg-type]
    assert not after.is_clean()
    assert group in after.verdict
    assert "LEAK" in render_certificate(after)
    (row,) = [r for r in after.findings if r.group == group and part in r.what and r.gate]
    assert row.examples


@pytest.mark.parametrize("kind", ["chunk", "text", "part"])
def test_a_passage_gives_its_paper_away(kind: str) -> None:
    case = Case()
    certificate = certify_pairs(GRAPH, case.split, [*case.pairs, LEAKS[kind][0](case)])
    assert count(certificate, "new papers", "papers that gave") == 1


def test_what_repeats_an_answer_counts_as_the_answer_and_as_a_twin_whatever_the_split_lists() -> (
    None
):
    case = Case()
    repeat = ChunkLink(case.answer.id, "near_duplicate", case.pair.chunk_id)
    graph = replace(GRAPH, links=[repeat])
    split = case.split.model_copy(update={"twins": frozenset()})
    certificate = certify_pairs(graph, split, [case.pair])
    assert count(certificate, "new papers", "answers") == 1
    assert count(certificate, "new papers", "near-duplicates") == 1


def test_a_name_inside_a_longer_anchor_is_told_and_no_leak() -> None:
    case = Case()
    longer = replace(case.pair, anchor=f"all about {case.test.name}s, once more")
    before, after = (
        next(r for r in certify_pairs(GRAPH, case.split, pairs).findings if "longer" in r.what)
        for pairs in (case.pairs, [*case.pairs, longer])
    )
    assert (after.group, after.gate, after.count) == ("held-out", False, before.count + 1)
    assert certify_pairs(GRAPH, case.split, [*case.pairs, longer]).is_clean()


def test_a_positive_from_nowhere_is_counted_as_unknown() -> None:
    case = Case()
    foreign = replace(case.pair, positive="what nobody wrote, at all, in any of the papers here")
    certificate = certify_pairs(GRAPH, case.split, [*case.pairs, foreign])
    assert certificate.untraced == 1
    assert "1 positives are no passage of the graph" in render_certificate(certificate)


def test_hops_lead_to_the_nearest_concept_that_training_met() -> None:
    keys = ["a", "b", "c", "d", "e", "lonely"]
    chain = [Relation(x, "uses", y, "rules") for x, y in zip("abcd", "bcde", strict=True)]
    graph = replace(
        GRAPH,
        concepts={key: Concept(key, key, "object") for key in keys},
        mentions={key: [Mention(key, "c0-0", 0, 1, "uses")] for key in keys},
        relations=chain,
    )
    sides = {**dict.fromkeys(keys, "test"), "a": "train"}
    split = Split.model_validate(
        {"concepts": sides, "documents": dict.fromkeys(GRAPH.documents, "train")}
    )
    pair = Pair("a", GRAPH.chunks["c0-0"].text, "name", "a", "c0-0", "d0")
    certificate = certify_pairs(graph, split, [pair])
    assert certificate.hops["held-out"] == {"0": 0, "1": 1, "2": 1, "3+": 2, "no path": 1}
    assert certificate.is_clean()


def store(folder: Path, case: Case, pairs: list[Pair]) -> None:
    write_pairs(pairs, GRAPH, case.split, (case.settings, SPLIT), folder)


def test_a_changed_file_with_a_hash_that_fits_is_seen_through(tmp_path: Path) -> None:
    case = Case()
    store(tmp_path, case, case.pairs)
    clean = certify_recipe(tmp_path, "evidence", GRAPH, case.split)
    assert clean.is_clean()
    assert clean.recipe == "evidence"
    stored = Certificate.model_validate_json((tmp_path / "evidence.leakage.json").read_bytes())
    assert stored == clean
    assert stored.hashes["pairs"] == read_pairs(tmp_path, "evidence")[1].hashes["pairs"]
    spoilt = [LEAKS[kind][0](case) for kind in LEAKS]
    store(tmp_path, case, [*case.pairs, *spoilt])
    leaking = certify_recipe(tmp_path, "evidence", GRAPH, case.split)
    found = {row.what for row in leaking.findings if row.leaks and row.group == "new papers"}
    assert len(found) == 5
    assert not any(leaking.is_clean(group) for group in ("held-out", "dev", "new papers"))  # type: ignore[arg-type]
    path = tmp_path / "evidence.jsonl"
    path.write_text(path.read_text().replace("word", "Word", 1))
    with pytest.raises(DataError, match="not what its card describes"):
        certify_recipe(tmp_path, "evidence", GRAPH, case.split)


def test_pairs_of_another_graph_or_split_are_stale(tmp_path: Path) -> None:
    case = Case()
    store(tmp_path, case, case.pairs)
    grown = replace(GRAPH, hashes={"corpus": "x", "graph": "z"})
    certificate = certify_recipe(tmp_path, "evidence", grown, Case(1).split)
    assert certificate.stale == ("graph", "split")
    assert not certificate.is_clean("held-out")
    assert "STALE: made from another graph, split" in render_certificate(certificate)


@given(st.lists(st.sampled_from(list(LEAKS)), unique=True, max_size=5))
@settings(max_examples=10)
def test_the_table_fits_100_columns(kinds: list[str]) -> None:
    case = Case()
    pairs = case.pairs + [LEAKS[kind][0](case) for kind in kinds]
    text = render_certificate(certify_pairs(GRAPH, case.split, pairs))
    assert max(map(len, text.splitlines())) <= 100
    assert ("clean" in text.splitlines()[-1]) == (not kinds)


def test_examples_are_the_same_whatever_the_hash_seed() -> None:
    """Texts that stand in several passages of a paper were named in set order."""
    places = [(paper, place) for paper in range(30) for place in range(6)]
    chunks = {
        f"c{paper}-{place}": Chunk(
            f"c{paper}-{place}", f"d{paper}", place, f"text {paper}", 0, 9, "", 1, 1, 5
        )
        for paper, place in places
    }
    documents = {f"d{paper}": {"id": f"d{paper}"} for paper in range(30)}
    graph = ConceptGraph(documents, chunks, {}, {}, [], {})
    split = Split(concepts={}, documents=dict.fromkeys(documents, "test"))
    pairs = [
        pair
        for paper in range(30)
        for pair in (
            Pair("later", f"text {paper}", "name", "x", "gone", "gone"),
            Pair("early", f"text {paper}", "name", "x", f"c{paper}-0", f"d{paper}"),
        )
    ]
    found = certify_pairs(graph, split, pairs).findings
    (papers,) = (row for row in found if row.what == "held-out papers that gave a positive")
    assert (papers.count, papers.examples) == (30, ("later",))


def test_a_positive_without_the_name_is_traced_to_its_passage_and_a_stolen_one_is_not() -> None:
    case = Case()
    chunk = GRAPH.chunks[case.pair.chunk_id]
    words = chunk.text.split()
    masked = " ".join([*words[:10], "it", *words[12:]])
    hidden = next(p for p, side in case.split.documents.items() if side != "train")
    stolen = f"{GRAPH.chunks[f'{hidden}-0'.replace('d', 'c')].text} {' '.join(words[:9])}"
    found = trace_positives(GRAPH, [(chunk.id, masked), (chunk.id, stolen)])
    assert found[chunk.id, masked] == {chunk.id}
    assert f"{hidden}-0".replace("d", "c") in found[chunk.id, stolen]
    assert not certify_pairs(
        GRAPH, case.split, [*case.pairs, replace(case.pair, positive=stolen)]
    ).is_clean("new papers")
