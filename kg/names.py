"""Names of concepts: the normal form that decides equality, plurals, and what can be a name."""

import functools
import re
import unicodedata
from collections.abc import Sequence

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_QUOTES = "\u2018\u2019\u201b\u02bc\u02b9\u2032\u00b4`"
_DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u00ab\u00bb"
#: Letters that Unicode does not decompose, and ligatures that PDF fonts leave in words.
_LETTERS = {
    "ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ß": "ss",
    "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st",
}  # fmt: skip
_UNEVEN = re.compile(r"[$\u0300-\u036f\u00adßæœÆŒİﬀ-ﬆ]|[^\S\n]{2}")

_IRREGULAR = {
    "analyses": "analysis", "annuli": "annulus", "appendices": "appendix", "automata": "automaton",
    "axes": "axis", "bases": "basis", "children": "child", "continua": "continuum", "criteria": "criterion",
    "extrema": "extremum", "foci": "focus", "formulae": "formula", "genera": "genus",
    "halves": "half", "helices": "helix", "hypotheses": "hypothesis", "indices": "index",
    "leaves": "leaf", "lemmata": "lemma", "loci": "locus", "matrices": "matrix",
    "maxima": "maximum", "minima": "minimum", "moduli": "modulus", "optima": "optimum",
    "parentheses": "parenthesis", "phenomena": "phenomenon", "polyhedra": "polyhedron",
    "quanta": "quantum", "radii": "radius", "simplices": "simplex", "spectra": "spectrum",
    "syntheses": "synthesis", "tableaux": "tableau", "tetrahedra": "tetrahedron", "theses": "thesis",
    "tori": "torus", "vertices": "vertex",
}  # fmt: skip
_PLURALS = {singular: plural for plural, singular in _IRREGULAR.items()}
_INVARIANT = frozenset(
    """alias always andrews archimedes atlas bias burns canvas chaos cosmos descartes dickens erdos
    gas gibbs hodges jacobs jones lens lucas means news rogers series sims species stieltjes
    stokes wiles williams yes""".split()
)


