"""Spelling keys: names that differ only in dashes, plurals, word order or spelling share one."""

import re
from collections import Counter
from functools import lru_cache

from graphtune.kg.names import fold_plural, normalize_name
from graphtune.kg.rules.phrases import is_adjective

_NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
}
#: Prefixes that are written together, with a dash or apart.
_PREFIXES = frozenset(
    """anti bi co counter hyper hypo infra inter intra meta mid multi non over poly post pre pro
    pseudo quasi semi sub super trans ultra un under uni""".split()
)
_ARTICLES = frozenset(("a", "an", "the"))
#: With one of these inside, words cannot change places: "bijection between trees and words".
_JOINTS = frozenset(
    """and as at between by for from in into is modulo on or over that to under via where with
    without""".split()
)
#: British spelling to American; both sides of a comparison go through it, so it need not be exact.
_AMERICAN = tuple(
    (re.compile(pattern), spelling)
    for pattern, spelling in (
        (r"is(e|ed|er|es|ing|able|ation)$", r"iz\1"),
        (r"ys(e|ed|er|es|ing)$", r"yz\1"),
        (r"(col|neighb|behavi|fav|hon|lab|harb)our", r"\1or"),
        (r"(label|model|travel|cancel|channel|signal)l(ed|er|ing)$", r"\1\2"),
        (r"^(cent|fib|met)re(d?)$", r"\1er\2"),
        (r"(anal|catal|dial|homol)ogue$", r"\1og"),
        (r"(?<=[a-z])([aou])e(?=[bcdfghlmnprstz])", r"\1"),  # Moebius and Möbius
    )
)
#: Pairs that tell two concepts apart, whatever else their names share.
_OPPOSITES = frozenset(
    frozenset(pair.split("/"))
    for pair in """left/right upper/lower finite/infinite odd/even row/column inner/outer open/closed
    strong/weak strongly/weakly min/max minimal/maximal minimum/maximum positive/negative direct/inverse
    direct/indirect commutative/noncommutative additive/multiplicative horizontal/vertical
    injective/surjective injective/projective injective/bijective bijective/surjective
    ascending/descending increasing/decreasing internal/external singular/nonsingular initial/final
    discrete/continuous homology/cohomology homomorphism/homeomorphism isomorphism/homomorphism
    monomorphism/epimorphism source/sink edge/vertex first/second second/third first/third
    integral/differential even/alternating convex/concave convergent/divergent dependent/independent
    inductive/projective union/intersection join/meet product/coproduct kernel/cokernel limit/colimit
    algebra/coalgebra real/complex real/imaginary linear/nonlinear sum/product lim/colim ring/module
    necessary/sufficient prime/maximal symmetric/antisymmetric symmetric/asymmetric""".split()
)
_NEGATIONS = (
    "non", "in", "un", "im", "ir", "il", "a", "anti", "co", "sub", "super", "semi", "quasi", "pseudo",
    "pre", "hyper", "multi", "bi", "di", "over", "under",
)  # fmt: skip
#: The brackets of "order (of a ring)", which say no more than "order of a ring".
_QUALIFIER = re.compile(r"\((?=(?:of|in|for)\s)|(?<=[^\W\d_])\)$")


@lru_cache(maxsize=65536)
def split_words(form: str) -> tuple[str, ...]:
    """Split a normal form at blanks and dashes, and fold each word: plural, spelling, numbers.

    >>> split_words("non-empty colouring of two-sided graphs")
    ('nonempty', 'coloring', 'of', '2', 'sided', 'graph')
    """
    if _QUALIFIER.search(form) and form.count("(") == 1:
        form = _QUALIFIER.sub(" ", form)
    raw = [word for word in re.split(r"[\s/-]+", re.sub(r"(?<=\w)'(?=\w)", "", form)) if word]
    words: list[str] = []
    for word in raw:
        folded = _fold_word(word)
        if words and words[-1] in _PREFIXES and len(folded) > 2:
            words[-1] += folded
        else:
            words.append(folded)
    return tuple(words)


