"""The phrases by which mathematical prose relates two concepts, as patterns over coded sentences."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from graphtune.kg.rules.coding import (
    ADVERB,
    CLOSE_OBJECT,
    CONCEPT,
    ITEM,
    LIST,
    OPEN,
    SYMBOL,
    drop_determiners,
    list_numbers,
)
from graphtune.records import RelationType


class Phrase(NamedTuple):
    """What one phrase of a sentence says: numbers of the concepts that are sources and targets."""

    type: RelationType
    sources: tuple[int, ...]
    targets: tuple[int, ...]


class _Row(NamedTuple):
    """A phrase; `stems` are parts of it of which a sentence must have one, parted by "|"."""

    type: RelationType
    stems: str
    pattern: str


_IS = "(?:is|are|was|were)"
_DEGREE = "(?:(?:closely|intimately|strongly|directly|exactly|essentially|precisely|logically) )?"
#: What stands between subject and object.
_VERBS = (
    _Row("generalizes", "generali|subsum|strengthen", r"generali[sz]es?|subsumes?|strengthens?"),
    _Row("specializes_to", "speciali|reduce|degenerate|restrict",
         r"(?:speciali[sz]es?|reduces?|degenerates?|restricts?) to"),
    _Row("specializes_to", "cases", r"(?:has|have|includes?|contains?) as (?:special|particular) cases"),
    _Row("specializes_to", "case", r"(?:has|have|includes?|contains?) as an? (?:special|particular) case"),
    _Row("implies", "impl|entail", r"implies|imply|entails?"),
    _Row("equivalent_to", "equivalent to|the same|coincide|amount|synonymous",
         rf"{_IS} {_DEGREE}(?:equivalent to|the same (?:thing )?as|synonymous with)"
         r"|coincides? with|amounts? to"),
    _Row("equivalent_to", "nothing|another name",
         rf"{_IS} nothing (?:but|other than|more than)|{_IS} (?:just )?another name for"),
    _Row("uses", "use|rel|based|built|depend",
         rf"uses?|relies on|rely on|makes? use of|{_IS} based on|{_IS} built (?:on|from)|depends? on"),
    _Row("uses", "prove|derived|obtained|constructed|computed|shown",
         r"(?:is|are|was|were|can be) (?:prove[dn]|derived|obtained|constructed|computed|shown)"
         r" (?:by|using|with|via|from|through)(?: (?:means|(?:an )?applications?|use) of)?"),
    _Row("proves", "prove|establish", r"proves?|proved|establish(?:e[sd])?"),
    _Row("proves", "proof", r"(?:gives?|yields?|provides?|is|are|supplies) (?:an?|the|another|his|her) "
         r"(?:[a-z-]+,? ){0,2}proofs? of"),
    _Row("conjectured_by", "conjecture|posed", rf"{_IS} (?:first |originally )?(?:conjectured|posed)"
         rf" (?:in \d{{4}} )?by|{_IS} an? (?:[a-z-]+ )?conjecture (?:of|due to|by)"),
    _Row("related_to", "relate|connect|link|analog|similar|dual|adjoint|inverse",
         rf"(?:is|are|has been) {_DEGREE}(?:related|connected|linked|analogous|similar|dual|adjoint"
         r"|inverse) (?:to|with)"),
    _Row("related_to", "named|correspond|bijection",
         rf"{_IS} named (?:after|for|in honou?r of)|corresponds? to"
         rf"|{_IS} in (?:bijection|correspondence) with"),
    _Row("related_to", "introduced|discovered|invented|studied|investigated",
         rf"{_IS} (?:first )?(?:introduced|discovered|invented|studied|investigated) by"),
    _Row("defined_in", "defined", rf"{_IS} defined (?:in|on|within|as part of)"),
)  # fmt: skip
#: The same where the object is the source.
_BACKWARD_VERBS = (
    _Row("generalizes", "generali", r"(?:is|are|was|were|has been|have been|can be) (?:further )?"
         r"generali[sz]ed (?:by|to|in)"),
    _Row("specializes_to", "speciali", r"speciali[sz]es?"),
    _Row("implies", "implied|deduced|follow", rf"{_IS} implied by|(?:is|are|can be) (?:easily |immediately )?"
         r"deduced from|follows? (?:easily |immediately |directly |at once )?from"),
    _Row("uses", "used", rf"{_IS} (?:(?:often|frequently|also|commonly) )?used (?:in|by|to (?:prove|define"
         r"|construct|derive|show|establish))(?: the (?:proofs?|constructions?|definitions?) of)?"),
    _Row("proves", "prove|established", r"(?:is|are|was|were|has been|have been) (?:first )?(?:proved|proven"
         r"|established) (?:in \d{4} )?by"),
    _Row("conjectured_by", "conjectured", r"(?:first |originally )?conjectured"),
)  # fmt: skip
#: Nouns with "of" behind them: "X is a generalization of Y", "Y has a generalization, X".
_NOUNS = (
    _Row("generalizes", "generali|strengthening", r"generali[sz]ations?|strengthenings?"),
    _Row("generalizes", "q-|extension|refinement", r"q-(?:analogu?e?s?|extensions?|deformations?)|common"
         r" (?:extensions?|refinements?)|(?:direct|natural|far-reaching|straightforward) extensions?"),
    _Row("equivalent_to", "reformul|restate|synonym|equivalent", r"reformulations?|restatements?|synonyms?"
         r"|equivalent (?:forms?|versions?|formulations?|statements?)"),
    _Row("is_instance_of", "example|instance|kind|type|class|famil|form|sort",
         r"(?:examples?|instances?|(?:sub)?(?:kinds?|types?|class(?:es)?)|famil(?:y|ies)|forms?|sorts?)"),
    _Row("uses", "application", r"applications?"),
    _Row("proves", "proof", r"proofs?"),
    _Row("related_to", "analog|dual|converse|inverse|opposite", r"analogu?e?s?|duals?|converses?|inverses?"
         r"|opposites?"),
    _Row("related_to", "counterpart|varia|companion|relative|version|refinement|weakening", r"counterparts?"
         r"|variants?|variations?|companions?|relatives?|versions?|refinements?|weakenings?"),
)  # fmt: skip
_BACKWARD_NOUNS = (
    _Row("specializes_to", "case|speciali", r"cases?|speciali[sz]ations?"),
    _Row("implies", "consequence|corollar", r"consequences?|corollar(?:y|ies)"),
)

_SOURCE = rf"(?P<source>{LIST})"
_TARGET = rf"(?P<target>{LIST})"
#: "…, which does this and is …", "… for it is …"
_RELATIVE = (
    r"(?: which(?:,| [^;.]{3,80}? and)?"
    r"| [^;.]{3,80}?,? (?:and|but|for|since|because|as) (?:it|they))?"
)
_SUBJECT = rf"(?:{OPEN}|(?={LIST}, which )){_SOURCE},?{_RELATIVE} {ADVERB}"
_ADJECTIVES = r"(?:(?!of |not |no |to )[a-z][a-zé-]+,? ){0,2}"
_BE = (
    r"(?:is|are|was|were|being|(?:can|may) be (?:seen|viewed|regarded|considered|thought of|interpreted)"
    r" as|becomes?|gives?|provides?|forms?|serves? as)"
)
#: Words that make what follows them, up to the next comma, no assertion.
_UNSURE = re.compile(
    r"\b(?:if|whether|suppose|supposing|assum\w+|unless|not|nor|neither|never|no|cannot|false|fails?"
    r"|question|would|might|could|wonder|asks?|doubt|contrary|let|than|unlike|hope|believed|n[’']t)\b"
    r"[^,;]*$",
    re.IGNORECASE,
)
#: Words that make "is the same as" true in some cases only.
_CONDITION = re.compile(
    r"(?:^|\W)(?:if|when|whenever|for|under|over|in (?:the|an?) )\b", re.IGNORECASE
)


def read_phrases(coded: str) -> Iterator[Phrase]:
    """Yield the relations that a coded sentence states, and none that it denies or supposes.

    >>> x, y, z = map(chr, range(0xE000, 0xE003))
    >>> [*read_phrases(f"{x} and {y} are special cases of the {z}.")]
    [Phrase(type='specializes_to', sources=(2,), targets=(0, 1))]
    >>> [*read_phrases(f"If {x} implies {y}, we are done.")], [*read_phrases(f"{x} does not imply {y}.")]
    ([], [])
    """
    coded = drop_determiners(coded)
    lowered = coded.lower()
    for kind, backward, stems, patterns in _list_patterns():
        if not _has_stem(lowered, stems):
            continue
        for match in (match for pattern in patterns for match in _compile(pattern).finditer(coded)):
            if _UNSURE.search(coded, 0, _start(match)):
                continue
            sources, targets = list_numbers(match["source"]), list_numbers(match["target"])
            if backward:
                sources, targets = targets, sources
            is_local = kind == "equivalent_to" and _is_local(coded, match)
            yield Phrase("related_to" if is_local else kind, sources, targets)


def read_kinds(coded: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (source, target, needs plural) where a coded sentence says "every X is a Y", "Xs are Ys"."""
    for stems, pattern in _list_kinds():
        if not _has_stem(coded, stems):
            continue
        sentence = coded if "verb" in pattern.groupindex else drop_determiners(coded)
        for match in pattern.finditer(sentence):
            if not _UNSURE.search(sentence, 0, _start(match)):
                groups = match.groupdict()
                for source in list_numbers(match["source"]):
                    for target in list_numbers(match["target"]):
                        yield source, target, "verb" in groups and not groups["article"]


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


