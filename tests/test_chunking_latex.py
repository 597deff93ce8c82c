"""LaTeX reading."""

from collections.abc import Callable
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphtune.chunking import read_document
from graphtune.chunking.tex.read import read_latex
from graphtune.records import Document

PREAMBLE = r"""\documentclass{amsart}
\newtheorem{thm}{Theorem}[section]
\newcommand{\term}[1]{\emph{#1}} \newcommand{\QQ}{\mathbb{Q}}
\title[Short]{On \emph{many} M\"obius functions}
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Document]:
    def read_body(body: str) -> Document:
        path = tmp_path / "paper.tex"
        path.write_text(PREAMBLE + "\\begin{document}\n" + body + "\n\\end{document}\nAfterwards.")
        return read_document(path)

    return read_body


def emphasised(document: Document) -> list[str]:
    return [document.text[start:end] for start, end in document.emphasis]


def test_structure_prints_like_the_pdf(read: Callable[[str], Document]) -> None:
    document = read(
        r"""\maketitle % a comment
\begin{abstract} Short. \end{abstract}
\section{First}\label{sec:a}
\subsection{Inner $x$}
Text with 50\% of it.
% a whole line
Still the same paragraph.

Next one.
\section*{No number}
\begin{thebibliography}{9} \bibitem{A} G. Andrews. \bibitem{B} R. Stanley. \end{thebibliography}"""
    )
    assert document.title == "On many Möbius functions"
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "1 First"), (2, "1.1 Inner $x$"), (1, "No number"), (1, "References"),
    ]  # fmt: skip
    assert units(document, "abstract") == [("Abstract", "", "", "Abstract.")]
    assert "\n\nAbstract. Short.\n\n1 First" in document.text
    assert "Text with 50% of it. Still the same paragraph.\n\nNext one." in document.text
    assert document.text.endswith("[1] G. Andrews.\n\n[2] R. Stanley.")
    assert "comment" not in document.text
    assert "Afterwards" not in document.text


def test_statements_have_heads_and_terms(read: Callable[[str], Document]) -> None:
    document = read(
        r"""\begin{definition}[Plane tree] A \emph{plane tree} is a \textbf{rooted tree}.\end{definition}
\begin{thm} Every {\em finite} \term{poset} is fine.\end{thm}
\begin{proof}[Proof of it] By \cite[Thm.~2]{Stanley} and \ref{thm:main}. \end{proof}"""
    )
    assert document.text.split("\n\n")[1:] == [
        "Definition (Plane tree). A plane tree is a rooted tree.",
        "Theorem 0.1. Every finite poset is fine.",
        "Proof of it. By [Stanley, Thm. 2] and main. □",
    ]
    assert emphasised(document) == ["plane tree", "rooted tree", "finite", "poset"]


def test_mathematics_is_kept_and_macros_expand(read: Callable[[str], Document]) -> None:
    document = read(
        r"""Let $x \in \QQ$ and
\begin{equation}\label{eq:x}
  a_1 + \text{if } b
\end{equation}
so that \[ c = d. \] Then $$e$$ holds, and \(f\) too."""
    )
    assert document.text.split("\n\n")[1] == (
        r"Let $x \in \mathbb{Q}$ and $a_1 + \text{if } b$ (1) so that $c = d.$ Then $e$ holds, and $f$ too."
    )


def test_characters_become_unicode(read: Callable[[str], Document]) -> None:
    document = read(
        r"""``K\"onig--Egerv\'ary'' and Erd\H{o}s, Stra\ss e --- \v{C}ech~\textrm{text} \& \'{\i}."""
    )
    assert document.text.split("\n\n")[1] == "“König–Egerváry” and Erdős, Straße — Čech text & í."


def test_lists_footnotes_and_drawings(read: Callable[[str], Document]) -> None:
    document = read(
        r"""Before\footnote{An aside.} it.
\begin{enumerate}[label=(\alph*)] \item One \item[\textbf{(b)}] Two \end{enumerate}
\begin{tikzpicture}\draw (0,0) -- (1,1);\end{tikzpicture} After."""
    )
    assert document.text.split("\n\n")[1:] == [
        "Before it.",
        "An aside.",
        "(a) One",
        "(b) Two",
        "After.",
    ]


def units(document: Document, kind: str) -> list[tuple[str, str, str, str]]:
    return [
        (unit.label, unit.number, unit.name, document.text[unit.start : unit.head_end].rstrip())
        for unit in document.units
        if unit.kind == kind
    ]


