"""References inside a text, proofs and the links between chunks, on hand-made documents."""

from pathlib import Path

import pytest

from graphtune.chunking import read_document
from graphtune.chunking.builder import TextBuilder
from graphtune.chunking.links import link_chunks
from graphtune.chunking.references import find_references
from graphtune.chunking.split import split_document
from graphtune.config import ChunkingConfig
from graphtune.records import Document


def make_paper(*body: str) -> Document:
    """Build a paper with two lemmas, a theorem, an equation, `body`, and a bibliography."""
    builder = TextBuilder()
    builder.add_heading("2 Tableaux", 1)
    for label, number in (("Lemma", "2.1"), ("Lemma", "2.2"), ("Theorem", "2.3"), ("Lemma", "A")):
        head = f"{label} {number}."
        builder.begin_unit("statement", label, number, head=len(head))
        builder.add_paragraph(f"{head} All is well, by Lemma 2.1.")
        builder.end_unit()
    builder.add_paragraph("We have x = y (2.4) for all x.", displays=[(8, 19)])
    for part in body:
        builder.add_paragraph(part)
    builder.add_heading("3 More", 1)
    builder.add_heading("References", 1)
    for mark in ("1", "2", "3", "Sta99"):
        builder.begin_unit("reference", number=mark)
        builder.add_paragraph(f"[{mark}] A. Author, On Lemma 2.1.")
    return builder.build_document(Path("a.pdf"), b"x", "pdf", "")


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("So by Lemma 2.1 it holds.", ["Lemma 2.1."]),
        ("By Lem. 2.1, it holds.", ["Lemma 2.1."]),
        ("See Lemmas 2.1 and 2.2 or Theorem 2.3.", ["Lemma 2.1.", "Lemma 2.2.", "Theorem 2.3"]),
        ("See Lemmas 2.1–2.2.", ["Lemma 2.1.", "Lemma 2.2."]),
        ("See Lemma A and Section 2, and §3.", ["Lemma A. A", "2 Tableaux", "3 More\n\nRe"]),
        ("Now Theorem 2.1 is no theorem here.", []),
        ("By Lemma 2.1 of [2] it holds.", ["[2] A. Aut"]),
        ("It holds [1, Lemma 2.1].", ["[1] A. Aut"]),
        ("It holds [1, 3] and [Sta99].", ["[1] A. Aut", "[3] A. Aut", "[Sta99] A."]),
        ("It holds [1–3].", ["[1] A. Aut", "[2] A. Aut", "[3] A. Aut"]),
        ("Let x be in [0, 1] or [1, n].", []),
        ("It follows from (2.4).", ["x = y (2.4"]),
        ("It follows from (2.9) and f(2.4).", []),
        ("Eq. (2.4) is clear; so is equation 2.4.", ["x = y (2.4", "x = y (2.4"]),
        ("Lemma 2.11 is another one.", []),
        ("See Lemma 2.1(ii), Lemma 2.2(a) and so on.", ["Lemma 2.1.", "Lemma 2.2."]),
        ("Now by theorem 2.3 it holds.", ["Theorem 2.3"]),
        ("It is into (2.4 − x) and (2.4 + x.", []),
        ("It is [3]!/([2][1][1]) and = [2] + [1].", []),
        ("It is [1, 1, . . . , 1] or [1, . . . , 3].", []),
        (
            "It is Baer[1] and [1]–[3], [2].",
            ["[1] A. Aut", "[1] A. Aut", "[3] A. Aut", "[2] A. Aut"],
        ),
    ],
)
def test_references_are_resolved(text: str, targets: list[str]) -> None:
    document = make_paper(text)
    begin = document.text.index(text)
    found = [
        document.text[label.target : label.target + 10]
        for label in find_references(document)
        if begin <= label.start < begin + len(text)
    ]
    assert found == [target[:10] for target in targets]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("By Lemmas 2.1 and 2.2(ii) (or Theorem 2.3).", ["Lemmas 2.1", "2.2(ii)", "Theorem 2.3"]),
        ("It follows from (2.4) and [1, Lemma 2.1].", ["(2.4)", "[1, Lemma 2.1]"]),
    ],
)
def test_spans_cover_kind_and_number(text: str, spans: list[str]) -> None:
    document = make_paper(text)
    begin = document.text.index(text)
    found = [label for label in find_references(document) if 0 <= label.start - begin < len(text)]
    assert [document.text[label.start : label.end] for label in found] == spans


