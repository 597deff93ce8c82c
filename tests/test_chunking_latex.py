"""LaTeX reading."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphtune.chunking import read_document
from graphtune.chunking.latex import read_latex
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
        (1, "Abstract"), (1, "1 First"), (2, "1.1 Inner $x$"), (1, "No number"), (1, "References"),
    ]  # fmt: skip
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
        "Theorem. Every finite poset is fine.",
        "Proof of it. By [Stanley, Thm. 2] and main.",
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
        r"Let $x \in \mathbb{Q}$ and $a_1 + \text{if } b$ so that $c = d.$ Then $e$ holds, and $f$ too."
    )


def test_characters_become_unicode(read: Callable[[str], Document]) -> None:
    document = read(
        r"""``K\"onig--Egerv\'ary'' and Erd\H{o}s, Stra\ss e --- \v{C}ech~\textrm{text} \& \'{\i}."""
    )
    assert document.text.split("\n\n")[1] == "“König–Egerváry” and Erdős, Straße — Čech text & í."


def test_lists_footnotes_and_drawings(read: Callable[[str], Document]) -> None:
    document = read(
        r"""Before\footnote{An aside.} it.
\begin{enumerate}[label=(a)] \item One \item[\textbf{(b)}] Two \end{enumerate}
\begin{tikzpicture}\draw (0,0) -- (1,1);\end{tikzpicture} After."""
    )
    assert document.text.split("\n\n")[1:] == [
        "Before (An aside.) it.",
        "(1) One",
        "(b) Two",
        "After.",
    ]


SNIPPETS = r"""\emph{ } { \section{ $ $$ \begin{thm} \end{thm} \[ \] \item [ ] % \\ \cite \" \verb|
    \footnote{ \title{ word \def\x{\x\x} \x \begin{equation} \bf \par""".split()


@settings(max_examples=150)
@given(st.lists(st.sampled_from([*SNIPPETS, "\n\n", "\n", " ", "é"]), max_size=30).map("".join))
def test_broken_source_never_fails(source: str) -> None:
    document = read_latex(Path("a.tex"), source.encode())
    assert all("\n" not in paragraph for paragraph in document.text.split("\n\n"))
    for start, end in document.emphasis:
        assert 0 <= start < end <= len(document.text)
        assert "\n" not in document.text[start:end]
    for heading in document.headings:
        assert heading.start == 0 or document.text[heading.start - 2 : heading.start] == "\n\n"