@lru_cache(maxsize=65536)
def _fold_word(word: str) -> str:
    if len(word) < 4:
        return _NUMBERS.get(word, word)
    word = _NUMBERS.get(word, fold_plural(word))
    for pattern, spelling in _AMERICAN:
        word = pattern.sub(spelling, word) if len(word) > 4 else word
    return word


def is_symbol(word: str) -> bool:
    """Tell a symbol or number, which must agree exactly, from a word.

    >>> [is_symbol(word) for word in ("q", "(q,t)", "2", "catalan")]
    [True, True, True, False]
    """
    return len(word) == 1 or not word.isalpha()


@lru_cache(maxsize=65536)
def order_words(form: str) -> tuple[str, ...]:
    """Return the words of a normal form with the head last: "ring of matrices" is a matrix ring.

    >>> order_words("theorem of wilson"), order_words("bijection between words")
    (('wilson', 'theorem'), ('bijection', 'between', 'word'))
    """
    words = split_words(form)
    if "of" not in words or _JOINTS & set(words) or words[0] == "of" or words[-1] == "of":
        return words
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "of":
            parts.append([])
        elif word not in _ARTICLES:
            parts[-1].append(word)
    return tuple(word for part in reversed(parts) for word in part)


@lru_cache(maxsize=65536)
def make_keys(form: str) -> tuple[str, str]:
    """Return two spelling keys of a normal form; names are spelled alike if they share one.

    The first has no blanks or dashes between words (symbols keep theirs), the second has the words
    before the head in alphabetical order.

    >>> make_keys("semi-standard tableau")[0] == make_keys("semistandard tableau")[0]
    True
    >>> make_keys("polynomial of macdonald") == make_keys("macdonald polynomial")
    True
    >>> set(make_keys("left ideal")) & set(make_keys("right ideal"))
    set()
    """
    words = order_words(form)
    squeezed = "".join(f"|{word}|" if is_symbol(word) else word for word in words)
    *before, head = words or ("",)
    fixed = any(map(is_symbol, before)) or bool(_JOINTS & set(before)) or has_opposites(before)
    return f"={squeezed}", " ".join([*(before if fixed else sorted(before)), head])


def explain_match(form: str, other: str) -> str | None:
    """Return in what two names differ that are spelled alike, or None where they are not.

    >>> explain_match("non-empty set", "nonempty set"), explain_match("left ideal", "right ideal")
    ('dashes', None)
    >>> explain_match("pair of tableaux", "pair of tableau"), explain_match("fibre", "fiber")
    ('plural', 'spelling')
    >>> explain_match("theorem of wilson", "wilson theorem")
    'word order'
    """
    if form == other or not set(make_keys(form)) & set(make_keys(other)):
        return None
    bare = [re.sub(r"[\s-]", "", name) for name in (form, other)]
    if bare[0] == bare[1]:
        return "dashes"
    singular = [[fold_plural(word) for word in re.split(r"[\s-]+", name)] for name in (form, other)]
    if "".join(singular[0]) == "".join(singular[1]):
        return "plural"
    ordered = split_words(form), split_words(other)
    same_words = ordered[0] != ordered[1] and sorted(order_words(form)) == sorted(
        order_words(other)
    )
    return "word order" if same_words else "spelling"


def has_opposites(words: list[str]) -> bool:
    """Tell whether two of the words are opposites, so that their order counts."""
    return any(frozenset((a, b)) in _OPPOSITES for a in words for b in words if a < b)


