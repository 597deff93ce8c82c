"""How reading a PDF ends: with a status, with warnings, with a log of what was left out."""

import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pymupdf
import pytest

from graphtune.chunking import read_document, split_document
from graphtune.chunking.glyphs import find_face
from graphtune.config import ChunkingConfig
from graphtune.errors import DocumentError
from graphtune.records import Document
from tests.test_chunking_split import minilm

SAMPLE = sorted((Path(__file__).parent.parent / "data" / "sample" / "pdf").glob("*.pdf"))
LINES = [
    "The partition function counts the ways in which a whole number is a sum of others",
    "and its values grow quickly, which Hardy and Ramanujan described with precision.",
]


def make_pdf(path: Path, pages: int = 1) -> Path:
    """Pages with a running head, a page number, a stamp in the margin and text of their own."""
    pdf = pymupdf.open()
    for number in range(1, pages + 1):
        page = pdf.new_page()
        page.insert_text((200, 50), "GROWTH OF PARTITIONS", fontsize=9)
        page.insert_text((300, 780), str(number), fontsize=9)
        page.insert_text((40, 500), "arXiv:1234.5678", rotate=90)
        page.insert_text((560, 400), "menu")
        page.insert_text((72, 100), f"Section number{number} tells about topic{number} at length.")
        for index, line in enumerate(LINES):
            page.insert_text((72, 114 + 14 * index), line)
        page.insert_text((72, 142), f"This ends page{number}.")
    pdf.save(path)
    return path


def encrypt(path: Path) -> None:
    pdf = pymupdf.open(make_pdf(path.with_suffix(".plain")), filetype="pdf")
    pdf.save(path, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="owner")


def drop_pages(path: Path) -> None:
    data = make_pdf(path).read_bytes()
    path.write_bytes(data.replace(b"/Count 1", b"/Count 0").replace(b"/Kids[", b"/Kidz["))


def draw_shapes(path: Path) -> None:
    pdf = pymupdf.open()
    pdf.new_page().draw_rect(pymupdf.Rect(10, 10, 90, 90))
    pdf.save(path)


@pytest.mark.parametrize(
    ("write", "status", "remedy"),
    [
        (lambda path: path.write_bytes(b""), "empty", "Replace"),
        (lambda path: path.write_bytes(b"<html>not found</html>"), "error", "not a PDF"),
        (lambda path: path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 9), None, ""),
        (encrypt, "encrypted", "password"),
        (draw_shapes, "empty", "OCR"),
        (drop_pages, "zero_pages", "no pages"),
    ],
)
def test_unreadable_files_name_themselves(
    tmp_path: Path, write: Callable[[Path], object], status: str | None, remedy: str
) -> None:
    path = tmp_path / "bad.pdf"
    write(path)
    with pytest.raises(DocumentError, match=r"bad\.pdf") as caught:
        read_document(path)
    assert caught.value.status == (status or caught.value.status)
    assert remedy in str(caught.value)


def test_a_truncated_file_ends_in_text_or_an_error_and_in_silence(tmp_path: Path) -> None:
    whole = make_pdf(tmp_path / "a.pdf", pages=3).read_bytes()
    paths = []
    for share in (0.2, 0.5, 0.8, 0.95):
        paths.append(tmp_path / f"cut{share}.pdf")
        paths[-1].write_bytes(whole[: int(share * len(whole))])
    code = """
import sys
from pathlib import Path
from graphtune.chunking import read_document
from graphtune.config import ChunkingConfig
from graphtune.errors import DocumentError
for name in sys.argv[1:]:
    try:
        read_document(Path(name))
    except DocumentError:
        pass
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, paths)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_page_that_fails_costs_that_page_only(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", pages=3)
    path.write_bytes(path.read_bytes().replace(b"/Count 3", b"/Count 4"))
    document = read_document(path)
    assert all(f"topic{number}" in document.text for number in (1, 2, 3))
    assert document.warnings[0].startswith("page 4 could not be read:")
    assert len(document.page_starts) == 4


def test_complaints_of_the_library_are_warnings_of_their_file_only(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", pages=3)
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"startxref")])
    first, second = read_document(path), read_document(make_pdf(tmp_path / "b.pdf"))
    assert any("startxref" in warning for warning in first.warnings)
    assert len(first.warnings) == len(set(first.warnings)) <= 20
    assert second.warnings == ()


def test_what_is_left_out_is_logged_with_its_reason(tmp_path: Path) -> None:
    document = read_document(make_pdf(tmp_path / "a.pdf", pages=6))
    found = {(item.text, item.reason) for item in document.removed if item.page == 5}
    assert found == {
        ("GROWTH OF PARTITIONS", "template"),
        ("menu", "template"),
        ("5", "page number"),
        ("arXiv:1234.5678", "turned"),
    }
    assert [item.page for item in document.removed] == sorted(i.page for i in document.removed)
    assert "topic5" in document.text


def count_characters(texts: Iterable[str]) -> Counter[str]:
    """Count letters and digits without accents; the accents themselves and Δ (∆) do not count."""
    text = unicodedata.normalize("NFKD", "".join(texts)).translate({0x131: "i", 0x237: "j"})
    return Counter(char for char in text if char.isalnum() and char not in "ˆΔ")


def list_raw_texts(path: Path) -> list[str]:
    with pymupdf.open(path) as pdf:
        spans = [
            (span["font"], span["flags"], span["text"])
            for page in pdf
            for block in page.get_text("dict")["blocks"]
            for line in block.get("lines", ())
            for span in line["spans"]
        ]
    return [
        # In fonts of symbols a 7 is the end of an arrow; big brackets come out as any character.
        text.replace("7", "") if "Symbols" in font or "CMSY" in font else text
        for font, flags, text in spans
        if not find_face(font, flags).is_extension
    ]


def list_kept_texts(document: Document) -> list[str]:
    chunks = split_document(document, ChunkingConfig(max_tokens=64), minilm())
    return [*(chunk.text for chunk in chunks), *(removal.text for removal in document.removed)]


@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.stem[:2])
def test_nothing_of_the_sample_vanishes_unseen(path: Path) -> None:
    document = read_document(path)
    assert document.warnings == ()
    assert count_characters(list_kept_texts(document)) == count_characters(list_raw_texts(path))


def test_nothing_vanishes_unseen_where_much_is_left_out(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", pages=6)
    document = read_document(path)
    assert len(document.removed) == 24
    assert count_characters(list_kept_texts(document)) == count_characters(list_raw_texts(path))
