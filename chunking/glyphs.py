"""What the fonts of mathematics print, as characters: many have no usable Unicode map."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from graphtune.chunking.rows import BOLD, CAPS, ITALIC, MATH
from graphtune.chunking.text import clean_text

_MATH_FONTS = (
    "CMMI", "CMSY", "CMEX", "CMBSY", "CMMIB", "MSAM", "MSBM", "EUFM", "EUSM", "EURM", "RSFS", "LASY",
    "LMMATH", "MATH", "SYMBOL", "STMARY", "WASY", "BBOLD", "DSROM", "XYATIP", "XYBTIP", "XYDASH",
    "TXSY", "TXMI", "TXEX", "PXSY", "PXMI", "PXEX", "ESINT", "MTMI", "MTSY", "MTEX", "CAMBRIAMATH",
)  # fmt: skip
_EXTENSION_FONTS = ("CMEX", "LMMATHEXT", "TXEX", "PXEX", "MTEX")
#: Their "letters" are tips of arrows and pieces of lines.
_PICTURE_FONTS = re.compile(r"(?:LINE(?:W?\d|W$)|LCIRCLE|XY(?:ATIP|BTIP|DASH|BSQL|CIRC|CMAT|LUAT))")

_BRACKETS = "()[]⌊⌋⌈⌉{}⟨⟩"
#: TeX's extension fonts: big brackets (four sizes), operators (two), accents, radicals; of a bracket
#: built from pieces the upper one stands for the whole.
_EXTENSION: dict[str, str] = (
    dict(zip(map(chr, range(0x00, 0x0C)), _BRACKETS, strict=True))
    | dict(zip(map(chr, range(0x10, 0x1E)), "()()[]⌊⌋⌈⌉{}⟨⟩", strict=True))
    | dict(zip(map(chr, range(0x21, 0x2C)), _BRACKETS[1:], strict=True))
    | dict(zip("\x0c\x0d\x0e\x0f\x1e\x1f,-./DE", "|‖/\\/\\/\\/\\⟨⟩", strict=True))
    | dict(zip("XPYQZRS[T\\LMNOJKFGHIV^W_U]`a", "∑∑∏∏∫∫⋃⋃⋂⋂⨁⨁⨂⨂⨀⨀⨆⨆∮∮⋀⋀⋁⋁⨄⨄∐∐", strict=True))
    | dict(zip("bcdefghijklmnopqrswxy~\x7f", "ˆˆˆ˜˜˜[]⌊⌋⌈⌉{}√√√√‖↑↓⇑⇓", strict=True))
    | dict(zip("012389", "()[]{}", strict=True))
    | dict(zip("\uf8eb\uf8f6\uf8ee\uf8f9\uf8f1\uf8fc", "()[]{}", strict=True))
    | dict.fromkeys("4567:;<=>?@ABCtuvz{|}", "")
)
_BLACKBOARD = {chr(code): chr(0x1D538 - 65 + code) for code in range(65, 91)} | dict(
    zip("CHNPQRZk", "ℂℍℕℙℚℝℤ𝕜", strict=True)
)
_GREEK = {"µ": "μ", "∆": "Δ", "Ω": "Ω"}
#: Bitmap fonts have no map either: the codes of ligatures, quotes and dashes in T1 and OT1.
_TEX_LIGATURES = dict(zip("\x0b\x0c\x0d\x0e\x0f", ("ff", "fi", "fl", "ffi", "ffl"), strict=True))
_T1_LIGATURES = dict(zip("\x1b\x1c\x1d\x1e\x1f", _TEX_LIGATURES.values(), strict=True))
_TEX_CODES = (_TEX_LIGATURES | _T1_LIGATURES) | {
    "\x10": "“",
    "\x11": "”",
    "\x15": "–",
    "\x16": "—",
    "\x88": "•",
}
#: Glyphs by the start of a font's name, first match. Script and Fraktur letters stay plain ones: a
#: reader types "O_K", and most tokenizers know no 𝒪. Blackboard letters have names of their own (ℤ).
_TABLES: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (("CMSY", "CMBSY", "LMMATHSY"), {"6": "\u0338", "7": "↦", "⃝": "◯", "◦": "∘"}),
    (("MSBM", "BBOLD", "DSROM"), _BLACKBOARD | {"}": "ℏ", "~": "ℏ"}),
    (("LASY",), dict(zip("\x01\x02\x03\x040123;<=", "◁⊴▷⊵℧⋈□◇⤳⊏⊐", strict=True))),
    (("CMMI", "CMMIB", "LMMATHIT"), {"µ": "μ"}),
    (("WNCY",), {"X": "Ш"}),
)

_ACCENTS = dict(
    zip(
        "´`¨ˆ˜˝ˇ˘¯˙¸˚\u20d7",
        "\u0301\u0300\u0308\u0302\u0303\u030b\u030c\u0306\u0304\u0307\u0327\u030a\u20d7",
        strict=True,
    )
)
_SLASH = "\u0338"
_MARKS = frozenset(_ACCENTS) | {_SLASH}
_ACCENTED = re.compile(f"(?<!/)([{''.join(_ACCENTS)}]+)( ?)([^\\W_])")
_SLASHED = re.compile(rf"{_SLASH}\s?(\S)")
_NESTED_BIG = re.compile("(?<=[!\x00]) +")


class Face(NamedTuple):
    """What a font's name tells: the style (see `Run`), and how to read its glyphs."""

    style: int
    glyphs: dict[int, str]
    is_extension: bool = False
    is_picture: bool = False


