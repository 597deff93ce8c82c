"""Other ways to write a name in running text, which matching of whole names does not see.

"Groups that are abelian", "a simple $R$-module", "abelian and nilpotent groups": every word of the name
is there, and what stands between them is on a short list for each way. So a variant that is found is
nearly always right; what is written in a freer way is left to a language model.
"""

import re
from collections import Counter
from collections.abc import Sequence, Set
from typing import NamedTuple

from graphtune.kg.names import FUNCTION_WORDS, fold_text, normalize_name
from graphtune.kg.resolution.keys import explain_match, is_symbol, order_words, split_words
from graphtune.kg.rules.phrases import is_adjective
from graphtune.records import Span

#: Most words between the first and the last word of a name.
_MAX_BETWEEN = 6
#: A formula, a word, a number, or any other sign.
_TOKEN = re.compile(r"\$[^$\n]{1,40}\$|[^\W\d_]+(?:['’][^\W\d_]+)?|\d+|\S|\n\n")
_BE = frozenset("is are be was were being".split())
#: What may stand between a thing and its property, beside a verb and symbols.
_LINKS = frozenset(
    """that which said called termed to also then both necessarily always therefore thus hence
    however of""".split()
)
#: Adjectives in front of the last word that leave a thing what its name says.
_HARMLESS = frozenset(
    """finite infinite nonzero nontrivial proper given arbitrary fixed certain unique famous celebrated
    classical important complex real entire whole""".split()
)
#: Signs of a symbol in front of the last word: "n × n matrix", "ℤ[G]-module".
_SIGNS = frozenset("-–—$×*/[]+()")
_PREPOSITIONS = frozenset("of in on over from by for to with into between".split())
#: With these, a property is one of two things: "is isomorphic to".
_COMPARISONS = frozenset("to from by with of (".split())
#: Behind a property, these begin something else than its noun.
_STOPS = FUNCTION_WORDS - {"almost", "same"}


class Token(NamedTuple):
    """A word in folded form, or another sign, at `[start, end)` of a text."""

    form: str
    start: int
    end: int


def split_tokens(text: str) -> list[Token]:
    """Split a text into words, folded as names are, and other signs; a formula is one sign.

    >>> [token.form for token in split_tokens("Simple $R$-modules, Wilson’s")]
    ['simple', '$', '-', 'module', ',', 'wilson']
    """
    tokens = []
    for match in _TOKEN.finditer(text):
        form = _fold(match[0])
        tokens.append(Token(form, match.start(), match.end()))
    return tokens


def _fold(piece: str) -> str:
    if piece.startswith("$"):
        return "$"
    if not piece[0].isalpha():
        return piece
    folded = re.sub(r"'s?$", "", fold_text(piece)[0])
    return (split_words(folded) or (folded,))[0]


def find_variant(
    name: str, text: str, tokens: Sequence[Token], forms: Set[str] | None = None
) -> Span | None:
    """Return the first place where a text writes a name of two words or more in another way.

    Args:
        name: as it is written.
        text: the text.
        tokens: `split_tokens(text)`.
        forms: the forms of the tokens, for a quick look.

    >>> def find(name, text):
    ...     span = find_variant(name, text, split_tokens(text))
    ...     return span and text[slice(*span)]
    >>> find("abelian group", "All groups that are abelian are solvable.")
    'groups that are abelian'
    >>> find("abelian group", "A group G is said to be abelian if it commutes.")
    'group G is said to be abelian'
    >>> find("abelian group", "Take abelian and nilpotent groups."), find("free module", "a free $R$-module")
    ('abelian and nilpotent groups', 'free $R$-module')
    >>> find("system of equations", "We solve systems of equations.")
    'systems of equations'
    >>> find("abelian group", "The group is not abelian."), find("positive matrix", "is positive definite")
    (None, None)
    """
    form = normalize_name(name)
    words = [word for word in order_words(form) if word != "of"]
    if len(words) < 2 or (forms and not forms >= set(words)):
        return None
    if any(is_symbol(word) or word in FUNCTION_WORDS for word in words):
        return None
    wanted = Counter(words)
    for first, token in enumerate(tokens):
        if token.form in wanted:
            last = _find_end(tokens, first, wanted)
            if last is not None and _is_variant(form, words, text, tokens, first, last):
                return Span(token.start, tokens[last].end)
    return None


def _find_end(tokens: Sequence[Token], first: int, wanted: Counter[str]) -> int | None:
    """Return where the words that begin at `first` have all been met, None where they are not."""
    missing = wanted.copy()
    stop = first + wanted.total() + _MAX_BETWEEN
    for place in range(first, min(stop, len(tokens))):
        form = tokens[place].form
        if missing[form] > 0:
            missing[form] -= 1
            if not missing.total():
                return place
    return None


