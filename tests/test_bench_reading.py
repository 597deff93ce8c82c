"""The judge of reading: what the sources say, and that each measure can be right and wrong."""

import json
from pathlib import Path

import pymupdf
import pytest
from click.testing import CliRunner

from graphtune.bench.reading.__main__ import judge
from graphtune.bench.reading.chunks import ChunkScore, list_asked, make_counter, starts_mid_clause
from graphtune.bench.reading.corpus import find_pairs, read_raw_pages
from graphtune.bench.reading.hyphens import judge_hyphens
from graphtune.bench.reading.output import list_shares
from graphtune.bench.reading.pages import Article, PageScore
from graphtune.bench.reading.speed import make_long_pdf, measure_memory
from graphtune.bench.reading.splitters import make_semchunk, split_like_seed
from graphtune.bench.reading.structure import Score, judge_structure
from graphtune.bench.reading.truth import Truth, read_truth
from graphtune.chunking import load_token_spans
from graphtune.config import BaseConfig
from graphtune.encoder import locate_tokenizer
from graphtune.errors import DataError
from graphtune.records import Chunk, Document, Heading, Unit

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
TEX = r"""
\documentclass{article}
\newtheorem{thm}{Theorem}[section]
\newtheorem{lem}[thm]{Lemma}
\newtheorem*{rem}{Remark}
\newcommand{\ie}{\emph{i.e.}}
\begin{document}
\section{Tableaux of $n$ cells} % \begin{thm} not this
\begin{thm}[Pieri rule]\label{pieri}
The product of two \emph{functions} is a non-negative sum over horizontal strips.
\end{thm}
\begin{proof}
Insert the letters one by one into a tableau, \ie\ use insertion. So $a\neq b$.
\end{proof}
\begin{lem} Every group of order \[ n = 4 \] acts freely on a set. \end{lem}
Some words stand between the lemma and what follows it here.
\begin{proof}[Proof of Theorem~\ref{pieri}] A second one by induction on the rank. \end{proof}
\section*{Remarks}
\begin{rem} Nothing more needs to be said about them. \end{rem}
\textbf{Definition.} A shape is a set of cells.
\appendix
\section{Tables}
\begin{thm} All tables are finite and M\"obius liked them. \end{thm}
\begin{thebibliography}{9}
\bibitem{S} R. Stanley, Enumerative Combinatorics.
\bibitem{M} I. Macdonald, Symmetric Functions.
\end{thebibliography}
\end{document}
"""
PARTS: tuple[tuple[str, str], ...] = (
    ("heading", "1 Tableaux of n cells"),
    ("statement", "Theorem 1.1 (Pieri rule). The product of two functions is a non-negative sum over "
     "horizontal strips."),
    ("proof", "Proof. Insert the letters one by one into a tableau, i.e. use insertion. So a ≠ b."),
    ("statement", "Lemma 1.2. Every group of order n = 4 acts freely on a set."),
    ("text", "Some words stand between the lemma and what follows it here."),
    ("proof", "Proof of Theorem 1.1. A second one by induction on the rank."),
    ("heading", "Remarks"),
    ("statement", "Remark. Nothing more needs to be said about them."),
    ("statement", "Definition. A shape is a set of cells."),
    ("heading", "A Tables"),
    ("statement", "Theorem A.1. All tables are finite and Möbius liked them."),
    ("heading", "References"),
    ("reference", "[1] R. Stanley, Enumerative Combinatorics."),
    ("reference", "[2] I. Macdonald, Symmetric Functions."),
)  # fmt: skip


@pytest.fixture
def truth() -> Truth:
    return read_truth(TEX)


def make_document(parts: tuple[tuple[str, str], ...] = PARTS) -> Document:
    """Make the document that a perfect reader would make of `TEX`."""
    units: list[Unit] = []
    headings: list[Heading] = []
    place, first = 0, None
    for kind, text in parts:
        head = text.find(". ") + 2 if kind in ("statement", "proof") else 0
        label, _, number = text[: max(head - 2, 0)].partition(" ")
        number, _, name = number.partition(" (")
        unit = Unit(place, place + len(text), kind, place + head, label, number, name.rstrip(")"))  # type: ignore[arg-type]
        if kind == "statement" and first is None:
            first = place
        if kind == "proof":
            unit = Unit(place, unit.end, "proof", unit.head_end, "Proof", proves=first)
        if kind == "heading":
            headings.append(Heading(place, 1, text))
        units.append(unit)
        place += len(text) + 2
    text = "\n\n".join(text for _, text in parts)
    return Document(
        "0", "a.pdf", "0", "pdf", "T", text, headings=tuple(headings), units=tuple(units)
    )


def make_chunk(text: str, pages: tuple[int, int] = (1, 1)) -> Chunk:
    return Chunk("0", "0", 0, text, 0, len(text), "", *pages, 10)


def read_shares(score: Score) -> dict[str, str]:
    return {row[""]: row["of"] for row in list_shares(score)}