@cache
def _list_patterns() -> tuple[tuple[RelationType, bool, tuple[str, ...], tuple[str, ...]], ...]:
    """Return type, whether it runs backwards, stems and patterns of each phrase."""
    found: list[tuple[RelationType, bool, tuple[str, ...], tuple[str, ...]]] = []
    for verbs, backward in ((_VERBS, False), (_BACKWARD_VERBS, True)):
        for kind, stems, verb in verbs:
            pattern = rf"{_SUBJECT}(?:{verb}) {_TARGET}{CLOSE_OBJECT}"
            found.append((kind, backward, tuple(stems.split("|")), (pattern,)))
    for nouns, backward in ((_NOUNS, False), (_BACKWARD_NOUNS, True)):
        for kind, stems, noun in nouns:
            patterns = tuple(_list_noun_patterns(noun))
            found.append((kind, backward, tuple(stems.split("|")), patterns))
    for kind, stems, pattern in _list_pairs():
        found.append((kind, False, tuple(stems.split("|")), (pattern,)))
    return tuple(found)


def _list_noun_patterns(noun: str) -> Iterator[str]:
    """Yield the patterns of "X is a NOUN of Y" in all its forms."""
    one_of = r"(?:(?:an?|the|one of the|another|its|just|two|some|many) )*"
    phrase = rf"{one_of}{_ADJECTIVES}(?:{noun}) of {_TARGET}"
    credit = r"(?:,? (?:due to|by|found by|given by|of) [^,;]{2,40}?,?)?"
    yield rf"{_SUBJECT}{_BE} {ADVERB}{phrase}{CLOSE_OBJECT}"
    yield rf"{_SOURCE}, (?=an? |the |another |one ){phrase}(?=[,.;:)]| due\b)"
    yield rf"{_SOURCE} as {phrase}{CLOSE_OBJECT}"
    yield rf"\b(?:make|makes|making) {_SOURCE} (?=an? |the ){phrase}{CLOSE_OBJECT}"
    yield rf"{phrase}: {_SOURCE}{CLOSE_OBJECT}"
    yield (
        rf"(?:^|[,;:] |\bthat ){phrase}{credit} (?:is|are|includes?) "
        rf"(?:(?:given by|provided by|due to) )?{_SOURCE}{CLOSE_OBJECT}"
    )
    # "Y has a generalization to posets, the X"
    yield (
        rf"{OPEN}{_TARGET} (?:has|have|admits?) (?:an? |many |several )?{_ADJECTIVES}(?:{noun})"
        rf"(?: (?:to|for|in|of) [^,;]{{2,40}})?,? (?:namely |called )?{_SOURCE}{CLOSE_OBJECT}"
    )


