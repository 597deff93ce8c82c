"""Relations by rule: two linked concepts in one sentence, and a fixed phrase between them."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from graphtune.kg.paragraphs import list_sentences, split_paragraphs
from graphtune.kg.rules.phrases import guess_type
from graphtune.records import Chunk, Mention, Relation, RelationType, Span

_ADVERB = (
    r"(?:(?:also|thus|then|immediately|clearly|directly|easily|in\s+turn|in\s+fact|itself)\s+)?"
)
_DETERMINER = (
    r"(?:(?:both|the|an?|every|all|any|this|its|our|following|famous|classical|usual|ordinary|well-known"
    r"|celebrated|so-called)\s+)*"
)
#: The phrase between source and target, whose verb stands right behind the source.
_FORWARD: tuple[tuple[str, RelationType], ...] = (
    (r"generali[sz]es?|extends?|(?:is|are)\s+an?\s+(?:\S+\s+)?(?:generali[sz]ation|extension)s?\s+of"
     r"|(?:is|are)\s+(?:a\s+)?(?:q-|common\s+)?(?:analogues?|refinements?)\s+of", "generalizes"),
    (r"speciali[sz]es?\s+to|reduces?\s+to|(?:has|have|includes?|contains?)\s+as\s+(?:a\s+)?special\s+cases?",
     "specializes_to"),
    (r"implies|imply|yields?|entails?", "implies"),
    (r"(?:is|are)\s+equivalent\s+to|(?:is|are)\s+the\s+same\s+(?:thing\s+)?as", "equivalent_to"),
    (r"uses|use|relies\s+on|rely\s+on|makes?\s+use\s+of|(?:is|are)\s+based\s+on"
     r"|(?:is|are|can\s+be)\s+prove[dn]\s+(?:by|using|with|via)(?:\s+(?:means|applications?)\s+of)?", "uses"),
    (r"proves|establishes", "proves"),
    (r"(?:was|were|is|are)\s+(?:first\s+)?conjectured\s+by", "conjectured_by"),
    (r"(?:is|are)\s+(?:closely\s+|intimately\s+)?related\s+to", "related_to"),
)  # fmt: skip
#: Phrases whose relation runs from the second concept to the first.
_BACKWARD: tuple[tuple[str, RelationType], ...] = (
    (r"(?:is|are)\s+(?:itself\s+)?(?:an?\s+|the\s+)?(?:\S+\s+)?(?:special|particular|limiting)\s+cases?\s+of"
     r"|speciali[sz]es|(?:is|are)\s+(?:an?\s+)?speciali[sz]ations?\s+of", "specializes_to"),
    (r"follows?\s+from|(?:is|are)\s+(?:an?\s+)?(?:\S+\s+)?(?:consequences?|corollar(?:y|ies))\s+of"
     r"|(?:is|are)\s+implied\s+by", "implies"),
    (r"(?:is|are)\s+generali[sz]ed\s+by|(?:is|are)\s+extended\s+by", "generalizes"),
    (r"(?:is|are)\s+used\s+(?:in|by)\s+(?:the\s+proofs?\s+of)?", "uses"),
)  # fmt: skip

#: A definition is taken to use at most this many of the concepts that follow its term.
MAX_DEFINITION_USES = 3


def _compile(phrases: str) -> re.Pattern[str]:
    return re.compile(
        rf"\s*,?\s*(?:(?:which|that)\s+)?{_ADVERB}(?:{phrases})\s+{_DETERMINER}", re.I
    )


_PATTERNS = [(_compile(phrases), kind, False) for phrases, kind in _FORWARD]
_PATTERNS += [(_compile(phrases), kind, True) for phrases, kind in _BACKWARD]
_IS_A = re.compile(
    r"\s*(?:,\s*(?:which|that)\s+)?(?P<verb>is|are)\s+"
    r"(?P<article>(?:(?:an?|special|examples?|instances?|kinds?|types?|of|particular)\s+)*)"
    r"(?:(?!(?:the|of|not|no|in|to|on|by|as|at|from|with)\b)[a-z][a-z-]+\s+){0,2}",
    re.IGNORECASE,
)
#: "A poset is called a lattice if": the second concept is a kind of the first.
_CALLED = re.compile(
    r"\s*(?:is|are)\s+(?:then\s+)?(?:called|said\s+to\s+be)\s+(?:an?\s+)?[“\"]?", re.IGNORECASE
)
#: What may stand before the first concept of "is a": nothing but an article that opens a clause.
_OPENING = re.compile(
    r"(?:^|[,;:]\s|\b(?:that|then|thus|hence|so|since|because|and|where|recall|therefore)\s)\W*"
    r"(?:(?P<article>an?|the|every|each|any|all)\s+)?$",
    re.IGNORECASE,
)
#: What may follow the second: else it is only part of a longer noun phrase, or under a condition.
_CLOSING = re.compile(
    r"\s*(?:$|[.,;:(\[]|(?:that|which|such|with|whose|where|in|on|and|for|having|satisfying"
    r"|consisting|without|over|but|because|since|called)\b)",
)
#: A symbol may follow a name ("the Schur function s_λ is"), and so may a remark in parentheses.
_SYMBOL = re.compile(
    r"^\s+(?!(?:is|are|was|also|thus|then|both|not|has|have|had|or|and|of|for|in|on|to|if|by)\b)"
    r"(?:\([^)]*\)|\$[^$]{1,60}\$|[^\w\s,.;:]\S*|[A-Za-z]\S{0,3})(?=\s+[a-z])"
)
#: How a proof brings in what it uses.
_USING = re.compile(
    r"\b(?:by|using|use|uses|apply|applying|apply|via|invoke|invoking|from)\s+"
    r"(?:(?:the|an?|both|classical|well-known|application\s+of)\s+)*$",
    re.IGNORECASE,
)


def find_relations(chunk: Chunk, mentions: Sequence[Mention]) -> list[Relation]:
    """Return the relations that the passage states.

    They hold between neighbouring mentions of a sentence with a fixed phrase between them, between
    a term and the concepts by which its sentence defines it, and between a named statement and the
    results that its proof says to use.

    Args:
        chunk: the passage.
        mentions: its linked mentions, any order.

    Returns:
        Relations of origin "rules", in order of place; the evidence is the whole sentence.

    >>> text = "The Pieri rule is a special case of the Littlewood-Richardson rule."
    >>> chunk = Chunk("c", "d", 0, text, 0, len(text), "", 1, 1, 15)
    >>> ends = [("pieri rule", 4, 14), ("littlewood-richardson rule", 40, 66)]
    >>> found = find_relations(chunk, [Mention(name, "c", a, b, "mentions") for name, a, b in ends])
    >>> [(r.source, r.type, r.target) for r in found]
    [('littlewood-richardson rule', 'specializes_to', 'pieri rule')]
    """
    if len(mentions) < 2:
        return []
    ordered = sorted(mentions, key=lambda m: (m.start, -m.end, m.concept_id))
    relations: dict[tuple[str, RelationType, str], Relation] = {}
    stated: Mention | None = None
    for paragraph in split_paragraphs(chunk):
        if paragraph.kind in ("heading", "bibliography"):
            continue
        if paragraph.kind != "proof":
            title = _select_inside(ordered, *(paragraph.title or (0, 0)))
            stated = next((m for m in title if _is_result(chunk.text, m)), None)
        for sentence in list_sentences(chunk.text, paragraph.head_end, paragraph.end):
            members = _select_inside(ordered, *sentence)
            found = list(_read_sentence(chunk.text, sentence, members))
            if stated and paragraph.kind == "proof":
                found += [
                    (stated.concept_id, "uses", mention.concept_id)
                    for mention in members
                    if _is_result(chunk.text, mention)
                    and _USING.search(chunk.text[sentence.start : mention.start])
                ]
            for source, kind, target in found:
                key = (source, kind, target)
                is_known = kind == "uses" and (source, "is_instance_of", target) in relations
                if source != target and not is_known:
                    relations.setdefault(key, Relation(*key, "rules", chunk.id, *sentence))
    return list(relations.values())


def _select_inside(mentions: Sequence[Mention], start: int, end: int) -> list[Mention]:
    return [m for m in mentions if start <= m.start and m.end <= end]


def _is_result(text: str, mention: Mention) -> bool:
    """Tell results and methods, which proofs are of and use, from objects and people."""
    return guess_type(text[mention.start : mention.end]) != "object"


def _read_sentence(
    text: str, sentence: Span, members: Sequence[Mention]
) -> Iterator[tuple[str, RelationType, str]]:
    for left, right in pairwise(members):
        found = _read_phrase(text, sentence, left, right) if left.end <= right.start else None
        if found:
            kind, backward = found
            ends = (right, left) if backward else (left, right)
            yield ends[0].concept_id, kind, ends[1].concept_id
    defined, left_over = None, 0
    for mention in members:
        if mention.role == "defines":
            defined, left_over = mention, MAX_DEFINITION_USES
        elif defined and left_over and mention.start >= defined.end:
            yield defined.concept_id, "uses", mention.concept_id
            left_over -= 1


def _read_phrase(
    text: str, sentence: Span, left: Mention, right: Mention
) -> tuple[RelationType, bool] | None:
    """Return the relation between two neighbours and whether it runs backwards."""
    gap = text[left.end : right.start]
    if len(gap) > 80:
        return None
    bare = _SYMBOL.sub("", gap)
    for pattern, kind, backward in _PATTERNS:
        if pattern.fullmatch(bare):
            return kind, backward
    opening = _OPENING.search(text[sentence.start : left.start])
    article = (opening["article"] or "") if opening else "the"
    if article == "the" or (article == "The" and bare != gap):
        return None  # "The algebra A is a …" speaks of one algebra, not of all
    if _CALLED.fullmatch(bare) and not re.match(r"\s+of\b", text[right.end : sentence.end]):
        return "is_instance_of", True
    is_a = _IS_A.fullmatch(bare)
    is_noun = is_a and (is_a["article"] or re.search(r"[^s]s$", text[right.start : right.end]))
    if is_noun and _CLOSING.match(text, right.end, sentence.end):
        return "is_instance_of", False
    return None
