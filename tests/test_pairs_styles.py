"""Anchors of every style, and what they meet."""

from graphtune.kg.graph import ConceptGraph
from graphtune.pairs import make_pairs
from graphtune.pairs.split import Split
from graphtune.pairs.styles import find_body, mask_names, mask_spans
from graphtune.records import Chunk, Concept, Mention, Pair, Role, Span, Style, Unit
from graphtune.tuning_config import PairsConfig

HEADING = "2 Posets\n\n"
TEXTS = {
    "c0": HEADING + "A poset is a set with an order relation that is antisymmetric. It is old.",
    "c1": "Its elements need not be comparable at all, as examples show.",
    "c2": "Every poset has a linear extension, which sorts its elements.",
    "c3": "The width of posets is the size of a largest antichain.",
}
ROLES: dict[str, Role] = {"c0": "defines", "c2": "states", "c3": "mentions"}


def make_graph() -> ConceptGraph:
    """One concept that a section defines, another passage states and a third mentions."""
    chunks = {
        key: Chunk(
            key,
            "d",
            place,
            text,
            0,
            len(text),
            "2 Posets" if key in ("c0", "c1") else "3 Extensions",
            1,
            1,
            9,
            units=(Unit(0, 10, "heading", 0), Unit(10, len(text), "text", 10))
            if key == "c0"
            else (),
        )
        for place, (key, text) in enumerate(TEXTS.items())
    }
    mentions = {
        "poset": [
            Mention("poset", key, start, start + 5, role)
            for key, role in ROLES.items()
            if (start := TEXTS[key].index("poset")) >= 0
        ]
    }
    description = "A poset is a set with an order relation that is antisymmetric."
    concepts = {"poset": Concept("poset", "poset", "object", description, ("ordered set",))}
    return ConceptGraph({"d": {"id": "d"}}, chunks, concepts, mentions, [], {})


def pair_up(**settings: object) -> list[Pair]:
    split = Split(concepts={"poset": "train"}, documents={"d": "train"})
    return make_pairs(make_graph(), split, PairsConfig.model_validate(settings))


def meet(style: Style, **settings: object) -> dict[str, str]:
    return {p.chunk_id: p.positive for p in pair_up(**settings) if p.style == style}


def test_a_name_meets_the_bodies_of_its_passages_and_the_rest_of_the_defining_section() -> None:
    met = meet("name", mask_names=0)
    assert met == {**TEXTS, "c0": TEXTS["c0"].removeprefix(HEADING)}
    assert set(meet("alias", mask_names=0, max_weak=0)) == {"c0", "c2"}


def test_the_share_of_masked_names_is_kept_and_spans_decide() -> None:
    assert meet("name", mask_names=1)["c2"].startswith("Every it has a linear")
    assert meet("name", mask_names=1)["c3"].startswith("The width of its is")
    assert meet("name", mask_names=1)["c0"].startswith("A it is a set")
    assert mask_spans("A poset", [Span(2, 7), Span(2, 5)]) == "A it"
    assert mask_names("Posets, poset-like, supposet", ["poset"]) == "it, it-like, supposet"


def test_names_meet_the_definition_without_the_name() -> None:
    pairs = [pair for pair in pair_up() if pair.style == "definition"]
    assert {pair.anchor for pair in pairs} == {"poset", "ordered set"}
    assert {pair.positive[:11] for pair in pairs} == {"A it is a s"}


def test_a_description_meets_other_passages_that_say_what_the_concept_is() -> None:
    assert set(meet("description")) == {"c2"}


def test_weights_follow_style_and_role_and_zero_makes_no_pair() -> None:
    pairs = pair_up(styles={"name": 2, "question": 0}, roles={"states": 0.5, "uses": 0.3})
    weights = {pair.chunk_id: pair.weight for pair in pairs if pair.style == "name"}
    assert weights == {"c0": 2, "c1": 0.6, "c2": 1, "c3": 2}
    assert not [pair for pair in pairs if pair.style == "question"]


def test_a_chunk_that_is_all_heading_keeps_its_text() -> None:
    chunk = make_graph().chunks["c0"]
    assert find_body(chunk) == len(HEADING)
    bare = Chunk("c", "d", 0, "2 A", 0, 3, "2 A", 1, 1, 2, units=(Unit(0, 3, "heading", 0),))
    assert find_body(bare) == 0
