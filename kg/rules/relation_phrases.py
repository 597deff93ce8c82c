"""The phrases by which mathematical prose relates two concepts, as patterns over coded sentences.

A sentence is coded by `code_sentence`: each concept in it becomes one private-use character, so that a
pattern sees "the X, an extension of Y and Z" and not the words of the names.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from graphtune.records import RelationType, Span

#: The character of the first concept of a sentence; the next ones follow.
FIRST = 0xE000
#: Stands behind a concept where the text has a symbol for it: "the ring R is".
SYMBOL = "\x01"
_CONCEPT = "[\ue000-\uf8ff]"
_SYMBOLS = (
    r"(?:\$[^$]{1,80}\$|(?!a\b)[A-Za-z](?![a-z])[^\s,.;:]{0,9}|[^\x00-\x7f—–“”‘’•\s][^\s,.;:]{0,9})(?![\w’'])"
)
_REMARK = re.compile(
    r"\s*(?:\[[^\]]{1,40}\]|\([^()]{1,80}\))"
    rf"|\s+(?:(?:of|on|over|in|for|at|with) (?:(?:order|size|degree|rank|shape|length|type|weight|dimension"
    rf"|level|index|characteristic|all) )?)?{_SYMBOLS}"
    r"|\s(?!is\b|in\b|of\b|or\b|as\b|if\b|on\b|by\b|to\b|at\b|so\b|we\b|it\b|an\b|up\b|be\b)[a-z]{2}(?=\s+[a-z])"
)


class Phrase(NamedTuple):
    """What one phrase of a sentence says: numbers of the concepts that are sources and targets."""

    type: RelationType
    sources: tuple[int, ...]
    targets: tuple[int, ...]


_DETERMINER = (
    r"(?:(?:both|the|an?|every|each|all|any|some|this|these|its|our|both|following|famous|classical|usual|ordinary"
    r"|well-known|celebrated|so-called|original|standard|two|three|certain|(?:notions?|concepts?) of)\s)*"
)
_ITEM = rf"{_DETERMINER}[“\"]?{_CONCEPT}[”\"]?{SYMBOL}?"
_LIST = rf"{_ITEM}(?:(?:, {_ITEM})*,? (?:and|or|as well as) (?:(?:to|of|in|by) )?{_ITEM})?"
_SOURCE = rf"(?P<source>{_LIST})"
_TARGET = rf"(?P<target>{_LIST})"
#: What may stand before the subject: else it is only part of a longer noun phrase.
_OPEN = (
    r"(?:^|[,;:.(—•] |\b(?:that|then|thus|hence|so|since|because|and|but|where|recall|therefore|while|here|indeed"
    r"|also|whereas|although|though|moreover|clearly|i\.e\.) )"
)
#: What may follow the last concept, for the same reason.
_CLOSE = (
    r"(?=\W*$|\W?[.,;:()\[—]| (?:that|which|such|with|whose|where|in|on|and|but|for|having|satisfying|consisting|without"
    r"|over|because|since|called|to|by|from|as|when|due|given|is|are|at|via|used|generated|defined|obtained|under|via"
    r"|together|equipped|containing|while|so|into|between|associated|endowed|via|who|then|we|it|this|up)\b)"
)
_ADVERB = (
    r"(?:(?:also|thus|then|therefore|hence|immediately|clearly|directly|easily|simply|just|precisely|actually|naturally"
    r"|always|obviously|essentially|merely|indeed|itself|themselves|both|all|in turn|in fact|of course|in particular"
    r"|again|exactly|now|readily|formally),? )*"
)
_BE = r"(?:is|are|was|were|being|(?:can|may) be (?:seen|viewed|regarded|considered|thought of|interpreted) as|becomes?|gives?|provides?|forms?|serves? as)"
_SUBJECT = (
    rf"(?:{_OPEN}|(?={_LIST}, which )){_SOURCE},?(?: which,?)? {_ADVERB}"
)
_ADJECTIVES = r"(?:(?!of |not |no |to )[a-z][a-zé-]+,? ){0,2}"

#: Verb phrases between subject and object; backward ones run from the object to the subject.
_VERBS: tuple[tuple[RelationType, bool, str], ...] = (
    ("generalizes", False, r"generali[sz]es?|subsumes?|strengthens?"),
    ("generalizes", True, r"(?:is|are|was|were|has been|have been|can be) (?:further )?generali[sz]ed (?:by|to|in)"),
    ("specializes_to", False, r"(?:speciali[sz]es?|reduces?|degenerates?|restricts?) to"
     r"|(?:has|have|includes?|contains?) as (?:an? )?(?:special|particular) cases?"),
    ("specializes_to", True, r"speciali[sz]es?"),
    ("implies", False, r"implies|imply|entails?"),
    ("implies", True, r"(?:is|are) implied by|(?:is|are) (?:easily |immediately )?deduced from|follows? (?:easily |immediately |directly |at once )?from"),
    ("equivalent_to", False, r"(?:is|are) (?:logically |also |essentially |clearly |easily seen to be )?equivalent to"
     r"|(?:is|are) (?:exactly |essentially |precisely )?the same (?:thing )?as|coincides? with|amounts? to"
     r"|(?:is|are) nothing (?:but|other than|more than)|(?:is|are) (?:just |simply )?another name for|(?:is|are) synonymous with"),
    ("uses", False, r"uses?|relies on|rely on|makes? use of|(?:is|are) based on|(?:is|are) built (?:on|from)|depends? on"
     r"|(?:is|are|was|were|can be) (?:prove[dn]|derived|obtained|constructed|computed|shown) (?:by|using|with|via|from|through|by means of)"
     r"(?: (?:means|(?:an )?applications?|use) of)?"),
    ("uses", True, r"(?:is|are) (?:(?:often|frequently|also|commonly) )?used (?:in|by|to (?:prove|define|construct|derive|show|establish))"
     r"(?: the (?:proofs?|constructions?|definitions?|derivations?) of)?"),
    ("proves", False, r"proves?|proved|establishe[sd]|establish|(?:gives?|yields?|provides?|is|are|supplies) (?:an?|the|another|his|her) "
     r"(?:[a-z-]+,? ){0,2}proofs? of"),
    ("proves", True, r"(?:is|are|was|were|has been|have been) (?:first )?(?:proved|proven|established) (?:in \d{4} )?by"),
    ("conjectured_by", False, r"(?:is|are|was|were) (?:first |originally )?(?:conjectured|posed|stated as a conjecture) (?:in \d{4} )?by"
     r"|(?:is|are) an? (?:[a-z-]+ )?conjecture (?:of|due to|by)"),
    ("conjectured_by", True, r"(?:first |originally )?conjectured"),
    ("related_to", False, r"(?:is|are|has been) (?:(?:closely|intimately|strongly|directly) )?(?:related|connected|linked|analogous|similar|dual|adjoint|inverse) (?:to|with)"
     r"|(?:is|are|was|were) named (?:after|for|in honou?r of)|corresponds? to|(?:is|are) in (?:bijection|correspondence) with"
     r"|(?:was|were|is|are) (?:first )?(?:introduced|discovered|invented|studied|investigated) by"),
    ("defined_in", False, r"(?:is|are|was|were) defined (?:in|on|within|as part of)"),
)  # fmt: skip
#: Nouns with "of" behind them: "X is a generalization of Y", "Y has a generalization, X".
_NOUNS: tuple[tuple[RelationType, bool, str], ...] = (
    ("generalizes", False, r"generali[sz]ations?|q-(?:analogu?e?s?|extensions?|generali[sz]ations?|deformations?)"
     r"|(?:direct|natural|far-reaching|straightforward) extensions?|strengthenings?|common (?:extensions?|refinements?)"),
    ("specializes_to", True, r"(?:special |particular |limiting |degenerate |extreme |extremal |trivial |simplest )?cases?"
     r"|speciali[sz]ations?"),
    ("implies", True, r"(?:direct |immediate |easy |simple |formal )?(?:consequences?|corollar(?:y|ies))"),
    ("equivalent_to", False, r"reformulations?|restatements?|synonyms?|equivalent (?:forms?|versions?|formulations?|statements?)"),
    ("is_instance_of", False, r"(?:good |simple |typical |important |basic |standard |trivial |special |classical |famous |prime )?"
     r"(?:examples?|instances?|kinds?|types?|class(?:es)?|famil(?:y|ies)|subclass(?:es)?|forms?|sorts?)"),
    ("uses", False, r"applications?"),
    ("proves", False, r"(?:(?:bijective|combinatorial|short|simple|new|direct|algebraic|elementary) )?proofs?"),
    ("related_to", False, r"analogu?e?s?|analogs?|counterparts?|duals?|converses?|inverses?|variants?|variations?|companions?|relatives?|versions?"
     r"|refinements?|opposites?|weakenings?"),
)  # fmt: skip


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


class _Pattern(NamedTuple):
    """A phrase; `cue` is a part of it that is quick to look for."""

    type: RelationType
    backward: bool
    cue: str
    whole: str


#: A part of every noun phrase below, quick to look for.
_NOUN_CUE = re.compile(
    rf"{_CONCEPT}{SYMBOL}? (?:has|have|admits?) |\b(?:generali|q-|exten|strength|analog|refine|case|speciali|consequen|corollar"
    r"|reformul|restate|synonym|equivalent|example|instance|kind|type|class|famil|form|sort|applicat|proof|counterpart"
    r"|dual|converse|inverse|varia|companion|relative|version|opposite|weaken)\S* of ",
    re.IGNORECASE,
)
_OTHER_CUE = re.compile(
    r"\bif and only if|\biff |exactly when|precisely when|see also|compare|cf\.|confer"
    rf"|and (?:\S+ )?{_CONCEPT}{SYMBOL}?,? (?:are|being) ",
    re.IGNORECASE,
)


@cache
def _join_verbs() -> str:
    verbs = "|".join(verb for _, _, verb in _VERBS)
    return rf"{_CONCEPT}[”\"]?{SYMBOL}?,?(?: (?:which|that),?)? {_ADVERB}(?:{verbs}) "


@cache
def _list_patterns() -> tuple[_Pattern, ...]:
    found = []
    for kind, backward, verb in _VERBS:
        cue = rf"{_CONCEPT}[”\"]?{SYMBOL}?,?(?: (?:which|that),?)? {_ADVERB}(?:{verb}) "
        found.append(_Pattern(kind, backward, cue, rf"{_SUBJECT}(?:{verb}) {_TARGET}{_CLOSE}"))
    both = rf"(?P<source>{_ITEM}(?:, {_ITEM})*),? and (?P<target>{_ITEM}),? (?:are|being) {_ADVERB}"
    are = rf"{_CONCEPT}{SYMBOL}?,? (?:are|being) "
    iff = r",? (?:if and only if|iff|exactly when|precisely when) (?:(?:it|they) )?(?:(?:is|are) )?"
    see = r"\b(?:see also|compare(?: with)?|cf\.|confer)"
    equal = r"(?:logically |pairwise )?(?:equivalent|synonymous|the same|one and the same|equal)"
    for kind, cue, whole in (
        ("equivalent_to", are, rf"{_OPEN}{both}{equal}(?: (?:notions?|concepts?|things?|to each other))?"
         r"(?=[.,;:)]|$| (?:in|for|when|if)\b)"),
        ("related_to", are, rf"{_OPEN}{both}(?:closely |intimately )?(?:related|dual to each other|analogous)\b"),
        ("related_to", see, rf"{_OPEN}{_SOURCE}[^;]{{0,200}}{see} {_TARGET}{_CLOSE}"),
        ("related_to", iff, rf"(?:is|are) (?:an? )?(?P<source>{_CONCEPT}){iff}(?:an? )?"
         rf"(?P<target>{_CONCEPT})(?=\.?\W*$|[.,;)])"),
    ):  # fmt: skip
        found.append(_Pattern(kind, False, cue, whole))
    return tuple(found)


@cache
def _list_noun_patterns() -> tuple[_Pattern, ...]:
    """Return the patterns of the nouns; their cue is looked for among the words before "of"."""
    found = []
    for kind, backward, noun in _NOUNS:
        one_of = r"(?:(?:an?|the|one of the|another|its|just|two|some|many) )*"
        phrase = rf"{one_of}{_ADJECTIVES}(?:{noun}) of {_TARGET}"
        due = r"(?:,? (?:due to|by|found by|given by|of) [^,;]{2,40}?,?)?"
        is_given = r"(?:is|are|include|includes) (?:given by |provided by |due to )?"
        has = r"(?:has|have|admits?) (?:an? |many |several )?"
        for whole in (
            rf"{_SUBJECT}{_BE} {_ADVERB}{phrase}{_CLOSE}",
            rf"{_SOURCE}, (?=an? |the |another |one ){phrase}(?=[,.;:)]| due\b)",
            rf"{_SOURCE} as {phrase}{_CLOSE}",
            rf"(?:^|[,;:] |\bthat ){phrase}{due} {is_given}{_SOURCE}{_CLOSE}",
        ):
            found.append(_Pattern(kind, backward, rf"\b(?:{noun}) of ", whole))
        # "X has a generalization to posets, the Y"
        whole = rf"{_OPEN}{_TARGET} {has}{_ADJECTIVES}(?:{noun})(?: (?:to|for|in|of) [^,;]{{2,40}})?,? (?:namely |called )?{_SOURCE}{_CLOSE}"
        found.append(_Pattern(kind, backward, rf"\b{has}{_ADJECTIVES}(?:{noun})\b", whole))
    return tuple(found)


@cache
def _list_kinds() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of "source is a kind of target" for any two concepts."""
    every = r"(?:An?|Every|Each|Any|All|The) "
    body = rf"(?P<source>{_CONCEPT})(?:, {_CONCEPT})?"
    genus = rf"(?:(?:[a-z][a-z-]+|{_CONCEPT}) ){{0,2}}?"
    last = rf"(?P<target>{_CONCEPT}(?: and (?:also )?(?:an? )?{_CONCEPT})?){SYMBOL}?"
    is_a = re.compile(
        rf"(?:^|[,;:•] |\b(?:that|then|thus|hence|so|since|because|and) )(?:{every}|(?:an?|every|each|any|all) )?"
        rf"{body},? (?:(?:which|that) )?(?P<verb>is|are) {_ADVERB}(?P<article>(?:an?|also an?|examples of|special|particular) )?"
        rf"{genus}{last}{_CLOSE}"
    )
    plural = rf"(?P<target>{_CONCEPT}),? (?:such as|like|including|e\.g\.,?|for (?:example|instance),?) (?P<source>{_LIST})(?=[.,;:)]|$| (?:is|are|have|can)\b)"
    other = rf"{_OPEN}(?P<source>{_LIST}),? and (?:many )?other {_ADJECTIVES}(?P<target>{_CONCEPT}){_CLOSE}"
    return is_a, _compile(plural), _compile(other)


