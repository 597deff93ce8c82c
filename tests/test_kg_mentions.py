"""Mentions: which names are found where, and the role of each."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphtune.kg.mentions import find_name, link_mentions, list_variants
from graphtune.kg.paragraphs import list_sentences, split_paragraphs
from graphtune.records import Span
from tests.passages import make_passage


def make_chunk(text, heading="1 Start", emphasis=(), chunk_id="c"):
    return make_passage(text, heading, emphasis, chunk_id)


def link(names, text, **kwargs):
    chunk = make_chunk(text, **kwargs)
    ids = dict(names) if isinstance(names, dict) else {name: name for name in names}
    return [(text[m.start : m.end], m.concept_id, m.role) for m in link_mentions(ids, [chunk])]


def found(names, text):
    return [surface for surface, _, _ in link(names, text)]


def test_spelling_may_differ():
    names = ["Erdős–Ko–Rado theorem"]
    for text in (
        "the Erdos-Ko-Rado theorem",
        "The ERDŐS–KO–RADO  THEOREM",
        "Erdo\u030bs‐Ko‐Rado theorems",
    ):
        assert len(found(names, text)) == 1, text


def test_plurals_and_possessives_are_found_both_ways():
    assert found(["partition"], "all partitions, bipartition, partitioned, partition.") == [
        "partitions",
        "partition",
    ]
    assert found(["bases"], "a basis") == ["basis"]
    assert found(["Bailey lemma"], "by Bailey’s lemma") == ["Bailey’s lemma"]
    assert found(["Bailey's lemma"], "by the Bailey lemma") == ["Bailey lemma"]
    assert found(["matrix"], "Two matrices. A matrix") == ["matrices", "matrix"]


def test_hyphens_and_symbols_bound_words():
    assert found(["q-binomial theorem"], "an eq-binomial theorem") == []
    assert found(["Schur function"], "a q-Schur function, the P-Schur function") == []
    assert found(["Schur"], "Hall–Schur and Schur-positive but Schur’s") == ["Schur"]
    assert found(["partition"], "order—partition—chain") == ["partition"]
    assert found(["poset"], "poset2 _poset poset") == ["poset"]


def test_tex_dollars_do_not_hide_a_name():
    text = "a $q$-series, q-series, a poset $P$, rank $n$ posets"
    assert found(["q-series", "poset"], text) == ["$q$-series", "q-series", "poset", "posets"]


def test_formulas_beside_and_around_names():
    assert found(["poset"], "the poset$P$, a poset$P$") == ["poset", "poset"]
    assert found(["module"], "$R$module and $R$-modules") == ["module"]
    assert found(["module over R"], "a module over $R$ is") == ["module over $R$"]
    assert found(["LR"], "if $LR = RL$ then the LR rule") == ["LR"]
    assert found(["matrix", "det"], r"$\begin{matrix} a \end{matrix}$, $\det A$, det") == ["det"]
    assert found(["rank"], r"$\operatorname{rank}(A)$") == ["rank"]


def test_prefixes_primes_and_subscripts_make_other_words():
    assert found(["group"], "p-group, $p$-group, q‐group") == []
    assert found(["group", "abelian group"], "non-abelian group") == ["group"]
    assert found(["p-group", "group"], "a $p$-group, a p‐group") == ["$p$-group", "p‐group"]
    assert found(["Sn", "S_n"], "Sn, S_n, $S_n$, $S_{n}$") == ["Sn", "S_n", "S_n"]
    assert found(["poset"], "poset_1 poset₂ poset′ poset's") == ["poset", "poset"]
    assert found(["Frobenius map"], "Frobenius’ map, Frobenius map") == [
        "Frobenius’ map",
        "Frobenius map",
    ]


def test_greek_letters_and_their_commands_are_one():
    for name in ("λ-ring", r"\lambda-ring", r"$\lambda$-ring"):
        assert found([name], r"a $\lambda$-ring, a λ-ring, a $\lambda$-rings") == [
            r"$\lambda$-ring",
            "λ-ring",
            r"$\lambda$-rings",
        ], name
    assert found(["ring"], "a λ-ring, a λring") == []


def test_other_scripts():
    assert found(["群論", "行列"], "我々は群論を研究し、行列式。") == ["群論", "行列"]
    assert found(["Schur"], "Schur関数とSchurian") == ["Schur"]
    assert found(["теория групп", "группа"], "Теория групп и подгруппа") == ["Теория групп"]
    assert found(["θεώρημα"], "Το Θεώρημα.") == ["Θεώρημα"]


def test_a_name_may_cross_a_line_but_no_paragraph():
    assert found(["Schur function"], "a Schur\nfunction, a Schur\n\nfunction") == [
        "Schur\nfunction"
    ]


def test_the_longest_known_name_wins():
    names = ["Schur function", "skew Schur function", "function"]
    assert found(names, "skew Schur functions and Schur functions") == [
        "skew Schur functions",
        "Schur functions",
    ]
    assert found(["graph", "bipartite graph"], "a bipartite digraph, a graph") == ["graph"]


def test_acronyms_are_case_sensitive_and_longer_ones_are_not():
    assert found(["ASM"], "an asm, an ASM, two ASMs") == ["ASM", "ASMs"]
    assert found(["TASEP"], "the Tasep") == ["Tasep"]


def test_a_given_name_goes_before_a_derived_one():
    names = {"base": "base", "basis": "basis", "bases": "basis"}
    assert [key for _, key, _ in link(names, "bases, bases")] == ["basis", "basis"]


def test_no_match_crosses_a_paragraph():
    assert found(["Schur function"], "Schur\n\nfunction") == []


TEXT = """2.1. Pieri's rule.

