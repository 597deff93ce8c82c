"""Relations by reference: what "Theorem 2.3", "this lemma" and a proof stand for."""

from graphtune.kg.mentions import link_mentions
from graphtune.kg.rules.relations import find_relations
from graphtune.records import Chunk, ChunkLink, Unit
from tests.test_kg_relations import relate


def make_unit(text, part, kind, label="", number="", name=""):
    start = text.index(part)
    head = f"{label} {number} ({name})." if name else f"{label} {number}."
    return Unit(
        start, start + len(part), kind, start + len(head) * bool(label), label, number, name
    )


def make_corpus(*texts):
    """Build a chunk of each (key, text, units), mentions of all names ending in rule, lemma, identity."""
    names = ("Alpha rule", "Beta identity", "Gamma lemma", "poset")
    chunks = [
        Chunk(key, "d", number, text, 0, len(text), "1 Start", 1, 1, 9, units=units)
        for number, (key, text, units) in enumerate(texts)
    ]
    mentions = {}
    for mention in link_mentions({name: name for name in names}, chunks):
        mentions.setdefault(mention.chunk_id, []).append(mention)
    return chunks, mentions


def make_statement(key, label, number, name="", body="It holds."):
    text = f"{label} {number} ({name}). {body}" if name else f"{label} {number}. {body}"
    return key, text, (make_unit(text, text, "statement", label, number, name),)


def make_text(key, text, kind="text"):
    return key, text, (Unit(0, len(text), kind, 0, "Proof" if kind == "proof" else ""),)


def link(source, chunks, part, target, kind="refers_to"):
    text = next(chunk.text for chunk in chunks if chunk.id == source)
    start = text.index(part)
    return ChunkLink(source, kind, target, start, start + len(part))


def test_a_reference_stands_for_what_its_statement_names():
    chunks, mentions = make_corpus(
        make_statement("a", "Theorem", "1", "Alpha rule"),
        make_statement("b", "Lemma", "2", "Beta identity"),
        make_statement("u", "Lemma", "3", "", "Every poset ends."),
        make_text("t", "Obviously Theorem 1 generalizes Lemma 2. So Lemma 3 implies Theorem 1."),
    )
    links = [
        link("t", chunks, "Theorem 1", "a"),
        link("t", chunks, "Lemma 2", "b"),
        link("t", chunks, "Lemma 3", "u"),
    ]
    (relation,) = find_relations(chunks, links, mentions)
    assert (relation.source, relation.type, relation.target) == (
        "Alpha rule",
        "generalizes",
        "Beta identity",
    )
    assert (
        chunks[3].text[relation.start : relation.end] == "Obviously Theorem 1 generalizes Lemma 2."
    )
    assert find_relations(chunks, [], mentions) == []


def test_a_reference_within_a_chunk_needs_no_link():
    first = "Theorem 1 (Alpha rule). It holds."
    second = "Lemma 2 (Beta identity). It holds."
    text = f"{first}\n\n{second}\n\nHere Theorem 1 implies Lemma 2, but see Theorem 1 of [4]."
    units = (
        make_unit(text, first + "\n\n", "statement", "Theorem", "1", "Alpha rule"),
        make_unit(text, second + "\n\n", "statement", "Lemma", "2", "Beta identity"),
        make_unit(text, text[len(first + second) + 4 :], "text"),
    )
    chunks, mentions = make_corpus(("c", text, units))
    found = find_relations(chunks, [], mentions)
    assert [(r.source, r.type, r.target) for r in found] == [
        ("Alpha rule", "implies", "Beta identity")
    ]


def test_this_theorem_is_the_last_one_of_the_section():
    chunks, mentions = make_corpus(
        make_statement("a", "Theorem", "1", "Alpha rule"),
        make_text(
            "t", "The theorem implies the beta identity. This lemma implies the gamma lemma."
        ),
    )
    found = find_relations(chunks, [], mentions)
    assert [(r.source, r.type, r.target) for r in found] == [
        ("Alpha rule", "implies", "Beta identity")
    ]


def test_a_theorem_implies_its_corollary():
    chunks, mentions = make_corpus(
        make_statement("a", "Theorem", "1", "Alpha rule"),
        make_statement("b", "Corollary", "2", "Beta identity"),
        make_statement("r", "Remark", "3", "Gamma lemma"),
    )
    (relation,) = find_relations(chunks, [], mentions)
    assert (relation.source, relation.type, relation.target) == (
        "Alpha rule",
        "implies",
        "Beta identity",
    )
    assert (relation.chunk_id, relation.start) == ("b", 0)


def test_a_proof_uses_what_it_names_and_refers_to():
    chunks, mentions = make_corpus(
        make_statement("a", "Theorem", "1", "Alpha rule"),
        make_statement("b", "Lemma", "2", "Beta identity"),
        make_text("p", "Proof. Use Lemma 2. By the gamma lemma and a poset it ends.", "proof"),
    )
    links = [ChunkLink("p", "proves", "a"), link("p", chunks, "Lemma 2", "b")]
    found = find_relations(chunks, links, mentions)
    assert [(r.source, r.type, r.target) for r in found] == [
        ("Alpha rule", "uses", "Beta identity"),
        ("Alpha rule", "uses", "Gamma lemma"),
    ]


def test_a_proof_in_the_same_chunk_uses_results_but_no_objects():
    text = (
        "Theorem 1 (Beta identity). It holds for posets.\n\nProof. By the alpha lemma and by a poset "
        "it follows. □\n\nBy the gamma lemma we see more."
    )
    names = ("Beta identity", "alpha lemma", "gamma lemma", "poset")
    assert relate(text, *names) == [("beta identity", "uses", "alpha lemma")]
