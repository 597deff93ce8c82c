"""Noun phrases of mathematical English: where one ends, what type it names, who it honours."""

import re

from graphtune.kg.names import FUNCTION_WORDS, GENERIC_WORDS, normalize_name
from graphtune.records import ConceptType, Span

_TYPES: dict[str, ConceptType] = {
    **dict.fromkeys(
        ("theorem", "lemma", "proposition", "corollary", "principle", "law", "criterion", "rule",
         "inequality", "axiom", "test"), "theorem"),
    **dict.fromkeys(("conjecture", "hypothesis"), "conjecture"),
    **dict.fromkeys(("identity", "relation"), "identity"),
    **dict.fromkeys(("formula", "equation", "expansion", "recurrence"), "formula"),
    **dict.fromkeys(
        ("algorithm", "method", "correspondence", "construction", "insertion", "procedure", "sieve",
         "technique", "process", "bijection", "elimination", "reduction"), "technique"),
}  # fmt: skip

#: The last words of things that are named after people.
_HEADS = (
    "theorem lemma formula identity conjecture inequality rule law principle criterion hypothesis"
    " algorithm correspondence construction bijection method number polynomial function tableau"
    " diagram matrix determinant group graph ring algebra module series integral transform kernel"
    " order path sequence symbol space lattice product basis expansion equation field domain map"
    " coefficient code design square cycle tree operator involution insertion decomposition"
    " condition statistic triangle plane form invariant problem relation property test extension"
    " complex category functor resolution radical plan system structure factorization elimination"
    " curve surface sum constant element word permutation poset representation distribution measure"
    " character crystal model partition process rank set subgroup sieve norm axiom array network"
    " configuration arrangement recurrence"
).split()
_CAPITALISED = r"(?:[^\W\d_a-z](?:['’][A-Z])?[^\W\d_A-Z](?:[^\W\d_]|['’](?!s\b))+)"
_NAMED = re.compile(
    rf"(?<![\w-])(?P<name>{_CAPITALISED}(?:\s?[-‐‑–—]\s?{_CAPITALISED})*(?:['’]s?)?)"
    r"(?P<middle>(?:\s+[a-z][a-z-]+){0,2}?)"
    rf"\s+(?P<head>(?:{'|'.join(_HEADS)})(?:e?s|x)?|identities|inequalities|matrices|bases|properties"
    r"|criteria|categories|hypotheses|axes|indices)"
    rf"(?:\s+(?:{'|'.join(_HEADS)}))?"
    r"(?![\w-])"
)
#: "the Chinese Remainder theorem": a capital that opens no sentence belongs to the name.
_CAPITAL_BEFORE = re.compile(rf"[a-z,;(]\s(?P<word>{_CAPITALISED})\s$")
_NO_PERSON = frozenset(
    """january february march april may june july august september october november december main
    section chapter figure table part notes graph matrix ring group introduction english french
    german mathematics university press springer journal appendix exercise planetmath wikipedia
    abelian boolean euclidean""".split()
)
#: Verbs and adjectives that may open a sentence in front of a noun.
_OPENERS = frozenset(
    """add apply big choose combine compare compute construct count delete different draw form good
    identify insert join label large long many merge multiply order pick place random remove replace
    reverse select set short small solve start subtract sum swap test try""".split()
)
_ADJECTIVE = re.compile(
    r"(?:ed|ble|[aeio]c|al|ive|ous|ar|ary|ory|ent|ant|less|ful|free|ite|ian|ect|ete|ete|vex|mple|act"
    r"|nse|[^\W\d_]{3}ean|prime|even|odd|open|closed|ising|ing|ough|ly|left|right|new|uniform)$"
)
#: Nouns with the endings of adjectives.
_NOUN = re.compile(
    r"(?:sub|semi|near|over|pre|hyper|super|multi|bi|co)?-?(?:ring|ideal|integral|polynomial|monomial|binomial"
    r"|trinomial|radical|interval|functional|diagonal|derivative|element|complement|supplement|quotient"
    r"|coefficient|exponent|component|gradient|segment|moment|argument|constant|determinant|discriminant"
    r"|invariant|resultant|variant|resolvent|tangent|secant|cotangent|commutant|covariant"
    r"|scalar|star|boundary|coboundary|category|theory|trajectory|object|variable|table|metric|arithmetic"
    r"|statistic|characteristic|subject|permanent|increment|descendant|cubic|quartic|quintic|conic|manifold|potential|exponential|cardinal"
    r"|ordinal|numeral|Hessian|Jacobian|Laplacian|Wronskian|Grassmannian|median|mapping|matching"
    r"|embedding|ordering|labell?ing|colou?ring|tiling|covering|string|pairing|crossing|grading|packing"
    r"|factoring|splitting|lifting|meaning|spacing|partitioning|act|fact|site|series)$",
    re.IGNORECASE,
)


