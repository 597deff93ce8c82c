"""Pairs that start from a concept: its names, its definition, questions about it."""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from graphtune.kg.graph import ConceptGraph
from graphtune.pairs.traces import make_source_finder
from graphtune.records import GRADES, ROLES, Chunk, Pair, Role, Span, Style
from graphtune.tuning_config import PairsConfig

#: What stands for a name that was taken out of a text.
PLACEHOLDER = "it"
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)|\n\n")
#: Characters that an encoder surely reads: about 110 tokens.
_REACH = 400
_QUESTIONS = ("What is {}?", "What does {} mean?", "How is {} defined?")


@dataclass(frozen=True, slots=True)
class Answer:
    """A passage that answers a concept's names, what it does with the concept, and where it names it."""

    chunk: Chunk
    role: Role
    spans: tuple[Span, ...] = ()


def pair_concepts(
    graph: ConceptGraph,
    anchors: Mapping[str, Sequence[str]],
    allowed: Mapping[str, Chunk],
    config: PairsConfig,
) -> Iterator[Pair]:
    """Pair each concept with the passages that define or state it, and a few that only use it.

    Names, aliases and questions meet the passages' bodies, in a share of the pairs without the name; in
    style `definition` they meet the concept's description without the name. A description meets passages
    that define or state the concept, but never one that it was taken from.
    `anchors` are the names under which each concept may be an anchor, `allowed` the chunks that may be
    positives, by id.
    """
    find_sources = make_source_finder(graph)
    sections = group_sections(allowed.values())
    for concept, names in anchors.items():
        if not names:
            continue
        answers = list_answers(graph, concept, allowed, sections, config)
        for answer in answers:
            for position, name in enumerate(names):
                style: Style = "alias" if position else "name"
                yield _pair_name(name, style, concept, answer, config)
            if answer.role == "defines":
                yield _pair_name(ask_question(names[0]), "question", concept, answer, config)
        description = graph.concepts[concept].description.strip()
        if description:
            evidence = {mention.chunk_id for mention in graph.evidence(concept)}
            sources = find_sources(description, evidence)
            yield from _pair_description(graph, concept, names, answers, sources, config)


def list_answers(
    graph: ConceptGraph,
    concept: str,
    allowed: Mapping[str, Chunk],
    sections: Mapping[tuple[str, str], Sequence[Chunk]],
    config: PairsConfig,
) -> list[Answer]:
    """Return the passages that answer a concept's names, the strongest roles first.

    The rest of a section that defines the concept counts as using it. Of the passages that only use or
    mention it `max_weak` are drawn, beside that.
    """
    spans: defaultdict[str, set[Span]] = defaultdict(set)
    roles: dict[str, Role] = {}
    for mention in graph.evidence(concept):
        if mention.chunk_id in allowed:
            spans[mention.chunk_id].add(Span(mention.start, mention.end))
            known = roles.get(mention.chunk_id, mention.role)
            roles[mention.chunk_id] = min(known, mention.role, key=ROLES.index)
    found = [Answer(allowed[key], role, tuple(spans[key])) for key, role in roles.items()]
    strong = [answer for answer in found if GRADES[answer.role] > 1]
    strong.sort(key=lambda answer: (ROLES.index(answer.role), answer.chunk.id))
    weak = [answer for answer in found if GRADES[answer.role] == 1]
    weak.sort(key=lambda answer: Random(f"{config.seed} {concept} {answer.chunk.id}").random())
    around = [
        Answer(chunk, "uses")
        for answer in strong[: config.max_weak]
        if answer.role == "defines" and answer.chunk.heading
        for chunk in sections[answer.chunk.document_id, answer.chunk.heading]
        if chunk.id not in roles
    ]
    return [*strong, *dict.fromkeys(around), *weak[: config.max_weak]][: config.max_per_anchor]


def group_sections(chunks: Iterable[Chunk]) -> dict[tuple[str, str], list[Chunk]]:
    """Return chunks by document and section path, in the order of the text."""
    sections: defaultdict[tuple[str, str], list[Chunk]] = defaultdict(list)
    for chunk in chunks:
        sections[chunk.document_id, chunk.heading].append(chunk)
    return dict(sections)