def _list_pairs() -> Iterator[_Row]:
    """Yield the phrases that name both concepts first: "X and Y are equivalent"; and "see also"."""
    both = (
        rf"{OPEN}(?P<source>{ITEM}(?:, {ITEM})*),? and (?P<target>{ITEM}),? (?:are|being) {ADVERB}"
    )
    same = rf"{_DEGREE}(?:equivalent|synonymous|the same|one and the same|equal)"
    end = r"(?: (?:notions?|concepts?|things?|to each other))?(?=[.,;:)]|$| (?:in|for|when|if)\b)"
    yield _Row("equivalent_to", "equivalent|synonymous|same|equal", both + same + end)
    yield _Row("related_to", "related|analogous", rf"{both}{_DEGREE}(?:related|analogous)\b")
    see = r"\b(?:see also|compare(?: with)?|cf\.|confer)"
    yield _Row(
        "related_to", "see also|compare|cf.|confer",
        rf"{OPEN}{_SOURCE}.{{0,200}}{see} {_TARGET}{CLOSE_OBJECT}",
    )  # fmt: skip
    # Two properties that are the same for things of one kind need not be so for others.
    yield _Row(
        "related_to", "if and only if|iff|exactly when|precisely when",
        rf"(?:is|are) (?:an? )?(?P<source>{CONCEPT}),? (?:if and only if|iff|exactly when|precisely when) "
        rf"(?:(?:it|they) )?(?:(?:is|are) )?(?:an? )?(?P<target>{CONCEPT})(?=\.?\W*$|[.,;)])",
    )  # fmt: skip