#: What a sentence without relations of kind lacks.
_KIND_CUE = re.compile(rf"{_CONCEPT},? (?:(?:which|that) )?(?:is|are|such|like|including|e\.g|for|and) ")
#: Words that make what follows them, up to the next comma, no assertion.
_UNSURE = re.compile(
    r"\b(?:if|whether|suppose|supposing|assum\w+|unless|not|nor|neither|never|no|cannot|false|fails?|question|would|might"
    r"|could|wonder|ask|asks|doubt|contrary|let|than|unlike|hope|believed|n[’']t)\b[^,;:]*$",
    re.IGNORECASE,
)


_CONDITION = re.compile(
    r"(?:^|\W)(?:if|when|whenever|for|under|over|in (?:the|an?) )\b", re.IGNORECASE
)


def code_sentence(text: str, sentence: Span, concepts: Sequence[Span]) -> str:
    """Return a sentence with a character for each concept, without the remarks and symbols behind them.

    >>> text = "The Pieri rule [4] is a special case of the  ring R."
    >>> coded = code_sentence(text, Span(0, len(text)), [Span(4, 14), Span(45, 49)])
    >>> coded.replace(chr(FIRST), "X").replace(chr(FIRST + 1), "Y").replace(SYMBOL, "'")
    "The X' is a special case of the Y'."
    """
    pieces = []
    place, end = sentence.start, sentence.start
    for number, (start, end) in enumerate(concepts):
        pieces += [_clean(text[place:start], number > 0), chr(FIRST + number)]
        place = end
    pieces.append(_clean(text[place : sentence.end], bool(concepts)))
    return " ".join("".join(pieces).split())