def are_opposed(form: str, other: str) -> bool:
    """Tell whether two names must stand for two concepts, whatever a passage or a model says.

    They must where a symbol or number differs, where a word stands against its opposite or its
    negation, and where one is the other with words added in front or to a single word.

    >>> [are_opposed("left ideal", "right ideal"), are_opposed("n-gon", "m-gon")]
    [True, True]
    >>> [are_opposed("abelian group", "group"), are_opposed("hook formula", "hook length formula")]
    [True, False]
    >>> are_opposed("restricted direct product", "direct product")
    True
    """
    if set(make_keys(form)) & set(make_keys(other)):
        return False
    words = [Counter(word for word in order_words(name) if word != "of") for name in (form, other)]
    only, more = list((words[0] - words[1]).elements()), list((words[1] - words[0]).elements())
    shared = words[0] & words[1]
    if shared and (any(map(is_symbol, only)) or any(map(is_symbol, more))):
        return True
    pairs = [(a, b) for a in only for b in more]
    if any(frozenset(pair) in _OPPOSITES or _is_negation(*pair) for pair in pairs):
        return True
    if only and more:
        return False
    short, long = sorted((order_words(form), order_words(other)), key=len)
    return shared.total() < 2 or long[-len(short) :] == short


def _is_negation(word: str, other: str) -> bool:
    long, short = (word, other) if len(word) > len(other) else (other, word)
    return len(short) > 2 and any(long == prefix + short for prefix in _NEGATIONS)


def match_initials(name: str, other: str) -> bool:
    """Tell whether one name abbreviates the other by initials, the last words alike or left out.

    >>> match_initials("RSK", "Robinson–Schensted–Knuth correspondence")
    True
    >>> match_initials("LR rule", "Littlewood-Richardson rule"), match_initials("LR", "LR rule")
    (True, True)
    >>> match_initials("LR", "LU factorisation")
    False
    """
    short, long = (name, other) if len(name) < len(other) else (other, name)
    form = read_acronym(short)
    return bool(form) and (
        form in list_abbreviations(long) or read_acronym(long).startswith(f"{form} ")
    )


def read_acronym(name: str) -> str:
    """Return the form of a name that begins with an acronym, "" for one that does not.

    >>> read_acronym("LR rule"), read_acronym("Lie group")
    ('lr rule', '')
    """
    return normalize_name(name) if re.match(r"[A-Z]{2,6}s?(?:\s|$)", name) else ""


def list_abbreviations(name: str) -> set[str]:
    """Return the ways to abbreviate a name by the initials of its first words.

    >>> sorted(list_abbreviations("alternating sign matrix"))
    ['as', 'as matrix', 'asm']
    """
    form = normalize_name(name)
    words = [word for word in re.split(r"[\s-]+", form) if word not in _ARTICLES]
    if len(words) < 2 or not all(word[0].isalpha() for word in words):
        return set()
    main = [word for word in words if word not in _JOINTS and word != "of"]
    found = {"".join(word[0] for word in main), "".join(word[0] for word in words)}
    if len(main) > 2:
        found.add("".join(word[0] for word in main[:-1]))
    for count in range(2, len(words)):
        rest = " ".join(words[count:])
        found.add("".join(word[0] for word in words[:count]) + " " + rest)
    return {short for short in found if 2 <= len(short.split()[0]) <= 6}


def is_bare_adjective(form: str) -> bool:
    """Tell a single adjective, which says other things of other nouns: "normal", "graded"."""
    return " " not in form and is_adjective(form)


_LABELS = "theorem|lemma|proposition|corollary|conjecture|claim|case|part|step|thm|prop|lem|cor"
_OTHER_LABELS = (
    "definition|equation|identity|formula|remark|example|exercise|section|chapter|figure|table|problem"
    "|algorithm|property|eq|def"
)
#: Letters number statements only: property (T) and algorithm X have a name.
_NUMBERED = re.compile(
    rf"(?:(?:main|key|technical)\s+)?(?:(?:{_LABELS}|{_OTHER_LABELS})s?\.?\s*"
    rf"\(?(?:[a-z]\.?)?\d+(?:[.,’'-]\w+)*\)?|(?:{_LABELS})\.?\s+\(?(?:[a-z]|[ivx]+)\)?)",
    re.IGNORECASE,
)


def is_numbered(name: str) -> bool:
    """Tell a name that only its own paper understands: "Theorem 1", "Lemma 2.3", "equation (4)".

    >>> [is_numbered(name) for name in ("Theorem 1", "Lemma A.2", "Conjecture B", "property (T)")]
    [True, True, True, False]
    """
    return bool(_NUMBERED.fullmatch(name.strip()))