def ask_question(name: str) -> str:
    """Return a question about a name, always the same one for the same name.

    >>> ask_question("Pieri rule")
    'What does Pieri rule mean?'
    """
    return Random(name).choice(_QUESTIONS).format(name)


def mask_spans(text: str, spans: Iterable[Span]) -> str:
    """Return a text with "it" in place of what stands at the spans.

    >>> mask_spans("A poset is an order.", [Span(2, 7)])
    'A it is an order.'
    """
    first = len(text)
    for start, end in sorted(spans, reverse=True):
        if end <= first:
            text, first = text[:start] + PLACEHOLDER + text[end:], start
    return text


def mask_names(text: str, names: Iterable[str]) -> str:
    """Return a text with "it" in place of names, in the plural too, whatever their case.

    >>> mask_names("Posets and a Poset", ["poset"])
    'it and a it'
    """
    folded = text.casefold()
    for name in sorted(names, key=len, reverse=True):
        if name.casefold() not in folded:
            continue  # to compile a pattern takes longer than all the rest
        name_in_text = rf"(?<!\w){re.escape(name)}(s|es)?(?!\w)"
        text = re.sub(name_in_text, PLACEHOLDER, text, flags=re.IGNORECASE)
    return text


def find_body(chunk: Chunk) -> int:
    """Return where a chunk's text goes on after the headings that it begins with; 0 if it is only these."""
    starts = (unit.start for unit in chunk.units if unit.kind not in ("heading", "title"))
    return next(starts, 0)


def find_evidence(chunk: Chunk, spans: Iterable[Span]) -> int:
    """Return where to begin a passage so that an encoder that cuts it still reads one of the spans.

    That is where its body begins, or, if the first of them stands far behind, a sentence not far before.
    """
    body = find_body(chunk)
    first = min((span.start for span in spans if span.start >= body), default=body)
    if first - body < _REACH:
        return body
    latest = min(first, max(body, len(chunk.text) - _REACH))
    starts = [match.end() for match in SENTENCE_END.finditer(chunk.text, body, latest + 1)]
    return max(starts, default=body)


def _is_masked(config: PairsConfig, *parts: str) -> bool:
    key = " ".join((str(config.seed), *parts)).encode()
    return zlib.crc32(key) < config.mask_names * 2**32


def _pair_name(
    anchor: str, style: Style, concept: str, answer: Answer, config: PairsConfig
) -> Pair:
    """Pair an anchor with the body of a passage: a heading with the name would make it too easy."""
    chunk, text = answer.chunk, answer.chunk.text
    start = find_evidence(chunk, answer.spans)
    if _is_masked(config, anchor, chunk.id):
        text = mask_spans(text, (span for span in answer.spans if span.start >= start))
    weight = config.styles[style] * config.roles[answer.role]
    return Pair(anchor, text[start:], style, concept, chunk.id, chunk.document_id, weight)


def _pair_description(
    graph: ConceptGraph,
    concept: str,
    names: Sequence[str],
    answers: Sequence[Answer],
    sources: set[str],
    config: PairsConfig,
) -> Iterator[Pair]:
    description = graph.concepts[concept].description.strip()
    masked = mask_names(description, graph.names(concept))
    own = next((answer.chunk for answer in answers if answer.chunk.id in sources), None)
    if own and masked != description:
        weight = config.styles["definition"]
        for name in names:
            yield Pair(name, masked, "definition", concept, own.id, own.document_id, weight)
    for answer in answers:
        chunk = answer.chunk
        if GRADES[answer.role] > 1 and chunk.id not in sources:
            anchor = masked if _is_masked(config, description, chunk.id) else description
            text = chunk.text[find_body(chunk) :]
            weight = config.styles["description"] * config.roles[answer.role]
            yield Pair(anchor, text, "description", concept, chunk.id, chunk.document_id, weight)