NUMBERED = r"""
\newtheorem{lem}[thm]{Lemma} \newtheorem*{rem}{Remark} \newtheorem{fact}{Fact}
\numberwithin{equation}{section}
\section{One} \begin{thm}[Pieri rule]\label{t} A. \begin{equation}\label{e} x \end{equation}\end{thm}
\begin{proof} By \eqref{e}.\footnote{A note.}

\begin{lem} Inner. \end{lem} More. \[ y \qedhere \] \end{proof}
\section{Two} \begin{lem}\label{l} By \cref{t} and \cite[p.~2]{B,A}. \end{lem} \begin{rem} R. \end{rem}
\begin{fact} F. \end{fact} See Lemma~\ref{l}.
\begin{figure}\caption{A map.}\label{f}\end{figure} As in \autoref{f}.
\begin{align} a \\ b \notag \\ c \tag{*} \end{align}
\appendix \section{Three}\label{s} \begin{thm} Z. \end{thm}
\begin{thebibliography}{9} \bibitem{A} First. \bibitem[St]{B} Second. \end{thebibliography}
"""


def test_units_have_the_numbers_of_the_pdf(read: Callable[[str], Document]) -> None:
    document = read(NUMBERED)
    assert units(document, "statement") == [
        ("Theorem", "1.1", "Pieri rule", "Theorem 1.1 (Pieri rule)."),
        ("Lemma", "1.2", "", "Lemma 1.2."),
        ("Lemma", "2.1", "", "Lemma 2.1."),
        ("Remark", "", "", "Remark."),
        ("Fact", "1", "", "Fact 1."),
        ("Theorem", "A.1", "", "Theorem A.1."),
    ]
    assert units(document, "proof") == [("Proof", "", "", "Proof."), ("", "", "", "")]
    assert units(document, "caption") == [("Figure", "1", "", "Figure 1:")]
    assert units(document, "footnote") == [("", "1", "", "")]
    assert units(document, "reference") == [("", "1", "", "[1]"), ("", "St", "", "[St]")]
    assert document.text.count("□") == 1
    assert [document.text[a:b] for a, b in document.displays] == [
        "$x$ (1.1)", "$y$", r"$a \\ b \\ c$ (2.1) (*)",
    ]  # fmt: skip
    assert [unit.end for unit in document.units][:-1] == [
        unit.start - 2 for unit in document.units
    ][1:]


def test_references_point_to_their_places(read: Callable[[str], Document]) -> None:
    document = read(NUMBERED)
    found = [
        (document.text[label.start : label.end], document.text[label.target :][:9])
        for label in document.labels
    ]
    assert found == [
        ("(1.1)", "$x$ (1.1)"),
        ("theorem 1.1", "Theorem 1"),
        ("St", "[St] Seco"),
        ("1", "[1] First"),
        ("2.1", "Lemma 2.1"),
        ("Figure 1", "Figure 1:"),
    ]
    assert "By theorem 1.1 and [St, 1, p. 2]." in document.text
    assert read(r"See \ref{thm:main} and \cite{Key}.").text.endswith("See main and [Key].")


def test_names_and_pages_of_labels(read: Callable[[str], Document]) -> None:
    document = read(
        r"""\section{One}\label{s} \begin{thm}[Pieri]\label{t} A. \end{thm} \section*{More}\label{m}
See \nameref{s}, \nameref{t}, \nameref{m}, page~\pageref{t}."""
    )
    assert "See One, Pieri, More, page t." in document.text


def test_a_proof_may_name_its_statement(read: Callable[[str], Document]) -> None:
    document = read(
        r"""\begin{thm}\label{a} A. \end{thm} \begin{thm}\label{b} B. \end{thm}
\begin{corollary} C. \end{corollary}
\begin{proof}[Proof of the corollary] So. \end{proof} \begin{proof}[Proof of \cref{a}] So. \end{proof}
\begin{proof}[Sketch of the proof of Theorem~\ref{b}.] So. \end{proof}"""
    )
    starts = [unit.start for unit in document.units if unit.kind == "statement"]
    assert [(unit.name, unit.proves) for unit in document.units if unit.kind == "proof"] == [
        ("of the corollary", starts[2]),
        ("of theorem 0.1", starts[0]),
        ("Sketch of the proof of Theorem 0.2", starts[1]),
    ]


def test_front_matter(read: Callable[[str], Document]) -> None:
    document = read(r"\author{A. One\thanks{Paid.}\\ Sofia} \author{B. Two} \date{May} Text.")
    assert document.authors == "A. One, B. Two"
    assert [(unit.kind, document.text[unit.start : unit.end]) for unit in document.units] == [
        ("title", "On many Möbius functions"), ("authors", "A. One, B. Two\n\nSofia\n\nMay"),
        ("footnote", "Paid."), ("text", "Text."),
    ]  # fmt: skip


