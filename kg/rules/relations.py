"""Relations by rule: what sentences, definitions, proofs and references say of linked concepts."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from graphtune.kg.mentions import find_name
from graphtune.kg.names import normalize_name
from graphtune.kg.paragraphs import Paragraph, list_sentences, split_paragraphs
from graphtune.kg.rules.coding import code_sentence
from graphtune.kg.rules.definitions import (
    read_genera,
    read_symbol_terms,
    read_symbols,
    read_wholes,
)
from graphtune.kg.rules.phrases import guess_type, is_adjective
from graphtune.kg.rules.references import End, Statements
from graphtune.kg.rules.relation_phrases import read_kinds, read_phrases
from graphtune.records import Chunk, ChunkLink, Mention, Relation, RelationType, Span

#: A definition is taken to use at most this many of the concepts that follow its term.
MAX_DEFINITION_USES = 3
#: What more passages define than these is not the matter of one section.
MAX_DEFINING = 3
#: How a proof brings in what it uses.
_USING = re.compile(
    r"\b(?:by|using|use|uses|apply|applying|apply|via|invoke|invoking|from|see|combine|combining)\s+"
    r"(?:(?:the|an?|both|classical|well-known|application\s+of)\s+)*$",
    re.IGNORECASE,
)
#: "It generalizes", "They are": words that stand for the subject of the sentence before.
_PRONOUN = re.compile(
    r"(?P<it>It|They|This|These)\s(?=(?:also\s|then\s|thus\s|both\s)?"
    r"(?:is|are|was|were|generali[sz]es?|speciali[sz]es?|reduces?|implies|imply|uses?|can|has|have|coincides?)\b)"
)
_SUBJECT = re.compile(
    r"(?:(?:An?|The|Every|Each|Any|Thus|Then|Hence),? (?:the |an? )?)?[\ue000-\uf8ff]"
)
#: First words of names that are no kinds of what the rest names: a skew field is no field.
_NO_KIND = re.compile(
    r"^(?:skew|quasi|near|semi|pseudo|pre|co|multi|hyper|almost|partial|formal|virtual|weak|fuzzy|super"
    r"|generali[sz]ed|anti|non|dual|infra|sub|para|ultra|meta|sesqui|broken|false|inverse|opposite|poly"
    r"|free)\b|ly$"
)
#: Nothing is an instance of a bare property.
_PROPERTY = re.compile(r"\A\w*(?:ed|ive|ble|ous|less)\Z")
_Found = tuple[tuple[str, ...], RelationType, tuple[str, ...]]


def find_relations(
    chunks: Sequence[Chunk],
    links: Iterable[ChunkLink],
    mentions_by_chunk: Mapping[str, Sequence[Mention]],
) -> list[Relation]:
    """Return the relations that the passages of a corpus state.

    They hold between concepts with a fixed phrase between them, between a term and the concepts by
    which it is defined, its genus above all, and between a named statement and what its proof uses. A
    reference ("Theorem 2.3") is the concept that its statement names or defines.

    Args:
        chunks: all passages.
        links: the typed edges between them.
        mentions_by_chunk: the linked mentions of each passage, any order.

    Returns:
        Relations of origin "rules", by passage and place, at most one of a kind between two concepts
        in a passage; the evidence is the whole sentence.

    >>> text = "The Pieri rule is a special case of the Littlewood-Richardson rule."
    >>> chunk = Chunk("c", "d", 0, text, 0, len(text), "", 1, 1, 15)
    >>> ends = [("pieri rule", 4, 14), ("littlewood-richardson rule", 40, 66)]
    >>> mentions = [Mention(name, "c", a, b, "mentions") for name, a, b in ends]
    >>> [(r.source, r.type, r.target) for r in find_relations([chunk], [], {"c": mentions})]
    [('littlewood-richardson rule', 'specializes_to', 'pieri rule')]
    """
    statements = Statements(chunks, links, mentions_by_chunk)
    known = {m.concept_id for mentions in mentions_by_chunk.values() for m in mentions}
    special = _list_special(mentions_by_chunk)
    relations: dict[tuple[str, str, str, str], Relation] = {}
    for chunk in chunks:
        mentions = mentions_by_chunk.get(chunk.id, ())
        for sentence, (sources, kind, targets) in _read_chunk(
            chunk, mentions, statements, known, special
        ):
            for source in sources:
                for target in targets:
                    if source == target:
                        continue
                    key = (source, kind, target, chunk.id)
                    relations.setdefault(
                        key, Relation(source, kind, target, "rules", chunk.id, *sentence)
                    )
    return _drop_weak(list(relations.values()))


def _list_special(mentions_by_chunk: Mapping[str, Sequence[Mention]]) -> set[str]:
    """Return the concepts that few passages define: others belong to no section in particular."""
    places = {
        (mention.concept_id, chunk_id)
        for chunk_id, mentions in mentions_by_chunk.items()
        for mention in mentions
        if mention.role == "defines"
    }
    counts = Counter(concept_id for concept_id, _ in places)
    return {concept_id for concept_id, count in counts.items() if count <= MAX_DEFINING}


def _drop_weak(relations: list[Relation]) -> list[Relation]:
    """Drop "uses" and "related_to" where the same passage relates the two in a more telling way."""
    strong = {
        frozenset((r.source, r.target, r.chunk_id))
        for r in relations
        if r.type not in ("uses", "related_to")
    }
    weak = ("uses", "related_to")
    return [
        r
        for r in relations
        if r.type not in weak or frozenset((r.source, r.target, r.chunk_id)) not in strong
    ]


def _read_chunk(
    chunk: Chunk,
    mentions: Sequence[Mention],
    statements: Statements,
    known: set[str],
    special: set[str],
) -> Iterator[tuple[Span, _Found]]:
    references = statements.list_references(chunk)
    ends = _list_ends(chunk, mentions, references)
    if not ends:
        return
    subject = _find_subject(chunk, ends)
    symbols: dict[str, tuple[str, ...]] = {}
    for paragraph in split_paragraphs(chunk):
        if paragraph.kind in ("heading", "bibliography"):
            continue
        if paragraph.word == "corollary":
            yield from _read_corollary(chunk, paragraph, statements)
        proved: tuple[str, ...] = ()
        topic: End | None = None
        if paragraph.kind == "proof":
            proof = next((u for u in chunk.units if u.start <= paragraph.start < u.end), None)
            proved = statements.list_proved(chunk, proof)
        for sentence in list_sentences(chunk.text, paragraph.head_end, paragraph.end):
            members = [e for e in ends if sentence.start <= e.start and e.end <= sentence.end]
            members = [*_read_pronoun(chunk.text, sentence, topic), *members]
            topic = None
            if not members:
                continue
            coded = code_sentence(chunk.text, sentence, [Span(e.start, e.end) for e in members])
            for found in _read_sentence(chunk.text, paragraph, coded, members, symbols):
                yield sentence, found
            topic = _find_topic(coded, members)
            for end in members:
                if end.is_defined:
                    said = chunk.text[slice(*sentence)]
                    surface = chunk.text[end.start : end.end]
                    for found in _read_name(end, surface, known):
                        # A name that was put together ("left artinian ring") is not all in the text.
                        if find_name(found[2], said):
                            yield sentence, found
                if end.is_defined and subject not in ("", *end.ids) and special.issuperset(end.ids):
                    yield sentence, (end.ids, "defined_in", (subject,))
                before = chunk.text[sentence.start : end.start]
                if proved and end.is_result and (end.is_reference or _USING.search(before)):
                    yield sentence, (proved, "uses", end.ids)


def _find_subject(chunk: Chunk, ends: Sequence[End]) -> str:
    """Return the object that the section is about, if its title is one and the chunk speaks of it."""
    title = normalize_name(re.sub(r"^[A-Z]?[\d.]+\s+", "", chunk.heading.rpartition(" > ")[2]))
    if not title or guess_type(title) != "object" or is_adjective(title):
        return ""
    lines = [unit for unit in chunk.units if unit.kind == "heading"]
    body = [e for e in ends if not any(u.start <= e.start < u.end for u in lines)]
    return title if any(title in end.ids for end in body) else ""


def _read_pronoun(text: str, sentence: Span, topic: End | None) -> Iterator[End]:
    """Yield the "It" that a sentence begins with; "This" may be a whole fact, so it needs a result."""
    pronoun = _PRONOUN.match(text, *sentence) if topic else None
    if topic and pronoun and (topic.is_result or pronoun["it"] in ("It", "They")):
        yield topic._replace(start=pronoun.start(), end=pronoun.end("it"), is_defined=False)


def _find_topic(coded: str, members: list[End]) -> End | None:
    """Return what "it" at the head of the next sentence stands for: the one thing defined, or the subject."""
    defined = [end for end in members if end.is_defined]
    if defined:
        return defined[0] if len(defined) == 1 else None
    return members[0] if _SUBJECT.match(coded) else None


def _read_corollary(
    chunk: Chunk, paragraph: Paragraph, statements: Statements
) -> Iterator[tuple[Span, _Found]]:
    """Yield that the statement before a corollary implies it, where both stand for concepts."""
    unit = next((u for u in chunk.units if u.start <= paragraph.start < u.head_end), None)
    if unit is None:
        return
    here = statements.stated.get(chunk.id, ())
    own = next((s.ids for s in here if s.unit == unit and unit.name), ())
    premises = statements.list_premises(chunk, unit)
    if own and premises:
        sentences = list_sentences(chunk.text, paragraph.head_end, paragraph.end)
        stop = sentences[0].end if sentences else paragraph.end
        yield Span(paragraph.start, stop), (premises, "implies", own)


def _list_ends(chunk: Chunk, mentions: Sequence[Mention], references: list[End]) -> list[End]:
    """Return mentions and references that do not overlap, the longer ones first, in order."""
    found = list(references)
    for m in mentions:
        if m.role != "bibliography":
            is_result = guess_type(chunk.text[m.start : m.end]) != "object"
            found.append(End(m.start, m.end, (m.concept_id,), m.role == "defines", is_result))
    kept: list[End] = []
    for end in sorted(found, key=lambda e: (e.start, -e.end, not e.is_defined, e.ids)):
        if not kept or end.start >= kept[-1].end:
            kept.append(end)
    return kept


def _read_sentence(
    text: str,
    paragraph: Paragraph,
    coded: str,
    members: list[End],
    symbols: dict[str, tuple[str, ...]],
) -> Iterator[_Found]:
    defined = [end.is_defined for end in members]
    for term, genus in read_genera(coded, defined):
        if not _PROPERTY.match(text[members[genus].start : members[genus].end]):
            yield members[term].ids, "is_instance_of", members[genus].ids
    for term, whole in read_wholes(coded, defined):
        yield members[term].ids, "defined_in", members[whole].ids
    for term, symbol in read_symbol_terms(coded, defined):
        if symbol in symbols:
            yield members[term].ids, "is_instance_of", symbols[symbol]
    symbols |= {key: members[number].ids for key, number in read_symbols(coded).items()}
    if paragraph.word not in ("conjecture", "question", "problem") and len(members) > 1:
        for phrase in read_phrases(coded):
            for source in phrase.sources:
                for target in phrase.targets:
                    if _fits(text, phrase.type, members[source], members[target]):
                        yield members[source].ids, phrase.type, members[target].ids
        if paragraph.kind != "proof":
            for source, target, needs_plural in read_kinds(coded):
                end = members[target]
                if not needs_plural or re.search(r"[^s]s$", text[end.start : end.end]):
                    yield members[source].ids, "is_instance_of", end.ids
    yield from _read_definition_uses(members)


def _fits(text: str, kind: RelationType, source: End, target: End) -> bool:
    """Tell whether two ends can be so related: people conjecture, and only results are proved."""
    if kind == "conjectured_by":
        return text[target.start].isupper() and not target.is_result
    if kind == "proves":
        return target.is_result and (source.is_result or text[source.start].isupper())
    return True


def _read_definition_uses(members: list[End]) -> Iterator[_Found]:
    term, left_over = None, 0
    for end in members:
        if end.is_defined:
            term, left_over = end, MAX_DEFINITION_USES
        elif term and left_over:
            yield term.ids, "uses", end.ids
            left_over -= 1


def _read_name(end: End, surface: str, known: set[str]) -> Iterator[_Found]:
    """Yield what a defined term's name says: a directed graph is a graph, the rank of a graph its part."""
    for name in end.ids:
        # Ids have lost their articles, but "rank of a graph" is a part and "ring of integers" is not.
        whole = name.split(" of ", maxsplit=1)[1:]
        if whole and re.search(r"\sof\s+an?\s", surface):
            yield from (((name,), "defined_in", (part,)) for part in whole if part in known)
            continue
        words = name.split()
        tails = (" ".join(words[start:]) for start in range(1, len(words)))
        tail = next((tail for tail in tails if tail in known), "")
        head = name.removesuffix(tail).strip()
        if tail and re.fullmatch(r"generali[sz]ed", head):
            yield (name,), "generalizes", (tail,)
        elif tail and _is_kind(head, tail):
            yield (name,), "is_instance_of", (tail,)


def _is_kind(head: str, tail: str) -> bool:
    if _NO_KIND.search(head) or re.search(r"\b(?:of|in|for|on|by|to|with|and|or|as|from)\b", head):
        return False
    return not is_adjective(tail) and guess_type(tail) == "object" and " of " not in tail
