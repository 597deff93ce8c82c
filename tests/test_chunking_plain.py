"""Markdown, plain text, and finding papers on disk."""

from pathlib import Path

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
