"""Glyphs of TeX's fonts, and what comes out of the sample's PDFs, which pdfTeX made."""

from pathlib import Path

import pytest

from graphtune.chunking import read_document
from graphtune.chunking.glyphs import attach_mark, find_face, read_glyphs

SAMPLE = sorted((Path(__file__).parent.parent / "data" / "sample" / "pdf").glob("*.pdf"))


def read(text: str, font: str, *, is_first: bool = False) -> str:
    return read_glyphs(text, font, 0, is_first).text


@pytest.mark.parametrize(
    ("font", "text", "expected"),
    [
        ("CMEX10", "\x00\x01\x10\x11\x12\x13!", "()()())"),
        ("CMEX10", "\x14\x15\x02\x03", "[][]"),
        ("CMEX10", "\x1a\x1b\x08\t", "{}{}"),
        ("CMEX10", "\x0c\r", "|‖"),
        ("ABCDEF+LMMathExtension10-Regular", "XPYQZR[T", "∑∑∏∏∫∫⋃⋂"),
        ("CMEX10", "pqr", "√√√"),
        ("CMEX10", "\uf8eb\uf8ec\uf8ed", "("),
        ("CMEX10", "\uf8f1\uf8f2\uf8f4\uf8f3", "{"),
        ("MSBM10", "ZNRCQFk", "ℤℕℝℂℚ𝔽𝕜"),
        ("CMSY10", "O", "O"),
        ("CMSY10", "7→", "↦"),
        ("CMSY10", "̸ ≡", "≢"),
        ("CMMI10", "µ", "μ"),
        ("CMR10", "∆Ω", "ΔΩ"),
        ("LASY10", "\x022", "⊴□"),
        ("XYATIP10", "/", ""),
        ("LINE10", "\x10@", ""),
        ("F15", "e\x1ecient \x10x\x11", "efficient “x”"),
        ("Times-Roman", "X P Z 7 O", "X P Z 7 O"),
        ("Times-Roman", "30˚C at /˜name", "30˚C at /˜name"),
        ("SFRM1000", "M¨obius, Erd˝os, na¨ıve", "Möbius, Erdős, naïve"),
    ],
)
def test_each_font_has_its_own_glyphs(font: str, text: str, expected: str) -> None:
    assert read(text, font, is_first=text.startswith("\x00")) == expected


def test_the_biggest_bracket_is_no_space_at_the_start_of_a_line() -> None:
    assert read(" ", "CMEX10", is_first=True) == "("
    assert read("X ", "CMEX10") == "∑ "


@pytest.mark.parametrize(("text", "mark"), [("d ̸", "\u0338"), ("a¯", "¯"), ("ab", "")])
def test_a_mark_at_the_end_waits_for_its_letter(text: str, mark: str) -> None:
    assert read_glyphs(text, "CMSY10", 0, False).mark == mark


@pytest.mark.parametrize(
    ("mark", "text", "expected"),
    [("\u0338", "= 0", "≠ 0"), ("\u0338", "⊂V", "⊄V"), ("\u0338", "⩽n", "⩽̸n"), ("ˆ", "ϕ:", "ϕ̂:")],
)
def test_a_mark_goes_on_the_glyph_that_follows(mark: str, text: str, expected: str) -> None:
    assert attach_mark(mark, text, is_math=True) == expected


def test_a_font_keeps_its_style() -> None:
    styles = [find_face(font, 0).style for font in ("CMTI10", "SFBX1000", "CMCSC10", "CMR10")]
    assert styles == [1, 2, 4, 0]


@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.stem[:2])
def test_the_sample_has_no_characters_that_cannot_be_printed(path: Path) -> None:
    text = read_document(path).text
    assert {char for char in text if not char.isprintable()} <= {"\n"}
    assert "�" not in text
    assert "̸" not in text  # every stroke met its sign


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("14-rogers-ramanujan", "with m ≢0, ±i (mod"),
        ("19-matroids", "Then f ∉I"),
        ("18-distributive-lattices", "x ↦Ix"),
        ("24-permutation-statistics", "w ↦ŵ is a bijection"),
        ("17-mobius-inversion", "denoted by 0̂ and 1̂"),
    ],
)
def test_signs_of_the_sample(name: str, expected: str) -> None:
    path = next(path for path in SAMPLE if path.stem == name)
    assert expected in read_document(path).text


def test_signs_are_as_many_as_the_sources_have() -> None:
    counts = []
    for path in SAMPLE:
        source = path.parent.parent / "tex" / f"{path.stem}.tex"
        written = source.read_text(encoding="utf-8").count(r"\notin")
        counts.append((written, read_document(path).text.count("∉")))
    assert sum(written for written, _ in counts) == 4
    assert all(written == found for written, found in counts)