def test_statements_have_labels_numbers_and_names(truth: Truth) -> None:
    asked = [true for true in truth.statements if not true.is_optional]
    assert [(true.label, true.number, true.name) for true in asked] == [
        ("Theorem", "1.1", ("pieri", "rule")),
        ("Lemma", "1.2", ()),
        ("Remark", "", ()),
        ("Theorem", "A.1", ()),
    ]
    assert asked[1].words == tuple("every group of order acts freely on set".split())
    assert [true.label for true in truth.statements if true.is_optional] == ["Definition"]


def test_proofs_know_what_they_prove_only_where_the_source_says_it(truth: Truth) -> None:
    assert [proof.target for proof in truth.proofs] == [0, 0]
    apart = read_truth(TEX.replace(r"[Proof of Theorem~\ref{pieri}]", ""))
    assert [proof.target for proof in apart.proofs] == [0, None]


def test_headings_and_references_come_in_order(truth: Truth) -> None:
    assert [heading.words for heading in truth.headings if not heading.is_optional] == [
        ("tableaux", "of", "cells"), ("remarks",), ("tables",), ("references",)
    ]  # fmt: skip
    assert [entry[0] for entry in truth.references] == ["stanley", "macdonald"]
    assert truth.negations["≠"] == 1


def test_a_perfect_reader_gets_all_points(truth: Truth) -> None:
    document = make_document()
    score = judge_structure(document, [make_chunk(document.text)], truth)
    for name, share in read_shares(score).items():
        right, _, total = share.partition(" / ")
        if not name.startswith(("chunks", "hyphens")):
            assert right == total != "0", (name, score.notes)


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ("Theorem 1.1 (Pieri", "Theorem 1.7 (Pieri", "… with the right number"),
        ("(Pieri rule)", "(Pieri)", "… with the right name"),
        ("acts freely on a set.", "acts", "… with the right end"),
        ("acts freely on a set.", "acts freely on a set. Some words stand between", "… with the right end"),
        ("Remark. Nothing", "Claim. Nothing", "statements recall"),
        ("Remark. Nothing", "Claim. Nothing", "statements precision"),
        ("A second one by induction", "Then they saw the light", "proofs recall"),
        ("1 Tableaux of n cells", "1 Tableaux", "headings recall"),
        ("A Tables", "A Tables and more", "… with equal text"),
        ("[2] I. Macdonald, Symmetric", "[2] No one, Unsymmetric", "references precision"),
        ("a ≠ b", "a = b", "negated relations kept"),
    ],
)  # fmt: skip
def test_each_fault_costs_its_point(truth: Truth, old: str, new: str, row: str) -> None:
    parts = tuple((kind, text.replace(old, new)) for kind, text in PARTS)
    assert parts != PARTS
    right, _, total = read_shares(judge_structure(make_document(parts), [], truth))[row].partition(
        " / "
    )
    assert int(right) == int(total) - 1


def test_a_missing_statement_unties_its_proofs(truth: Truth) -> None:
    parts = (*PARTS[:1], ("text", PARTS[1][1]), *PARTS[2:])
    shares = read_shares(judge_structure(make_document(parts), [], truth))
    assert shares["statements recall"] == "3 / 4"
    assert shares["… tied to the right statement"] == "0 / 2"


def test_controls_and_private_characters_are_told_apart(truth: Truth) -> None:
    chunks = [make_chunk("a\n\nb"), make_chunk("a\x14b"), make_chunk("\ufffd \ue000")]
    counts = judge_structure(make_document(), chunks, truth).counts
    assert (counts["chunks with control"], counts["chunks with replacement"]) == (1, 1)
    assert counts["private characters"] == 1


def write_pdf(path: Path, pages: list[str]) -> Path:
    with pymupdf.open() as file:
        for text in pages:
            file.new_page().insert_text((50, 72), text, fontsize=10)
        file.save(path)
    return path


def test_hyphens_at_line_ends_are_judged_by_the_source(tmp_path: Path, truth: Truth) -> None:
    pdf = write_pdf(
        tmp_path / "a.pdf", ["a non-\nnegative sum over hori-\nzontal strips of odd-\nities"]
    )
    raw = read_raw_pages(pdf)
    good, bad = Score(), Score()
    judge_hyphens(raw, "a non-negative sum over horizontal strips of oddities", truth.tokens, good)
    judge_hyphens(raw, "a nonnegative sum over hori- zontal strips of oddities", truth.tokens, bad)
    assert good.counts == {"hyphens": 2, "hyphens right": 2, "hyphens not judged": 1}
    assert (bad.counts["hyphens"], bad.counts["hyphens right"]) == (2, 0)


def test_both_layouts_are_found_and_papers_without_source_left_out(tmp_path: Path) -> None:
    for folder in ("pdf", "tex", "flat"):
        (tmp_path / folder).mkdir()
    for name in ("pdf/a.pdf", "flat/b.pdf", "flat/c.pdf"):
        write_pdf(tmp_path / name, ["text"])
    (tmp_path / "tex" / "a.tex").write_text(TEX, encoding="utf-8")
    (tmp_path / "flat" / "b.tex").write_text(TEX, encoding="utf-8")
    assert [paper.tex.name for paper in find_pairs(tmp_path)] == ["b.tex", "a.tex"]
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"holds no PDF"):
        find_pairs(tmp_path / "none")