def _is_variant(
    form: str, words: Sequence[str], text: str, tokens: Sequence[Token], first: int, last: int
) -> bool:
    span = text[tokens[first].start : tokens[last].end]
    if "\n\n" in span or span.count("(") != span.count(")") or _continues_word(tokens, first):
        return False
    found = [token.form for token in tokens[first : last + 1]]
    *before, head = words
    if found[: len(before)] == before and found[-1] == head:
        between = found[len(before) : -1]
        return (
            _is_plain(span, form)
            and (_follows_hyphen(tokens, first) or normalize_name(span) != form)
            if not between
            else _may_stand_before(between, before[-1]) or _is_alike(span, form)
        )
    said = found[1 : len(found) - len(before)]
    if found[0] == head and found[-len(before) :] == before and _BE.intersection(said):
        return _may_say(said) and _says_property(tokens, first, last)
    if head in (found[0], found[-1]) and "of" in found:
        # "theorem of Pfister", but neither "ideal of the left side" nor "tensor product of vectors".
        is_bare = not first or _is_bare(tokens[first - 1], " of " in form)
        is_noun = found[-1] == head or not is_adjective(found[-1])
        return is_bare and is_noun and _ends_phrase(tokens, last) and _is_alike(span, form)
    return found[-1] == head and _is_plain(span, form)


def _is_bare(before: Token, is_whole: bool) -> bool:
    """Tell whether the word before a name leaves it what it is; an adjective never does.

    A noun may be a verb: it counts only where the name itself is written otherwise, without "of".
    """
    if before.form in _STOPS or not _is_word(before):
        return True
    return is_whole and not is_adjective(before.form)


def _is_alike(span: str, form: str) -> bool:
    written = normalize_name(span)
    return written == form or explain_match(written, form) is not None


def _is_plain(span: str, form: str) -> bool:
    """Tell whether a span is spelled like a name, without a plural inside: "polynomials form …"."""
    written = normalize_name(span)
    return written == form or explain_match(written, form) not in (None, "plural")


def _continues_word(tokens: Sequence[Token], first: int) -> bool:
    """Tell whether a hyphen ties the first word to another one: "non-invertible", "torsion-free"."""
    return _follows_hyphen(tokens, first) and _is_word(tokens[first - 2])


def _follows_hyphen(tokens: Sequence[Token], first: int) -> bool:
    """Tell whether a hyphen ties the first word to what is before it: "$K$-vector space"."""
    if first < 2 or fold_text(tokens[first - 1].form)[0] != "-":
        return False
    hyphen = tokens[first - 1]
    return hyphen.end == tokens[first].start and tokens[first - 2].end == hyphen.start


def _is_word(token: Token) -> bool:
    return len(token.form) > 1 and token.form.isalpha()


def _may_stand_before(between: Sequence[str], word: str) -> bool:
    """Tell what may come between the words of a name and its head: symbols, or another adjective."""
    if "a" in between and "-" not in between:
        return False  # the article, not the "A" of "$A$-module"
    between = [form for form in between if form not in _SIGNS and not _is_letter(form)]
    if all(form in _HARMLESS for form in between):
        return True
    joint, *others = between
    return (
        joint in ("and", "or")
        and is_adjective(word)
        and 1 <= len(others) <= 2
        and all(is_adjective(other) for other in others)
    )


def _may_say(between: Sequence[str]) -> bool:
    """Tell whether a verb and symbols are all between a thing and its property, and nothing denies."""
    if between[-1] == "a":
        return False  # "the ideal is a left …"
    signs = [form for form in between if form not in _BE and form not in _LINKS]
    return all(form in ("$", "(", ")") or _is_letter(form) for form in signs)


def _is_letter(form: str) -> bool:
    return form.isdigit() or (len(form) == 1 and form.isalpha())


def _says_property(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Tell whether what is said is said of this very thing, and is all that is said."""
    return (
        not _is_inside_phrase(tokens, first)
        and _ends_phrase(tokens, last)
        and (last + 1 == len(tokens) or tokens[last + 1].form not in _COMPARISONS)
    )


def _is_inside_phrase(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether another noun governs this one: "the center of the group is abelian"."""
    for token in reversed(tokens[max(0, place - 4) : place]):
        if token.form in _PREPOSITIONS:
            return True
        if not token.form.isalpha() or token.form in _BE or token.form in ("if", "that", "then"):
            return False
    return False


def _ends_phrase(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether nothing follows that a property could belong to: "is positive definite"."""
    if place + 1 == len(tokens):
        return True
    following = tokens[place + 1].form
    is_symbol_next = len(following) == 1 or not following[0].isalpha()
    return following != "-" and (is_symbol_next or following in _STOPS)