def _clean(gap: str, behind_concept: bool) -> str:
    gap = re.sub(_CONCEPT, "?", gap)
    if not behind_concept:
        return gap
    for _ in range(3):
        remark = _REMARK.match(gap)
        if not remark:
            break
        gap = SYMBOL + gap[remark.end() :] if not gap.startswith(SYMBOL) else gap[remark.end() :]
    return gap


def read_phrases(coded: str) -> Iterator[Phrase]:
    """Yield the relations that a coded sentence states, and none that it denies or supposes.

    >>> x, y, z = (chr(FIRST + number) for number in range(3))
    >>> [*read_phrases(f"{x} and {y} are special cases of the {z}.")]
    [Phrase(type='specializes_to', sources=(2,), targets=(0, 1))]
    >>> [*read_phrases(f"If {x} implies {y}, we are done.")], [*read_phrases(f"{x} does not imply {y}.")]
    ([], [])
    """
    patterns: list[_Pattern] = []
    if _compile(_join_verbs()).search(coded) or _OTHER_CUE.search(coded):
        patterns += _list_patterns()
    if _NOUN_CUE.search(coded):
        patterns += _list_noun_patterns()
    patterns = [pattern for pattern in patterns if _compile(pattern.cue).search(coded)]
    for kind, backward, _, whole in patterns:
        for match in _compile(whole).finditer(coded):
            if not _UNSURE.search(coded, 0, _start(match)):
                ends = _number(match["source"]), _number(match["target"])
                if kind == "equivalent_to" and _is_local(coded, match):
                    kind = "related_to"
                yield Phrase(kind, *(ends[::-1] if backward else ends))


def _is_local(coded: str, match: re.Match[str]) -> bool:
    """Tell whether two things are said to be the same only under a condition, or only this time."""
    before, after = coded[: _start(match)], coded[match.end() :]
    this = re.search(rf"\bth(?:e|is) {_CONCEPT}{SYMBOL}", match[0], re.IGNORECASE)
    return bool(this or _CONDITION.search(before) or _CONDITION.match(after))


def read_kinds(coded: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (source, target, needs plural) where a coded sentence says "every X is a Y", "Xs are Ys"."""
    if not _KIND_CUE.search(coded):
        return
    for pattern in _list_kinds():
        for match in pattern.finditer(coded):
            if _UNSURE.search(coded, 0, _start(match)):
                continue
            groups = match.groupdict()
            needs_plural = "verb" in groups and not groups["article"]
            for source in _number(match["source"]):
                for target in _number(match["target"]):
                    yield source, target, needs_plural


def _start(match: re.Match[str]) -> int:
    return min(match.start("source"), match.start("target"))


def _number(part: str) -> tuple[int, ...]:
    return tuple(ord(char) - FIRST for char in part if FIRST <= ord(char) <= 0xF8FF)