def test_a_statement_is_whole_in_one_chunk_or_it_is_not(truth: Truth) -> None:
    raw = "\n".join(text for _, text in PARTS).replace("hor", "hor-\n")
    count = make_counter(load_token_spans(locate_tokenizer(BaseConfig(model="minilm"), Path())))
    asked = list_asked(truth, raw, count)
    assert [one.tokens is not None for one in asked] == [True] * 4
    assert asked[0].tokens == count(PARTS[1][1].replace("hor", "hor-\n"))
    whole, torn = ChunkScore(), ChunkScore()
    whole.judge("a", asked, [raw[:200], raw[200:]], [50, 90], 64)
    torn.judge("a", asked, [raw[:60], raw[60:]], [20, 90], 256)
    assert whole.counts["whole"] == whole.counts["asked"] == 4
    assert torn.counts["whole"] == 3
    assert whole.counts["over"] == 1


def test_the_rule_for_starts_in_mid_clause() -> None:
    assert all(map(starts_mid_clause, ("where x", "\n  = 3", ", so", "− 1", "”)", "\u0338=")))
    assert not any(
        map(starts_mid_clause, ("Where", "3.2 Words", "(a) If", "“If", "• One", "∗")[:5])
    )


def test_the_seed_splitter_cuts_at_blank_lines_first_and_steps_back() -> None:
    page = "A sentence. " * 60 + "\n\n" + "Other words; " * 120
    pieces = split_like_seed(
        [page, "", "The end of the paper comes on a page of its own, with a few words."]
    )
    assert pieces[0].startswith("[Page 1]\nA sentence.")
    assert pieces[0].endswith("A sentence.")
    assert pieces[1].startswith(page.strip()[720 - 200 : 720 - 190].strip())
    assert "[Page 3]\nThe end" in pieces[-1]
    assert max(map(len, pieces)) <= 1500


def test_semchunk_keeps_its_budget() -> None:
    tokenizer = locate_tokenizer(BaseConfig(model="minilm"), Path())
    count = make_counter(load_token_spans(tokenizer))
    pieces = make_semchunk(tokenizer, 40)("Every group acts freely on a set of cells. " * 30)
    assert len(pieces) > 5
    assert max(map(count, pieces)) <= 40


def test_pages_outside_the_articles_are_misses() -> None:
    one = Article("One", 1, 1, tuple("one the quick brown fox jumps over lazy dogs".split()), 1)
    two = Article("Two", 2, 3, tuple("two every group acts freely on some set of cells".split()), 1)
    score = PageScore()
    chunks = [
        make_chunk("The quick brown fox jumps over lazy dogs"),
        make_chunk("Every group acts freely on some set of cells", (2, 3)),
        make_chunk(
            "fox jumps over lazy dogs brown fox jumps over lazy dogs quick brown fox jumps over",
            (1, 2),
        ),
        make_chunk("One. Two. Abstract."),
    ]
    score.judge_pages("a", chunks, [one, two])
    assert score.counts == {"chunks": 3, "pages right": 2, "not judged": 1}
    assert len(score.notes) == 1


def test_swapped_columns_cost_order() -> None:
    words = [f"{a}{b}" for a in "abcdefgh" for b in ("ox", "ate", "ip", "um", "og")]
    article = Article("A", 1, 1, tuple(words))
    score = PageScore()
    score.judge_order("good", " ".join(words), [article], is_two_column=True)
    assert score.orders["good"] == 1.0
    score.judge_order("bad", " ".join([*words[20:], *words[:20]]), [article], is_two_column=True)
    assert score.orders["bad"] < 1.0
    assert score.counts["pairs, two columns"] > 50


def test_a_long_pdf_is_measured_in_a_process_of_its_own(tmp_path: Path) -> None:
    pdfs = [write_pdf(tmp_path / f"{n}.pdf", ["Some words of a page."] * n) for n in (2, 3)]
    make_long_pdf(pdfs, 9, tmp_path / "long.pdf")
    assert len(read_raw_pages(tmp_path / "long.pdf")) == 9
    row = measure_memory(tmp_path, locate_tokenizer(BaseConfig(model="minilm"), Path()), 20)
    assert row["pages"] == 20
    assert 10 < row["peak MB"] < 2000


@pytest.mark.parametrize("command", ["structure", "chunks"])
def test_commands_print_json_and_tables(tmp_path: Path, command: str) -> None:
    (tmp_path / "tex").symlink_to(SAMPLE / "tex")
    (tmp_path / "pdf").mkdir()
    (tmp_path / "pdf" / "06-rsk.pdf").symlink_to(SAMPLE / "pdf" / "06-rsk.pdf")
    result = CliRunner().invoke(judge, [command, str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert len(rows) > 3
    table = CliRunner().invoke(judge, [command, str(tmp_path), "--misses"]).stdout
    assert table.startswith("|")