def guess_type(name: str) -> ConceptType:
    """Guess the type of a concept from the last word of its name.

    >>> [guess_type(name) for name in ("Pieri rule", "Newton's identities", "Dyck paths")]
    ['theorem', 'identity', 'object']
    """
    head = re.split(r"\s+(?:of|for|on|in)\s+", normalize_name(name))[0]
    return _TYPES.get(normalize_name(head).rpartition(" ")[2].rpartition("-")[2], "object")


def is_adjective(name: str) -> bool:
    """Guess whether a term is an adjective, such as "graded" or "finitely generated".

    >>> is_adjective("finitely generated"), is_adjective("poset"), is_adjective("connected graph")
    (True, False, False)
    """
    words = name.lower().split()
    if not 1 <= len(words) <= 2 or _NOUN.fullmatch(words[-1]):
        return False
    return bool(_ADJECTIVE.search(words[-1]))


def read_noun_phrase(text: str, start: int, end: int) -> Span | None:
    """Return the noun phrase that begins at `start`, behind its article; None where none begins.

    >>> text = "the ring of symmetric functions if it is graded"
    >>> text[slice(*read_noun_phrase(text, 0, len(text)))]
    'ring of symmetric functions'
    """
    article = re.compile(r"\s*(?:the\s+|an?\s+|its\s+|their\s+)?", re.I).match(text, start, end)
    begin = stop = article.end() if article else start
    after_of = False
    for match in re.compile(r"\S+").finditer(text, begin, end):
        word = match[0].rstrip('.,;:)]”"’?!')
        if after_of and word in ("the", "a", "an"):
            continue
        if word == "of" and stop > begin and match[0] == word and not after_of:
            after_of = True
            continue
        if not _is_phrase_word(word):
            break
        stop, after_of = match.start() + len(word), False
        if match[0] != word or match[0].endswith(("’", "'")):
            break
    if stop <= begin or len(text[begin:stop].split()) > 6:
        return None
    return Span(begin, stop)


def _is_phrase_word(word: str) -> bool:
    """Ordinary words and compounds such as "q-binomial" and "(q,t)-Catalan"; no lone symbols."""
    if word.lower() in FUNCTION_WORDS or word.lower() in ("of", "to", "with", "by", "where"):
        return False
    return bool(
        re.fullmatch(
            r"(?:\$?(?:\([^()\s]{1,9}\)|\w{1,3})\$?[-‐–])?[^\W\d_]{3,}(?:[-‐–'’][\w-]*)*", word
        )
    )


def find_named(text: str, start: int, end: int) -> list[Span]:
    """Return the things named after people in a sentence: their spans.

    >>> text = "By the Jacobi–Trudi identity and Pieri's rule."
    >>> [text[slice(*span)] for span in find_named(text, 0, len(text))]
    ['Jacobi–Trudi identity', "Pieri's rule"]
    """
    result = []
    for match in _NAMED.finditer(text, start, end):
        person = match["name"]
        first = re.split(r"[-‐‑–—'’\s]", person)[0]
        if first.lower() in FUNCTION_WORDS | GENERIC_WORDS | _NO_PERSON:
            continue
        if any(word in FUNCTION_WORDS or word.endswith("ly") for word in match["middle"].split()):
            continue
        inside = re.search(r"[a-z,;(“\"‘-]\s*$", text[start : match.start()])
        # A capital may only open the sentence: then the word must not look like an ordinary one.
        alone = re.fullmatch(_CAPITALISED, person) and not inside
        ordinary = is_adjective(person) or person.lower() in _OPENERS
        if alone and ordinary and not re.search(rf"(?<=[a-z,(] ){re.escape(person)}\b", text):
            continue
        before = _CAPITAL_BEFORE.search(text, start, match.start())
        result.append(Span(before.start("word") if before else match.start(), match.end()))
    return result