class Glyphs(NamedTuple):
    """The text of a span; `mark` is an accent or a stroke at its end that belongs to what follows.

    `hangs` says that the glyphs reach from the baseline downwards, as big operators do.
    """

    text: str
    mark: str
    style: int
    hangs: bool


@lru_cache(maxsize=4096)
def find_face(font: str, flags: int) -> Face:
    """Return what the name and the flags of a font tell.

    >>> find_face("ABCDEF+MSBM10", 4).style == MATH, find_face("SFTI1000", 4).style == ITALIC
    (True, True)
    """
    name = font.split("+")[-1].upper().replace(" ", "")
    if _PICTURE_FONTS.match(name):
        return Face(MATH, {}, is_picture=True)
    if any(part in name for part in _EXTENSION_FONTS):
        return Face(MATH, str.maketrans(_EXTENSION), is_extension=True)
    tables = (table for starts, table in _TABLES if name.startswith(starts))
    if any(part in name for part in _MATH_FONTS):
        return Face(MATH, str.maketrans(next(tables, {})))
    italic = flags & 2 or any(
        part in name for part in ("ITAL", "OBLI", "CMTI", "CMSL", "SFTI", "SFSL", "CMBXTI")
    )
    bold = flags & 16 or any(
        part in name for part in ("BOLD", "CMBX", "CMB1", "SFBX", "-MEDI", "BLACK", "HEAVY")
    )
    caps = any(part in name for part in ("CMCSC", "SFCC", "CAPS", "SMALLCAP", "-SC"))
    style = (ITALIC if italic else 0) | (BOLD if bold else 0) | (CAPS if caps else 0)
    return Face(style, str.maketrans(next(tables, _TEX_CODES | _GREEK)))


@lru_cache(maxsize=1 << 14)
def read_glyphs(text: str, font: str, flags: int, is_first: bool) -> Glyphs:
    r"""Return the text that a span of a font shows; `is_first` says that it begins its line.

    >>> read_glyphs("X \x12Z", "CMEX10", 4, False).text, read_glyphs("Z", "MSBM7", 4, False).text
    ('∑ (∫', 'ℤ')
    >>> read_glyphs("Erd˝os ≤ a \u0338 =b, ﬁn", "CMR10", 4, False).text
    'Erdős ≤ a ≠b, fin'
    """
    face = find_face(font, flags)
    if face.is_picture:
        return Glyphs("", "", MATH, False)
    if face.is_extension:
        # Code 32 is the biggest bracket but one; other spaces are those that MuPDF puts between words.
        text = "\x00" + text[1:] if is_first and text[0] == " " else text
        text = _NESTED_BIG.sub(lambda match: "\x00" * len(match[0]), text)
    text = clean_text(text.translate(face.glyphs))
    if face.style & MATH:
        text = text.replace("↦→", "↦").replace("↦−→", "⟼")
    mark = text.rstrip()[-1:]
    if mark in _MARKS:
        text = text.rstrip()[:-1]
    else:
        mark = ""
    return Glyphs(_join_marks(text, bool(face.style & MATH)), mark, face.style, face.is_extension)


def attach_mark(mark: str, text: str, is_math: bool) -> str:
    r"""Put an accent or a stroke that stands before a text on its first glyph.

    >>> attach_mark("\u0338", " ≡ 0", True), attach_mark("´", "el", False), attach_mark("ˆ", "n", True)
    ('≢ 0', 'él', 'n̂')
    """
    return _join_marks(mark + text.lstrip(), is_math)


def join_overprint(before: str, after: str, is_math: bool) -> tuple[str, str]:
    """Repair what goes wrong where mathematics follows: the stroke of ∉, the space before a vector.

    `is_math` says that `before` is mathematics too.

    >>> join_overprint("x/", "∈ A", True), join_overprint("Let", "v⃗", False)
    (('x', '∉ A'), ('Let', ' v⃗'))
    """
    if after[0] == "∈" and before[-1] == "/":
        return before[:-1], "∉" + after[1:]
    if not is_math and after[1:2] == "\u20d7" and before[-1].isalpha():
        return before, " " + after  # MuPDF sees no space before an accent
    return before, after


def _join_marks(text: str, is_math: bool) -> str:
    if text.isascii():
        return text

    def accent(match: re.Match[str]) -> str:
        letter = {"ı": "i", "ȷ": "j"}.get(match[3], match[3])
        marks = "".join(_ACCENTS[mark] for mark in reversed(match[1]))
        whole = unicodedata.normalize("NFC", letter + marks)
        is_alone = match[3].isdigit() or not match.string[match.end() :][:1].isalpha()
        # No accents: the C of "30˚C", the name of a folder behind "/˜".
        is_sure = is_math or (match[1] != "˚" and is_alone) or (len(whole) == 1 and not match[2])
        return match[2] + whole if is_sure else match[0]

    if _SLASH in text:
        text = _SLASHED.sub(lambda match: unicodedata.normalize("NFC", match[1] + _SLASH), text)
    return _ACCENTED.sub(accent, text)
