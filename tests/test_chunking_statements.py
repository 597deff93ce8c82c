"""Statements and proofs of PDFs: their heads, and where they end."""

from pathlib import Path

import pytest
from typeset import FULL, SHORT, find_units, texts, typeset

from graphtune.chunking.statements import parse_head

UPRIGHT = [f">We know that {FULL}", SHORT]


@pytest.mark.parametrize(
    ("line", "label", "number", "name", "body"),
    [
        ("*Theorem 2.3* (Pieri rule)*.* _Let us see_", "Theorem", "2.3", "Pieri rule", "Let us"),
        ("*2.4. Lemma.* _Let us see_", "Lemma", "2.4", "", "Let us"),
        ("*Theorem A.* _Let us see_", "Theorem", "A", "", "Let us"),
        ("*Corollary 12a.* _Let us see_", "Corollary", "12a", "", "Let us"),
        ("*Main Theorem.* _Let us see_", "Main Theorem", "", "", "Let us"),
        ("_Remark 3._ It is plain to see", "Remark", "3", "", "It is"),
        ("*Definition* It is plain to see", "Definition", "", "", "It is"),
        ("*Scholion 2.5.* _Let us see_", "Scholion", "2.5", "", "Let us"),
        ("*Identity 7* ([3, Theorem 1])*.* _Let us see_", "Identity", "7", "[3, Theorem 1]", "Let"),
    ],
)
def test_heads(tmp_path: Path, line: str, label: str, number: str, name: str, body: str) -> None:
    first = ["*Lemma 1.1.* _All is well in the land of the partitions._", ""]
    page = [*UPRIGHT, "", *first, line, "", *UPRIGHT]
    document = typeset(tmp_path / "a.pdf", page)
    unit = find_units(document, "statement")[1]
    assert (unit.label, unit.number, unit.name) == (label, number, name)
    assert document.text[unit.head_end :].startswith(body)


@pytest.mark.parametrize(
    "lines",
    [
        [">Theorem 2.1 shows that it is so, as everybody in this field knows."],
        [f">We know that {FULL}", "_Theorem 2.1._ It is plain."],
        [">*Step 1.* It is plain to see that all of it is true."],
        [">_Proofs of such facts_ are long, and they are boring as well."],
    ],
)
def test_sentences_are_no_heads(tmp_path: Path, lines: list[str]) -> None:
    known = ["*Lemma 1.1.* _All is well in the land of the partitions._", ""]
    document = typeset(tmp_path / "a.pdf", [*UPRIGHT, "", *known, *UPRIGHT, *lines])
    assert [unit.number for unit in find_units(document, "statement")] == ["1.1"]
    assert not find_units(document, "proof")


@pytest.mark.parametrize(
    ("body", "end"),
    [
        # Italics end with the face, with or without white space.
        (["*Theorem 1.* _Let us say that_ G = G _is a graph, and let it be a very long one,_",
          "_which is easy to say._"], "easy to say."),
        # The second paragraph in italics and the formula between are the theorem's.
        (["*Theorem 1.* _Let us say that this is a graph, and let it be a very long one._",
          ">_It is also a tree, and in it the sum is_", "^a + b = c,", "_which is good._"], "good."),
        (["*Theorem 1.* _We say that all these are the same:_", ">(1) _it is a tree that grows;_",
          ">(2) _it is a graph._"], "a graph."),
        # Upright ones end at white space; lists and formulas inside them are theirs.
        (["*Definition 1.* A _tree_ is a connected graph in which there is no cycle at all, as in",
          "most of the books on the subject.", ""], "the subject."),
        (["*Definition 1.* A _tree_ is a graph such that", "^a + b = c", "holds in it.", ""],
         "holds in it."),
        (["*Example 1.* These are trees:", ">(1) the one in the garden;", ">(2) the other one.", ""],
         "other one."),
    ],
)  # fmt: skip
def test_a_statement_ends_where_its_text_ends(tmp_path: Path, body: list[str], end: str) -> None:
    document = typeset(tmp_path / "a.pdf", [*UPRIGHT, "", *body, *UPRIGHT])
    (statement,) = texts(document, "statement")
    assert statement.endswith(end)
    assert texts(document, "text")[-1].startswith("We know")


