"""Markdown, plain text, and finding papers on disk."""

import os
from pathlib import Path
from time import process_time

import pytest

from graphtune.chunking import find_papers, read_document
from graphtune.errors import DocumentError

MARKDOWN = """---
layout: post
---
# Young *tableaux*

A **standard tableau** is a filling,
with *entries_1* and $a*b*c$, see [here](http://x.org).

## Code ##
- first item
- second item

```python
x = 2 * 3  # no heading
```
<!-- hidden -->
"""


def test_markdown(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(MARKDOWN)
    document = read_document(path)
    assert document.title == "Young tableaux"
    assert document.text.split("\n\n") == [
        "Young tableaux",
        "A standard tableau is a filling, with entries_1 and $a*b*c$, see here.",
        "Code",
        "- first item",
        "- second item",
        "x = 2 * 3 # no heading",
    ]
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "Young tableaux"), (2, "Code"),
    ]  # fmt: skip
    assert [document.text[a:b] for a, b in document.emphasis] == ["standard tableau", "entries_1"]


STATEMENTS = r"""# Paper

## Abstract
Short one.

## Rules
**Theorem 2.3 (Pieri rule).** For all $n$ we have

$$ a
- b. $$

**Proof.** First $f[x](y)$.

Then. $\blacksquare$

After it.

```math
x^2
```
## References
[1] First,
a book.
[2] Second.
"""


def list_units(path: Path, text: str) -> list[tuple[str, str, str, str]]:
    path.write_text(text)
    document = read_document(path)
    return [
        (unit.kind, unit.number, unit.name, document.text[unit.start : unit.end])
        for unit in document.units
        if unit.kind not in {"text", "heading"}
    ]


def test_markdown_units(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    assert list_units(path, STATEMENTS) == [
        ("abstract", "", "", "Abstract\n\nShort one."),
        ("statement", "2.3", "Pieri rule",
         "Theorem 2.3 (Pieri rule). For all $n$ we have\n\n$$ a - b. $$"),
        ("proof", "", "", "Proof. First $f[x](y)$.\n\nThen. $\\blacksquare$"),
        ("reference", "1", "", "[1] First, a book."),
        ("reference", "2", "", "[2] Second."),
    ]  # fmt: skip
    document = read_document(path)
    assert [document.text[a:b] for a, b in document.displays] == ["$$ a - b. $$", "$$x^2$$"]
    assert document.emphasis == ()


def test_markdown_front_matter_and_underlined_headings(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(
        '---\ntitle: "On trees"\nauthor: [A. One, B. Two]\n---\n'
        "# On trees\n\nFirst\n=====\nText.\n\nSecond\n------\n- item\n---\n"
    )
    document = read_document(path)
    assert (document.title, document.authors) == ("On trees", "A. One, B. Two")
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "First"), (2, "Second"),
    ]  # fmt: skip
    assert [unit.kind for unit in document.units][:3] == ["title", "authors", "heading"]


def test_a_title_is_one_paragraph(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    assert list_units(path, "On trees\n\nFree text.\n\nAbstract\n\nShort.\n") == [
        ("title", "", "", "On trees"),
        ("abstract", "", "", "Abstract\n\nShort."),
    ]
    abstract = read_document(path).units[-1]
    assert (abstract.label, abstract.head_end - abstract.start) == ("Abstract", len("Abstract"))


def test_plain_text_units(tmp_path: Path) -> None:
    text = """On trees

Abstract. We count.

Lemma 4. A tree
has a leaf.

Proof. Take a path.

It ends. Q.E.D.

Proof of Lemma 2.1. No end mark.

Free text.

References

[1] First.
[Kn] Second,
long.
"""
    assert list_units(tmp_path / "a.txt", text) == [
        ("title", "", "", "On trees"),
        ("abstract", "", "", "Abstract. We count."),
        ("statement", "4", "", "Lemma 4. A tree has a leaf."),
        ("proof", "", "", "Proof. Take a path.\n\nIt ends. Q.E.D."),
        ("proof", "", "of Lemma 2.1", "Proof of Lemma 2.1. No end mark."),
        ("reference", "1", "", "[1] First."),
        ("reference", "Kn", "", "[Kn] Second, long."),
    ]


@pytest.mark.parametrize("piece", ["<!--", "_a ", "**a ", "$$ ", "[", "# ", "Proof. a\n\n"])
@pytest.mark.parametrize("suffix", [".md", ".txt"])
def test_long_broken_text_takes_linear_time(tmp_path: Path, piece: str, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text(piece * (100_000 // len(piece)))
    start = process_time()
    read_document(path)
    assert process_time() - start < 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_text_in_any_usual_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Möbius inversion\r\n\r\nfirst line\r\nsecond line".encode(encoding))
    document = read_document(path)
    assert document.text == "Möbius inversion\n\nfirst line second line"
    assert document.title == "Möbius inversion"
    assert document.page_starts == (0,)


def test_binary_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\x7fELF\0\0\0")
    with pytest.raises(DocumentError, match=r"a\.txt is not text") as caught:
        read_document(path)
    assert caught.value.status == "error"


def test_blank_text_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(" \n\n ")
    with pytest.raises(DocumentError, match="holds no text") as caught:
        read_document(path)
    assert caught.value.status == "empty"


def test_find_papers(tmp_path: Path) -> None:
    for name in ["b.PDF", "a.tex", "sub/c.md", "sub/deep/d.txt", ".git/e.txt", ".f.txt", "g.png"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    found = [
        str(path.relative_to(tmp_path)) for path in find_papers([tmp_path, tmp_path / "a.tex"])
    ]
    assert found == ["a.tex", "b.PDF", "sub/c.md", "sub/deep/d.txt"]


@pytest.mark.parametrize(
    ("name", "problem"), [("none.pdf", "does not exist"), ("g.png", "allowed are .pdf")]
)
def test_find_papers_refuses_what_was_named(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "g.png").write_text("x")
    with pytest.raises(DocumentError, match=problem) as caught:
        find_papers([tmp_path / name])
    assert name in str(caught.value)
    assert caught.value.status == "error"


def test_a_vanished_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"gone\.pdf cannot be read"):
        read_document(tmp_path / "gone.pdf")


def test_pipes_are_no_papers(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "a.txt").write_text("Text.")
    assert find_papers([tmp_path]) == [tmp_path / "a.txt"]
    with pytest.raises(DocumentError, match=r"pipe\.txt is a pipe or a device"):
        find_papers([tmp_path / "pipe.txt"])
