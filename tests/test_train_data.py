"""The development set: what people ask for, and what answers it."""

from passages import make_passage

from graphtune.kg.graph import ConceptGraph
from graphtune.pairs.split import Split
from graphtune.records import Concept, Mention
from graphtune.train.data import make_dev_set

_HEADING = "3 Lattices"
_TEXTS = {
    "def": (f"{_HEADING}\n\nA poset with all joins and meets.", _HEADING),
    "rest": ("Distributive ones are those of sets, up to isomorphism.", _HEADING),
    "use": ("The congruences of an algebra are a lattice.", "4 Algebras"),
    "list": ("[1] G. Birkhoff, Lattice theory. 1940.", "References"),
}


def make_graph(*roles: tuple[str, str]) -> ConceptGraph:
    chunks = {
        key: make_passage(text, heading, chunk_id=key) for key, (text, heading) in _TEXTS.items()
    }
    concept = Concept("lattice", "lattice", "object", aliases=("Lattices", "ordered algebra"))
    mentions = [Mention("lattice", chunk, 0, 1, role) for chunk, role in roles]  # type: ignore[arg-type]
    documents = {"d": {"id": "d"}}
    return ConceptGraph(documents, chunks, {"lattice": concept}, {"lattice": mentions}, [], {}, [])


def ask(
    graph: ConceptGraph, side: str = "dev"
) -> tuple[dict[str, str], list[tuple[str, set[str]]]]:
    split = Split(concepts={"lattice": side}, documents={"d": "train"})  # type: ignore[dict-item]
    dev = make_dev_set(graph, split)
    return dev.passages, sorted((dev.queries[key], set(found)) for key, found in dev.qrels.items())


def test_titles_ask_for_their_section_and_names_for_what_defines_them() -> None:
    _, asked = ask(make_graph(("def", "defines"), ("use", "uses"), ("list", "states")))
    assert asked == [
        ("Lattices", {"def"}),
        ("Lattices", {"def", "rest"}),
        ("lattice", {"def"}),
        ("ordered algebra", {"def"}),
    ]


def test_passages_stand_without_headings_and_bibliography() -> None:
    passages, _ = ask(make_graph(("def", "defines")))
    assert passages["def"] == "A poset with all joins and meets."
    assert passages.keys() == {"def", "rest", "use"}


def test_where_nothing_is_defined_names_ask_for_any_mention() -> None:
    graph = make_graph(("use", "mentions"))
    for key in ("def", "rest"):
        del graph.chunks[key]
    _, asked = ask(graph)
    assert asked == [("Lattices", {"use"}), ("lattice", {"use"}), ("ordered algebra", {"use"})]


def test_only_development_concepts_are_asked_for() -> None:
    assert ask(make_graph(("def", "defines")), side="train")[1] == []
