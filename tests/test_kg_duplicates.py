"""Near-duplicates in a real database."""

from pathlib import Path

from graphtune.kg.duplicates import find_near_duplicates, link_near_duplicates, sign_text
from graphtune.kg.store import GraphStore
from graphtune.records import Chunk, Document, Reading

LONG = (
    "A partition of a number is a weakly decreasing sequence of positive integers whose sum is that "
    "number, and its parts are the members of the sequence; the length is how many parts it has, and "
    "the conjugate partition counts how many parts are at least as large as each number in turn."
)


def find(*texts: str) -> list[tuple[str, str]]:
    named = {f"c{index}": text for index, text in enumerate(texts)}
    signatures = {key: sign_text(text) for key, text in named.items()}
    links = find_near_duplicates(named, {k: s for k, s in signatures.items() if s})
    assert all(link.type == "near_duplicate" and link.weight >= 0.8 for link in links)
    return [(link.source, link.target) for link in links]


def test_near_duplicates_are_found_whatever_their_case_and_signs() -> None:
    nearly = LONG.replace("in turn", "again").upper().replace(",", " –")
    other = "The ring of symmetric functions is a polynomial ring in the elementary ones. " * 4
    assert find(LONG, other, nearly, LONG) == [("c0", "c2"), ("c0", "c3"), ("c2", "c3")]


def test_short_and_half_equal_texts_are_none() -> None:
    half = LONG[: len(LONG) // 2] + "and now for something that is completely different " * 4
    assert find("Proof. Clear.", "Proof. Clear.", LONG, half) == []


def test_a_text_that_all_papers_share_has_few_links() -> None:
    assert len(find(*[LONG] * 40)) <= 5 * 40


def add(store: GraphStore, name: str, text: str) -> None:
    document = Document(name, name, name, "txt", name, text)
    chunk = Chunk(f"c{name}", name, 0, text, 0, len(text), "", 1, 1, 9)
    store.save_reading(Reading(name, "ok", "", document, (chunk,)), name, "v1")


def test_links_follow_the_corpus(tmp_path: Path) -> None:
    with GraphStore(tmp_path / "graph.db") as store:
        for name, text in (("a", LONG), ("b", "Short."), ("c", f"{LONG} Indeed.")):
            add(store, name, text)
        link_near_duplicates(store.db)
        (link,) = store.links()
        assert (link.source, link.target) == ("ca", "cc")
        assert 0.9 < link.weight < 1
        add(store, "d", LONG)
        link_near_duplicates(store.db)
        assert len(store.links()) == 3
        store.delete_file("a")
        assert [(link.source, link.target) for link in store.links()] == [("cc", "cd")]
        before = store.links()
        link_near_duplicates(store.db)
        assert store.links() == before
