"""Hyphens at line ends."""

import pytest

from graphtune.chunking.hyphens import collect_words, join_lines, keeps_hyphen
from graphtune.chunking.rows import Row, Run, make_row


@pytest.mark.parametrize(
    ("left", "right", "words", "keeps"),
    [
        ("Hamil", "tonian", set(), False),
        ("per", "mutation", {"mutation"}, False),
        ("well", "known", set(), True),
        ("self", "adjoint", {"adjoint"}, True),
        ("sign", "reversing", set(), True),
        ("multi", "graphs", {"multigraphs"}, False),
        ("multi", "graphs", {"multi-graphs", "multigraphs"}, True),
        ("one", "to-one", set(), True),
        ("q", "series", set(), True),
        ("Ramsey", "Rado", set(), True),
        ("Re", "arranging", {"arranging"}, False),
    ],
)
def test_what_decides_about_a_hyphen(left: str, right: str, words: set[str], keeps: bool) -> None:
    assert keeps_hyphen(left, right, words) is keeps


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("pages 3–", "17 of it", "pages 3–17 of it"),
        ("a soft\u00ad", "ware", "a software"),
        ("x -", "y", "x - y"),
        ("no hyphen", "here", "no hyphen here"),
        ("", "first", "first"),
    ],
)
def test_lines_join(before: str, after: str, expected: str) -> None:
    assert join_lines(before, after, set()) == expected


def make_rows(*lines: str) -> list[Row]:
    rows = [make_row([Run(line, 0, 10.0)], (0, 0, 9, 9), 9.0, 0) for line in lines]
    return [row for row in rows if row]


def test_words_broken_at_a_line_end_are_not_collected() -> None:
    words = collect_words(make_rows("the self-dual exam-", "ple of it"))
    assert words == {"the", "self-dual", "self", "dual", "of", "it"}
