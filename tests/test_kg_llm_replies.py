"""What a reply says: whatever shape it has, each record stands or falls for itself."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphtune.config import ExtractConfig
from graphtune.errors import ExtractionError
from graphtune.kg.llm.batches import Batch
from graphtune.kg.llm.replies import merge_extractions, parse_reply, read_reply
from graphtune.kg.ontology import load_ontology
from graphtune.records import Chunk, Extraction, FoundConcept, FoundRelation

ONTOLOGY = load_ontology()
LLM, HYBRID = ExtractConfig(extractor="llm"), ExtractConfig(extractor="hybrid")
TEXT = (
    "Definition 1. A Dyck path is a lattice path that stays above the axis.\n\n"
    "The Chung–Feller theorem generalizes the ballot theorem, also called the cycle lemma (CL)."
)
OTHER = "A poset is a set with a partial order. Every lattice is a poset."


def make_chunk(name, text):
    return Chunk(name, "d", 0, text, 0, len(text), "1 Paths", 1, 1, 40)


ONE = Batch("T", (make_chunk("a", TEXT),))
TWO = Batch("T", (make_chunk("a", TEXT), make_chunk("b", OTHER)))


def concept(name="Dyck path", **changes):
    record = {"name": name, "type": "object", "role": "defines", "aliases": [], "description": ""}
    return {**record, **changes}


def relation(**changes):
    quote = "The Chung–Feller theorem generalizes the ballot theorem"
    record = {"source": "Chung–Feller theorem", "type": "generalizes", "target": "ballot theorem"}
    return {"quote": quote, **record, **changes}


def passage(number=1, concepts=(), relations=(), **more):
    return {"passage": number, "concepts": list(concepts), "relations": list(relations), **more}


def write(*passages):
    return json.dumps({"passages": list(passages)}, ensure_ascii=False)


def read(content, batch=ONE, config=LLM):
    return read_reply(content, batch, ONTOLOGY, config)


GOOD = write(passage(1, [concept(), concept("lattice path")], [relation()]))


def names(extraction):
    return [found.name for found in extraction.concepts]


def test_a_good_reply_is_kept_with_its_evidence():
    lemma = concept("ballot theorem", type="theorem", role="mentions", aliases=["cycle lemma"])
    found = read(write(passage(1, [concept(description="A lattice path."), lemma], [relation()])))[
        "a"
    ]
    dyck, ballot = found.concepts
    assert TEXT[dyck.start : dyck.end] == "Dyck path"
    assert (dyck.role, dyck.description) == ("defines", "A lattice path.")
    assert (ballot.type, ballot.aliases) == ("theorem", ("cycle lemma",))
    (edge,) = found.relations
    assert TEXT[edge.start : edge.end] == relation()["quote"]
    assert found.rejections == ()


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Sure! Here {{as asked}}:\n{GOOD}\nI hope [this] helps {{}}.",
        f'<think>{{"passages": []}} or not?</think>\n{GOOD}',
        json.dumps(json.loads(GOOD)["passages"]),
        json.dumps(json.loads(GOOD)["passages"][0]),
        json.dumps({"passages": json.loads(GOOD)["passages"][0]}),
        GOOD.replace('"passage": 1', '"passage": "7"'),
        "\ufeff" + json.dumps(json.loads(GOOD), indent=4),
    ],
)
def test_the_json_is_cut_out_of_whatever_stands_around_it(content):
    found = read(content)["a"]
    assert names(found) == ["Dyck path", "lattice path"]
    assert len(found.relations) == 1


@pytest.mark.parametrize(
    "content",
    ["", "I cannot help with that.", "{}", "[]", "null", '{"error": "busy"}', "{" * 5000, "[" * 5000,
     '{"passages": []}', '{"passages": null}', '{"passages": 3}', "<think>so {", '{"a": [1, 2'],
)  # fmt: skip
def test_a_reply_that_says_nothing_is_a_failure(content):
    with pytest.raises(ExtractionError):
        read(content)


def test_an_empty_list_is_an_answer():
    assert read(write(passage()))["a"] == Extraction()


@given(st.integers(0, len(GOOD)))
def test_a_reply_cut_anywhere_keeps_records_that_are_true(cut):
    whole = read(GOOD)["a"]
    try:
        found = read(GOOD[:cut])["a"]
    except ExtractionError:
        return
    assert set(found.concepts) <= set(whole.concepts)
    assert set(found.relations) <= set(whole.relations)


def test_a_cut_reply_keeps_its_complete_records_and_lacks_what_it_did_not_reach():
    content = write(
        passage(1, [concept(), concept("lattice path")], [relation()]),
        passage(2, [concept("poset")]),
    )
    found = read(content[: content.index('"passage": 2')], TWO)
    assert found.keys() == {"a"}
    assert (names(found["a"]), len(found["a"].relations)) == (["Dyck path", "lattice path"], 1)
    found = read(content[: content.index("lattice path")], TWO)
    assert (found.keys(), names(found["a"])) == ({"a"}, ["Dyck path"])
    with pytest.raises(ExtractionError, match="no JSON object"):
        read(content[: content.index("Dyck path")], TWO)


def test_a_record_that_breaks_the_json_costs_what_comes_after_it():
    content = write(passage(1, [concept(), concept("lattice path")]))
    found = read(content.replace('"lattice path"', "lattice path"))["a"]
    assert names(found) == ["Dyck path"]


def test_latex_that_is_not_escaped_costs_nothing():
    content = write(passage(1, [concept(description="DESC"), concept("lattice path")]))
    found = read(content.replace("DESC", r"a lattice path in \mathbb{Z}"))["a"]
    assert names(found) == ["Dyck path", "lattice path"]


def test_latex_that_is_escaped_survives_a_cut():
    cut = '{"passages": [{"passage": 1, "concepts": [{"name": "\\\\lambda-ring"}, {"name": "poset"}, {"na'
    data, whole = parse_reply(cut)
    assert not whole
    names = [record["name"] for record in data["passages"][0]["concepts"]]
    assert names == ["\\lambda-ring", "poset"]


def test_what_is_said_of_another_passage_is_not_stored_here():
    found = read(
        write(
            passage(2, [concept("poset")]), passage(1, [concept(), concept("poset")]), passage(9)
        ),
        TWO,
    )
    assert {key: names(value) for key, value in found.items()} == {
        "a": ["Dyck path"],
        "b": ["poset"],
    }
    with pytest.raises(ExtractionError):
        read(write(passage(3, [concept()])), TWO)


def test_a_huge_reply_is_read_in_no_time():
    content = write(passage(1, [concept("x" * 1000)] * 9000, [relation(quote="y" * 1000)] * 1000))
    assert len(content) > 10_000_000
    assert read(content)["a"].concepts == ()


def test_words_without_end_are_read_in_no_time():
    long = "poset" + "a" * 300_000
    known = concept("Dyck path", aliases=[long], quote=long, description=long)
    start = time.perf_counter()
    found = read(write(passage(1, [concept(long), known], [relation(source=long, quote=long)])))
    assert time.perf_counter() - start < 2
    assert names(found["a"]) == ["Dyck path"]
    reasons = dict(found["a"].rejections)
    assert reasons["malformed concept"] == reasons["malformed relation"] == 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["passages", "passage", "concepts", "relations", "name",
                                           "type", "quote", "source", "target", "aliases"]),
                          inner, max_size=4),
        max_leaves=12,
    )
)  # fmt: skip
def test_json_of_any_shape_is_read_or_refused(value):
    try:
        found = read(json.dumps({"passages": value}), TWO)
    except ExtractionError:
        return
    assert found.keys() <= {"a", "b"}


@pytest.mark.parametrize(
    "content",
    [
        '{"passages": [{"passage": ' + "9" * 5000 + ', "concepts": []}]}',
        '{"passages": [{"passage": "' + "9" * 5000 + '", "concepts": []}]}',
        '{"passages": ' + "[" * 900 + "]" * 900 + "}",
        '{"passages": ' + "[" * 90_000,
        '{"passages": [{"passage": "1\ud800", "concepts": []}]}',
    ],
)
def test_numbers_and_nesting_without_end_are_refused(content):
    with pytest.raises(ExtractionError):
        read(content, TWO)


def test_lone_surrogates_do_not_survive():
    found = read(GOOD.replace("lattice path", "\\ud800 lattice"))["a"]
    "".join(names(found)).encode()


def test_hybrid_keeps_proposals_and_counts_those_called_wrong():
    dyck, axis = (
        FoundConcept("Dyck path", "object", 16, 25),
        FoundConcept("axis", "object", 67, 71),
    )
    batch = Batch("T", ONE.chunks, ((dyck, axis),))
    record = concept(type="definition")
    content = write(passage(1, [record], [], wrong=["axis", "Dyck path"]))
    found = read(content, batch, HYBRID)["a"]
    assert [(c.name, c.type) for c in found.concepts] == [
        ("Dyck path", "definition"),
        ("axis", "object"),
    ]
    assert dict(found.rejections) == {"proposal kept that the model calls wrong": 1}


def test_two_replies_are_one_answer():
    first = read(write(passage(1, [concept()], [relation()])))["a"]
    second = read(write(passage(1, [concept(type="theorem"), concept("axis")], [relation()])))["a"]
    merged = merge_extractions(first, second)
    assert [(c.name, c.type) for c in merged.concepts] == [
        ("Dyck path", "object"),
        ("axis", "object"),
    ]
    assert merged.relations == first.relations
    edge = FoundRelation("axis", "uses", "Dyck path", 0, 9)
    assert merge_extractions(first, Extraction((), (edge,))).relations == (*first.relations, edge)


def test_thoughts_that_never_end_hold_no_answer():
    with pytest.raises(ExtractionError, match="no JSON"):
        parse_reply("<think>Let me see, there is a Dyck path and")


def test_a_proposal_without_end_is_not_called_wrong():
    start = time.perf_counter()
    read(write(passage(1, [concept()], wrong=["poset" + "a" * 100_000])), config=HYBRID)
    assert time.perf_counter() - start < 2
