"""What all readers share: clean characters, heads of statements and sections."""

import re

_KINDS = (
    "Theorems?|Lemmas?|Proposition|Corollary|Conjectures?|Claims?|Subclaim|Fact|"
    "Definitions?|Examples?|Remarks?|Note|Notation|Observations?|Problems?|Exercises?|Questions?|"
    "Constructions?|Axioms?|Property|Conditions?|Conventions?|Assumptions?|Hypothesis|"
    "Algorithm|Warning|Proof(?: sketch| idea)?|Sketch of proof|Solution|Sublemma|Principle|Criterion|"
    "Identity|Scholium|Addendum|Postulate|Counterexample|Theorem-Definition|Definition-Theorem"
)
#: "Definition 2.1", "Theorem", "1.2. Lemma", "Proof": kind and number at the head of a statement.
STATEMENT_HEAD = re.compile(
    rf"(?:(?P<before>\d+(?:\.\d+)*[a-z]?)\.?\s+)?(?P<kind>(?:(?:Main|Key|Open|Technical)\s+)?(?:{_KINDS}))\b"
    rf"(?:\s+(?P<number>(?:[A-Z]\.?)?\d+(?:\.\d+)*(?:[a-z](?!\w))?[′']?|[A-Z](?=\s?[.:(\[]|$)))?",
    re.IGNORECASE,
)
#: The same with the statement's name in brackets, if it has one.
NAMED_HEAD = re.compile(
    STATEMENT_HEAD.pattern
    + r"(?:\s*(?:\((?P<name>[^()]*(?:\([^()]*\)[^()]*)*)\)|\[(?P<note>[^\[\]]*)\]))?\s*[.:]?",
    re.IGNORECASE,
)
#: Number of a section: "3", "2.1.", "A.1", "IV.", "Appendix B", "Part I".
SECTION_NUMBER = re.compile(
    r"(?:(?P<word>Part|Chapter|Appendix|Section)\s+(?P<label>[A-Z]|[IVXLC]+|\d{1,3})"
    r"|§?\s?(?P<number>\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})+|[A-Z](?=\.)|[IVXLC]+(?=\.)))"
    r"[.:]?(?=\s|$)\s*"
)
#: Words that open a sentence; after them a single capital letter before the stop is a symbol.
SENTENCE_OPENERS = frozenset(
    "A An And Any As Assume At Because But By Clearly Consider Conversely Define Denote Each Every "
    "Finally First For Furthermore Given Hence Here How However If In Indeed It Its Let Moreover "
    "No Note Now Observe Of On One Or Otherwise Our Proof Recall Remark Second See Similarly Since "
    "So Some Such Suppose Take That The Then There Therefore These They This Those Thus To Under "
    "Using We What When Where Which While With Write".split()
)
_LIGATURES = dict(zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "ft", "st"), strict=True))
_SPACES = dict.fromkeys(
    "\t\n\r\f\v\u00a0\u2002\u2003\u2004\u2005\u2007\u2008\u2009\u200a\u202f", " "
)
_CLEAN = str.maketrans(_LIGATURES | _SPACES)
_SENTENCE_END = re.compile(r"(?:[.!?:;…。！？][)\]\"'”’]*|[□■∎◻])$")


def clean_text(text: str) -> str:
    r"""Expand ligatures, make every space a plain one and drop what cannot be printed.

    There is no other normalisation: NFKC would turn x² into x2 and ℤ into Z.

    >>> clean_text("e\ufb03cient\u00a0x² ∈ ℤ\x14")
    'efficient x² ∈ ℤ'
    """
    text = text.translate(_CLEAN)
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


def ends_sentence(text: str) -> bool:
    """Tell whether `text` ends where a sentence may end.

    >>> ends_sentence("It is (as shown.)"), ends_sentence("there is a")
    (True, False)
    """
    return _SENTENCE_END.search(text.rstrip()) is not None


def opens_statement(text: str) -> bool:
    """Tell whether a paragraph begins with the head of a theorem, proof or the like.

    >>> opens_statement("Proof. Let"), opens_statement("Theorem 1.2 (Euler)"), opens_statement("Note that")
    (True, True, False)
    """
    head = STATEMENT_HEAD.match(text)
    if not head or text[:1].islower():
        return False
    return head[0][-1:].isdigit() or text[head.end() :].lstrip()[:1] in {".", ":", "("}


def tidy_title(text: str) -> str:
    """Return a heading's title without the dots of typesetting.

    >>> tidy_title("1.1.  Multi-index notation.")
    '1.1 Multi-index notation'
    """
    match = SECTION_NUMBER.match(text)
    if match:
        text = f"{match[0].strip().rstrip('.:')} {text[match.end() :]}"
    return " ".join(text.split()).rstrip(".:")


def number_level(text: str) -> int | None:
    """Return the depth that a heading's number tells, None where it has no number.

    >>> number_level("2.1 Insertion"), number_level("Part I"), number_level("References")
    (2, 1, None)
    """
    match = SECTION_NUMBER.match(text)
    return (match["number"] or "").count(".") + 1 if match else None