class _FoldTable(dict[int, str]):
    """Maps a code point to its folded form, computed when first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        lower = char.lower()
        if char in "$\u00ad":
            folded = ""  # marks around TeX's formulas, soft hyphens
        elif char in _DASHES:
            folded = "-"
        elif char in _QUOTES or char in _DOUBLE_QUOTES:
            folded = "'" if char in _QUOTES else '"'
        elif char.isspace():
            folded = char if char == "\n" else " "
        elif lower in _LETTERS:
            folded = _LETTERS[lower]
        elif "\u0300" <= char <= "\u036f":
            folded = ""
        else:
            base = unicodedata.normalize("NFD", lower)
            # Only Latin letters lose their marks: й and и are different letters.
            folded = base[0] if "a" <= base[0] <= "z" else lower
        self[code] = folded
        return folded


_FOLD = _FoldTable()


def fold_text(text: str) -> tuple[str, Sequence[int]]:
    """Fold case, accents, dashes, quotes, TeX's dollar signs and runs of blanks; line feeds stay.

    Returns:
        The folded text and offsets back: folded `[a:b]` came from `text[offsets[a]:offsets[b]]`.

    >>> folded, offsets = fold_text("The  Erdős–Ko–Rado theorem")
    >>> folded
    'the erdos-ko-rado theorem'
    >>> start = folded.index("erdos")
    >>> "The  Erdős–Ko–Rado theorem"[offsets[start] : offsets[start + 5]]
    'Erdős'
    """
    if not _UNEVEN.search(text):
        return text.translate(_FOLD), range(len(text) + 1)
    pieces: list[str] = []
    offsets: list[int] = []
    for offset, char in enumerate(text):
        folded = _FOLD[ord(char)]
        if folded == " " and pieces and pieces[-1] == " ":
            continue
        if folded:
            pieces.append(folded)
            offsets.extend([offset] * len(folded))
    return "".join(pieces), [*offsets, len(text)]


def fold_plural(word: str) -> str:
    """Return the singular of a lower-case English noun, or the word itself.

    >>> [fold_plural(word) for word in ("identities", "bases", "classes", "lattices", "q-series")]
    ['identity', 'basis', 'class', 'lattice', 'q-series']
    >>> [fold_plural(word) for word in ("Gauss", "boxes", "calculus", "physics", "tableaux")]
    ['Gauss', 'box', 'calculus', 'physics', 'tableau']
    """
    head, dash, last = word.rpartition("-")
    if last in _IRREGULAR:
        return head + dash + _IRREGULAR[last]
    if last in _INVARIANT or len(last) < 4 or not last.isalpha():
        return word
    if last.endswith(("ss", "us", "is", "ics")) or not last.endswith("s"):
        return word
    if last.endswith("ies") and len(last) > 4:
        return word[:-3] + "y"
    if last.endswith(("xes", "ches", "shes", "sses", "zzes")):
        return word[:-2]
    return word[:-1]


def make_plural(word: str) -> str:
    """Return the plural of a lower-case English noun.

    >>> [make_plural(word) for word in ("identity", "basis", "class", "array", "series", "tableau")]
    ['identities', 'bases', 'classes', 'arrays', 'series', 'tableaux']
    """
    head, dash, last = word.rpartition("-")
    if last in _PLURALS:
        return head + dash + _PLURALS[last]
    if last in _INVARIANT or not last.isalpha() or last.endswith("ics"):
        return word
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if last.endswith(("s", "x", "ch", "sh", "z")) else "s")


#: What lies behind so many characters does not tell names apart; folding it would take long.
MAX_NAME = 500


@functools.lru_cache(maxsize=131072)
def normalize_name(name: str) -> str:
    """Return the normal form of a name: two names with one normal form are the same concept.

    Case, accents, kinds of dashes and quotes, possessives, articles at the start and behind a
    preposition, brackets around "of …", the plural of the last word and of one before a preposition do
    not matter; mathematics does.

    >>> normalize_name("The Rogers–Ramanujan Identities")
    'rogers-ramanujan identity'
    >>> normalize_name("Bailey’s lemma") == normalize_name("Bailey lemma")
    True
    >>> normalize_name("Direct products of groups")
    'direct product of group'
    >>> normalize_name("length of a word"), normalize_name("minor (of a matrix)")
    ('length of word', 'minor of matrix')
    >>> normalize_name("(q,t)-Catalan numbers"), normalize_name("q-series")
    ('(q,t)-catalan number', 'q-series')
    """
    text = " ".join(fold_text(name[:MAX_NAME])[0].replace('"', "").split())
    text = re.sub(r"\s*-+\s*", "-", text)
    text = re.sub(r"(?<=[^\W\d_]{2})'s\b|(?<=[^\W\d_]{2}s)'(?=\s|$)", "", text)
    text = re.sub(r"^[\s.,;:!?'*-]+|[\s.,;:!?'*-]+$", "", text)
    text = re.sub(r"^(?:the|an?)\s+(?=\w{2}|\w-\w|\()", "", text)
    text = re.sub(r"\((of [^()]*)\)$", r"\1", text)
    text = re.sub(r" (of|in|on|for|over|by|to) (?:the|an?) (?=\w{2}|\()", r" \1 ", text)
    text = re.sub(r"[a-z-]{4,}(?= (?:of|on|in|for|over) )", lambda m: fold_plural(m[0]), text)
    head, blank, last = text.rpartition(" ")
    return head + blank + fold_plural(last)


def trim_name(text: str) -> str:
    """Strip blanks, punctuation and a leading article from a name, keeping its spelling.

    >>> trim_name("  the Schur functions,")
    'Schur functions'
    """
    text = re.sub(r"^[\s.,;:!?*“”\"‘’`-]+|[\s.,;:!?*“”\"‘`–-]+$", "", " ".join(text.split()))
    text = re.sub(
        r"^(?:the|an?|our|its|their|this|these)\s+(?=\w{2}|\w-\w|\()", "", text, flags=re.I
    )
    for left, right in ("()", "[]"):
        if text.startswith(left) and text.endswith(right) and text.count(left) == 1:
            text = text[1:-1]
    return text


def is_useful_alias(alias: str, name: str) -> bool:
    """Tell whether an alias finds its concept: another name, and not merely the end of the name.

    >>> is_useful_alias("RSK", "Robinson–Schensted–Knuth correspondence")
    True
    >>> is_useful_alias("involution", "fundamental involution")
    False
    """
    form, whole = normalize_name(alias), normalize_name(name)
    is_tail = whole.endswith((f" {form}", f"-{form}"))
    return is_plausible_name(alias) and form != whole and not is_tail


#: Words that neither begin nor end a name.
FUNCTION_WORDS = frozenset(
    """a about above after again all almost along also although always among an and another any are
    as at be because been before being below between both but by call called calls can cannot
    clearly consequently could denote denoted denotes did do does done each either else equivalently
    every exactly few finally follow following follows for from furthermore get give given
    gives had has have hence here how however if iff in indeed instead into is it its just know known
    last later latter former let like likewise made make many may me mean means might moreover most
    much must namely need neither never next nor not note now obtain obtained of often on once one
    only onto or other others otherwise our out over own per precisely provided put recall
    respectively said same say says see seen shall she should show shows similarly since so some
    such suppose take takes than that the their them then there thereby therefore these they this
    those though three through thus to together too two under unless until up upon us use used uses
    using very via was we were what when whence whenever where whereas whether which while who
    whole whose why will with within without would write yet you your prove proved proves assume
    fix consider define defined defines assuming throughout satisfying obtains unlike except i.e e.g
    resp etc et al cf
    """.split()
)
#: Words that say nothing as a search query when they stand alone.
GENERIC_WORDS = frozenset(
    """abstract acknowledgement acknowledgment addition aim algorithm answer appendix application
    argument article aside assertion assumption attention author axiom background basic basics
    bibliography book calculation case chapter characterization claim class coefficient collection
    comment commentary computation concept conclusion condition conjecture consequence constant
    construction contents converse convention copyright corollary correspondence count criterion
    data definition description detail difference discussion element entry equality equation
    equivalence exactly example exercise existence expression fact false figure finite first form
    formula formulation function further general generality generalization goal hence history
    hypothesis idea identity important inequality infinite input interpretation introduction
    iteration item keyword lemma letter list main material mathematics matter method more motivation
    name necessity necessary necessarily no notation note notion number object observation open
    outline output outlook overview page paper paragraph part pictures plan point precise
    preliminary premise principle problem procedure proof property proposition purpose quantity question
    reader reason reference relation remark representation result rule same scheme second section
    sequence set setting setup side simple solution space special statement step strategy
    strong structure subsection sufficiency sufficient sum summary survey symbol system table task
    technique term terminology text theorem theory thesis thing third time title tool topic trivial
    true type uniqueness unique value variable variant version view warning way weak word work yes
    keyphrase higher lower greater less smaller larger model models input
    output left right even odd empty nonempty any new old
    """.split()
)
_GENERIC_PHRASE = re.compile(
    r"(?:proof|sketch|end|statement|remarks?|notes?|examples?|facts?|comments?|outline|part|some|more"
    r"|several|further|basic|main|general|preliminary|elementary|simple|other|related|additional"
    r"|important|final|concluding|fundamental|key|useful|trivial|first|second|third|next|above"
    r"|following|previous|special|particular|certain|historical|introductory|unsolved|open"
    r")(?:\s+(?:of|on|and|the|an?|to|for|this|\w+ing|some|basic|main|further))*"
    r"\s+(?P<last>[\w-]+)$"
)
_ABOUT = re.compile(
    r"(?:[\w-]+\s+){0,2}(?:proof|example|counterexample|property|propertie|definition|remark|discussion|list|choice"
    r"|case|way|consequence|application|kind|type|sort|number of way)s?\s+(?:of|on|for|about|to|that)\s"
)
_SENTENCE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|do|if|then|that|which|where|we|they|it|there|cannot"
    r"|will|respectively|iff|whose|let|hence|thus|therefore|because|implies|namely|such)\b"
)
_DANGLING = frozenset("of the a an and or to with by for in on at as from via its".split())


def is_plausible_name(name: str) -> bool:
    """Tell whether a text can be the name of a concept that somebody would search for.

    >>> [is_plausible_name(name) for name in ("Schur function", "q-series", "RSK", "semisimple")]
    [True, True, True, True]
    >>> [is_plausible_name(name) for name in ("proof", "λ", "if and only if", "basic notions", "1.2")]
    [False, False, False, False, False]
    """
    normal = normalize_name(name)
    words = normal.split()
    if not 1 <= len(words) <= 8 or not 3 <= len(normal) <= 80:
        # Two capitals are an acronym (LR, CW); two small letters are a symbol.
        return len(normal) == 2 and name.strip().isalpha() and name.strip().isupper()
    counts = words[0] in ("two", "three", "four", "five") and words[-1] in ("theorem", "lemma")
    if (words[0] in FUNCTION_WORDS and not counts) or words[-1] in FUNCTION_WORDS | _DANGLING:
        return False
    if len(words) > 1 and _SENTENCE.search(normal):
        return False
    if re.search(r"[=<>≤≥∈⊂⊆→↦∑∏∫√±×·{}|\\/@#%&^_~;:!?\"]|(?<!\b[a-z])\.\s|\d{4}", normal):
        return False
    if re.fullmatch(r"[a-z]{1,3}[A-Z]\w{0,2}", name.strip()):
        return False  # a symbol, such as "pnJ"
    if normal.count("(") != normal.count(")") or normal.count("[") != normal.count("]"):
        return False
    if len(words) == 1 and (words[0] in GENERIC_WORDS or "," in words[0].strip("()")):
        return False
    if _ABOUT.match(normal):
        return False
    phrase = _GENERIC_PHRASE.match(normal)
    if phrase and (phrase["last"] in GENERIC_WORDS or phrase["last"] in FUNCTION_WORDS):
        return False
    return _has_real_word(words)


def _has_real_word(words: list[str]) -> bool:
    """At least one word of three letters, and more than half of the words are no mere symbols."""
    real = [w for w in words if re.search(r"[^\W\d_]{3}", w) and w not in FUNCTION_WORDS]
    symbols = [w for w in words if len(re.sub(r"[\W\d_]", "", w)) < 2 and not w.endswith(".")]
    return bool(real) and 2 * len(symbols) < len(words)