def test_macros_of_every_kind(read: Callable[[str], Document]) -> None:
    document = read(
        r"""\def\a#1{[#1]}\let\b=\a \DeclareMathOperator{\rk}{rk}\newcommand{\c}[2][x]{#1#2}
\newenvironment{th}[1][]{\begin{thm}[#1]}{\end{thm}}\newcommand{\tail}{\a}
\a{1} \b{2} \c{y} \c[z]{y} \tail{3} $\rk A$ \iffalse hidden \fi seen
\let\old\emph \renewcommand{\old}[1]{\old{#1}} \verb|\a{%}| \begin{th}[N] S. \end{th}"""
    )
    assert document.text.split("\n\n")[1:] == [
        r"[1] [2] xy zy [3] $\operatorname{rk} A$ seen \a{%}",
        "Theorem 0.1 (N). S.",
    ]


def test_included_files_stay_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    folder.mkdir()
    (tmp_path / "secret.tex").write_text("Secret.")
    (folder / "part.tex").write_text(r"Part. \input{main}")
    main = folder / "main.tex"
    main.write_text(r"Start. \input{part} \include{../secret} \input{none} End.")
    document = read_document(main)
    assert document.text == "Start. Part. End."
    assert [warning.partition(" was")[0] for warning in document.warnings] == [
        "included file 'main'", "included file '../secret'", "included file 'none'",
    ]  # fmt: skip


def test_what_is_not_closed_is_a_warning_and_loses_no_text(
    read: Callable[[str], Document],
) -> None:
    document = read("A {b\n\n$x\n\nC \\begin{align} y\n\nD")
    assert all(word in document.text for word in "A b $x$ C y D".split())
    assert len(document.warnings) == 3
    assert any("A {b" in warning for warning in document.warnings)


def test_a_percent_sign_in_a_link_opens_no_comment(read: Callable[[str], Document]) -> None:
    document = read(
        r"""See \href{http://x.org/a%20b}{the link}, \nolinkurl{a%20b}, \url{c%20d} for \emph{more}.

Last words."""
    )
    assert document.text.endswith("See the link, a%20b, c%20d for more.\n\nLast words.")
    assert document.warnings == ()


def test_statements_written_by_hand(read: Callable[[str], Document]) -> None:
    document = read("{\\bf Theorem 3 (Weyl).} All.\n\n\\emph{Proof.} Clear.\n\nText.")
    assert units(document, "statement") == [("Theorem", "3", "Weyl", "Theorem 3 (Weyl).")]
    assert units(document, "proof") == [("Proof", "", "", "Proof.")]


@pytest.mark.parametrize(
    "piece",
    ["{", "\\[\n\n", r"\begin{thm}", r"\\[{]", r"\emph{a", r"\footnote{", r"\def\x{\x\x}\x", "<$x"],
)
def test_long_broken_input_takes_linear_time(piece: str) -> None:
    start = process_time()
    read_latex(Path("a.tex"), (piece * (100_000 // len(piece))).encode())
    assert process_time() - start < 5


SNIPPETS = r"""\emph{ } { \section{ $ $$ \begin{thm} \end{thm} \[ \] \item [ ] % \\ \cite \" \verb|
    \footnote{ \title{ word \def\x{\x\x} \x \begin{equation} \bf \par
    \footnote \caption{x} \ref{a} \label{a} \begin{figure} \end{figure} \begin{proof} \end{proof} \qedhere
    \begin{enumerate} \end{enumerate} \iffalse \else \fi \newcommand{\x}[1]{#1} \bibitem{a} \cref{a,b}
    \author{A \let\x=\emph \input{nothing} \begin{subequations} \end{subequations} \appendix""".split()


@settings(max_examples=150)
@given(st.lists(st.sampled_from([*SNIPPETS, "\n\n", "\n", " ", "é"]), max_size=30).map("".join))
def test_broken_source_never_fails(source: str) -> None:
    document = read_latex(Path("a.tex"), source.encode())
    assert all("\n" not in paragraph for paragraph in document.text.split("\n\n"))
    for start, end in document.emphasis:
        assert 0 <= start < end <= len(document.text)
        assert "\n" not in document.text[start:end]
    starts = [0, *(unit.end + 2 for unit in document.units)]
    assert [unit.start for unit in document.units] == starts[:-1]
    assert all(unit.start <= unit.head_end <= unit.end for unit in document.units)
    assert all(0 <= label.start < label.end <= len(document.text) for label in document.labels)
    for heading in document.headings:
        assert heading.start == 0 or document.text[heading.start - 2 : heading.start] == "\n\n"