def test_a_box_ends_a_remark(tmp_path: Path) -> None:
    page = [*UPRIGHT, "", "*Remark 1.* All is easy to see here. Q.E.D.", ">It goes on."]
    assert texts(typeset(tmp_path / "a.pdf", page), "statement") == [
        "Remark 1. All is easy to see here. Q.E.D."
    ]


def test_proofs_run_over_paragraphs_and_pages(tmp_path: Path) -> None:
    theorem = ["*Theorem 1.* _All is well._", ""]
    first = [*UPRIGHT, "", *theorem, f"_Proof of Theorem 1._ We know that {FULL}", SHORT, *UPRIGHT]
    second = [">So the last step is here. Q.E.D.", *UPRIGHT]
    document = typeset(tmp_path / "a.pdf", first, second)
    (proof,) = find_units(document, "proof")
    assert (proof.label, proof.name) == ("Proof", "of Theorem 1")
    text = document.text[proof.start : proof.end]
    assert text.startswith("Proof of Theorem 1. We")
    assert text.endswith("here. Q.E.D.")
    assert document.text[proof.head_end :].startswith("We know")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("_Proof._ It is plain to see.", ""),
        ("*Proof* (sketch)*.* It is plain.", "sketch"),
        ("_Sketch of proof._ It is plain.", "sketch"),
        ("_Proof of Theorem 3 (sketch)._ It is plain.", "of Theorem 3 (sketch)"),
        ("_Second proof of Lemma 2.1._ It is plain.", "second of Lemma 2.1"),
    ],
)
def test_names_of_proofs(tmp_path: Path, line: str, name: str) -> None:
    page = [*UPRIGHT, "", "*Lemma 1.* _All is well._", "", line, *UPRIGHT]
    assert [unit.name for unit in find_units(typeset(tmp_path / "a.pdf", page), "proof")] == [name]


def test_claims_belong_to_the_proof_around_them(tmp_path: Path) -> None:
    page = [
        *UPRIGHT, "", "*Lemma 1.* _All is well._", "",
        "_Proof._ This is how it goes here.", "",
        "*Claim 1.* _It is a tree._", "", "_Proof of the claim._ It has no cycle. Q.E.D.", "",
        ">And so the lemma follows. Q.E.D.", ">After that there is peace.",
    ]  # fmt: skip
    document = typeset(tmp_path / "a.pdf", page)
    (proof,) = texts(document, "proof")
    assert proof.endswith("the lemma follows. Q.E.D.")
    assert texts(document, "text")[-1] == "After that there is peace."


def test_a_theorem_ends_a_proof_without_box(tmp_path: Path) -> None:
    page = [*UPRIGHT, "", "_Proof._ It is plain.", "", "*Theorem 2.* _All is well._", *UPRIGHT]
    document = typeset(tmp_path / "a.pdf", page)
    assert texts(document, "proof") == ["Proof. It is plain."]
    assert texts(document, "statement") == ["Theorem 2. All is well."]


def test_captions_and_footnotes_do_not_cut_a_proof(tmp_path: Path) -> None:
    first = [*UPRIGHT, "", f"_Proof._ We know that {FULL}", f"it holds, {FULL}", "", "",
             "^*Figure 2:* A tree.", "", "", "", "-Date: June 2008."]  # fmt: skip
    document = typeset(tmp_path / "a.pdf", first, ["so it ends. Q.E.D.", *UPRIGHT])
    assert texts(document, "proof")[0].endswith("and so it ends. Q.E.D.")
    assert texts(document, "footnote") == ["Date: June 2008."]
    (caption,) = find_units(document, "caption")
    assert (caption.label, caption.number) == ("Figure", "2")
    assert document.text[caption.head_end : caption.end] == "A tree."


def test_heads_without_their_fonts() -> None:
    assert parse_head("It is plain") is None
    head = parse_head("LEMMA 3 (a (b) c): Let")
    assert head
    assert (head.label, head.number, head.name) == ("Lemma", "3", "a (b) c")