Definition 2.1 (Strip). A strip is a skew shape.

Theorem 2.2 (Pieri rule). For every strip we have

s = t for the strip.

Proof. Use a strip here.

Then a strip again. □

After that, the strip is text."""


def test_roles_follow_the_paragraph():
    roles = [role for _, _, role in link(["strip"], TEXT, heading="2 Rules > 2.1 Pieri's rule")]
    assert roles == ["states", "states", "uses", "uses", "uses", "uses", "mentions"]
    rule = link(["Pieri rule"], TEXT, heading="2 Rules > 2.1 Pieri's rule")
    assert [(surface, role) for surface, _, role in rule] == [
        ("Pieri's rule", "states"),
        ("Pieri rule", "states"),
    ]


def test_running_text_about_a_theorem_is_no_statement():
    assert link(["strip"], "Theorem 2.1 shows that a strip exists.")[0][2] == "mentions"
    assert link(["strip"], "Theorem 2.1. Every strip exists.")[0][2] == "states"
    assert link(["strip"], "Example 3. A strip.")[0][2] == "mentions"


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Theorem 2 (The strip rule). It holds.", "states"),
        ("Theorem 2. Let G be a strip.", "uses"),
        ("Theorem 2. It holds. Then every strip is good.", "states"),
        ("Theorem 2. For all x the strip is good.", "uses"),
        ("Definition 2. A strip is a shape.", "states"),
        ("Definition 2. A strip S is good if it ends.", "uses"),
        ("Definition 2. A strip is called good if it ends.", "uses"),
        ("Definition 2. A shape is a strip if it ends.", "uses"),
        ("Theorem 2. Any strip S is good.", "states"),
        ("Theorem 2. It holds.\n\nThe strip is good.", "mentions"),
        ("Proof. The strip is good.", "uses"),
        ("The strip is good.", "mentions"),
    ],
)
def test_statements_state_what_they_are_about_and_use_the_rest(text, role):
    assert [found_role for _, _, found_role in link(["strip", "strip rule"], text)] == [role]


@pytest.mark.parametrize("heading", ["References", "A More > Bibliography", "7 References"])
def test_bibliographies_have_their_own_role(heading):
    assert link(["strip"], "[1] On strips.", heading=heading)[0][2] == "bibliography"


def test_defining_spans_mark_only_their_own_concept():
    text = "Here a strip is a shape with few boxes."
    chunk = make_chunk(text)
    spans = {("c", "strip"): [Span(0, len(text))], ("other", "shape"): [Span(0, len(text))]}
    roles = {
        m.concept_id: m.role
        for m in link_mentions({"strip": "strip", "shape": "shape"}, [chunk], spans)
    }
    assert roles == {"strip": "defines", "shape": "mentions"}


@given(st.lists(st.sampled_from(["poset", "skew shape", "RSK", "é", "–", " ", "\n\n", "(", "q-"])))
@settings(max_examples=60)
def test_spans_hold_the_name_and_do_not_overlap(parts):
    text = " ".join(parts)
    chunk = make_chunk(text)
    names = {"posets": "poset", "skew shape": "skew shape", "RSK": "rsk", "shape": "shape"}
    last = 0
    for mention in link_mentions(names, [chunk]):
        assert mention.start >= last
        assert text[mention.start : mention.end].lower() == mention.concept_id
        last = mention.end


NAMES = ["poset", "posets", "skew shape", "shape", "RSK", "q-series", "series", "群論", "λ-ring"]
PARTS = [
    *NAMES, "Poset", "rsk", "λ", "群", "s", "q", "-", "–", "—", " ", "  ", "\n\n", "\n", "_", "(",
]  # fmt: skip


def find_simply(text: str) -> list[tuple[int, int]]:
    """The slow way: try every name at every place of the text, and take the longest from the left."""
    plain = text.lower().replace("–", "-").replace("—", "=")
    variants = {v.replace("\\lambda", "λ"): n for n in NAMES for v in list_variants(n)}
    hits = []
    for start in range(len(text)):
        for variant, name in variants.items():
            pattern = re.escape(variant).replace("\\ ", r"(?: +|\n(?!\n))")
            match = re.compile(pattern).match(plain, start)
            if not match or (name == "RSK" and text[start : start + 3] != "RSK"):
                continue
            before, after = plain[:start], plain[match.end() :]
            unspaced = "群論"
            if variant not in unspaced:
                if re.search(r"[^\W群論]\Z|\S-\Z", before) or re.match(r"[^\W群論]|-[^\W_]", after):
                    continue
            elif re.search(r"_\Z|\S-\Z", before) or re.match(r"_|-[^\W_]", after):
                continue
            hits.append((start, -match.end()))
    chosen: list[tuple[int, int]] = []
    for start, minus_end in sorted(hits):
        if not chosen or start >= chosen[-1][1]:
            chosen.append((start, -minus_end))
    return chosen


@given(st.lists(st.sampled_from(PARTS)))
@settings(max_examples=500)
def test_the_automaton_finds_what_a_simple_search_finds(parts):
    text = "".join(parts)
    assert find_name(NAMES, text) == find_simply(text)


def test_no_names_no_mentions():
    assert list(link_mentions({}, [make_chunk("a poset")])) == []
    assert find_name([], "a poset") == []


def test_thousands_of_names_and_chunks_take_seconds():
    names = {f"word{i} thing{i % 97}": str(i) for i in range(5000)}
    text = " ".join(f"word{i} thing{i % 97} and so on, with more text." for i in range(30))
    chunks = [make_chunk(text, chunk_id=str(i)) for i in range(1000)]
    begin = time.perf_counter()
    assert sum(1 for _ in link_mentions(names, chunks)) == 30_000
    assert time.perf_counter() - begin < 10


def test_sentences_end_where_people_end_them():
    text = "Let S be a set, cf. Thm. 3 of R. Stanley. Then S. The end (of it.) Is it? Yes"
    assert [text[a:b] for a, b in list_sentences(text, 0, len(text))] == [
        "Let S be a set, cf. Thm. 3 of R. Stanley.",
        "Then S.",
        "The end (of it.)",
        "Is it?",
        "Yes",
    ]


def test_statement_titles_are_read():
    chunk = make_chunk("2.3. Theorem (Main (weak) form [4]). It holds.\n\nLemma. Yes.")
    first, second = split_paragraphs(chunk)
    assert chunk.text[slice(*first.title)] == "Main (weak) form [4]"
    assert (first.word, second.word, second.title) == ("theorem", "lemma", None)
    assert chunk.text[first.head_end :].startswith("It holds")