LATEX = r"""\newtheorem{lem}{Lemma} \begin{document}
\begin{lem}\label{a} A. \end{lem} \begin{lem}\label{b} B. \end{lem}
See Lemmas \ref{a} and~\ref{b}(ii), Part \ref{a}, \cref{b} and \cite{K}, $x \in [1]$, or q[1].
\begin{thebibliography}{9} \bibitem{K} Knuth. \end{thebibliography} \end{document}"""


def test_latex_spans_are_those_of_the_pdf(tmp_path: Path) -> None:
    path = tmp_path / "a.tex"
    path.write_text(LATEX)
    document = read_document(path)
    found = [document.text[label.start : label.end] for label in find_references(document)]
    assert found == ["Lemmas 1", "2(ii)", "1", "lemma 2", "1"]


def test_nothing_is_guessed_in_formulas_of_markdown(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(
        "We have\n\n$$ x = y [1] \\tag{7} $$\n\nAs in [1] and by (7), $[1]$, `a[1]`.\n\n"
        "# References\n\n[1] Knuth.\n"
    )
    document = read_document(path)
    found = [document.text[label.start : label.end] for label in find_references(document)]
    assert found == ["[1]", "(7)"]


def test_heads_and_the_bibliography_refer_to_nothing() -> None:
    document = make_paper()
    texts = [document.text[label.start : label.end] for label in find_references(document)]
    assert texts == ["Lemma 2.1"] * 3  # in the bodies of the other three statements


def test_a_number_of_two_places_refers_to_none() -> None:
    builder = TextBuilder()
    for _ in range(2):
        builder.begin_unit("statement", "Lemma", "1", head=8)
        builder.add_paragraph("Lemma 1. So.")
    builder.end_unit()
    builder.add_paragraph("By Lemma 1.")
    assert find_references(builder.build_document(Path("a"), b"", "txt", "")) == []


def test_proofs_are_tied_to_their_statement() -> None:
    builder = TextBuilder()
    starts: dict[str, int] = {}
    parts = [
        ("statement", "Theorem", "1", ""),
        ("statement", "Lemma", "2", ""),
        ("proof", "Proof", "", ""),
        ("proof", "Proof", "", "of Theorem 1"),
        ("statement", "Definition", "3", ""),
        ("proof", "Proof", "", ""),
        ("statement", "Lemma", "4", ""),
        ("text", "", "", ""),
        ("proof", "Proof", "", ""),
    ]
    for kind, label, number, name in parts:
        starts[label + number] = builder.next_start
        builder.begin_unit(kind, label, number, name)  # type: ignore[arg-type]
        builder.add_paragraph("Some words.")
    document = builder.build_document(Path("a"), b"", "txt", "")
    assert [unit.proves for unit in document.units if unit.kind == "proof"] == [
        starts["Lemma2"],
        starts["Theorem1"],
        None,
        starts["Lemma4"],
    ]


def test_links_join_chunks() -> None:
    builder = TextBuilder()
    builder.begin_unit("statement", "Lemma", "1", head=8)
    builder.add_paragraph("Lemma 1. " + "One is a number. " * 6)
    builder.begin_unit("proof", "Proof")
    builder.add_paragraph("Proof. " + "It is what it is, by Lemma 1, see [7]. " * 6)
    builder.add_heading("References", 1)
    builder.begin_unit("reference", number="7")
    builder.add_paragraph("[7] A book.")
    document = builder.build_document(Path("a"), b"", "txt", "")
    chunks = split_document(document, ChunkingConfig(max_tokens=40), lambda text: _word_spans(text))
    names = {chunk.id: chunk.position for chunk in chunks}
    links = link_chunks(document, chunks)
    last = len(chunks) - 1
    edges = {(names[link.source], link.type, names[link.target]) for link in links}
    assert {(1, "refers_to", 0), (1, "cites", last), (1, "proves", 0)} <= edges
    assert all(link.source != link.target for link in links)
    for link in links:
        if link.type != "proves":
            text = chunks[names[link.source]].text[link.start : link.end]
            assert text == ("Lemma 1" if link.type == "refers_to" else "[7]")


def _word_spans(text: str) -> list[tuple[int, int]]:
    spans, position = [], 0
    for word in text.split():
        start = text.index(word, position)
        position = start + len(word)
        spans.append((start, position))
    return spans