@cache
def _list_kinds() -> tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]:
    """Return stems and patterns of "source is a kind of target", for any two concepts."""
    # No symbol may follow: "the algebra A is a …" speaks of one algebra, not of all.
    is_a = re.compile(
        r"(?:^|[,;:•] |\b(?:that|then|thus|hence|so|since|because|and) )"
        r"(?:(?:An?|Every|Each|Any|All|The|an?|every|each|any|all) )?"
        rf"(?P<source>{CONCEPT}),? (?:which )?(?P<verb>is|are) {ADVERB}"
        r"(?P<article>(?:an?|also an?|examples of|special|particular) )?"
        rf"(?:(?:(?!(?:the|of|not|no|in|to|on|by|as|at|from|with) )[a-z][a-z-]+|{CONCEPT}) ){{0,2}}?"
        rf"(?P<target>{CONCEPT}(?: and (?:also )?(?:an? )?{CONCEPT})?){SYMBOL}?{CLOSE_OBJECT}"
    )
    such_as = _compile(
        rf"(?P<target>{CONCEPT}),? (?:such as|like|including|e\.g\.,?|for (?:example|instance),?) "
        rf"(?P<source>{LIST})(?=[.,;:)]|$| (?:is|are|have|can)\b)"
    )
    other = _compile(
        rf"(?P<source>{CONCEPT}),? and (?:many )?other {_ADJECTIVES}(?P<target>{CONCEPT}){CLOSE_OBJECT}"
    )
    return (
        ((" is ", " are "), is_a),
        (("such as", "like", "including", "e.g.", "for example", "for instance"), such_as),
        (("other",), other),
    )


def _has_stem(text: str, stems: tuple[str, ...]) -> bool:
    for stem in stems:  # noqa: SIM110 - runs half a million times, any() takes twice as long
        if stem in text:
            return True
    return False


def _start(match: re.Match[str]) -> int:
    return min(match.start("source"), match.start("target"))


def _is_local(coded: str, match: re.Match[str]) -> bool:
    """Tell whether two things are said to be the same only under a condition, or only this time."""
    before, after = coded[: _start(match)], coded[match.end() :]
    return SYMBOL in match[0] or bool(_CONDITION.search(before) or _CONDITION.match(after))
